//! The shared end of every sign-in: it is known who it is. Federation comes here, too.

use axum::http::header;
use axum::response::Response;
use secrecy::ExposeSecret;

use super::entry::{Answer, Visit, see_other};
use super::{Language, Refusal, device, refusal};
use crate::authorization::{Authorization, Progress, Purpose};
use crate::center::Center;
use crate::client::{Client, Wire};
use crate::cookie::Cookie;
use crate::directory::User;
use crate::id::UserId;
use crate::oidc::authorize::address;
use crate::secret::{Digest, issue};
use crate::session::{Authentication, CODE_LIFETIME, Offer, Session};
use crate::start_url;
use crate::store::{DeviceCode, Granted, Guess};

/// OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
const UNMET: &str = "unmet_authentication_requirements";

/// Goes on with a person who has just proved who they are (`authentication`), here or at an upstream provider: their browser is
/// remembered, and the application gets its code, the person is asked, a device is shown, or their own sessions are. A person who
/// may not sign in, or not there, gets a page that says so.
pub async fn authenticated(
    center: &Center,
    language: Language,
    seen: &Authorization,
    user: UserId,
    authentication: Authentication,
) -> Response {
    let gone_on = remembered(center, language, seen, user, authentication).await;
    gone_on.unwrap_or_else(|why| refusal(language, why))
}

async fn remembered(
    center: &Center,
    language: Language,
    seen: &Authorization,
    user: UserId,
    authentication: Authentication,
) -> Answer {
    let (store, settings, now) = (&center.store, &center.settings, center.now());
    let user = store.user(user).await?.ok_or(Refusal::Over)?;
    admitted(center, seen, &user).await?;
    let (secret, digest) = issue();
    let ends = now + settings.browser_session_lifetime;
    let how = authentication.clone();
    let begun = store.begin_browser_session(digest, user.id, how, now, ends);
    if !begun.await? {
        return refused(center, seen, user.id, None).await;
    }
    let mut response = match proceed(center, seen, &user, authentication, false).await {
        Ok(response) => response,
        Err(why) => refusal(language, why),
    };
    let life = settings.browser_session_lifetime;
    let cookie = Cookie::Browser.set(settings, secret.expose_secret(), life);
    response
        .headers_mut()
        .extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}

/// Goes on with the person who is signed in in this browser. `silent`: nobody may be asked anything (`prompt=none`).
pub(super) async fn recognised(
    visit: &Visit,
    user: User,
    authentication: Authentication,
    silent: bool,
) -> Answer {
    let (center, seen) = (&visit.center, &visit.seen);
    let gone_on = match admitted(center, seen, &user).await {
        Ok(()) => proceed(center, seen, &user, authentication, silent).await,
        Err(why) => Err(why),
    };
    match gone_on {
        Err(Refusal::Inactive { .. } | Refusal::NotAssigned { .. }) if silent => {
            told(center, seen, "access_denied").await
        }
        other => other,
    }
}

/// Tells the application that there will be no code (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6), and ends the sign-in.
pub async fn told(center: &Center, seen: &Authorization, error: &str) -> Answer {
    center.store.drop_authorization(seen.id).await?;
    let Purpose::Code {
        redirect_uri,
        state,
        wire,
        ..
    } = &seen.request.purpose
    else {
        let end = see_other(&center.settings.at("/signed-out"));
        return Ok(over(center, seen, end));
    };
    let parameters = vec![("error", error)];
    let told = answered(center, redirect_uri, parameters, state.as_deref(), *wire);
    Ok(over(center, seen, told))
}

/// The sign-in is over: the browser needs no proof of it any more.
fn over(center: &Center, seen: &Authorization, mut response: Response) -> Response {
    let cookie = Cookie::SignIn(seen.id).forget(&center.settings);
    response
        .headers_mut()
        .extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    response
}

fn answered<'a>(
    center: &'a Center,
    redirect_uri: &str,
    mut parameters: Vec<(&str, &'a str)>,
    state: Option<&'a str>,
    wire: Wire,
) -> Response {
    parameters.extend(state.map(|state| ("state", state)));
    match wire {
        // RFC 9207. AWS's answers have none.
        Wire::Oidc => parameters.push(("iss", center.settings.issuer())),
        Wire::Aws => {}
    }
    see_other(&address(redirect_uri, &parameters))
}

