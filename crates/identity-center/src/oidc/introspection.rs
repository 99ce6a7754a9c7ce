//! Whether a token is good now (RFC 7662). An application with a secret may ask about the tokens of its organisation's people; a
//! public one about its own. Asking uses nothing up.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::client_authentication::Credentials;
use super::parameters::Form;
use super::refusal::{self, Refusal};
use crate::center::Center;
use crate::client::Client;
use crate::id::{SessionId, UserId};
use crate::session::{self, Rotation, Session};
use crate::store::holders::Person;
use crate::token::{Kind, Token};

/// `POST /oauth2/introspect`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Refusal> {
    let by = Credentials::of(&headers, &form)?;
    let asked = form.get("token").and_then(|text| read(&center, text));
    // Who asks, and about what: one look at the store.
    let (now, session) = (center.now(), asked.map(|(_, token)| token.session));
    let (client, found) = center.store.introspected(by.id(), session, now).await?;
    let client = by.prove(client)?;
    form.require("token")?;
    let good = asked.zip(found).and_then(|((kind, token), found)| {
        let (session, active, person) = found;
        let ends = ends(kind, &token, &session, active, now)?;
        Some((kind, session, person, ends))
    });
    Ok(match good {
        Some((kind, session, person, ends)) if may_ask(&client, &session, &person) => {
            refusal::json(&described(&center, kind, &session, &person, ends))
        }
        Some(_) | None => refusal::json(&json!({ "active": false })),
    })
}

fn read(center: &Center, presented: &str) -> Option<(Kind, Token)> {
    [Kind::Access, Kind::Refresh]
        .into_iter()
        .find_map(|kind| Some((kind, center.token_keys.read(kind, presented)?)))
}

fn may_ask(client: &Client, session: &Session, person: &Person) -> bool {
    let colleague = client.secret.is_some()
        && client
            .organization
            .as_deref()
            .is_none_or(|of| of == person.organization);
    session.client == client.id || colleague
}

/// When a token ends that is good now.
fn ends(
    kind: Kind,
    token: &Token,
    session: &Session,
    active: bool,
    now: Timestamp,
) -> Option<Timestamp> {
    match kind {
        Kind::Access => session::good(session, token, active, now).then_some(token.ends),
        Kind::Refresh => match session::rotate(session, token, &session.client, active, now) {
            Rotation::Next | Rotation::Same => Some(session.expires_at),
            Rotation::Reused | Rotation::Refused => None,
        },
    }
}

/// RFC 7662 §2.2.
#[derive(Serialize)]
struct Described<'a> {
    active: bool,
    iss: &'a str,
    sub: UserId,
    client_id: &'a str,
    username: &'a str,
    scope: String,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    amr: &'a [String],
    sid: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation<'a>>,
}

/// RFC 9449 §6.2.
#[derive(Serialize)]
struct Confirmation<'a> {
    jkt: &'a str,
}

fn described<'a>(
    center: &'a Center,
    kind: Kind,
    session: &'a Session,
    person: &'a Person,
    ends: Timestamp,
) -> Described<'a> {
    let binding = session.binding.as_deref();
    let authentication = &session.authentication;
    Described {
        active: true,
        iss: center.settings.issuer(),
        sub: session.user,
        client_id: &session.client,
        username: &person.user_name,
        scope: session.scopes.join(" "),
        iat: session.rotated_at.as_second(),
        exp: ends.min(session.expires_at).as_second(),
        auth_time: authentication.authenticated_at().map(Timestamp::as_second),
        amr: &authentication.methods,
        sid: session.id,
        token_type: match kind {
            Kind::Access => Some(binding.map_or("Bearer", |_| "DPoP")),
            Kind::Refresh => None,
        },
        acr: authentication.context.as_deref(),
        cnf: binding.map(|jkt| Confirmation { jkt }),
    }
}
