//! SAML's addresses: our metadata, and where a provider's answer comes (`AssertionConsumerService`, HTTP-POST).
//!
//! The answer is another site's form, so that no cookie of ours is with it: it is verified, kept with the sign-in that it belongs to, and
//! the browser that brought it is given a secret. It goes on where both are in one browser, the secret and the cookie of the sign-in. With
//! the secret alone somebody would be signed in as another (login CSRF); with the cookie alone whoever begins a sign-in and has somebody
//! else follow it to the provider would be signed in as them.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use secrecy::{ExposeSecret as _, SecretString};

use super::entry::{Answer, Visit, see_other};
use super::upstream::{connected, fault, known};
use super::{Language, Refusal, refusal, upstream};
use crate::authorization::{self, Progress, Purpose};
use crate::center::Center;
use crate::cookie;
use crate::directory::is_plain;
use crate::federation::saml::{self, Ourselves, Saml};
use crate::federation::{self, Connection, Fault, Proof};
use crate::oidc::parameters::{Form, Parameters};
use crate::secret::{Digest, issue};

/// An answer's form is no longer.
pub(super) const LIMIT: usize = 512 * 1024;

/// `GET /federation/saml/{organization}/{connection}/metadata`: what the provider's administrator needs, before there is a connection, too.
pub(super) async fn metadata(
    State(center): State<Arc<Center>>,
    Path((organization, name)): Path<(String, String)>,
) -> Response {
    let there = center.store.organization(&organization).await;
    match there {
        Ok(Some(_)) if is_plain(&name) => {
            let ourselves = Ourselves::to(&center.settings, &organization, &name);
            let kind = [(header::CONTENT_TYPE, "application/samlmetadata+xml")];
            (kind, saml::ours(&ourselves)).into_response()
        }
        Ok(_) => refusal(Language::English, Refusal::NoOrganization),
        Err(error) => refusal(Language::English, error.into()),
    }
}