/// The person is active, and of the organisation that was meant.
async fn admitted(center: &Center, seen: &Authorization, user: &User) -> Result<(), Refusal> {
    let meant = seen.request.organization.as_ref();
    if user.active && meant.is_none_or(|meant| *meant == user.organization) {
        return Ok(());
    }
    Err(inactive(center, user).await?)
}

/// What the person may do has changed since it was looked at: it is looked at again. Where they may now, what they proved is too old.
async fn refused(
    center: &Center,
    seen: &Authorization,
    user: UserId,
    client: Option<&str>,
) -> Answer {
    let user = center.store.user(user).await?.ok_or(Refusal::Over)?;
    admitted(center, seen, &user).await?;
    if let Some(client) = client {
        application(center, client, &user).await?;
    }
    Err(Refusal::Over)
}

async fn inactive(center: &Center, user: &User) -> Result<Refusal, Refusal> {
    let organization = center.store.organization(&user.organization).await?;
    let organization = organization.map(|found| (found.title, found.contact));
    let (organization, contact) = organization.unwrap_or_default();
    Ok(Refusal::Inactive {
        organization,
        contact,
    })
}

async fn proceed(
    center: &Center,
    seen: &Authorization,
    user: &User,
    authentication: Authentication,
    silent: bool,
) -> Answer {
    // OpenID Connect Core §3.1.2.1: whoever else signs in meanwhile is not who the application had signed in.
    if !seen.request.is_open_to(user.id) {
        return told(center, seen, "login_required").await;
    }
    // Core §5.5.1.1: a class that the application insists on and did not get is a sign-in that failed.
    if seen.request.asked().is_unmet(&authentication) {
        return told(center, seen, UNMET).await;
    }
    match &seen.request.purpose {
        Purpose::Code { client, .. } => {
            let client = application(center, client, user).await?;
            let prompted = seen.request.prompt.iter().any(|prompt| prompt == "consent");
            let asks = match client.wire {
                Wire::Aws => !uses(center, user.id, &client, &seen.request.scopes).await?,
                Wire::Oidc => client.details.consent,
            };
            if !asks && !prompted {
                return granted(center, seen, &client, user, authentication).await;
            }
            if silent {
                return told(center, seen, "consent_required").await;
            }
        }
        Purpose::Device(typed) => {
            if let Err(page) = waiting(center, seen, *typed, user).await? {
                return Ok(page);
            }
        }
        // Whoever tries a connection is nobody here.
        Purpose::Trial(_) => return Err(Refusal::Over),
        Purpose::OwnSessions => {
            center.store.drop_authorization(seen.id).await?;
            // Who came from their organisation's start page goes back there.
            let from = seen.request.organization.as_deref();
            let back = from.map(|organization| start_url::of(&center.settings, organization));
            let own = back.unwrap_or_else(|| center.settings.at("/sessions"));
            return Ok(over(center, seen, see_other(&own)));
        }
    }
    let progress = Progress::Consent {
        user: user.id,
        authentication,
    };
    center.store.advance_authorization(seen, progress).await?;
    Ok(see_other(
        &center.settings.at(&format!("/sign-in/{}", seen.id)),
    ))
}

/// The person has said yes.
pub(super) async fn allowed(visit: &Visit, user: UserId, authentication: Authentication) -> Answer {
    let (center, seen) = (&visit.center, &visit.seen);
    let user = center.store.user(user).await?.ok_or(Refusal::Over)?;
    admitted(center, seen, &user).await?;
    match &seen.request.purpose {
        Purpose::Code { client, .. } => {
            let client = application(center, client, &user).await?;
            granted(center, seen, &client, &user, authentication).await
        }
        Purpose::Device(typed) => {
            let device = match waiting(center, seen, *typed, &user).await? {
                Ok(device) => device,
                Err(page) => return Ok(page),
            };
            let client = application(center, &device.client, &user).await?;
            let scopes = device.scopes.clone();
            let session = session(center, &client, &user, authentication, scopes, None);
            let groups = client.details.groups.clone();
            let now = center.now();
            let approved = center
                .store
                .approve_device(seen, &device, session, groups, now);
            match approved.await? {
                Granted::Yes => Ok(over(center, seen, device::approved(visit.language))),
                Granted::Overtaken => Err(Refusal::Over),
                Granted::Refused => refused(center, seen, user.id, Some(&client.id)).await,
            }
        }
        Purpose::OwnSessions | Purpose::Trial(_) => Err(Refusal::Over),
    }
}

