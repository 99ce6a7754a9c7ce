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
use crate::id::SessionId;
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
    Session {
        id: SessionId::random(),
        user: owner.id,
        client: Client::id_of_administration(&owner.organization),
        state: State::Live,
        scopes: vec!["openid".to_owned(), ADMINISTRATION.to_owned()],
        authentication: Authentication {
            at: now,
            methods: ["pwd", "otp", "mfa"].map(str::to_owned).to_vec(),
            context: None,
            connection: None,
            upstream_at: None,
            upstream_session: None,
        },
        binding: None,
        rotation: 0,
        rotated_at: now,
        created_at: now,
        expires_at: now + center.settings.browser_session_lifetime,
    }
}
