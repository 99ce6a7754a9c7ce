//! The way to an identity provider and back.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use kiro_relying_party::{AuthorizationResponse, display_host, parse_response};
use serde_json::json;

use super::entry::{Answer, Visit, see_other};
use super::{Language, Refusal, Upstream, finish, refusal, trial};
use crate::audit::Deed;
use crate::authorization::{Authorization, Progress, Purpose};
use crate::center::Center;
use crate::federation::saml::Status;
use crate::federation::{self, Connection, Fault, Proof};
use crate::figures;
use crate::id::ConnectionId;

/// Sends the browser to the provider. Its answer is taken once, from this step.
pub(super) async fn begin(visit: &Visit, connection: ConnectionId, typed: &str) -> Answer {
    let (center, seen) = (&visit.center, &visit.seen);
    let connection = connected(visit, connection).await?;
    match federation::begin(center, &connection, seen, typed).await {
        Ok((address, expected)) => {
            let progress = Progress::Upstream {
                connection: connection.id,
                expected,
            };
            if !center.store.advance_authorization(seen, progress).await? {
                return Ok(visit.onwards());
            }
            Ok(see_other(address.as_str()))
        }
        Err(fault) => failed(visit, &connection, fault).await,
    }
}

/// `GET /federation/oidc/{organization}/{connection}/callback`
pub(super) async fn callback(
    State(center): State<Arc<Center>>,
    Path(to): Path<(String, String)>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let language = Language::of(&center.settings, &headers, &[]);
    let mut response = match answered(center, &to, &headers, query.as_deref()).await {
        Ok((visit, answer)) => visit.answer(answer),
        Err(why) => refusal(language, why),
    };
    // The address has a code in it.
    let quiet = HeaderValue::from_static("no-referrer");
    response
        .headers_mut()
        .insert(header::REFERRER_POLICY, quiet);
    response
}

/// The sign-in that the answer is of, if this browser began it, and what becomes of it.
async fn answered(
    center: Arc<Center>,
    to: &(String, String),
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<(Visit, Answer), Refusal> {
    let response = parse_response(query.unwrap_or_default()).map_err(|error| {
        tracing::info!(%error, "an identity provider's answer cannot be read");
        Refusal::Unreadable
    })?;
    let id = federation::named(response.state.secret()).ok_or(Refusal::Over)?;
    let visit = Visit::open(center, &id.to_string(), headers).await;
    let visit = visit.map_err(|(_, why)| why)?;
    let answer = taken(&visit, to, response).await;
    Ok((visit, answer))
}

/// `to`: whose address, by organisation and connection, the answer came to.
async fn taken(visit: &Visit, to: &(String, String), response: AuthorizationResponse) -> Answer {
    let (center, seen) = (&visit.center, &visit.seen);
    let Progress::Upstream {
        connection,
        expected,
    } = &seen.progress
    else {
        return Err(Refusal::Over);
    };
    let connection = connected(visit, *connection).await?;
    let (organization, name) = to;
    // RFC 9700 §4.4.2.2: a provider that sends the browser on to another one gets nothing of that one's.
    let is_its_own = connection.organization == *organization && connection.name == *name;
    if !is_its_own || !federation::belongs(center, seen.id, expected, &response) {
        return Err(Refusal::Over);
    }
    // From here on the answer is used up, whatever comes of it.
    let Some(seen) = center
        .store
        .advance_authorization(seen, Progress::Name)
        .await?
        .then(|| seen.after(Progress::Name))
    else {
        return Err(Refusal::Over);
    };
    let complete = federation::complete(center, &connection, &seen, expected, response);
    let proof = match complete.await {
        Ok(proof) => proof,
        Err(fault) => return failed(visit, &connection, fault).await,
    };
    known(visit, &seen, &connection, proof).await
}

/// Goes on with whom the provider vouches for. `seen` is the sign-in as it is since its answer was taken.
pub(super) async fn known(
    visit: &Visit,
    seen: &Authorization,
    connection: &Connection,
    proof: Proof,
) -> Answer {
    let center = &visit.center;
    if let Purpose::Trial(link) = seen.request.purpose {
        return trial::ended(visit, link, connection, proof).await;
    }
    let found = center
        .store
        .identify(connection, &proof.identity, center.now());
    let Some(user) = found.await? else {
        let fault = Fault::Unprovisioned(proof.identity.shown);
        return failed(visit, connection, fault).await;
    };
    let (language, authentication) = (visit.language, proof.authentication);
    Ok(finish::authenticated(center, language, seen, user, authentication).await)
}

/// The connection, if people are sent there, and this sign-in's may be.
pub(super) async fn connected(visit: &Visit, id: ConnectionId) -> Result<Connection, Refusal> {
    if let Purpose::Trial(link) = visit.seen.request.purpose {
        let tried = trial::connection(visit, link).await?;
        return Some(tried)
            .filter(|tried| tried.id == id)
            .ok_or(Refusal::Over);
    }
    let meant = visit.seen.request.organization.as_ref();
    let found = visit.center.store.connection(id).await?;
    found
        .filter(|found| found.active && meant.is_none_or(|meant| *meant == found.organization))
        .ok_or(Refusal::Over)
}

/// The page that says what went wrong there; or the application is told.
pub(super) async fn failed(visit: &Visit, connection: &Connection, fault: Fault) -> Answer {
    let center = &visit.center;
    if let (Fault::Told(error), Purpose::Code { .. }) = (&fault, &visit.seen.request.purpose) {
        figures::fault(connection.details.kind, &fault);
        return finish::told(center, &visit.seen, error).await;
    }
    center
        .store
        .record(refused(connection, &fault), center.now())
        .await?;
    Err(self::fault(center, connection, fault, visit.path()).await?)
}

/// A sign-in at a provider that did not come about, for the audit log. What the provider calls somebody who is not provisioned is no name
/// of ours, and perhaps somebody else's: it is no subject.
fn refused(connection: &Connection, fault: &Fault) -> Deed {
    let mut detail =
        json!({ "step": "provider", "connection": connection.name, "fault": fault.word() });
    if let Fault::Unprovisioned(shown) = fault {
        detail["shown"] = shown.as_str().into();
    }
    // Nobody signed it: no more of it is kept than the specification's own codes.
    if let Some(said) = fault.said().filter(|said| Status::of(said).is_some()) {
        detail["status"] = said.into();
    }
    Deed {
        action: "sign_in",
        organization: Some(connection.organization.clone()),
        subject: String::new(),
        done: false,
        detail,
    }
}

/// What went wrong at a provider, as a page says it. It is counted; the audit log has what came of a sign-in that a browser of ours began,
/// not of every form that a stranger sends. `again`: where it can be tried again.
pub(super) async fn fault(
    center: &Center,
    connection: &Connection,
    fault: Fault,
    again: String,
) -> Result<Refusal, Refusal> {
    let (name, why) = (&connection.name, &fault);
    tracing::info!(connection = name, ?why, "nobody was signed in upstream");
    figures::fault(connection.details.kind, &fault);
    let organization = center.store.organization(&connection.organization).await?;
    let organization = organization.map(|found| (found.title, found.contact));
    let (organization, contact) = organization.unwrap_or_default();
    Ok(Refusal::Upstream(Upstream {
        fault,
        provider: display_host(&connection.details.issuer),
        organization,
        contact,
        again,
    }))
}
