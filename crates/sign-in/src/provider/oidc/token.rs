//! Tokens of a provider: verified when they come, renewed, revoked.

use kiro_credentials::{RefusalKind, Renewal, Session, Tokens};
use kiro_relying_party::{
    self as rp, IdTokenClaims, IdTokenError, IdTokenExpectation, IssuerExpectation, Metadata,
    NonceExpectation, TokenError, TokenHint, TokenResponse,
};
use secrecy::SecretString;

use super::{Issuers, Oidc};
use crate::flow::expiry;
use crate::provider::{Grant, Identity, NotRenewed, token_failure};
use crate::session::Revoked;
use crate::{Code, Failure};

/// What an ID token's dates are given (THREATS.md T7).
const LEEWAY_SECONDS: i64 = 60;

impl Oidc {
    /// What was granted, with its ID token verified. A sign-in that fails after tokens arrived leaves none behind.
    pub(super) async fn grant(
        &self,
        metadata: &Metadata,
        answer: TokenResponse,
        nonce: NonceExpectation<'_>,
    ) -> Result<Grant, Failure> {
        let verified = match &answer.id {
            Some(token) => self
                .verify(metadata, token, &answer.access, nonce, None)
                .await
                .map_err(|error| self.id_token_failure(metadata, &error)),
            None => Err(self
                .context
                .failure(Code::UntrustedAnswer)
                .error("no_id_token")),
        };
        let claims = match verified {
            Ok(claims) => claims,
            Err(failure) => {
                self.take_back(metadata, answer).await;
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
            models: None,
            tokens: Tokens {
                access: answer.access,
                refresh: answer.refresh,
                id: answer.id,
            },
        })
    }

    /// Renews a session (RFC 6749 §6).
    pub(super) async fn refresh(&self, session: &Session) -> Result<Renewal, NotRenewed> {
        let metadata = self.metadata().await.map_err(NotRenewed::passing)?;
        let token = session.tokens.refresh.as_ref().ok_or_else(|| {
            let failure = self.context.failure(Code::SessionEnded);
            NotRenewed::new(RefusalKind::Ended, failure.error("no_refresh_token"))
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
            let kind = self.meaning(&error);
            let failure = token_failure(&self.context, self, error);
            NotRenewed::new(kind, failure)
        })?;
        let id = match self.renewed_id_token(&metadata, &answer, session).await {
            Ok(id) => id,
            Err(error) => {
                self.take_back(&metadata, answer).await;
                let failure = self.id_token_failure(&metadata, &error);
                return Err(NotRenewed::new(RefusalKind::Other, failure));
            }
        };
        Ok(Renewal {
            expires_at: expiry(self.context.now(), answer.expires_in),
            access: answer.access,
            refresh: answer.refresh,
            id,
            session_expires_at: None,
            scopes: None,
            models: None,
        })
    }

    /// Revokes tokens, the refresh token first.
    pub(super) async fn revoke_at(&self, metadata: &Metadata, tokens: &Tokens) -> Revoked {
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

    /// The new ID token, verified. One that cannot be judged, for want of its key or of a right clock, is left out and the
    /// old one stays: the old refresh token is spent by now, and an ID token is optional here (OpenID Connect Core §12.2).
    /// One that is another's by its own word, or forged, is an error.
    async fn renewed_id_token(
        &self,
        metadata: &Metadata,
        answer: &TokenResponse,
        session: &Session,
    ) -> Result<Option<SecretString>, IdTokenError> {
        let Some(token) = &answer.id else {
            return Ok(None);
        };
        let before = session.public.subject.as_deref();
        let nonce = NonceExpectation::NotChecked;
        let verified = self.verify(metadata, token, &answer.access, nonce, before);
        match verified.await {
            Ok(_) => Ok(Some(token.clone())),
            Err(error) if cannot_be_judged(&error) => {
                tracing::warn!(%error, "the renewed ID token is left out");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn verify(
        &self,
        metadata: &Metadata,
        token: &SecretString,
        access: &SecretString,
        nonce: NonceExpectation<'_>,
        subject: Option<&str>,
    ) -> Result<IdTokenClaims, IdTokenError> {
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
            access_token: Some(access),
            algorithms: &metadata.id_token_algorithms,
            subject,
            now: self.context.now(),
        };
        let keys = self.context.discovered.keys(&metadata.jwks_uri);
        keys.verify_id_token(self.context.http.as_ref(), token, &expectation)
            .await
    }

    fn id_token_failure(&self, metadata: &Metadata, error: &IdTokenError) -> Failure {
        if let IdTokenError::Http(error) = error {
            return self.context.network_failure(error);
        }
        // Right by the server's clock, wrong by ours: too little to be told beforehand, too much for the leeway.
        if let Some(skew) = metadata.clock_skew.map(|skew| -skew.as_secs())
            && error.is_of_dates()
            && skew.abs() > LEEWAY_SECONDS
        {
            return self.context.clock_failure(skew);
        }
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "each other check has one meaning to a person"
        )]
        let code = match error {
            IdTokenError::Temporary { .. } => Code::ServerError,
            IdTokenError::Keys => Code::MalformedAnswer,
            IdTokenError::Tenant { .. } => Code::WrongTenant,
            _ => Code::UntrustedAnswer,
        };
        self.context
            .failure(code)
            .error("id_token")
            .because(error.to_string())
    }

    /// What a refused refresh means for the session.
    fn meaning(&self, error: &TokenError) -> RefusalKind {
        let refusal = match error {
            TokenError::Refused(refusal) => refusal,
            TokenError::Http(_) | TokenError::Temporary { .. } | TokenError::Malformed { .. } => {
                return RefusalKind::Temporary;
            }
        };
        let words = refusal.description.as_deref().unwrap_or_default();
        let explained = (self.dialect.explain)(&refusal.error, words, &refusal.error_codes);
        match (refusal.error.as_str(), &refusal.claims) {
            ("interaction_required" | "insufficient_claims", _) | (_, Some(_)) => {
                RefusalKind::Interaction
            }
            ("invalid_grant", None) => RefusalKind::Ended,
            // Okta's: whoever is assigned again goes on with the same token.
            ("access_denied", None) if explained == Code::NotAssigned => RefusalKind::Interaction,
            _ => RefusalKind::Other,
        }
    }

    /// Revokes what was granted and is not wanted.
    async fn take_back(&self, metadata: &Metadata, answer: TokenResponse) {
        let tokens = Tokens {
            access: answer.access,
            refresh: answer.refresh,
            id: None,
        };
        self.revoke_at(metadata, &tokens).await;
    }
}

/// Whether the token may be good all the same: its key is not to be had yet, or this clock is off.
fn cannot_be_judged(error: &IdTokenError) -> bool {
    error.is_of_dates()
        || matches!(
            error,
            IdTokenError::Http(_)
                | IdTokenError::Temporary { .. }
                | IdTokenError::Keys
                | IdTokenError::KeyNotFound
        )
}