/// `POST /federation/saml/{organization}/{connection}/acs`
pub(super) async fn acs(
    State(center): State<Arc<Center>>,
    Path((organization, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let language = Language::of(&center.settings, &headers, &[]);
    let taken = async {
        let form = Form::read_up_to(LIMIT, request)
            .await
            .map_err(|_| Refusal::Unreadable)?;
        if form.repeated().is_some() {
            return Err(Refusal::Unreadable);
        }
        let connection = named(&center, &organization, &name).await?;
        let saml = connection.details.saml.clone().ok_or(Refusal::Over)?;
        answered(&center, &headers, connection, saml, &form).await
    };
    let mut response = taken.await.unwrap_or_else(|why| refusal(language, why));
    let quiet = HeaderValue::from_static("no-referrer");
    response
        .headers_mut()
        .insert(header::REFERRER_POLICY, quiet);
    response
}

async fn named(center: &Center, organization: &str, name: &str) -> Result<Connection, Refusal> {
    if !is_plain(organization) || !is_plain(name) {
        return Err(Refusal::Over);
    }
    let all = center.store.connections(Some(organization)).await?;
    let found = all.into_iter().find(|connection| connection.name == name);
    found.ok_or(Refusal::Over)
}

async fn answered(
    center: &Arc<Center>,
    headers: &HeaderMap,
    connection: Connection,
    saml: Saml,
    form: &Parameters,
) -> Answer {
    let response = form.get("SAMLResponse").ok_or(Refusal::Unreadable)?;
    let relay = form.get("RelayState").unwrap_or_default();
    let Some(id) = federation::named(relay) else {
        return unsolicited(center, headers, &connection, &saml, response).await;
    };
    let store = &center.store;
    let seen = store
        .authorization_of(id, center.now())
        .await?
        .ok_or(Refusal::Over)?;
    let Progress::Upstream {
        connection: sent,
        expected,
    } = &seen.progress
    else {
        return Err(Refusal::Over);
    };
    let expected = federation::expected(center, id, expected);
    let expected = expected.filter(|kept| *sent == connection.id && kept.is_of(relay));
    let expected = expected.ok_or(Refusal::Over)?;
    let answer = saml::accepted(center, &connection, &saml, &seen, &expected, response).await;
    if let Err(why @ Fault::Untrusted(_)) = &answer {
        // What does not check out uses nothing up: the genuine answer is still taken.
        let again = center.settings.at(&format!("/sign-in/{id}"));
        return Err(fault(center, &connection, why.clone(), again).await?);
    }
    let (secret, brought) = issue();
    let progress = Progress::Answered {
        connection: connection.id,
        brought,
        answer: serde_json::to_value(answer).unwrap_or_default(),
        unasked: false,
    };
    if !store.advance_authorization(&seen, progress).await? {
        return Err(Refusal::Over);
    }
    let to = format!("/sign-in/{id}{}", step(&secret));
    Ok(see_other(&center.settings.at(&to)))
}

/// Where the browser that brought an answer goes on, behind the address of the sign-in's page.
fn step(secret: &SecretString) -> String {
    format!("/answered?brought={}", secret.expose_secret())
}

/// Somebody whom nobody asked for: where the connection allows it, they sign in here anew, and come to their organisation's page. No
/// application's sign-in goes on by it.
async fn unsolicited(
    center: &Arc<Center>,
    headers: &HeaderMap,
    connection: &Connection,
    saml: &Saml,
    response: &str,
) -> Answer {
    let proof = match connection.active {
        true => saml::unsolicited(center, connection, saml, response).await,
        false => Err(Fault::Untrusted("the connection is not active".into())),
    };
    let proof = match proof {
        Ok(proof) => proof,
        Err(why) => {
            return Err(fault(center, connection, why, center.settings.at("/")).await?);
        }
    };
    let answer = serde_json::to_value(Ok::<Proof, Fault>(proof)).unwrap_or_default();
    let request = authorization::Request {
        organization: Some(connection.organization.clone()),
        ..authorization::Request::of_person(Purpose::OwnSessions)
    };
    let (secret, brought) = issue();
    let progress = Progress::Answered {
        connection: connection.id,
        brought,
        answer,
        unasked: true,
    };
    Ok(authorization::begin_at(center, headers, request, |_| progress, &step(&secret)).await?)
}

/// `GET /sign-in/{id}/answered`: the browser that brought the answer goes on, if it began the sign-in.
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match Visit::open(center, &id, &headers).await {
        Ok(visit) => {
            let query = query.unwrap_or_default();
            let mut response = visit.answer(gone_on(&visit, &query).await);
            let progress = &visit.seen.progress;
            if matches!(progress, Progress::Answered { unasked: true, .. }) {
                // Whoever sent somebody here has not signed them in at an application that waits in another tab.
                let others = cookie::others(&visit.center.settings, &headers, visit.seen.id);
                let others = others.map(|cookie| (header::SET_COOKIE, cookie));
                response.headers_mut().extend(others);
            }
            response
        }
        Err((language, why)) => refusal(language, why),
    }
}

async fn gone_on(visit: &Visit, query: &str) -> Answer {
    let Progress::Answered {
        connection,
        brought,
        answer,
        ..
    } = &visit.seen.progress
    else {
        return Err(Refusal::Over);
    };
    let query = Parameters::parse(query.as_bytes()).map_err(|_| Refusal::Unreadable)?;
    if query.get("brought").map(Digest::of) != Some(*brought) {
        return Err(Refusal::Over);
    }
    let answer: Result<Proof, Fault> =
        serde_json::from_value(answer.clone()).map_err(|_| Refusal::Over)?;
    // From here on the answer is used up.
    let store = &visit.center.store;
    let Some(seen) = store
        .advance_authorization(&visit.seen, Progress::Name)
        .await?
        .then(|| visit.seen.after(Progress::Name))
    else {
        return Err(Refusal::Over);
    };
    let connection = connected(visit, *connection).await?;
    match answer {
        Ok(proof) => known(visit, &seen, &connection, proof).await,
        Err(why) => upstream::failed(visit, &connection, why).await,
    }
}
