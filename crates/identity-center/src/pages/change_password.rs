//! `/sessions/password`: a person of the directory changes their password. Everything else of theirs ends; this browser goes on, under
//! another cookie.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use maud::html;
use secrecy::{ExposeSecret as _, SecretString};

use super::anew::{Own, Proved, authentication};
use super::entry::{Answer, chosen_language, form, see_other};
use super::layout::alert;
use super::setup::weakness;
use super::{Language, refusal};
use crate::center::Center;
use crate::cookie::Cookie;
use crate::oidc::parameters::Parameters;
use crate::password;
use crate::secret::issue;
use crate::store::PasswordChange;

const PATH: &str = "/sessions/password";

/// `GET /sessions/password`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(chosen) = chosen_language(&center, query.as_deref(), PATH) {
        return chosen;
    }
    let language = Language::of(&center.settings, &headers, &[]);
    match Own::of(&center, language, &headers).await {
        Ok(Some(own)) => page(&own, None, None),
        Ok(None) => see_other(&center.settings.at("/sessions")),
        Err(why) => refusal(language, why),
    }
}

/// `POST /sessions/password`
pub(super) async fn post(State(center): State<Arc<Center>>, request: Request) -> Response {
    match form(&center, request).await {
        Ok((language, (headers, form))) => {
            let changed = async {
                match Own::of(&center, language, &headers).await? {
                    Some(own) => change(&own, &form).await,
                    None => Ok(see_other(&center.settings.at("/sessions"))),
                }
            };
            changed.await.unwrap_or_else(|why| refusal(language, why))
        }
        Err(refused) => refused,
    }
}

fn page(own: &Own, old: Option<&str>, new: Option<&str>) -> Response {
    let words = own.words();
    let body = html! {
        h1 { (words.change_title) }
        p.lead { (words.change_lead) }
        form method="post" action=(PATH) {
            (own.fields(old))
            (alert(new))
            label.field {
                span.label { (words.setup_password) }
                input type="password" name="password" autocomplete="new-password" required minlength=(password::SHORTEST) maxlength=(password::LONGEST)
                    aria-invalid=[new.map(|_| "true")] aria-describedby=[new.map(|_| "wrong")];
            }
            label.field {
                span.label { (words.setup_again) }
                input type="password" name="again" autocomplete="new-password" required maxlength=(password::LONGEST);
            }
            button.button.first { (words.change_button) }
        }
        p.foot { a.plain href="/sessions" { (words.cancel) } }
    };
    let wrong = old.or(new).is_some();
    own.page(words.change_title, PATH, wrong, body)
}

async fn change(own: &Own, form: &Parameters) -> Answer {
    let (words, center) = (own.words(), &own.center);
    let new = SecretString::from(form.get("password").unwrap_or_default());
    // First what tells nothing of the old one: a code is not used up for it.
    if let Err(weak) = password::acceptable(&new, &own.user.profile.user_name) {
        return Ok(page(own, None, Some(weakness(words, weak))));
    }
    if form.get("password") != form.get("again") {
        return Ok(page(own, None, Some(words.setup_differ)));
    }
    let again = |said: &str| page(own, Some(said), None);
    let (methods, from) = match own.proved(form, "password.change", again).await? {
        Proved::Yes(methods, from) => (methods, from),
        Proved::No(said) => return Ok(said),
    };
    let to = center.hashing.hash(new).await;
    let to = to.map_err(|_| super::Refusal::Busy)?;
    let (secret, cookie) = issue();
    let (now, life) = (center.now(), center.settings.browser_session_lifetime);
    let changed = PasswordChange {
        user: own.user.id,
        from,
        to,
        cookie,
        authentication: authentication(own, methods),
        ends: now + life,
    };
    if !center.store.change_password(changed, now).await? {
        return Ok(see_other(&center.settings.at("/sessions")));
    }
    let body = html! {
        h1 { (words.changed_title) }
        p.lead { (words.changed_lead) }
        p.foot { a.plain href="/sessions" { (words.out_again) } }
    };
    let mut response = own.page(words.changed_title, "/sessions", false, body);
    let cookie = Cookie::Browser.set(&center.settings, secret.expose_secret(), life);
    response
        .headers_mut()
        .extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}
