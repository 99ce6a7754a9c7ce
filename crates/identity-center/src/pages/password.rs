//! The password of one of the directory's own people. A wrong name and a wrong password are answered alike, in the same time; so is
//! a lock.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::SignedDuration;
use maud::html;
use secrecy::SecretString;

use super::enrolment::fresh_seed;
use super::entry::{Answer, Posted, Visit};
use super::layout::{alert, wait};
use super::words::{fill, shown};
use super::{Language, Refusal, finish};
use crate::apart::Busy;
use crate::audit::{By, Deed};
use crate::authorization::Progress;
use crate::directory::{User, fold};
use crate::oidc::parameters::Parameters;
use crate::password;
use crate::session::Authentication;
use crate::store::{Factors, Guess};

pub(super) fn page(visit: &Visit, user_name: &str, wrong: Option<&str>) -> Response {
    let words = visit.words();
    let body = html! {
        h1 { (words.password_title) }
        form.who method="post" action=(visit.form("back")) {
            bdi { (shown(user_name)) }
            button.plain { (words.not_you) }
        }
        form method="post" action=(visit.form("password")) {
            (alert(wrong))
            input.said type="text" name="user_name" value=(shown(user_name)) autocomplete="username" readonly tabindex="-1" aria-hidden="true";
            label.field {
                span.label { (words.password_label) }
                input type="password" name="password" autocomplete="current-password" required maxlength=(password::LONGEST) autofocus
                    aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "wrong")];
            }
            button.button.first { (words.password_button) }
        }
    };
    visit
        .page(words.password_title.to_owned(), wrong.is_some(), body)
        .respond()
}

/// `POST /sign-in/{id}/password`
pub(super) async fn post(Posted(visit, form): Posted) -> Response {
    visit.answer(checked(&visit, &form).await)
}

async fn checked(visit: &Visit, form: &Parameters) -> Answer {
    let Progress::Password { user_name } = &visit.seen.progress else {
        return Ok(visit.onwards());
    };
    let wrong = || Ok(page(visit, user_name, Some(visit.words().password_wrong)));
    let Some(typed) = form.get("password") else {
        return wrong();
    };
    let (store, now) = (&visit.center.store, visit.center.now());
    let organization = visit.seen.request.organization.as_deref();
    let guess = Guess::of(organization, &fold(user_name));
    let counted = match store.attempt(&counts(&guess), now).await? {
        Ok(counted) => counted,
        Err(until) => {
            let wait = until.duration_since(now);
            let page = |said: &str| page(visit, user_name, Some(said));
            return Ok(locked(visit.language, wait, page));
        }
    };
    let Ok(mut right) = whose(visit, user_name, SecretString::from(typed)).await? else {
        store.return_attempt(counted, now).await?;
        return Err(Refusal::Busy);
    };
    let (Some((user, factors)), true) = (right.pop(), right.is_empty()) else {
        let user = store.user_by_name(organization, user_name).await?;
        let deed = refused(user.as_ref(), organization, "password");
        store.record(deed, now).await?;
        return wrong();
    };
    store.return_attempt(counted, now).await?;
    let policy = store.organization(&user.organization).await?;
    if factors.second.is_some() {
        return visit
            .advance(Progress::SecondFactor { user: user.id })
            .await;
    }
    let administers = store.administrator(user.id).await?.is_some();
    if administers || policy.is_none_or(|organization| organization.second_factor) {
        let sealed_seed = fresh_seed(&visit.center, visit.seen.id);
        let user = user.id;
        return visit
            .advance(Progress::Enrolment { user, sealed_seed })
            .await;
    }
    store.forget_attempts(&guess).await?;
    let authentication = Authentication::here(now, &["pwd"]);
    Ok(finish::authenticated(
        &visit.center,
        visit.language,
        &visit.seen,
        user.id,
        authentication,
    )
    .await)
}

/// Who has this name and this password. Where no organisation is meant several may have the name: whoever gives it to one of their own
/// people keeps nobody else's out.
async fn whose(
    visit: &Visit,
    user_name: &str,
    typed: SecretString,
) -> Result<Result<Vec<(User, Factors)>, Busy>, Refusal> {
    let (store, hashing) = (&visit.center.store, &visit.center.hashing);
    let organization = visit.seen.request.organization.as_deref();
    let found = store.people_with_password(organization, user_name).await?;
    if found.is_empty() {
        // The same work for nobody.
        let factors = store.factors(None).await?;
        let nobody = hashing.verify(typed, factors.password).await;
        return Ok(nobody.map(|_| Vec::new()));
    }
    let mut right = Vec::new();
    for user in found {
        let factors = store.factors(Some(&user)).await?;
        match hashing
            .verify(typed.clone(), factors.password.clone())
            .await
        {
            Ok(true) => right.push((user, factors)),
            Ok(false) => {}
            Err(busy) => return Ok(Err(busy)),
        }
    }
    Ok(Ok(right))
}

/// What an attempt at a password counts at: the name, and where it comes from.
pub(super) fn counts(name: &Guess) -> Vec<Guess> {
    let from = By::current();
    let from = from.address.as_ref().and_then(|from| from.parse().ok());
    let from = from.map(Guess::from);
    std::iter::once(name.clone()).chain(from).collect()
}

/// A sign-in that did not come about, for the audit log. Of a name that nobody has, nothing is kept.
pub(super) fn refused(user: Option<&User>, organization: Option<&str>, step: &str) -> Deed {
    Deed {
        action: "sign_in",
        organization: user
            .map(|user| user.organization.clone())
            .or_else(|| organization.map(str::to_owned)),
        subject: user.map_or_else(String::new, |user| user.profile.user_name.clone()),
        done: false,
        detail: serde_json::json!({ "step": step, "known": user.is_some() }),
    }
}

/// The page that says how long a lock lasts. It is said for a name that nobody has, too.
pub(super) fn locked(
    language: Language,
    lasts: SignedDuration,
    page: impl FnOnce(&str) -> Response,
) -> Response {
    let words = language.words();
    let seconds = lasts.as_secs() + 1;
    let said = fill(words.locked, &[("time", &wait(words, seconds))]);
    let mut response = page(&said);
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
