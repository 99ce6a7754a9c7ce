//! `/setup/{token}`: somebody sets their password by a link that an administrator gave them, and goes on to sign in; who becomes an owner
//! chooses the name first. The link is good until that was done, and looking at it does not use it up.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::html;
use secrecy::SecretString;

use super::enrolment::fresh_seed;
use super::entry::{Answer, chosen_language, form};
use super::layout::{Page, Standing, alert};
use super::name::LONGEST;
use super::words::{Words, fill, shown};
use super::{Language, Refusal, refusal};
use crate::administrator::SetupRefusal;
use crate::authorization::{self, Progress, Purpose};
use crate::center::Center;
use crate::directory::{DirectoryRefusal, Profile, User};
use crate::oidc::parameters::Parameters;
use crate::password::{self, Weak};
use crate::secret::Digest;
use crate::setup::SetupLink;

/// A link as somebody has opened it.
struct Opened<'a> {
    center: &'a Center,
    language: Language,
    token: &'a str,
    link: SetupLink,
    /// Whose it is, if it makes no new owner.
    user: Option<User>,
}

/// `GET /setup/{token}`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let language = Language::of(&center.settings, &headers, &[]);
    let shown = async {
        let opened = Opened::of(&center, language, &token).await?;
        let path = format!("/setup/{token}");
        if let Some(chosen) = chosen_language(&center, query.as_deref(), &path) {
            return Ok(chosen);
        }
        opened.page("", None).await
    };
    shown.await.unwrap_or_else(|why| refusal(language, why))
}

/// `POST /setup/{token}`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    match form(&center, request).await {
        Ok((language, (headers, form))) => {
            let done = async {
                let opened = Opened::of(&center, language, &token).await?;
                opened.set_up(&headers, &form).await
            };
            done.await.unwrap_or_else(|why| refusal(language, why))
        }
        Err(refused) => refused,
    }
}

impl Opened<'_> {
    async fn of<'a>(
        center: &'a Center,
        language: Language,
        token: &'a str,
    ) -> Result<Opened<'a>, Refusal> {
        let store = &center.store;
        let link = store.setup_link(Digest::of(token), center.now()).await?;
        let link = link.ok_or(Refusal::LinkOver)?;
        let user = match link.user {
            Some(user) => Some(store.user(user).await?.ok_or(Refusal::LinkOver)?),
            None => None,
        };
        Ok(Opened {
            center,
            language,
            token,
            link,
            user,
        })
    }

    async fn page(&self, typed: &str, wrong: Option<&str>) -> Answer {
        let words = self.language.words();
        let organization = self.center.store.organization(&self.link.organization);
        let title = organization.await?.map_or_else(
            || self.link.organization.clone(),
            |organization| organization.title,
        );
        let lead = match self.user {
            Some(_) => words.setup_lead,
            None => words.setup_lead_owner,
        };
        let path = format!("/setup/{}", self.token);
        let body = html! {
            h1 { (words.setup_title) }
            p.lead { (fill(lead, &[("organization", &title)])) }
            form method="post" action=(path) {
                (alert(wrong))
                @if let Some(user) = &self.user {
                    p.who { bdi { (shown(&user.profile.user_name)) } }
                    input.said type="text" name="user_name" value=(user.profile.user_name) autocomplete="username" readonly tabindex="-1" aria-hidden="true";
                } @else {
                    label.field {
                        span.label { (words.setup_name) }
                        input type="text" name="user_name" value=(typed) autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength=(LONGEST) autofocus;
                    }
                }
                label.field {
                    span.label { (words.setup_password) }
                    input type="password" name="password" autocomplete="new-password" required minlength=(password::SHORTEST) maxlength=(password::LONGEST)
                        aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "wrong")];
                }
                label.field {
                    span.label { (words.setup_again) }
                    input type="password" name="again" autocomplete="new-password" required maxlength=(password::LONGEST);
                }
                button.button.first { (words.next) }
            }
        };
        let page = Page {
            language: self.language,
            standing: Standing::SigningIn,
            status: match wrong {
                Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
                None => StatusCode::OK,
            },
            title: words.setup_title.to_owned(),
            path: Some(path),
            leads_to: None,
            body,
        };
        Ok(page.respond())
    }

    async fn set_up(&self, headers: &HeaderMap, form: &Parameters) -> Answer {
        let words = self.language.words();
        let typed = form.get("user_name").unwrap_or_default();
        let name = match &self.user {
            Some(user) => user.profile.user_name.clone(),
            None => typed.trim().to_owned(),
        };
        let password = SecretString::from(form.get("password").unwrap_or_default());
        if let Err(weak) = password::acceptable(&password, &name) {
            return self.page(typed, Some(weakness(words, weak))).await;
        }
        if form.get("password") != form.get("again") {
            return self.page(typed, Some(words.setup_differ)).await;
        }
        let hash = self.center.hashing.hash(password).await;
        let hash = hash.map_err(|_| Refusal::Busy)?;
        let profile = Profile {
            display_name: name.clone(),
            user_name: name,
            ..Profile::default()
        };
        let (store, now) = (&self.center.store, self.center.now());
        match store.set_up(self.link.digest, profile, hash, now).await? {
            Ok(user) => self.sign_in(headers, user).await,
            Err(SetupRefusal::Over) => Err(Refusal::LinkOver),
            Err(SetupRefusal::Directory(DirectoryRefusal::Taken)) => {
                self.page(typed, Some(words.setup_taken)).await
            }
            Err(SetupRefusal::Directory(_)) => self.page(typed, Some(words.setup_no_name)).await,
        }
    }

    /// Goes on at the second factor: the password was set just now, and whoever set it knows it.
    async fn sign_in(&self, headers: &HeaderMap, user: User) -> Answer {
        let second = self.center.store.factors(Some(&user)).await?.second;
        let (user, organization) = (user.id, user.organization);
        let request = authorization::Request {
            organization: Some(organization),
            ..authorization::Request::of_person(Purpose::OwnSessions)
        };
        let progress = |id| match second {
            Some(_) => Progress::SecondFactor { user },
            None => Progress::Enrolment {
                user,
                sealed_seed: fresh_seed(self.center, id),
            },
        };
        let begun = authorization::begin_at(self.center, headers, request, progress, "");
        Ok(begun.await?)
    }
}

/// Why a password is not taken, for the person.
pub(super) fn weakness(words: &Words, weak: Weak) -> &'static str {
    match weak {
        Weak::TooShort => words.setup_short,
        Weak::TooLong => words.setup_long,
        Weak::Guessable => words.setup_guessable,
    }
}
