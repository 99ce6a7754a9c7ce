//! Who? A name is typed, or the person who is signed in in this browser goes on.

use std::collections::BTreeSet;

use axum::response::Response;
use jiff::Timestamp;
use maud::html;

use super::entry::{Answer, Posted, Visit, source};
use super::layout::alert;
use super::route::{Realm, Route, route};
use super::words::{fill, shown};
use super::{Refusal, finish, trial, upstream};
use crate::authorization::{self, Progress, Purpose};
use crate::directory::{NAME_LIMIT, fold, is_too_long};
use crate::federation::Connection;
use crate::oidc::parameters::Parameters;
use crate::session::Authentication;
use crate::store::BrowserSession;

/// What a form's field takes, which counts in UTF-16: a character has two units at most.
pub(super) const LONGEST: usize = 2 * NAME_LIMIT;

/// What a browser in which somebody is signed in means for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// The person goes on without being asked.
    GoOn,
    /// The person may choose to.
    Choose,
    /// The person is asked who they are.
    Ask,
}

/// `prompt`, `max_age`, `login_hint` and `id_token_hint` (OpenID Connect Core §3.1.2.1).
fn known(request: &authorization::Request, browser: &BrowserSession, now: Timestamp) -> Known {
    let prompts = |word: &str| request.prompt.iter().any(|prompt| prompt == word);
    let authentication = &browser.authentication;
    let age = authentication
        .authenticated_at()
        .map(|at| now.duration_since(at));
    let old = request
        .max_age
        .is_some_and(|most| most == 0 || age.is_none_or(|age| age.as_secs() > i64::from(most)));
    let elsewhere = request
        .organization
        .as_ref()
        .is_some_and(|organization| *organization != browser.user.organization);
    let another = !request.is_open_to(browser.user.id);
    if old || elsewhere || another || prompts("login") || steps_up(request, authentication) {
        return Known::Ask;
    }
    let profile = &browser.user.profile;
    let is_hinted = request.login_hint.as_deref().is_none_or(|hint| {
        let names = [Some(&profile.user_name), profile.email.as_ref()];
        names
            .into_iter()
            .flatten()
            .any(|name| fold(name) == fold(hint))
    });
    if prompts("select_account") || !is_hinted {
        return Known::Choose;
    }
    Known::GoOn
}

/// Whether the application wants what only the upstream provider can do: it is asked again, and decides whether the person is. What it
/// insists on may be another account's.
fn steps_up(request: &authorization::Request, authentication: &Authentication) -> bool {
    let meets = |context: &String| request.acr_values.contains(context);
    let unmet =
        !request.acr_values.is_empty() && !authentication.context.as_ref().is_some_and(meets);
    let asked = request.asked();
    let leads_on = unmet || asked.leads_on(authentication);
    asked.is_unmet(authentication) || (authentication.connection.is_some() && leads_on)
}

pub(super) async fn show(visit: &Visit) -> Answer {
    let request = &visit.seen.request;
    if let Purpose::Trial(link) = request.purpose {
        return trial::show(visit, link).await;
    }
    let browser = visit.browser().await?;
    let now = visit.center.now();
    let found = browser.as_ref().map(|browser| known(request, browser, now));
    let silent = request.prompt.iter().any(|prompt| prompt == "none");
    match (browser, found) {
        (Some(browser), Some(Known::GoOn)) => {
            finish::recognised(visit, browser.user, browser.authentication, silent).await
        }
        (Some(_), Some(Known::Choose | Known::Ask)) | (None, _) | (_, None) if silent => {
            finish::told(&visit.center, &visit.seen, "login_required").await
        }
        (Some(browser), Some(Known::Choose)) => page(visit, Some(&browser), None).await,
        (Some(_), Some(Known::Ask) | None) | (None, _) => page(visit, None, None).await,
    }
}

async fn page(visit: &Visit, browser: Option<&BrowserSession>, wrong: Option<&str>) -> Answer {
    let words = visit.words();
    let application = visit.application().await?;
    let lead = match &application {
        Some(application) => fill(words.name_lead, &[("app", application)]),
        None => words.name_lead_plain.to_owned(),
    };
    let hint = visit.seen.request.login_hint.as_deref().unwrap_or_default();
    let title = match browser {
        Some(_) => words.account_title,
        None => words.name_title,
    };
    let body = html! {
        h1 { (title) }
        p.lead { (lead) }
        @if let Some(browser) = browser {
            h2.other { (words.account_lead) }
            @let profile = &browser.user.profile;
            form.card.near method="post" action=(visit.form("account")) {
                button.row {
                    span.letter aria-hidden="true" { (initial(&profile.display_name)) }
                    span {
                        span.what { bdi { (shown(&profile.display_name)) } }
                        span.why { bdi { (shown(&profile.user_name)) } }
                    }
                }
            }
            h2.other { (words.account_other) }
        }
        form method="post" action=(visit.form("name")) {
            (alert(wrong))
            label.field {
                span.label { (words.name_label) }
                input type="text" name="user_name" value=(shown(hint)) autocomplete="username" autocapitalize="none" spellcheck="false" required
                    maxlength=(LONGEST) dir="auto" autofocus[browser.is_none()] aria-invalid=[wrong.map(|_| "true")]
                    aria-describedby=[wrong.map(|_| "wrong")];
            }
            button.button.first { (words.next) }
        }
        @if application.is_some() {
            form method="post" action=(visit.form("cancel")) { button.button.other { (words.cancel) } }
        }
    };
    let mut page = visit.page(title.to_owned(), wrong.is_some(), body);
    page.leads_to = leads_to(page.leads_to, &connections(visit).await?);
    Ok(page.respond())
}

