//! Who administers the demonstration, and an access token of theirs, as `admin login` would get it.

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::DemonstrationError;
use crate::admin;
use crate::administrator::Role;
use crate::center::Center;
use crate::client::{ADMINISTRATION, Client};
use crate::directory::User;
use crate::session::{Authentication, Session, State};
use crate::token::{Kind, Token};

/// Makes this person the owner, and returns where the organisation is administered, and a token for it.
pub(super) async fn open(
    center: &Center,
    owner: &User,
    now: Timestamp,
) -> Result<Value, DemonstrationError> {
    let store = &center.store;
    if store.administrator(owner.id).await?.is_none() {
        let role = Some(Role::Owner);
        store.set_administrator(owner.id, role, now).await??;
    }
    let session = session(center, owner, now);
    let token = Token {
        session: session.id,
        rotation: 0,
        ends: session.expires_at,
    };
    store.grant_directly(session).await?;
    let token = center.token_keys.issue(Kind::Access, &token);
    Ok(json!({
        "admin_url": center.settings.at(admin::BASE),
        "admin_token": token.expose_secret(),
    }))
}

fn session(center: &Center, owner: &User, now: Timestamp) -> Session {
    let client = Client::id_of_administration(&owner.organization);
    let proved = Authentication::here(now, &["pwd", "otp", "mfa"]);
    let lifetime = center.settings.browser_session_lifetime;
    Session {
        state: State::Live,
        scopes: vec!["openid".to_owned(), ADMINISTRATION.to_owned()],
        ..Session::offered(owner.id, &client, proved, now, lifetime)
    }
}
