//! Whether a token is good now (RFC 7662). An application with a secret may ask about the tokens of its organisation's people; a
//! public one about its own. Asking uses nothing up.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client_authentication::authenticate;
use super::parameters::Form;
use super::refusal::{self, Refusal};
use crate::center::Center;
use crate::client::Client;
use crate::session::{self, Rotation, Session};
use crate::store::StoreError;
use crate::store::holders::Person;
use crate::token::Kind;

/// `POST /oauth2/introspect`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Refusal> {
    let client = authenticate(&center, &headers, &form).await?;
    let presented = form.require("token")?;
    let mut answer = json!({"active": false});
    if let Some((kind, session, person, ends)) = active(&center, presented).await?
        && may_ask(&client, &session, &person)
    {
        answer = described(&center, kind, &session, &person, ends);
    }
    Ok(refusal::json(&answer))
}

fn may_ask(client: &Client, session: &Session, person: &Person) -> bool {
    let colleague = client.secret.is_some()
        && client
            .organization
            .as_deref()
            .is_none_or(|of| of == person.organization);
    session.client == client.id || colleague
}

async fn active(
    center: &Center,
    presented: &str,
) -> Result<Option<(Kind, Session, Person, Timestamp)>, StoreError> {
    let now = center.now();
    if let Some(token) = center.token_keys.read(Kind::Access, presented) {
        let found = center.store.holder(token, now).await?;
        return Ok(found.map(|(session, person)| (Kind::Access, session, person, token.ends)));
    }
    let Some(token) = center.token_keys.read(Kind::Refresh, presented) else {
        return Ok(None);
    };
    let found = center.store.session_and_person(token.session).await?;
    Ok(found.and_then(|(session, active, person)| {
        match session::rotate(&session, &token, &session.client, active, now) {
            Rotation::Next | Rotation::Same => {
                let ends = session.expires_at;
                Some((Kind::Refresh, session, person, ends))
            }
            Rotation::Reused | Rotation::Refused => None,
        }
    }))
}

fn described(
    center: &Center,
    kind: Kind,
    session: &Session,
    person: &Person,
    ends: Timestamp,
) -> Value {
    let mut answer = json!({
        "active": true,
        "iss": center.settings.issuer(),
        "sub": session.user,
        "client_id": session.client,
        "username": person.user_name,
        "scope": session.scopes.join(" "),
        "iat": session.rotated_at.as_second(),
        "exp": ends.min(session.expires_at).as_second(),
        "auth_time": session.authentication.at.as_second(),
        "amr": session.authentication.methods,
        "sid": session.id,
    });
    if kind == Kind::Access {
        answer["token_type"] = match session.binding {
            Some(_) => "DPoP".into(),
            None => "Bearer".into(),
        };
    }
    if let Some(context) = &session.authentication.context {
        answer["acr"] = context.as_str().into();
    }
    if let Some(thumbprint) = &session.binding {
        answer["cnf"] = json!({"jkt": thumbprint});
    }
    answer
}
