//! What Okta and Entra ID have in common: OpenID Connect with a public native client.

mod metadata;
mod token;

use async_trait::async_trait;
use kiro_credentials::{ProfileName, Renewal, Session, Tokens};
use kiro_relying_party::{
    self as rp, AuthorizationRequest, ClientAuthentication, Code as AuthorizationCode,
    CodeVerifier, DevicePoll, IssuerRule, Nonce, NonceExpectation, TokenError, TokenHint,
};
use url::Url;

use super::{
    Authorization, Grant, IdentityProvider, NotRenewed, Poll, claims, entra, token_failure,
};
use crate::device::{Device, DeviceSecret};
use crate::flow::AccountChoice;
use crate::loopback::Loopback;
use crate::organizations::Checked;
use crate::session::Revoked;
use crate::{Code, Context, Failure};

/// What one provider does differently.
pub(super) struct Dialect {
    pub(super) title: &'static str,
    pub(super) loopback: Loopback,
    pub(super) select_account: &'static str,
    pub(super) declares_client_capabilities: bool,
    pub(super) explain: fn(error: &str, description: &str, codes: &[u32]) -> Code,
}

/// Whose ID tokens are accepted.
pub(super) enum Issuers {
    /// The configured issuer's.
    Exact,
    /// The issuer's that discovery announces (a tenant named by its domain).
    Announced,
    /// These tenants', under the announced template.
    Tenants(Vec<String>),
}

/// An OpenID Provider, spoken to in its dialect.
pub(super) struct Oidc {
    pub(super) context: Context,
    pub(super) dialect: &'static Dialect,
    pub(super) issuer: Url,
    pub(super) rule: IssuerRule,
    pub(super) issuers: Issuers,
    pub(super) client_id: String,
    pub(super) scopes: Vec<String>,
}

/// The standard scopes and the organisation's own, each once.
pub(super) fn scopes(own: &[String]) -> Vec<String> {
    let mut all: Vec<String> = ["openid", "profile", "email", "offline_access"]
        .map(str::to_owned)
        .to_vec();
    let further: Vec<_> = own
        .iter()
        .filter(|scope| !all.contains(scope))
        .cloned()
        .collect();
    all.extend(further);
    all
}

/// What an OAuth or OIDC error means where the provider says nothing more (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).
pub(super) fn explain(error: &str) -> Code {
    match error {
        "access_denied" => Code::Cancelled,
        "login_required" | "account_selection_required" => Code::LoginRequired,
        "interaction_required" | "insufficient_claims" => Code::StepUpNeeded,
        "consent_required" => Code::ConsentMissing,
        "server_error" | "temporarily_unavailable" => Code::ServerError,
        "invalid_scope"
        | "invalid_client"
        | "unauthorized_client"
        | "unsupported_response_type"
        | "invalid_request" => Code::ClientSetup,
        "invalid_grant" => Code::SessionEnded,
        "expired_token" => Code::DeviceCodeExpired,
        _ => Code::Denied,
    }
}

#[async_trait]
impl IdentityProvider for Oidc {
    fn loopback(&self) -> Loopback {
        self.dialect.loopback
    }

    fn deep_link_allowed(&self) -> bool {
        true
    }

    async fn check(&self) -> Result<Checked, Failure> {
        let metadata = self.live_metadata().await?;
        let seen = self.context.look(&metadata.jwks_uri).await.ok();
        Ok(Checked {
            host: rp::display_host(&metadata.authorization_endpoint),
            issuer: metadata.issuer,
            pkce: metadata.pkce_s256,
            device_flow: metadata.device_authorization_endpoint.is_some(),
            revocation: metadata.revocation_endpoint.is_some(),
            secured: seen.and_then(|seen| seen.secured),
            clock_skew_seconds: metadata.clock_skew.map(|skew| -skew.as_secs()),
        })
    }

    async fn authorization_url(&self, asked: Authorization<'_>) -> Result<(Url, String), Failure> {
        let metadata = self.metadata().await?;
        let mut extra = Vec::new();
        match asked.account {
            AccountChoice::Any => {}
            AccountChoice::Hint(hint) => extra.push(("login_hint".to_owned(), hint.clone())),
            AccountChoice::Select => {
                extra.push(("prompt".to_owned(), self.dialect.select_account.to_owned()))
            }
        }
        let declares = self.dialect.declares_client_capabilities;
        if let Some(claims) = claims::requested(asked.claims, declares) {
            extra.push(("claims".to_owned(), claims));
        }
        let url = rp::authorization_url(&AuthorizationRequest {
            metadata: &metadata,
            client_id: &self.client_id,
            redirect_uri: asked.redirect_uri,
            scopes: &self.scopes,
            state: asked.state,
            nonce: asked.nonce,
            verifier: asked.verifier,
            extra: &extra,
        });
        Ok((url, self.client_id.clone()))
    }

    async fn callback_issuer(&self) -> Result<Option<(String, bool)>, Failure> {
        let metadata = self.metadata().await?;
        // A template can equal no issuer; the ID token's check stands in for it.
        Ok((!metadata.issuer.contains('{')).then_some((metadata.issuer, metadata.iss_parameter)))
    }

