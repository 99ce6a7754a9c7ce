//! Signing out by the application (OpenID Connect RP-Initiated Logout 1.0). With an ID token of ours as a hint it is done at once, where
//! it speaks of whom the browser has signed in and is no form of another site's; else the person is asked. The browser goes back to the
//! application only where it is registered, byte for byte.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;

use super::authorize::{address, redirect};
use super::parameters::{Form, Parameters};
use super::{hint, path};
use crate::center::Center;
use crate::cookie::Cookie;
use crate::pages::{self, Language, Refusal, origin};
use crate::session::Ended;
use crate::store::StoreError;

/// `GET /oauth2/end_session`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes()).ok();
    answer(&center, &headers, parameters, false).await
}

/// `POST /oauth2/end_session`
pub(super) async fn post(State(center): State<Arc<Center>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let parameters = Form::read(request).await.ok();
    answer(&center, &headers, parameters, true).await
}

async fn answer(
    center: &Center,
    headers: &HeaderMap,
    parameters: Option<Parameters>,
    posted: bool,
) -> Response {
    let wanted = parameters.as_ref().map(|found| found.words("ui_locales"));
    let language = Language::of(&center.settings, headers, &wanted.unwrap_or_default());
    let Some(parameters) = parameters.filter(|found| found.repeated().is_none()) else {
        return pages::refusal(language, Refusal::Unreadable);
    };
    end(center, headers, language, &parameters, posted)
        .await
        .unwrap_or_else(|refused| pages::refusal(language, refused))
}

async fn end(
    center: &Center,
    headers: &HeaderMap,
    language: Language,
    parameters: &Parameters,
    posted: bool,
) -> Result<Response, Refusal> {
    let wrong = |why| Err(Refusal::Request(why));
    let hint = match parameters.get("id_token_hint") {
        None => None,
        Some(token) => match hint::read(center, token) {
            Some(hint) => Some(hint),
            None => return wrong("The ID token is not one of this service (id_token_hint)."),
        },
    };
    let named = parameters.get("client_id");
    if let (Some(hint), Some(named)) = (&hint, named)
        && hint.client != named
    {
        return wrong("The ID token is of another application (client_id).");
    }
    let client = hint.as_ref().map(|hint| hint.client.as_str()).or(named);
    let after = match parameters.get("post_logout_redirect_uri") {
        None => None,
        Some(uri) => match registered(center, client, uri).await? {
            true => Some(uri),
            false => {
                return wrong(
                    "The application is not registered with the address that it wants to go to (post_logout_redirect_uri).",
                );
            }
        },
    };
    let now = center.now();
    let cookie = Cookie::Browser.digest(&center.settings, headers);
    let browser = match cookie {
        Some(cookie) => center.store.browser_session(cookie, now).await?,
        None => None,
    };
    let is_own = origin::is_own(&center.settings, headers);
    let is_confirmed = posted && is_own && parameters.get("confirm") == Some("yes");
    // §2: whoever has an ID token of their own signs nobody else out. Another site's form comes without the cookie: whom it means is not
    // known.
    let is_meant = hint.as_ref().is_some_and(|hint| {
        let is_theirs = browser
            .as_ref()
            .is_none_or(|browser| hint.user == Some(browser.user.id));
        is_theirs && (is_own || !posted)
    });
    if !is_meant && !is_confirmed {
        let kept = [
            "id_token_hint",
            "client_id",
            "post_logout_redirect_uri",
            "state",
        ];
        let fields: Vec<(&str, &str)> = kept
            .iter()
            .filter_map(|name| Some((*name, parameters.get(name)?)))
            .collect();
        return Ok(pages::ask_sign_out(
            language,
            path::END_SESSION,
            &fields,
            after,
        ));
    }
    if let Some(session) = hint.and_then(|hint| hint.session) {
        center
            .store
            .end_session(session, Ended::SignedOut, now)
            .await?;
    }
    if let Some(cookie) = cookie {
        center.store.forget_browser(cookie).await?;
    }
    let state = parameters.get("state").map(|state| ("state", state));
    let to = match (after, state) {
        (Some(uri), Some(state)) => address(uri, &[state]),
        (Some(uri), None) => uri.to_owned(),
        (None, _) => center.settings.at("/signed-out"),
    };
    let mut response = redirect(&to);
    // What was not sent is not taken away, either: a browser takes a cookie from an answer to whom it sends none.
    let gone = cookie.and_then(|_| Cookie::Browser.forget(&center.settings));
    response
        .headers_mut()
        .extend(gone.map(|gone| (header::SET_COOKIE, gone)));
    Ok(response)
}

async fn registered(center: &Center, client: Option<&str>, uri: &str) -> Result<bool, StoreError> {
    let Some(client) = client else {
        return Ok(false);
    };
    let client = center.store.client(client, center.now()).await?;
    Ok(client.is_some_and(|client| {
        let registered = &client.details.post_logout_redirect_uris;
        registered.iter().any(|registered| registered == uri)
    }))
}
