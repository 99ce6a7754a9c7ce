//! Who is signed in proves it anew before what they sign in with is changed: by the password, and by the second factor where they have
//! one. Guesses count as at the sign-in, and the answer does not say which of the two was wrong.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};
use secrecy::SecretString;

use super::layout::{Page, Standing, alert};
use super::password::{counts, locked, refused};
use super::second_factor::is_right;
use super::sessions::known;
use super::words::{Words, shown};
use super::{Language, Refusal};
use crate::audit::Deed;
use crate::center::Center;
use crate::directory::{User, fold};
use crate::oidc::parameters::Parameters;
use crate::password;
use crate::session::Authentication;
use crate::store::{Factors, Guess};

/// A person of the directory who is signed in in this browser, and has a password here.
pub(super) struct Own {
    pub(super) center: Arc<Center>,
    pub(super) language: Language,
    pub(super) user: User,
    pub(super) factors: Factors,
}

/// What a form proved.
pub(super) enum Proved {
    /// Who it is, by these methods (RFC 8176), with the password's hash.
    Yes(&'static [&'static str], String),
    /// The page that says what was wrong.
    No(Response),
}

impl Own {
    /// Who that is; `None` where nobody is signed in, or has no password here.
    pub(super) async fn of(
        center: &Arc<Center>,
        language: Language,
        headers: &HeaderMap,
    ) -> Result<Option<Own>, Refusal> {
        let Some(browser) = known(center, headers).await? else {
            return Ok(None);
        };
        let factors = center.store.factors(Some(&browser.user)).await?;
        Ok(factors.password.is_some().then(|| Own {
            center: Arc::clone(center),
            language,
            user: browser.user,
            factors,
        }))
    }

    pub(super) fn words(&self) -> &'static Words {
        self.language.words()
    }

    /// What is typed to prove it.
    pub(super) fn fields(&self, wrong: Option<&str>) -> Markup {
        let words = self.words();
        html! {
            (alert(wrong))
            input.said type="text" name="user_name" value=(shown(&self.user.profile.user_name)) autocomplete="username" readonly tabindex="-1" aria-hidden="true";
            label.field {
                span.label { (words.anew_password) }
                input type="password" name="current" autocomplete="current-password" required maxlength=(password::LONGEST)
                    aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "wrong")];
            }
            @if self.factors.second.is_some() {
                label.field {
                    span.label { (words.anew_code) }
                    input.code type="text" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" required maxlength="32";
                }
            }
        }
    }

    pub(super) fn page(&self, title: &str, path: &str, wrong: bool, body: Markup) -> Response {
        let page = Page {
            language: self.language,
            standing: Standing::SignedIn,
            status: match wrong {
                true => StatusCode::UNPROCESSABLE_ENTITY,
                false => StatusCode::OK,
            },
            title: title.to_owned(),
            path: Some(path.to_owned()),
            leads_to: None,
            body,
        };
        page.respond()
    }

    /// Checks what was typed; `page` shows the form anew. A code is used up by a right password alone.
    pub(super) async fn proved(
        &self,
        form: &Parameters,
        action: &'static str,
        page: impl Fn(&str) -> Response,
    ) -> Result<Proved, Refusal> {
        let (store, now) = (&self.center.store, self.center.now());
        let organization = Some(self.user.organization.as_str());
        let guess = Guess::of(organization, &fold(&self.user.profile.user_name));
        let counted = match store.attempt(&counts(&guess), now).await? {
            Ok(counted) => counted,
            Err(until) => {
                let wait = until.duration_since(now);
                return Ok(Proved::No(locked(self.language, wait, page)));
            }
        };
        let typed = SecretString::from(form.get("current").unwrap_or_default());
        let kept = self.factors.password.clone();
        let verified = self.center.hashing.verify(typed, kept.clone()).await;
        let Ok(is_password) = verified else {
            store.return_attempt(counted, now).await?;
            return Err(Refusal::Busy);
        };
        let step = match (is_password, &self.factors.second) {
            (false, _) => Some("password"),
            (true, None) => None,
            (true, Some(_)) => {
                let code = form.get("code").unwrap_or_default();
                let fits = is_right(&self.center, self.user.id, code).await?;
                (!fits).then_some("code")
            }
        };
        if let Some(step) = step {
            let deed = Deed {
                action,
                ..refused(Some(&self.user), organization, step)
            };
            store.record(deed, now).await?;
            let words = self.words();
            let said = match self.factors.second {
                Some(_) => words.anew_wrong,
                None => words.anew_wrong_password,
            };
            return Ok(Proved::No(page(said)));
        }
        store.return_attempt(counted, now).await?;
        store.forget_attempts(&guess).await?;
        let methods: &[&str] = match self.factors.second {
            Some(_) => &["pwd", "otp", "mfa"],
            None => &["pwd"],
        };
        Ok(Proved::Yes(methods, kept.unwrap_or_default()))
    }
}

/// The proof of just now. It stands from the next second on: what was proved until now ends with what they have open.
pub(super) fn authentication(own: &Own, methods: &[&str]) -> Authentication {
    let next = own.center.now() + jiff::SignedDuration::from_secs(1);
    Authentication::here(next, methods)
}
