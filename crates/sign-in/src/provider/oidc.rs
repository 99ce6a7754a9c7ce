//! What Okta and Entra ID have in common: OpenID Connect with a public native client.

use async_trait::async_trait;
use kiro_credentials::{ProfileName, Refusal, RefusalKind, Renewal, Session, Tokens};
use kiro_relying_party::{
    self as rp, AuthorizationRequest, Code as AuthorizationCode, CodeVerifier, DevicePoll,
    DiscoveryError, IdTokenClaims, IdTokenError, IdTokenExpectation, IssuerExpectation, IssuerRule,
    Metadata, Nonce, NonceExpectation, TokenError, TokenHint, TokenResponse,
};
use url::Url;

use super::{Authorization, Grant, Identity, IdentityProvider, Poll, refusal, token_failure};
use crate::device::{Device, DeviceSecret};
use crate::flow::{AccountChoice, expiry};
use crate::loopback::Loopback;
use crate::organizations::Checked;
use crate::session::Revoked;
use crate::{Code, Context, Failure};

/// More than this between the server's clock and ours is said before a browser opens (THREATS.md T24).
const SKEW_LIMIT_SECONDS: i64 = 300;
/// Microsoft's declaration that this client understands claims challenges.
const CLIENT_CAPABILITIES: &str = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;

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

impl Oidc {
    /// The provider's metadata, from this process's memory where it is fresh.
    async fn metadata(&self) -> Result<Metadata, Failure> {
        match self
            .context
            .discovered
            .document(&self.issuer, self.context.now())
        {
            Some(metadata) => Ok(metadata),
            None => self.live_metadata().await,
        }
    }

    async fn live_metadata(&self) -> Result<Metadata, Failure> {
        let now = self.context.now();
        let found = rp::discover(self.context.http.as_ref(), &self.issuer, self.rule, now).await;
        let metadata = found.map_err(|error| self.discovery_failure(&error))?;
        if let Some(skew) = metadata.clock_skew.map(|skew| -skew.as_secs())
            && skew.abs() > SKEW_LIMIT_SECONDS
        {
            return Err(self.clock_failure(skew));
        }
        self.context
            .discovered
            .remember(&self.issuer, &metadata, now);
        Ok(metadata)
    }

    fn clock_failure(&self, seconds: i64) -> Failure {
        let mut failure = self.context.failure(Code::Clock);
        failure.facts.skew_seconds = Some(seconds);
        failure
    }

    fn discovery_failure(&self, error: &DiscoveryError) -> Failure {
        let code = match error {
            DiscoveryError::Http(error) => return self.context.network_failure(error),
            DiscoveryError::WrongIssuer { .. } => Code::WrongIssuer,
            DiscoveryError::Temporary { .. } => Code::ServerError,
            DiscoveryError::NotFound { .. }
            | DiscoveryError::Malformed { .. }
            | DiscoveryError::InsecureEndpoint { .. } => Code::NotAnIdentityProvider,
        };
        self.context
            .failure(code)
            .at(rp::display_host(&self.issuer))
            .about(self.issuer.as_str())
            .because(error.to_string())
    }

    async fn verify(
        &self,
        metadata: &Metadata,
        answer: &TokenResponse,
        nonce: NonceExpectation<'_>,
        subject: Option<&str>,
    ) -> Result<IdTokenClaims, Failure> {
        let Some(token) = &answer.id else {
            return Err(self
                .context
                .failure(Code::UntrustedAnswer)
                .error("no_id_token"));
        };
        let configured = self.issuer.as_str().trim_end_matches('/');
        let issuer = match &self.issuers {
            Issuers::Exact if metadata.issuer.contains('{') => IssuerExpectation::Exact(configured),
            Issuers::Exact | Issuers::Announced => IssuerExpectation::Exact(&metadata.issuer),
            Issuers::Tenants(allowed) => IssuerExpectation::Tenant {
                template: &metadata.issuer,
                allowed,
            },
        };
        let expectation = IdTokenExpectation {
            issuer,
            client_id: &self.client_id,
            nonce,
            access_token: Some(&answer.access),
            algorithms: &metadata.id_token_algorithms,
            subject,
            now: self.context.now(),
        };
        let keys = self.context.discovered.keys(&metadata.jwks_uri);
        keys.verify_id_token(self.context.http.as_ref(), token, &expectation)
            .await
            .map_err(|error| self.id_token_failure(&error))
    }

    fn id_token_failure(&self, error: &IdTokenError) -> Failure {
        if let IdTokenError::Http(error) = error {
            return self.context.network_failure(error);
        }
        let code = if matches!(error, IdTokenError::Temporary { .. }) {
            Code::ServerError
        } else if matches!(error, IdTokenError::Tenant { .. }) {
            Code::WrongTenant
        } else {
            Code::UntrustedAnswer
        };
        self.context
            .failure(code)
            .error("id_token")
            .because(error.to_string())
    }

