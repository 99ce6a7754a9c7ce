//! `/sessions/recovery-codes`: a person of the directory makes new recovery codes. The ones before are good no more.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use maud::html;

use super::anew::{Own, Proved};
use super::enrolment::listed;
use super::entry::{Answer, chosen_language, form, see_other};
use super::{Language, Refusal, refusal};
use crate::center::Center;
use crate::oidc::parameters::Parameters;
use crate::totp;

const PATH: &str = "/sessions/recovery-codes";

/// `GET /sessions/recovery-codes`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(chosen) = chosen_language(&center, query.as_deref(), PATH) {
        return chosen;
    }
    let language = Language::of(&center.settings, &headers, &[]);
    match with_factor(&center, language, &headers).await {
        Ok(Some(own)) => page(&own, None),
        Ok(None) => see_other(&center.settings.at("/sessions")),
        Err(why) => refusal(language, why),
    }
}

/// `POST /sessions/recovery-codes`
pub(super) async fn post(State(center): State<Arc<Center>>, request: Request) -> Response {
    match form(&center, request).await {
        Ok((language, (headers, form))) => {
            let renewed = async {
                match with_factor(&center, language, &headers).await? {
                    Some(own) => renew(&own, &form).await,
                    None => Ok(see_other(&center.settings.at("/sessions"))),
                }
            };
            renewed.await.unwrap_or_else(|why| refusal(language, why))
        }
        Err(refused) => refused,
    }
}

/// Whoever has no second factor has nothing to recover.
async fn with_factor(
    center: &Arc<Center>,
    language: Language,
    headers: &HeaderMap,
) -> Result<Option<Own>, Refusal> {
    let own = Own::of(center, language, headers).await?;
    Ok(own.filter(|own| own.factors.second.is_some()))
}

fn page(own: &Own, wrong: Option<&str>) -> Response {
    let words = own.words();
    let body = html! {
        h1 { (words.renew_title) }
        p.lead { (words.renew_lead) }
        form method="post" action=(PATH) {
            (own.fields(wrong))
            button.button.first { (words.renew_button) }
        }
        p.foot { a.plain href="/sessions" { (words.cancel) } }
    };
    own.page(words.renew_title, PATH, wrong.is_some(), body)
}

async fn renew(own: &Own, form: &Parameters) -> Answer {
    let (words, center) = (own.words(), &own.center);
    let again = |said: &str| page(own, Some(said));
    match own.proved(form, "recovery_codes.renew", again).await? {
        Proved::Yes(..) => {}
        Proved::No(said) => return Ok(said),
    }
    let codes = totp::recovery_codes();
    let digests = totp::recovery_digests(&codes);
    let (user, now) = (own.user.id, center.now());
    if !center
        .store
        .renew_recovery_codes(user, digests, now)
        .await?
    {
        return Ok(see_other(&center.settings.at("/sessions")));
    }
    let body = html! {
        h1 { (words.kept_title) }
        p.lead { (words.kept_lead) }
        (listed(&codes))
        a.button.first href="/sessions" { (words.kept_button) }
    };
    Ok(own.page(words.kept_title, PATH, false, body))
}
