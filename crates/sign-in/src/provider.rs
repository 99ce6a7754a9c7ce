//! The three identity providers behind one port. What differs stands in one file each.

mod claims;
mod entra;
mod identity_center;
mod oidc;
mod okta;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kiro_credentials::{ProfileName, Public, Refusal, RefusalKind, Renewal, Session, Tokens};
use kiro_relying_party::{Code as AuthorizationCode, CodeVerifier, Nonce, State, TokenError};
use url::Url;

pub(crate) use identity_center::forget_registrations;

use crate::device::Device;
use crate::failure::Told;
use crate::flow::AccountChoice;
use crate::loopback::Loopback;
use crate::organizations::{Checked, Organization, Provider, Settings, residency};
use crate::session::Revoked;
use crate::{Code, Context, Failure};

/// What an authorization URL is built from.
pub(crate) struct Authorization<'a> {
    pub(crate) redirect_uri: &'a str,
    pub(crate) state: &'a State,
    pub(crate) nonce: &'a Nonce,
    pub(crate) verifier: &'a CodeVerifier,
    pub(crate) account: &'a AccountChoice,
    pub(crate) claims: Option<&'a str>,
    pub(crate) profile: &'a ProfileName,
}

/// Who signed in, verified.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) issuer: String,
    pub(crate) subject: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
}

/// Tokens that were exchanged and verified, and whom they speak for.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) tokens: Tokens,
    pub(crate) identity: Identity,
    pub(crate) client_id: String,
    pub(crate) endpoint: Option<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) session_expires_at: Option<Timestamp>,
    pub(crate) scopes: Vec<String>,
    pub(crate) region: Option<String>,
    pub(crate) models: Option<Vec<String>>,
}

/// Why a session was not renewed: the failure, and what it means for the session.
#[derive(Debug)]
pub(crate) struct NotRenewed {
    pub(crate) kind: RefusalKind,
    pub(crate) failure: Failure,
}

impl NotRenewed {
    /// A failure, and what it means. By a clock that is behind nobody knows the old token's end either: what would pass is
    /// then told, lest the token be used as if all were well.
    pub(crate) fn new(kind: RefusalKind, failure: Failure) -> NotRenewed {
        let behind = failure.facts.skew_seconds.is_none_or(|seconds| seconds < 0);
        let kind = if kind == RefusalKind::Temporary && failure.code == Code::Clock && behind {
            RefusalKind::Other
        } else {
            kind
        };
        NotRenewed { kind, failure }
    }

    /// What kept a request from being made, or its answer from being used.
    pub(crate) fn passing(failure: Failure) -> NotRenewed {
        NotRenewed::new(RefusalKind::Temporary, failure)
    }

    /// The same, as the next process reads it beside the lock.
    pub(crate) fn refusal(&self) -> Refusal {
        let Failure {
            code,
            detail,
            facts,
            ..
        } = &self.failure;
        let word = detail.error.clone();
        let passing = self.kind == RefusalKind::Temporary;
        Refusal {
            kind: self.kind,
            error: word.unwrap_or_else(|| code.word()),
            description: detail.description.clone(),
            correlation_id: detail.correlation_id.clone(),
            claims: facts.claims.clone(),
            retry_after: facts.retry_after.filter(|_| passing),
            told: Told::of(&self.failure),
        }
    }
}

/// How a device authorization stands (RFC 8628 §3.5).
pub(crate) enum Poll {
    Pending,
    SlowDown,
    Granted(Box<Grant>),
}