    async fn grant(
        &self,
        metadata: &Metadata,
        answer: TokenResponse,
        nonce: NonceExpectation<'_>,
    ) -> Result<Grant, Failure> {
        let claims = match self.verify(metadata, &answer, nonce, None).await {
            Ok(claims) => claims,
            Err(failure) => {
                let tokens = Tokens {
                    access: answer.access,
                    refresh: answer.refresh,
                    id: None,
                };
                self.revoke_at(metadata, &tokens).await; // a sign-in that fails after tokens arrived leaves none behind
                return Err(failure);
            }
        };
        let now = self.context.now();
        Ok(Grant {
            identity: Identity {
                issuer: claims.issuer,
                subject: Some(claims.subject),
                name: claims.name,
                email: claims.email.or(claims.preferred_username),
            },
            client_id: self.client_id.clone(),
            endpoint: None,
            expires_at: expiry(now, answer.expires_in),
            session_expires_at: None,
            scopes: self.scopes.clone(),
            region: None,
            tokens: Tokens {
                access: answer.access,
                refresh: answer.refresh,
                id: answer.id,
            },
        })
    }

    async fn revoke_at(&self, metadata: &Metadata, tokens: &Tokens) -> Revoked {
        let Some(endpoint) = &metadata.revocation_endpoint else {
            return Revoked::NotOffered;
        };
        let refresh = tokens
            .refresh
            .as_ref()
            .map(|token| (token, TokenHint::Refresh));
        let mut outcome = Revoked::Yes;
        for (token, hint) in refresh
            .into_iter()
            .chain([(&tokens.access, TokenHint::Access)])
        {
            if let Err(error) = rp::revoke(
                self.context.http.as_ref(),
                endpoint,
                &self.client_id,
                token,
                hint,
            )
            .await
            {
                tracing::warn!(%error, "a token could not be revoked");
                outcome = match error {
                    TokenError::Http(_) => Revoked::Offline,
                    TokenError::Refused(_)
                    | TokenError::Temporary { .. }
                    | TokenError::Malformed { .. } => Revoked::Failed,
                };
            }
        }
        outcome
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
        Ok(Checked {
            host: rp::display_host(&metadata.authorization_endpoint),
            issuer: metadata.issuer,
            pkce: metadata.pkce_s256,
            device_flow: metadata.device_authorization_endpoint.is_some(),
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
        let capabilities = self
            .dialect
            .declares_client_capabilities
            .then_some(CLIENT_CAPABILITIES);
        if let Some(claims) = asked.claims.or(capabilities) {
            extra.push(("claims".to_owned(), claims.to_owned()));
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

    async fn renew(&self, session: &Session) -> Result<Renewal, Refusal> {
        let temporary = |failure: Failure| refusal(RefusalKind::Temporary, &failure);
        let metadata = self.metadata().await.map_err(temporary)?;
        let token = session.tokens.refresh.as_ref().ok_or_else(|| {
            refusal(
                RefusalKind::Ended,
                &self
                    .context
                    .failure(Code::SessionEnded)
                    .error("no_refresh_token"),
            )
        })?;
        // Entra ID needs `scope` again; Okta allows it (RFC 6749 §6).
        let answer = rp::refresh(
            self.context.http.as_ref(),
            &metadata.token_endpoint,
            &self.client_id,
            token,
            &self.scopes,
            &[],
        )
        .await
        .map_err(|error| {
            let kind = match &error {
                TokenError::Refused(refusal) => match (refusal.error.as_str(), &refusal.claims) {
                    ("interaction_required" | "insufficient_claims", _) | (_, Some(_)) => {
                        RefusalKind::Interaction
                    }
                    ("invalid_grant", None) => RefusalKind::Ended,
                    _ => RefusalKind::Other,
                },
                TokenError::Http(_)
                | TokenError::Temporary { .. }
                | TokenError::Malformed { .. } => RefusalKind::Temporary,
            };
            refusal(kind, &token_failure(&self.context, self, error))
        })?;
        if answer.id.is_some() {
            self.verify(
                &metadata,
                &answer,
                NonceExpectation::NotChecked,
                session.public.subject.as_deref(),
            )
            .await
            .map_err(|failure| refusal(RefusalKind::Other, &failure))?;
        }
        Ok(Renewal {
            expires_at: expiry(self.context.now(), answer.expires_in),
            access: answer.access,
            refresh: answer.refresh,
            id: answer.id,
            session_expires_at: None,
            scopes: None,
        })
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
        failure.detail.aadsts = codes
            .first()
            .copied()
            .or_else(|| super::entra::aadsts(words));
        tracing::info!(
            provider = self.dialect.title,
            error,
            "the identity provider refused"
        );
        failure
    }
}
