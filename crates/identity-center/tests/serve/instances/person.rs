//! What people do at the pages, done in the store: codes and approvals, as many as a test wants.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use kiro_identity_center::authorization::{Authorization, Progress, Purpose, Request};
use kiro_identity_center::device::UserCode;
use kiro_identity_center::id::{AuthorizationId, UserId};
use kiro_identity_center::secret::{Digest, issue};
use kiro_identity_center::session::{Authentication, CODE_LIFETIME, Offer, Session};
use kiro_identity_center::store::{Granted, Store};
use secrecy::ExposeSecret as _;

use super::cluster::{APPLICATION, ORGANIZATION};

/// Where the application is sent its codes.
pub(crate) const CALLBACK: &str = "http://127.0.0.1/cb";
/// What belongs to each of them.
pub(crate) const VERIFIER: &str = "0123456789-0123456789.0123456789_0123456789~";

/// The person lets the application in: the code that it is sent.
pub(crate) async fn signs_in(store: &Store, user: UserId) -> String {
    let (code, digest) = issue();
    let session = session(user);
    let offer = Offer {
        redirect_uri: CALLBACK.to_owned(),
        code_challenge: URL_SAFE_NO_PAD.encode(Digest::of(VERIFIER).bytes()),
        nonce: None,
        expires_at: session.created_at + CODE_LIFETIME,
    };
    store.offer_session(session, digest, offer).await.unwrap();
    code.expose_secret().to_owned()
}

/// The person types what a device shows, and lets it in.
pub(crate) async fn approves(store: &Store, user: UserId, user_code: &str) -> Granted {
    let now = Timestamp::now();
    let typed = UserCode::typed(user_code).unwrap().digest();
    let device = store.waiting_device(typed, now).await.unwrap().unwrap();
    let seen = Authorization {
        id: AuthorizationId::random(),
        cookie: issue().1,
        request: Request {
            purpose: Purpose::Device(typed),
            organization: Some(ORGANIZATION.to_owned()),
            scopes: device.scopes.clone(),
            prompt: vec![],
            max_age: None,
            login_hint: None,
            hinted: None,
            acr_values: vec![],
            claims: None,
            ui_locales: vec![],
        },
        progress: Progress::Name,
        version: 0,
        expires_at: now + SignedDuration::from_mins(10),
    };
    store.begin_authorization(seen.clone()).await.unwrap();
    let approved = store.approve_device(&seen, &device, session(user), vec![], now);
    approved.await.unwrap()
}

fn session(user: UserId) -> Session {
    let (now, lifetime) = (Timestamp::now(), SignedDuration::from_hours(1));
    let proved = Authentication::here(now, &["pwd"]);
    let scopes = ["openid", "offline_access", "sso:account:access"];
    Session {
        scopes: scopes.map(str::to_owned).to_vec(),
        ..Session::offered(user, APPLICATION, proved, now, lifetime)
    }
}
