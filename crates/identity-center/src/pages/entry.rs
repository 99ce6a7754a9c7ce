//! `/sign-in/{id}`: the step that a sign-in has come to, for the browser that began it.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use url::Url;

use super::layout::{Page, Standing};
use super::words::Words;
use super::{
    Language, Refusal, consent, enrolment, name, origin, password, refusal, second_factor,
};
use crate::authorization::{Authorization, Progress, Purpose};
use crate::center::Center;
use crate::cookie::Cookie;
use crate::oidc::parameters::{Form, Parameters};
use crate::secret::Digest;
use crate::store::BrowserSession;

/// A page, or why there is none.
pub(super) type Answer = Result<Response, Refusal>;

/// A sign-in under way, in the browser that began it.
pub(super) struct Visit {
    pub(super) center: Arc<Center>,
    pub(super) language: Language,
    pub(super) seen: Authorization,
    browser: Option<Digest>,
}

/// `GET /sign-in/{id}`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(chosen) = chosen_language(&center, query.as_deref(), &format!("/sign-in/{id}")) {
        return chosen;
    }
    match Visit::open(center, &id, &headers).await {
        Ok(visit) => visit.answer(show(&visit).await),
        Err((language, why)) => refusal(language, why),
    }
}

/// A form's address, asked for as a page (a reload, the browser's list of pages): the step is shown.
pub(super) async fn back(State(center): State<Arc<Center>>, Path(id): Path<String>) -> Response {
    match id.parse::<crate::id::AuthorizationId>() {
        Ok(id) => see_other(&center.settings.at(&format!("/sign-in/{id}"))),
        Err(_) => refusal(Language::English, Refusal::Over),
    }
}

/// The page of the step.
pub(super) async fn show(visit: &Visit) -> Answer {
    match &visit.seen.progress {
        Progress::Name | Progress::Upstream { .. } | Progress::Answered { .. } => {
            name::show(visit).await
        }
        Progress::Password { user_name } => Ok(password::page(visit, user_name, None)),
        Progress::SecondFactor { .. } => Ok(second_factor::page(visit, None)),
        Progress::Enrolment { user, sealed_seed } => {
            enrolment::show(visit, *user, sealed_seed, None).await
        }
        Progress::Enrolled { .. } => Ok(enrolment::kept(visit, visit.words().kept_gone, &[])),
        Progress::Consent { user, .. } => consent::show(visit, *user).await,
    }
}

impl Visit {
    /// The sign-in of this name, if this browser began it.
    pub(super) async fn open(
        center: Arc<Center>,
        id: &str,
        headers: &HeaderMap,
    ) -> Result<Visit, (Language, Refusal)> {
        let settings = &center.settings;
        let language = Language::of(settings, headers, &[]);
        let Ok(id) = id.parse() else {
            return Err((language, Refusal::Over));
        };
        let Some(cookie) = Cookie::SignIn(id).digest(settings, headers) else {
            return Err((language, Refusal::Over));
        };
        let seen = center.store.authorization(id, cookie, center.now()).await;
        let seen = seen.map_err(|error| (language, error.into()))?;
        let seen = seen.ok_or((language, Refusal::Over))?;
        Ok(Visit {
            language: Language::of(settings, headers, &seen.request.ui_locales),
            browser: Cookie::Browser.digest(settings, headers),
            seen,
            center,
        })
    }

    pub(super) fn answer(&self, answer: Answer) -> Response {
        answer.unwrap_or_else(|why| refusal(self.language, why))
    }

    pub(super) fn words(&self) -> &'static Words {
        self.language.words()
    }

    /// The address of its page.
    pub(super) fn path(&self) -> String {
        format!("/sign-in/{}", self.seen.id)
    }

    /// The address that a form is sent to.
    pub(super) fn form(&self, step: &str) -> String {
        format!("/sign-in/{}/{step}", self.seen.id)
    }

    /// Shows the step that it has come to by now.
    pub(super) fn onwards(&self) -> Response {
        see_other(&self.center.settings.at(&self.path()))
    }

    /// Takes a step, and shows it; where another window took one first, that one's.
    pub(super) async fn advance(&self, to: Progress) -> Answer {
        self.center
            .store
            .advance_authorization(&self.seen, to)
            .await?;
        Ok(self.onwards())
    }

    /// Who is signed in in this browser.
    pub(super) async fn browser(&self) -> Result<Option<BrowserSession>, Refusal> {
        let Some(cookie) = self.browser else {
            return Ok(None);
        };
        let now = self.center.now();
        Ok(self.center.store.browser_session(cookie, now).await?)
    }

    /// What the application is called.
    pub(super) async fn application(&self) -> Result<Option<String>, Refusal> {
        let Purpose::Code { client, .. } = &self.seen.request.purpose else {
            return Ok(None);
        };
        let found = self.center.store.client(client, self.center.now()).await?;
        Ok(found.map(|client| client.name))
    }

    pub(super) fn page(&self, title: String, wrong: bool, body: maud::Markup) -> Page {
        Page {
            language: self.language,
            standing: Standing::SigningIn,
            status: match wrong {
                true => StatusCode::UNPROCESSABLE_ENTITY,
                false => StatusCode::OK,
            },
            title,
            path: Some(self.path()),
            leads_to: leads_to(&self.seen.request.purpose),
            body,
        }
    }
}

