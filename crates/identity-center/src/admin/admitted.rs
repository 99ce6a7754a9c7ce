//! Who asks, and whether they may: an access token that administration's own application was given (anybody may register another, and
//! name the scope `admin`), of an administrator who proved a second factor. The role is read anew with each request: who loses it has
//! lost it with the next.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::administrator::{Administrator, Role};
use crate::audit::By;
use crate::center::Center;
use crate::client::{ADMINISTRATION, Client};
use crate::id::UserId;
use crate::token::Kind;

/// The administrator who asks, in a handler.
#[derive(Clone)]
pub(super) struct Who(pub(super) Administrator);

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Who, Problem> {
        parts.extensions.get::<Who>().cloned().ok_or_else(unknown)
    }
}

impl Who {
    pub(super) fn organization(&self) -> &str {
        &self.0.organization
    }

    /// Whether they may act on this person: on an administrator only who goes at least as far.
    pub(super) async fn may_act_on(&self, center: &Center, user: UserId) -> Result<(), Problem> {
        match center.store.administrator(user).await? {
            Some(other) if other.role > self.0.role => {
                let title = format!("{} is an {}", other.user_name, other.role.word());
                let detail = "only who may do as much can change an administrator";
                Err(Problem::new(StatusCode::FORBIDDEN, "above-you", title).because(detail))
            }
            _ => Ok(()),
        }
    }
}

/// Lets a request through whose administrator may do as much as `least`.
pub(super) async fn admit(
    State((center, least)): State<(Arc<Center>, Role)>,
    mut request: Request,
    next: Next,
) -> Response {
    let administrator = match administrator(&center, request.headers(), least).await {
        Ok(administrator) => administrator,
        Err(problem) => return problem.into_response(),
    };
    let by = By {
        actor: Some(administrator.user_name.clone()),
        ..By::current().as_ref().clone()
    };
    request.extensions_mut().insert(Who(administrator));
    by.doing(next.run(request)).await
}

async fn administrator(
    center: &Center,
    headers: &HeaderMap,
    least: Role,
) -> Result<Administrator, Problem> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else {
        return Err(unknown());
    };
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(unknown)?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(unknown());
    }
    let token = center.token_keys.read(Kind::Access, token.trim());
    let found = center
        .store
        .good_session(token.ok_or_else(unknown)?, center.now());
    let session = found.await?.ok_or_else(unknown)?;
    let forbidden = |word, title: String| Problem::new(StatusCode::FORBIDDEN, word, title);
    let foreign = || {
        forbidden(
            "insufficient-scope",
            "The token is not for administration".to_owned(),
        )
    };
    if session.binding.is_some() || !session.scopes.iter().any(|scope| scope == ADMINISTRATION) {
        return Err(foreign());
    }
    let administrator = center.store.administrator(session.user).await?;
    let administrator = administrator.ok_or_else(|| {
        forbidden(
            "not-an-administrator",
            "You are no administrator".to_owned(),
        )
        .hint("Ask an owner of your organisation to make you one")
    })?;
    if session.client != Client::id_of_administration(&administrator.organization) {
        return Err(foreign());
    }
    if !session
        .authentication
        .methods
        .iter()
        .any(|method| method == "mfa")
    {
        return Err(forbidden("second-factor", "Administration needs a second factor".to_owned())
            .hint("Sign in anew with a password and a code, or have your identity provider say that it asked for one (amr: mfa)"));
    }
    if administrator.role < least {
        let title = format!("Your role is {}", administrator.role.word());
        let detail = format!("this needs the role {} or more", least.word());
        return Err(forbidden("role", title).because(detail));
    }
    Ok(administrator)
}

fn unknown() -> Problem {
    let title = "The access token is missing, unknown or has ended";
    Problem::new(StatusCode::UNAUTHORIZED, "token", title)
        .hint("Run `kiro-identity-center admin login`")
}
