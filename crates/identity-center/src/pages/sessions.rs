//! `/sessions`: where the person is signed in, and the end of it, one by one or everywhere; and the way to what they sign in with.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use maud::html;

use super::entry::{Answer, chosen_language, form, see_other};
use super::layout::{Page, Standing, time};
use super::name::initial;
use super::words::{fill, shown};
use super::{Language, Refusal, refusal};
use crate::authorization::{self, Purpose};
use crate::center::Center;
use crate::cookie::Cookie;
use crate::oidc::parameters::Parameters;
use crate::session::Ended;
use crate::store::BrowserSession;

/// `GET /sessions`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(chosen) = chosen_language(&center, query.as_deref(), "/sessions") {
        return chosen;
    }
    let language = Language::of(&center.settings, &headers, &[]);
    let shown = show(&center, language, &headers).await;
    shown.unwrap_or_else(|why| refusal(language, why))
}

async fn show(center: &Center, language: Language, headers: &HeaderMap) -> Answer {
    match known(center, headers).await? {
        Some(browser) => list(center, language, &browser).await,
        None => {
            let request = authorization::Request::of_person(Purpose::OwnSessions);
            Ok(authorization::begin(center, headers, request).await?)
        }
    }
}

pub(super) async fn known(
    center: &Center,
    headers: &HeaderMap,
) -> Result<Option<BrowserSession>, Refusal> {
    let Some(cookie) = Cookie::Browser.digest(&center.settings, headers) else {
        return Ok(None);
    };
    Ok(center.store.browser_session(cookie, center.now()).await?)
}

async fn list(center: &Center, language: Language, browser: &BrowserSession) -> Answer {
    let words = language.words();
    let user = &browser.user;
    let sessions = center.store.own_sessions(user.id, center.now()).await?;
    let factors = center.store.factors(Some(user)).await?;
    let organization = center.store.organization(&user.organization).await?;
    let organization = organization.map_or_else(|| user.organization.clone(), |found| found.title);
    let lead = fill(
        words.sessions_lead,
        &[
            ("name", &user.profile.display_name),
            ("organization", &organization),
        ],
    );
    let body = html! {
        h1 { (words.sessions_title) }
        p.lead { (lead) }
        @if sessions.is_empty() {
            p.none { (words.sessions_none) }
        } @else {
            ul.card {
                @for (session, name) in &sessions {
                    @let name = name.as_deref().unwrap_or(words.sessions_unknown);
                    li.row {
                        span.letter aria-hidden="true" { (initial(name)) }
                        span {
                            bdi.what #{ "s" (session.id) } { (shown(name)) }
                            span.why { (fill(words.sessions_since, &[("time", &time(language, session.created_at))])) }
                        }
                        form method="post" action="/sessions/end" {
                            input type="hidden" name="session" value=(session.id);
                            button.plain aria-describedby={ "s" (session.id) } { (words.sessions_end) }
                        }
                    }
                }
            }
        }
        form method="post" action="/sessions/end" {
            p.lead { (words.sessions_all_why) }
            button.button.other name="session" value="all" { (words.sessions_all) }
        }
        @if factors.password.is_some() {
            section {
                h2 { (words.own_title) }
                a.button.other href="/sessions/password" { (words.change_title) }
                @if factors.second.is_some() {
                    a.button.other href="/sessions/recovery-codes" { (words.renew_title) }
                    p.why { (fill(words.own_left, &[("n", &factors.recovery_codes.to_string())])) }
                }
            }
        }
    };
    let page = Page {
        language,
        standing: Standing::SignedIn,
        status: StatusCode::OK,
        title: words.sessions_title.to_owned(),
        path: Some("/sessions".to_owned()),
        leads_to: None,
        body,
    };
    Ok(page.respond())
}

/// The form's address, asked for as a page.
pub(super) async fn back(State(center): State<Arc<Center>>) -> Response {
    see_other(&center.settings.at("/sessions"))
}

/// `POST /sessions/end`: `session` is one of the person's own, or `all`.
pub(super) async fn post(State(center): State<Arc<Center>>, request: Request) -> Response {
    match form(&center, request).await {
        Ok((language, (headers, parameters))) => {
            let ended = end(&center, &headers, &parameters).await;
            ended.unwrap_or_else(|why| refusal(language, why))
        }
        Err(refused) => refused,
    }
}

async fn end(center: &Center, headers: &HeaderMap, parameters: &Parameters) -> Answer {
    let (settings, now) = (&center.settings, center.now());
    let list = see_other(&settings.at("/sessions"));
    let Some(browser) = known(center, headers).await? else {
        return Ok(list);
    };
    let (user, which) = (
        browser.user.id,
        parameters.get("session").unwrap_or_default(),
    );
    if which != "all" {
        let session = which.parse().map_err(|_| Refusal::Unreadable)?;
        center.store.end_own_session(user, session, now).await?;
        return Ok(list);
    }
    center
        .store
        .end_sessions_of(user, Ended::ByPerson, now)
        .await?;
    let mut response = see_other(&settings.at("/signed-out"));
    let gone = Cookie::Browser.forget(settings);
    response
        .headers_mut()
        .extend(gone.map(|gone| (header::SET_COOKIE, gone)));
    Ok(response)
}