/// The port to an organisation's identity provider.
#[async_trait]
pub(crate) trait IdentityProvider: Send + Sync {
    /// Where it allows a loopback redirect.
    fn loopback(&self) -> Loopback;
    /// Whether the code may come back by `kiro://`.
    fn deep_link_allowed(&self) -> bool;
    /// Asks the live service whether these settings work.
    async fn check(&self) -> Result<Checked, Failure>;
    /// The same, leaving nothing there, as far as it can be told so.
    async fn look(&self) -> Result<Checked, Failure> {
        self.check().await
    }
    /// The address for the browser, and the client id it speaks for.
    async fn authorization_url(&self, asked: Authorization<'_>) -> Result<(Url, String), Failure>;
    /// The issuer to expect in a callback's `iss`, and whether it must be there (RFC 9207 §2.4).
    async fn callback_issuer(&self) -> Result<Option<(String, bool)>, Failure>;
    /// Exchanges a code and verifies what comes back.
    async fn redeem(
        &self,
        code: AuthorizationCode,
        verifier: CodeVerifier,
        redirect_uri: &str,
        nonce: &Nonce,
        client_id: &str,
        profile: &ProfileName,
    ) -> Result<Grant, Failure>;
    /// Begins a device authorization (RFC 8628 §3.1).
    async fn begin_device(&self, profile: &ProfileName) -> Result<Device, Failure>;
    /// Asks whether the person has entered the code. Calls `granted` as soon as tokens are here, before they are verified.
    async fn poll_device(
        &self,
        device: &Device,
        profile: &ProfileName,
        granted: &(dyn Fn() + Send + Sync),
    ) -> Result<Poll, Failure>;
    /// Renews a session. Endpoint, client and issuer come from its authenticated public part.
    async fn renew(&self, session: &Session) -> Result<Renewal, NotRenewed>;
    /// Whether the provider still honours the session, by a question that uses nothing up; `None` where it answers none.
    async fn honours(&self, session: &Session) -> Result<Option<bool>, Failure>;
    /// Revokes tokens, best effort.
    async fn revoke(&self, tokens: &Tokens, client_id: &str) -> Revoked;
    /// The address that ends the browser's session.
    async fn end_session_url(&self, session: &Session) -> Option<Url>;
    /// What an error of this provider means to a person.
    fn explain(&self, error: &str, description: Option<&str>, codes: &[u32]) -> Failure;
}

/// The provider of an organisation.
pub(crate) fn of(context: &Context, organization: &Organization) -> Box<dyn IdentityProvider> {
    match &organization.settings {
        Settings::Okta {
            issuer,
            client_id,
            scopes,
        } => Box::new(okta::provider(context, issuer, client_id, scopes)),
        Settings::Entra {
            tenant,
            client_id,
            authority,
            allowed_tenants,
            scopes,
        } => Box::new(entra::provider(
            context,
            tenant,
            client_id,
            authority,
            allowed_tenants,
            scopes,
        )),
        Settings::IdentityCenter {
            start_url,
            region,
            endpoint,
            scopes,
        } => {
            let center = identity_center::IdentityCenter::new(
                context,
                start_url,
                region,
                endpoint.as_ref(),
                scopes,
            );
            Box::new(center.within(organization.inference.residency))
        }
    }
}

/// The provider of a session, from its authenticated public part and never from `organizations.toml`.
pub(crate) fn of_session(
    context: &Context,
    public: &Public,
) -> Result<Box<dyn IdentityProvider>, Failure> {
    let unreadable = || {
        context
            .failure(Code::FileDamaged)
            .error("edited")
            .because("the session names no usable issuer")
    };
    let issuer = kiro_relying_party::secure_url(&public.issuer).map_err(|_| unreadable())?;
    Ok(
        match Provider::parse(&public.provider).ok_or_else(unreadable)? {
            Provider::Okta => Box::new(okta::provider(
                context,
                &issuer,
                &public.client_id,
                &public.scopes,
            )),
            Provider::Entra => Box::new(entra::provider_of_issuer(
                context,
                &issuer,
                &public.client_id,
                &public.scopes,
            )),
            Provider::IdentityCenter => Box::new(portal(context, public)?),
        },
    )
}

/// The Identity Center of a session, with its access portal. The public part must be authenticated.
pub(crate) fn portal(
    context: &Context,
    public: &Public,
) -> Result<identity_center::IdentityCenter, Failure> {
    let unreadable = |_| {
        context
            .failure(Code::FileDamaged)
            .error("edited")
            .because("the session names no usable start URL")
    };
    let start_url = kiro_relying_party::secure_url(&public.issuer).map_err(unreadable)?;
    let endpoint = public
        .endpoint
        .as_deref()
        .and_then(|endpoint| kiro_relying_party::secure_url(endpoint).ok());
    let region = public.region.as_deref().unwrap_or_default();
    let center = identity_center::IdentityCenter::new(
        context,
        &start_url,
        region,
        endpoint.as_ref(),
        &public.scopes,
    );
    // What stays does from the moment that it has to, also in sessions that are older.
    let residency = residency(context, &public.organization, &start_url, region)?;
    Ok(center.within(residency))
}

/// Whether this refusal of a renewal says that the organisation took the person's access away, and not only that the
/// session is over (docs/decisions/0034).
pub(crate) fn took_access(provider: Provider, refusal: &Refusal) -> bool {
    let words = refusal.description.as_deref().unwrap_or_default();
    match provider {
        Provider::Okta => okta::took_access(&refusal.error, words),
        Provider::Entra => entra::took_access(words),
        Provider::IdentityCenter => false,
    }
}

/// A token request's failure, in the words of a failure for a person.
pub(crate) fn token_failure(
    context: &Context,
    provider: &dyn IdentityProvider,
    error: TokenError,
) -> Failure {
    match error {
        TokenError::Http(error) => context.network_failure(&error),
        TokenError::Temporary {
            status,
            error,
            retry_after,
        } => {
            let word = error.unwrap_or_else(|| format!("http_{status}"));
            let mut failure = context.failure(Code::ServerError).error(word);
            failure.facts.retry_after = retry_after.map(whole_seconds);
            failure
        }
        TokenError::Malformed { why } => context.failure(Code::MalformedAnswer).because(why),
        TokenError::Refused(refusal) => {
            let mut failure = provider.explain(
                &refusal.error,
                refusal.description.as_deref(),
                &refusal.error_codes,
            );
            failure.detail.correlation_id = refusal.correlation_id;
            failure.facts.claims = refusal.claims;
            failure
        }
    }
}

/// How long a server asks to be left alone, as a failure says it.
pub(crate) fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)
}
