//! `/test/{token}`: an administrator tries a connection before people are sent there.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use kiro_relying_party::display_host;
use maud::html;

use super::entry::{Answer, Posted, Visit, source};
use super::layout::{Standing, fact};
use super::words::{fill, shown};
use super::{Language, Refusal, refusal, upstream};
use crate::authorization::{self, Purpose};
use crate::center::Center;
use crate::federation::trial::Outcome;
use crate::federation::{Connection, Proof};
use crate::secret::Digest;

/// `GET /test/{token}`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let language = Language::of(&center.settings, &headers, &[]);
    let begun = begin(&center, &headers, Digest::of(&token)).await;
    begun.unwrap_or_else(|why| refusal(language, why))
}

async fn begin(center: &Center, headers: &HeaderMap, link: Digest) -> Answer {
    let trial = center.store.trial(link, center.now()).await?;
    if trial.is_none_or(|trial| trial.outcome.is_some()) {
        return Err(Refusal::Over);
    }
    let request = authorization::Request::of_person(Purpose::Trial(link));
    Ok(authorization::begin(center, headers, request).await?)
}

/// Asks before it leads away: a link is also opened by programs that look at what is sent around.
pub(super) async fn show(visit: &Visit, link: Digest) -> Answer {
    let connection = connection(visit, link).await?;
    let words = visit.words();
    let title = fill(words.trial_title, &[("connection", &connection.name)]);
    let host = display_host(&connection.details.issuer);
    let body = html! {
        h1 { (title) }
        p.lead { (fill(words.trial_lead, &[("provider", &host)])) }
        form method="post" action=(visit.form("trial")) { button.button.first { (words.next) } }
    };
    let mut page = visit.page(title, false, body);
    page.leads_to = source(&connection.details.origin);
    Ok(page.respond())
}

/// `POST /sign-in/{id}/trial`
pub(super) async fn post(Posted(visit, _): Posted) -> Response {
    visit.answer(away(&visit).await)
}

async fn away(visit: &Visit) -> Answer {
    let Purpose::Trial(link) = visit.seen.request.purpose else {
        return Ok(visit.onwards());
    };
    let connection = connection(visit, link).await?;
    upstream::begin(visit, connection.id, "").await
}

/// The connection that the link is good for, and no other.
pub(super) async fn connection(visit: &Visit, link: Digest) -> Result<Connection, Refusal> {
    let (store, now) = (&visit.center.store, visit.center.now());
    let trial = store.trial(link, now).await?;
    let id = trial.ok_or(Refusal::Over)?.connection;
    store.connection(id).await?.ok_or(Refusal::Over)
}

/// Somebody came back: who they are there, and who they would be here.
pub(super) async fn ended(
    visit: &Visit,
    link: Digest,
    connection: &Connection,
    proof: Proof,
) -> Answer {
    let store = &visit.center.store;
    let user = store.would_identify(connection, &proof.identity).await?;
    let user = match user {
        Some(user) => store.user(user).await?,
        None => None,
    };
    let outcome = Outcome {
        shown: proof.identity.shown,
        external_id: proof.identity.external_id,
        user_name: user.map(|user| user.profile.user_name),
    };
    if !store.end_trial(link, outcome.clone()).await? {
        return Err(Refusal::Over);
    }
    store.drop_authorization(visit.seen.id).await?;
    let words = visit.words();
    let here = match &outcome.user_name {
        Some(user_name) => html! { bdi { (shown(user_name)) } },
        None => html! { (words.trial_nobody) },
    };
    let body = html! {
        h1 { (words.trial_done_title) }
        p.lead { (words.trial_done_lead) }
        dl.card {
            (fact(words.trial_there, &html! { bdi { (shown(&outcome.shown)) } }))
            (fact(words.trial_id, &html! { bdi { (shown(&outcome.external_id)) } }))
            (fact(words.trial_here, &here))
        }
    };
    let mut page = visit.page(words.trial_done_title.to_owned(), false, body);
    page.standing = Standing::SignedOut;
    page.path = None;
    Ok(page.respond())
}