/// A name's form leads to the application, and to the providers that a name may belong to.
fn leads_to(application: Option<String>, connections: &[Connection]) -> Option<String> {
    let providers = connections
        .iter()
        .filter_map(|connection| source(&connection.details.origin));
    let all: BTreeSet<String> = application.into_iter().chain(providers).collect();
    let all: Vec<String> = all.into_iter().collect();
    (!all.is_empty()).then(|| all.join(" "))
}

/// The first letter of a name.
pub(super) fn initial(name: &str) -> String {
    let first = shown(name)
        .chars()
        .find(|character| character.is_alphanumeric());
    first
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default()
}

/// `POST /sign-in/{id}/name`
pub(super) async fn post(Posted(visit, form): Posted) -> Response {
    visit.answer(named(&visit, &form).await)
}

async fn named(visit: &Visit, form: &Parameters) -> Answer {
    match &visit.seen.progress {
        Progress::Name
        | Progress::Password { .. }
        | Progress::Upstream { .. }
        | Progress::Answered { .. } => {}
        Progress::SecondFactor { .. }
        | Progress::Enrolment { .. }
        | Progress::Enrolled { .. }
        | Progress::Consent { .. } => return Ok(visit.onwards()),
    }
    if matches!(visit.seen.request.purpose, Purpose::Trial(_)) {
        return Ok(visit.onwards());
    }
    let typed = form.get("user_name").map(str::trim).unwrap_or_default();
    if typed.is_empty() || is_too_long(typed) {
        return page(visit, None, Some(visit.words().name_missing)).await;
    }
    match route(typed, &realms(visit).await?) {
        Route::Password => {
            let user_name = typed.to_owned();
            visit.advance(Progress::Password { user_name }).await
        }
        Route::Connection(connection) => upstream::begin(visit, connection, typed).await,
    }
}

/// Where names may lead in this sign-in.
async fn realms(visit: &Visit) -> Result<Vec<Realm>, Refusal> {
    let connections = connections(visit).await?;
    Ok(connections.iter().map(Connection::realm).collect())
}

/// The active connections of the organisation that is meant, or of all.
async fn connections(visit: &Visit) -> Result<Vec<Connection>, Refusal> {
    let organization = visit.seen.request.organization.as_deref();
    let mut connections = visit.center.store.connections(organization).await?;
    connections.retain(|connection| connection.active);
    Ok(connections)
}

/// `POST /sign-in/{id}/account`: the person who is signed in in this browser goes on.
pub(super) async fn account(Posted(visit, _): Posted) -> Response {
    visit.answer(chosen(&visit).await)
}

async fn chosen(visit: &Visit) -> Answer {
    let request = &visit.seen.request;
    if visit.seen.progress != Progress::Name || matches!(request.purpose, Purpose::Trial(_)) {
        return Ok(visit.onwards());
    }
    let now = visit.center.now();
    match visit.browser().await? {
        Some(browser) if known(&visit.seen.request, &browser, now) != Known::Ask => {
            finish::recognised(visit, browser.user, browser.authentication, false).await
        }
        Some(_) | None => Ok(visit.onwards()),
    }
}

/// `POST /sign-in/{id}/back`: it is somebody else.
pub(super) async fn back(Posted(visit, _): Posted) -> Response {
    visit.answer(visit.advance(Progress::Name).await)
}

/// `POST /sign-in/{id}/cancel`: the application is told (RFC 6749 §4.1.2.1).
pub(super) async fn cancel(Posted(visit, _): Posted) -> Response {
    visit.answer(finish::told(&visit.center, &visit.seen, "access_denied").await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Profile, User};
    use crate::id::UserId;

    #[test]
    fn a_browser_is_known_as_far_as_the_application_allows() {
        let at = |second: i64| Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(second);
        let browser = BrowserSession {
            user: User {
                id: UserId::random(),
                organization: "acme".to_owned(),
                profile: Profile {
                    user_name: "Aiko".to_owned(),
                    email: Some("aiko@acme.example".to_owned()),
                    ..Profile::default()
                },
                active: true,
                created_at: at(0),
                modified_at: at(0),
                version: 0,
            },
            authentication: Authentication::here(at(1000), &[]),
        };
        let check =
            |prompt: &[&str], max_age, hint: Option<&str>, organization: Option<&str>, expected| {
                let request = authorization::Request {
                    purpose: Purpose::OwnSessions,
                    organization: organization.map(str::to_owned),
                    scopes: vec![],
                    prompt: prompt.iter().map(|word| (*word).to_owned()).collect(),
                    max_age,
                    login_hint: hint.map(str::to_owned),
                    hinted: None,
                    acr_values: vec![],
                    claims: None,
                    ui_locales: vec![],
                };
                let found = known(&request, &browser, at(1100));
                assert_eq!(
                    found, expected,
                    "{prompt:?} {max_age:?} {hint:?} {organization:?}"
                );
            };
        check(&[], None, None, None, Known::GoOn);
        check(&["none"], None, None, Some("acme"), Known::GoOn);
        check(&["consent"], None, None, None, Known::GoOn);
        check(&["login"], None, None, None, Known::Ask);
        check(&["login", "select_account"], None, None, None, Known::Ask);
        check(&["select_account"], None, None, None, Known::Choose);
        check(&[], Some(100), None, None, Known::GoOn);
        check(&[], Some(99), None, None, Known::Ask);
        check(&[], Some(0), None, None, Known::Ask);
        check(&["select_account"], Some(99), None, None, Known::Ask);
        check(&[], None, None, Some("hinoki"), Known::Ask);
        check(&[], None, Some("AIKO"), None, Known::GoOn);
        check(&[], None, Some("aiko@ACME.example"), None, Known::GoOn);
        check(&[], None, Some("ben"), None, Known::Choose);
    }
}