/// Whether the person has allowed this registration all that it asks for, and has not ended that since. Anybody may register a program
/// under any name, which listens on their computer or on one that others use as well: a signed-in browser alone allows none, and a yes
/// to one scope is none to another.
async fn uses(
    center: &Center,
    user: UserId,
    client: &Client,
    asked: &[String],
) -> Result<bool, Refusal> {
    let live = center.store.own_sessions(user, center.now()).await?;
    Ok(live.iter().any(|(session, _)| {
        session.client == client.id && asked.iter().all(|scope| session.scopes.contains(scope))
    }))
}

/// The application, if this person may use it.
async fn application(center: &Center, id: &str, user: &User) -> Result<Client, Refusal> {
    let client = center.store.client(id, center.now()).await?;
    let client = client.ok_or(Refusal::ApplicationGone)?;
    let groups = center.store.groups_of(user.id).await?;
    if client.details.open_to(&groups) {
        return Ok(client);
    }
    let organization = center.store.organization(&user.organization).await?;
    Err(Refusal::NotAssigned {
        application: client.name,
        name: user.profile.user_name.clone(),
        contact: organization.map(|found| found.contact).unwrap_or_default(),
    })
}

/// The device that waits for what was typed; or the page that says that none does. The person's guesses are counted.
async fn waiting(
    center: &Center,
    seen: &Authorization,
    typed: Digest,
    user: &User,
) -> Result<Result<DeviceCode, Response>, Refusal> {
    let (store, now) = (&center.store, center.now());
    let guess = Guess::of_device_by(&user.organization, user.id);
    let counted = store.attempt(&[guess], now).await?.ok();
    let device = store.waiting_device(typed, now).await?;
    let device = device.filter(|device| device.organization == user.organization);
    match (counted, device) {
        (Some(counted), Some(device)) => {
            store.return_attempt(counted, now).await?;
            Ok(Ok(device))
        }
        // Locked or unknown: the same answer, or a lock would tell which codes are right.
        (_, _) => {
            store.drop_authorization(seen.id).await?;
            Ok(Err(see_other(&center.settings.at(device::UNKNOWN))))
        }
    }
}

fn session(
    center: &Center,
    client: &Client,
    user: &User,
    authentication: Authentication,
    scopes: Vec<String>,
    binding: Option<String>,
) -> Session {
    let lifetime = center.settings.session_lifetime;
    Session {
        scopes,
        binding,
        ..Session::offered(user.id, &client.id, authentication, center.now(), lifetime)
    }
}

/// The application gets its code.
async fn granted(
    center: &Center,
    seen: &Authorization,
    client: &Client,
    user: &User,
    authentication: Authentication,
) -> Answer {
    let Purpose::Code {
        wire,
        redirect_uri,
        state,
        code_challenge,
        nonce,
        binding,
        ..
    } = &seen.request.purpose
    else {
        return Err(Refusal::Over);
    };
    let scopes = seen.request.scopes.clone();
    let session = Session {
        claims: seen.request.asked().granted(&client.details.scopes),
        ..session(
            center,
            client,
            user,
            authentication,
            scopes,
            binding.clone(),
        )
    };
    let (code, digest) = issue();
    let offer = Offer {
        redirect_uri: redirect_uri.clone(),
        code_challenge: code_challenge.clone(),
        nonce: nonce.clone(),
        expires_at: center.now() + CODE_LIFETIME,
    };
    let groups = client.details.groups.clone();
    match center
        .store
        .grant(seen, session, digest, offer, groups)
        .await?
    {
        Granted::Yes => {
            let parameters = vec![("code", code.expose_secret())];
            let to = answered(center, redirect_uri, parameters, state.as_deref(), *wire);
            Ok(over(center, seen, to))
        }
        Granted::Overtaken => Err(Refusal::Over),
        Granted::Refused => refused(center, seen, user.id, Some(&client.id)).await,
    }
}