    async fn redeem(
        &self,
        code: AuthorizationCode,
        verifier: CodeVerifier,
        redirect_uri: &str,
        nonce: &Nonce,
        _client_id: &str,
        _profile: &ProfileName,
    ) -> Result<Grant, Failure> {
        let metadata = self.metadata().await?;
        let answer = rp::exchange_code(
            self.context.http.as_ref(),
            &metadata,
            &self.client_id,
            ClientAuthentication::None,
            redirect_uri,
            code,
            verifier,
        )
        .await
        .map_err(|error| token_failure(&self.context, self, error))?;
        self.grant(&metadata, answer, NonceExpectation::Exactly(nonce))
            .await
    }

    async fn begin_device(&self, _profile: &ProfileName) -> Result<Device, Failure> {
        let metadata = self.metadata().await?;
        if metadata.device_authorization_endpoint.is_none() {
            return Err(self.context.failure(Code::DeviceFlowNotOffered));
        }
        let authorization = rp::begin_device(
            self.context.http.as_ref(),
            &metadata,
            &self.client_id,
            &self.scopes,
        )
        .await
        .map_err(|error| token_failure(&self.context, self, error))?;
        Ok(Device {
            user_code: authorization.user_code.clone(),
            verification_uri: authorization.verification_uri.clone(),
            verification_uri_complete: authorization.verification_uri_complete.clone(),
            expires_in: authorization.expires_in,
            interval: authorization.interval,
            secret: DeviceSecret::Oidc(Box::new(authorization)),
        })
    }

    async fn poll_device(
        &self,
        device: &Device,
        _profile: &ProfileName,
        granted: &(dyn Fn() + Send + Sync),
    ) -> Result<Poll, Failure> {
        let DeviceSecret::Oidc(authorization) = &device.secret else {
            return Err(self.context.failure(Code::Unexpected));
        };
        let metadata = self.metadata().await?;
        let polled = rp::poll_device(
            self.context.http.as_ref(),
            &metadata.token_endpoint,
            &self.client_id,
            authorization,
        )
        .await;
        match polled.map_err(|error| token_failure(&self.context, self, error))? {
            DevicePoll::Pending => Ok(Poll::Pending),
            DevicePoll::SlowDown => Ok(Poll::SlowDown),
            DevicePoll::Granted(answer) => {
                granted();
                let grant = self.grant(&metadata, answer, NonceExpectation::NotChecked);
                Ok(Poll::Granted(Box::new(grant.await?)))
            }
            DevicePoll::Denied(refusal) => Err(token_failure(
                &self.context,
                self,
                TokenError::Refused(refusal),
            )),
            DevicePoll::Expired => Err(self.context.failure(Code::DeviceCodeExpired)),
        }
    }

    async fn renew(&self, session: &Session) -> Result<Renewal, NotRenewed> {
        self.refresh(session).await
    }

    async fn honours(&self, session: &Session) -> Result<Option<bool>, Failure> {
        let metadata = self.metadata().await?;
        let Some(endpoint) = &metadata.introspection_endpoint else {
            return Ok(None);
        };
        let (token, hint) = match &session.tokens.refresh {
            Some(token) => (token, TokenHint::Refresh),
            None => (&session.tokens.access, TokenHint::Access),
        };
        let http = self.context.http.as_ref();
        match rp::introspect(http, endpoint, &self.client_id, token, hint).await {
            Ok(active) => Ok(Some(active)),
            // Some servers answer such questions of confidential clients alone.
            Err(TokenError::Refused(_) | TokenError::Malformed { .. }) => Ok(None),
            Err(error @ (TokenError::Http(_) | TokenError::Temporary { .. })) => {
                Err(token_failure(&self.context, self, error))
            }
        }
    }

    async fn revoke(&self, tokens: &Tokens, _client_id: &str) -> Revoked {
        match self.metadata().await {
            Ok(metadata) => self.revoke_at(&metadata, tokens).await,
            Err(failure) if failure.code == Code::Unreachable => Revoked::Offline,
            Err(_) => Revoked::Failed,
        }
    }

    async fn end_session_url(&self, session: &Session) -> Option<Url> {
        let endpoint = self.metadata().await.ok()?.end_session_endpoint?;
        Some(rp::end_session_url(
            &endpoint,
            session.tokens.id.as_ref(),
            &self.client_id,
            None,
        ))
    }

    fn explain(&self, error: &str, description: Option<&str>, codes: &[u32]) -> Failure {
        let words = description.unwrap_or_default();
        let mut failure = self
            .context
            .failure((self.dialect.explain)(error, words, codes))
            .error(error);
        failure.detail.description = description.map(str::to_owned);
        failure.detail.aadsts = codes.first().copied().or_else(|| entra::aadsts(words));
        tracing::info!(
            provider = self.dialect.title,
            error,
            "the identity provider refused"
        );
        failure
    }
}
