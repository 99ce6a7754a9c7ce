//! AWS's token calls (`CreateToken`): JSON, with the secret of the registered client.

use aws_sdk_ssooidc::error::ProvideErrorMetadata;
use aws_sdk_ssooidc::operation::create_token::CreateTokenOutput;
use aws_sdk_ssooidc::operation::create_token::builders::CreateTokenFluentBuilder;
use kiro_credentials::{RefusalKind, Renewal, Session, Tokens};
use kiro_relying_party::{Code as AuthorizationCode, CodeVerifier};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::extension::{Extension, Told};
use super::{IdentityCenter, exception, lifetime, registration};
use crate::aws::transport;
use crate::device::{Device, DeviceSecret};
use crate::flow::expiry;
use crate::provider::{Grant, Identity, NotRenewed, Poll};
use crate::{Code, Failure};

pub(super) const CODE_GRANT: &str = "authorization_code";
pub(super) const REFRESH_GRANT: &str = "refresh_token";
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

impl IdentityCenter {
    /// Exchanges a code.
    pub(super) async fn exchange(
        &self,
        code: AuthorizationCode,
        verifier: CodeVerifier,
        redirect_uri: &str,
        client_id: &str,
    ) -> Result<Grant, Failure> {
        let secret = self.secret_of(client_id).await?;
        let extension = Extension::default();
        let answer = self
            .token_request(client_id, &secret)
            .grant_type(CODE_GRANT)
            .code(code.secret())
            .code_verifier(verifier.secret())
            .redirect_uri(redirect_uri)
            .customize()
            .interceptor(extension.clone())
            .send()
            .await;
        match answer {
            Ok(answer) => self.grant(answer, client_id, extension.told()),
            Err(error) => Err(self
                .forget_if_unknown(self.failure(&error), client_id)
                .await),
        }
    }

    /// Asks whether the person has entered the code.
    pub(super) async fn poll(
        &self,
        device: &Device,
        granted: &(dyn Fn() + Send + Sync),
    ) -> Result<Poll, Failure> {
        let DeviceSecret::IdentityCenter {
            client_id,
            device_code,
        } = &device.secret
        else {
            return Err(self.context.failure(Code::Unexpected));
        };
        let secret = self.secret_of(client_id).await?;
        let extension = Extension::default();
        let answer = self
            .token_request(client_id, &secret)
            .grant_type(DEVICE_GRANT)
            .device_code(device_code.expose_secret())
            .customize()
            .interceptor(extension.clone())
            .send()
            .await;
        match answer {
            Ok(answer) => {
                granted();
                let grant = self.grant(answer, client_id, extension.told())?;
                Ok(Poll::Granted(Box::new(grant)))
            }
            Err(error) => match error
                .as_service_error()
                .and_then(ProvideErrorMetadata::code)
                .map(exception::oauth_error)
            {
                Some("authorization_pending") => Ok(Poll::Pending),
                Some("slow_down") => Ok(Poll::SlowDown),
                Some(_) | None => Err(self.failure(&error)),
            },
        }
    }

    /// Renews a session, by the client that it was made with.
    pub(super) async fn refresh(&self, session: &Session) -> Result<Renewal, NotRenewed> {
        let over = |error: &str| {
            let failure = self.context.failure(Code::SessionEnded).error(error);
            NotRenewed::new(RefusalKind::Ended, failure)
        };
        let token = session
            .tokens
            .refresh
            .as_ref()
            .ok_or_else(|| over("no_refresh_token"))?;
        self.on_time().await.map_err(NotRenewed::passing)?;
        let known = self
            .registration_of(&session.public.client_id)
            .await
            .map_err(NotRenewed::passing)?;
        let registration = known.ok_or_else(|| over("registration_lost"))?;
        let extension = Extension::default();
        let answer = self
            .token_request(&registration.client_id, &registration.client_secret)
            .grant_type(REFRESH_GRANT)
            .refresh_token(token.expose_secret())
            .customize()
            .interceptor(extension.clone())
            .send()
            .await
            .map_err(|error| {
                let failure = self.failure(&error);
                let reached = transport::http_error(&error).is_none();
                let kind = match failure.detail.error.as_deref() {
                    Some("invalid_grant" | "invalid_client" | "expired_token") => {
                        RefusalKind::Ended
                    }
                    Some(_) if reached && failure.code != Code::ServerError => RefusalKind::Other,
                    Some(_) | None => RefusalKind::Temporary,
                };
                NotRenewed::new(kind, failure)
            })?;
        let access = answer
            .access_token
            .ok_or_else(|| NotRenewed::passing(self.context.failure(Code::MalformedAnswer)))?;
        let told = extension.told();
        Ok(Renewal {
            access: SecretString::from(access),
            refresh: answer.refresh_token.map(SecretString::from),
            id: None,
            expires_at: expiry(self.context.now(), lifetime(answer.expires_in)),
            session_expires_at: told.session_expires_at,
            scopes: None,
            models: told.models,
        })
    }

    /// A token request of this client (`CreateToken`), to which its grant is still to be added.
    fn token_request(&self, client_id: &str, secret: &SecretString) -> CreateTokenFluentBuilder {
        self.oidc()
            .create_token()
            .client_id(client_id)
            .client_secret(secret.expose_secret())
    }

    fn grant(
        &self,
        answer: CreateTokenOutput,
        client_id: &str,
        told: Told,
    ) -> Result<Grant, Failure> {
        let access = answer.access_token.ok_or_else(|| {
            self.context
                .failure(Code::MalformedAnswer)
                .because("the answer has no accessToken")
        })?;
        Ok(Grant {
            tokens: Tokens {
                access: SecretString::from(access),
                refresh: answer.refresh_token.map(SecretString::from),
                id: None,
            },
            identity: Identity {
                issuer: self.start_url.clone(),
                subject: None,
                name: told.name,
                email: told.email,
            },
            client_id: client_id.to_owned(),
            endpoint: self.endpoint.as_ref().map(Url::to_string),
            expires_at: expiry(self.context.now(), lifetime(answer.expires_in)),
            session_expires_at: told.session_expires_at,
            scopes: self.scopes.clone(),
            region: Some(self.region.clone()),
            models: told.models,
        })
    }

    async fn secret_of(&self, client_id: &str) -> Result<SecretString, Failure> {
        let known = self.registration_of(client_id).await?;
        known.map(|known| known.client_secret).ok_or_else(|| {
            self.context
                .failure(Code::ClientSetup)
                .error("invalid_client")
        })
    }

    /// Drops a registration that the service no longer knows: the next sign-in registers anew.
    pub(super) async fn forget_if_unknown(&self, failure: Failure, client_id: &str) -> Failure {
        if failure.detail.error.as_deref() == Some("invalid_client") {
            registration::remove(&self.context, client_id);
        }
        failure
    }
}