/// A sign-in under way, and the form that one of its own pages sent. A handler takes it as its last argument; whatever is wrong with
/// cookie, origin or form is answered by a page before it is called.
pub(super) struct Posted(pub(super) Visit, pub(super) Parameters);

impl FromRequest<Arc<Center>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, center: &Arc<Center>) -> Result<Posted, Response> {
        let (mut parts, body) = request.into_parts();
        let id = Path::<String>::from_request_parts(&mut parts, center).await;
        let id = id.map_err(IntoResponse::into_response)?;
        let request = Request::from_parts(parts, body);
        let (_, (headers, parameters)) = form(center, request).await?;
        match Visit::open(Arc::clone(center), &id, &headers).await {
            Ok(visit) => Ok(Posted(visit, parameters)),
            Err((language, why)) => Err(refusal(language, why)),
        }
    }
}

/// A form that one of our own pages sent, and what came with it.
pub(super) async fn form(
    center: &Center,
    request: Request,
) -> Result<(Language, (HeaderMap, Parameters)), Response> {
    let headers = request.headers().clone();
    let language = Language::of(&center.settings, &headers, &[]);
    if !origin::is_own(&center.settings, &headers) {
        return Err(refusal(language, Refusal::Forged));
    }
    let parameters = Form::read(request).await;
    match parameters {
        Ok(parameters) if parameters.repeated().is_none() => Ok((language, (headers, parameters))),
        _ => Err(refusal(language, Refusal::Unreadable)),
    }
}

/// Keeps the language that `?lang=` chose, and shows the page in it.
pub(super) fn chosen_language(
    center: &Center,
    query: Option<&str>,
    path: &str,
) -> Option<Response> {
    let chosen = query?
        .split('&')
        .find_map(|pair| pair.strip_prefix("lang="))?;
    let chosen = Language::read(chosen)?;
    let mut response = see_other(&center.settings.at(path));
    let year = SignedDuration::from_hours(24 * 365);
    let cookie = Cookie::Language.set(&center.settings, chosen.tag(), year);
    response
        .headers_mut()
        .extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    Some(response)
}

/// Sends the browser to an address as a new request (RFC 9110 §15.4.4). No page there learns ours.
pub(super) fn see_other(address: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(address) else {
        return refusal(Language::English, Refusal::Unreadable);
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// What covers the redirect URI.
fn leads_to(purpose: &Purpose) -> Option<String> {
    match purpose {
        Purpose::Code { redirect_uri, .. } => source(redirect_uri),
        Purpose::Device(_) | Purpose::OwnSessions | Purpose::Trial(_) => None,
    }
}

/// The source (CSP Level 3 §2.3.1) that covers an address: a browser would not follow a form's redirect elsewhere.
pub(super) fn source(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let scheme = url.scheme();
    // A source cannot name an IPv6 address.
    match url.host()? {
        url::Host::Ipv6(_) => Some(format!("{scheme}:")),
        host if matches!(scheme, "http" | "https") => Some(match url.port() {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }),
        url::Host::Domain(_) | url::Host::Ipv4(_) => Some(format!("{scheme}:")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Wire;

    #[test]
    fn a_page_leads_to_its_application_alone() {
        let check = |redirect_uri: &str, expected: Option<&str>| {
            let purpose = Purpose::Code {
                client: String::new(),
                wire: Wire::Oidc,
                redirect_uri: redirect_uri.to_owned(),
                state: None,
                code_challenge: String::new(),
                nonce: None,
                binding: None,
            };
            assert_eq!(leads_to(&purpose).as_deref(), expected, "{redirect_uri}");
        };
        check(
            "https://app.acme.example/cb?a=b",
            Some("https://app.acme.example"),
        );
        check(
            "https://app.acme.example:8443/cb",
            Some("https://app.acme.example:8443"),
        );
        check("http://127.0.0.1:4649/cb", Some("http://127.0.0.1:4649"));
        check("http://[::1]:4649/cb", Some("http:"));
        check("kiro://kiro.oauth/callback", Some("kiro:"));
        check(
            "https://アプリ.example/",
            Some("https://xn--cckvf7b.example"),
        );
        check("nonsense; script-src *", None);
        assert_eq!(leads_to(&Purpose::OwnSessions), None);
    }
}
