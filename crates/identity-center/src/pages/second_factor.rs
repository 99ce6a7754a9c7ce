//! The second factor: a one-time code, or a recovery code. Guesses count with those at the password.

use axum::response::Response;
use maud::html;

use super::enrolment::kept;
use super::entry::{Answer, Posted, Visit};
use super::layout::alert;
use super::password::{locked, refused};
use super::{Refusal, finish};
use crate::authorization::Progress;
use crate::center::Center;
use crate::directory::fold;
use crate::id::UserId;
use crate::oidc::parameters::Parameters;
use crate::session::Authentication;
use crate::store::secrets::purpose;
use crate::store::{Guess, Value};
use crate::totp;

pub(super) fn page(visit: &Visit, wrong: Option<&str>) -> Response {
    let words = visit.words();
    let body = html! {
        h1 { (words.code_title) }
        p.lead { (words.code_lead) }
        form method="post" action=(visit.form("code")) {
            (alert(wrong))
            label.field {
                span.label { (words.code_label) }
                input.code type="text" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="16" autofocus
                    aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "wrong")];
            }
            button.button.first { (words.code_button) }
        }
        details {
            summary { (words.recovery_question) }
            form method="post" action=(visit.form("code")) {
                label.field {
                    span.label { (words.recovery_label) }
                    input.code type="text" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" required maxlength="32";
                }
                button.button.other { (words.recovery_button) }
            }
        }
        form.foot method="post" action=(visit.form("back")) { button.plain { (words.account_other) } }
    };
    visit
        .page(words.code_title.to_owned(), wrong.is_some(), body)
        .respond()
}

/// `POST /sign-in/{id}/code`
pub(super) async fn post(Posted(visit, form): Posted) -> Response {
    visit.answer(checked(&visit, &form).await)
}

async fn checked(visit: &Visit, form: &Parameters) -> Answer {
    let Progress::SecondFactor { user: id } = visit.seen.progress else {
        return Ok(visit.onwards());
    };
    let wrong = || Ok(page(visit, Some(visit.words().code_wrong)));
    let Some(typed) = form.get("code") else {
        return wrong();
    };
    let (store, now) = (&visit.center.store, visit.center.now());
    let user = store.user(id).await?.ok_or(Refusal::Over)?;
    let organization = visit.seen.request.organization.as_deref();
    let name = fold(&user.profile.user_name);
    let guess = Guess::of(Some(&user.organization), &name);
    if let Err(until) = store.attempt(&[guess], now).await? {
        let wait = until.duration_since(now);
        return Ok(locked(visit.language, wait, |said| page(visit, Some(said))));
    }
    if !is_right(&visit.center, id, typed).await? {
        store
            .record(refused(Some(&user), organization, "code"), now)
            .await?;
        return wrong();
    }
    // What the password counted at as well.
    let guess = Guess::of(organization, &name);
    store.forget_attempts(&guess).await?;
    let authentication = Authentication::here(now, &["pwd", "otp", "mfa"]);
    if store.factors(Some(&user)).await?.recovery_due {
        let codes = totp::recovery_codes();
        let digests = totp::recovery_digests(&codes);
        if store.replace_void_recovery_codes(id, digests, now).await? {
            let progress = Progress::Enrolled {
                user: id,
                authentication,
            };
            store.advance_authorization(&visit.seen, progress).await?;
            return Ok(kept(visit, visit.words().kept_anew, &codes));
        }
    }
    Ok(finish::authenticated(
        &visit.center,
        visit.language,
        &visit.seen,
        id,
        authentication,
    )
    .await)
}

/// Whether the code is right; it is used up then.
pub(super) async fn is_right(center: &Center, user: UserId, typed: &str) -> Result<bool, Refusal> {
    let (store, now) = (&center.store, center.now());
    if let Some(digest) = totp::recovery_digest(typed) {
        return Ok(store.use_recovery_code(user, digest).await?);
    }
    let Some(found) = store.user(user).await? else {
        return Ok(false);
    };
    let Some(second) = store.factors(Some(&found)).await?.second else {
        return Ok(false);
    };
    let purpose = purpose("totp", &Value::from(user));
    let Some(seed) = center.master.open(&purpose, &second.sealed) else {
        tracing::error!(%user, "a seed does not open under the master key");
        return Err(Refusal::Unavailable);
    };
    match totp::matching(&seed, typed, second.last_step, now) {
        Some(step) => Ok(store.use_step(user, step).await?),
        None => Ok(false),
    }
}
