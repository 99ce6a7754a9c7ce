//! IAM Identity Center: JSON token calls and a registered client per profile, through AWS's own SDK.
//!
//! AWS gives no ID token, so nobody's name is known here. What another service than AWS's adds is optional and ignored.

mod exception;
mod registration;
mod transport;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ssooidc::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ssooidc::operation::create_token::CreateTokenOutput;
use aws_smithy_types::retry::RetryConfig;
use kiro_credentials::{ProfileName, Refusal, RefusalKind, Renewal, Session, Tokens};
use kiro_relying_party::{Code as AuthorizationCode, CodeVerifier, Nonce};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use self::registration::Registration;
use super::{Authorization, Grant, Identity, IdentityProvider, Poll, refusal};
use crate::device::{Device, DeviceSecret};
use crate::flow::expiry;
use crate::loopback::Loopback;
use crate::organizations::Checked;
use crate::session::Revoked;
use crate::{Code, Context, Failure};

const CODE_GRANT: &str = "authorization_code";
const REFRESH_GRANT: &str = "refresh_token";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// One Identity Center: AWS's, or a service at another endpoint.
pub(super) struct IdentityCenter {
    context: Context,
    /// Without fragment and trailing slash: people paste both.
    start_url: String,
    region: String,
    endpoint: Option<Url>,
    scopes: Vec<String>,
}

impl IdentityCenter {
    pub(super) fn new(
        context: &Context,
        start_url: &Url,
        region: &str,
        endpoint: Option<&Url>,
        scopes: &[String],
    ) -> IdentityCenter {
        let mut start = start_url.clone();
        start.set_fragment(None);
        let scopes = if scopes.is_empty() {
            vec!["sso:account:access".to_owned()]
        } else {
            scopes.to_vec()
        };
        IdentityCenter {
            context: context.clone(),
            start_url: start.as_str().trim_end_matches('/').to_owned(),
            region: region.to_owned(),
            endpoint: endpoint.cloned(),
            scopes,
        }
    }

    fn oidc_endpoint(&self) -> Option<&Url> {
        self.endpoint.as_ref().or(self.context.aws.oidc.as_ref())
    }

    fn oidc(&self) -> aws_sdk_ssooidc::Client {
        let mut config = aws_sdk_ssooidc::Config::builder()
            .behavior_version(aws_sdk_ssooidc::config::BehaviorVersion::latest())
            .region(aws_sdk_ssooidc::config::Region::new(self.region.clone()))
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(
                aws_sdk_ssooidc::config::StalledStreamProtectionConfig::disabled(),
            )
            .http_client(transport::Transport::new(&self.context));
        if let Some(endpoint) = self.oidc_endpoint() {
            config = config.endpoint_url(endpoint.as_str().trim_end_matches('/'));
        }
        aws_sdk_ssooidc::Client::from_conf(config.build())
    }

    fn portal(&self) -> aws_sdk_sso::Client {
        let mut config = aws_sdk_sso::Config::builder()
            .behavior_version(aws_sdk_sso::config::BehaviorVersion::latest())
            .region(aws_sdk_sso::config::Region::new(self.region.clone()))
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(
                aws_sdk_sso::config::StalledStreamProtectionConfig::disabled(),
            )
            .http_client(transport::Transport::new(&self.context));
        if let Some(endpoint) = self.endpoint.as_ref().or(self.context.aws.portal.as_ref()) {
            config = config.endpoint_url(endpoint.as_str().trim_end_matches('/'));
        }
        aws_sdk_sso::Client::from_conf(config.build())
    }

    /// The address of the service, for the browser.
    fn service(&self) -> Result<Url, Failure> {
        if let Some(endpoint) = self.oidc_endpoint() {
            return Ok(endpoint.clone());
        }
        let suffix = match self.region.split('-').next() {
            Some("cn") => "amazonaws.com.cn",
            Some("eusc") => "amazonaws.eu",
            Some(_) | None => "amazonaws.com",
        };
        Url::parse(&format!("https://oidc.{}.{suffix}/", self.region)).map_err(|_| {
            self.context
                .failure(Code::WrongRegion)
                .about(self.region.clone())
        })
    }

    /// A valid registration of this profile; registers when there is none.
    async fn registration(&self, profile: &ProfileName) -> Result<Registration, Failure> {
        if let Some(known) = registration::find(&self.context, |known| {
            known.serves(
                &self.start_url,
                &self.region,
                self.endpoint.as_ref(),
                profile,
                self.context.now(),
            )
        })
        .await?
        {
            return Ok(known);
        }
        let answer = self
            .oidc()
            .register_client()
            .client_name("Kiro Sign-In")
            .client_type("public")
            .set_scopes(Some(self.scopes.clone()))
            .redirect_uris("http://127.0.0.1/oauth/callback") // without port: any is then allowed
            .grant_types(CODE_GRANT)
            .grant_types(REFRESH_GRANT)
            .grant_types(DEVICE_GRANT)
            .issuer_url(&self.start_url)
            .send()
            .await
            .map_err(|error| self.failure(&error))?;
        let (Some(client_id), Some(client_secret)) = (answer.client_id, answer.client_secret)
        else {
            return Err(self
                .context
                .failure(Code::MalformedAnswer)
                .because("the registration names no client"));
        };
        let registration = Registration {
            start_url: self.start_url.clone(),
            region: self.region.clone(),
            endpoint: self.endpoint.clone(),
            profile: profile.clone(),
            client_id,
            client_secret: SecretString::from(client_secret),
            expires_at: jiff::Timestamp::from_second(answer.client_secret_expires_at)
                .unwrap_or_else(|_| self.context.now()),
        };
        registration::save(&self.context, &registration).await?;
        Ok(registration)
    }

    /// The registration a session was made with.
    async fn registration_of(&self, client_id: &str) -> Result<Option<Registration>, Failure> {
        registration::find(&self.context, |known| known.client_id == client_id).await
    }

    async fn secret_of(&self, client_id: &str) -> Result<SecretString, Failure> {
        let known = self.registration_of(client_id).await?;
        known.map(|known| known.client_secret).ok_or_else(|| {
            self.context
                .failure(Code::ClientSetup)
                .error("invalid_client")
        })
    }

    fn grant(&self, answer: CreateTokenOutput, client_id: &str) -> Result<Grant, Failure> {
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
                name: None,
                email: None,
            },
            client_id: client_id.to_owned(),
            endpoint: self.endpoint.as_ref().map(Url::to_string),
            expires_at: expiry(self.context.now(), lifetime(answer.expires_in)),
            session_expires_at: None,
            scopes: self.scopes.clone(),
            region: Some(self.region.clone()),
        })
    }

    /// An SDK error in our words.
    fn failure<E: ProvideErrorMetadata>(&self, error: &SdkError<E>) -> Failure {
        if let Some(http) = transport::http_error(error) {
            return self.context.network_failure(http);
        }
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        let Some(service) = error.as_service_error() else {
            return self.context.failure(Code::MalformedAnswer).because(
                status.map_or_else(String::new, |status| format!("HTTP status {status}")),
            );
        };
        if status.is_some_and(|status| status >= 500 || status == 429) {
            return self
                .context
                .failure(Code::ServerError)
                .error(exception::oauth_error(service.code().unwrap_or_default()));
        }
        let failure = self.explain(
            exception::oauth_error(service.code().unwrap_or_default()),
            service.message(),
            &[],
        );
        failure.at(self
            .service()
            .map(|url| kiro_relying_party::display_host(&url))
            .unwrap_or_default())
    }

    async fn forget_if_unknown(&self, failure: Failure, client_id: &str) -> Failure {
        if failure.detail.error.as_deref() == Some("invalid_client") {
            registration::remove(&self.context, client_id); // the next sign-in registers anew
        }
        failure
    }
}

fn lifetime(seconds: i32) -> Option<Duration> {
    u64::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
}

#[async_trait]
impl IdentityProvider for IdentityCenter {
    fn loopback(&self) -> Loopback {
        Loopback {
            host: "127.0.0.1",
            ports: &[],
        }
    }

    fn deep_link_allowed(&self) -> bool {
        false
    }

    async fn check(&self) -> Result<Checked, Failure> {
        let service = self.service()?;
        let registered = self
            .oidc()
            .register_client()
            .client_name("Kiro Sign-In")
            .client_type("public")
            .set_scopes(Some(self.scopes.clone()))
            .send()
            .await
            .map_err(|error| self.failure(&error))?;
        // Only this call tells a wrong start URL or region from a right one.
        self.oidc()
            .start_device_authorization()
            .set_client_id(registered.client_id)
            .set_client_secret(registered.client_secret)
            .start_url(&self.start_url)
            .send()
            .await
            .map_err(|error| {
                let failure = self.failure(&error);
                if failure.detail.error.as_deref() == Some("invalid_request") {
                    self.wrong_region(failure)
                } else {
                    failure
                }
            })?;
        Ok(Checked {
            host: kiro_relying_party::display_host(&service),
            issuer: self.start_url.clone(),
            pkce: Some(true),
            device_flow: true,
            clock_skew_seconds: None,
        })
    }

    async fn authorization_url(&self, asked: Authorization<'_>) -> Result<(Url, String), Failure> {
        let registration = self.registration(asked.profile).await?;
        let mut url = self.service()?;
        url.set_path(&format!("{}/authorize", url.path().trim_end_matches('/')));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &registration.client_id)
            .append_pair("redirect_uri", asked.redirect_uri)
            .append_pair("state", asked.state.secret())
            .append_pair("code_challenge", &asked.verifier.challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("scopes", &self.scopes.join(" ")); // plural, unlike RFC 6749: AWS's own name
        Ok((url, registration.client_id))
    }

    async fn callback_issuer(&self) -> Result<Option<(String, bool)>, Failure> {
        Ok(None)
    }

    async fn redeem(
        &self,
        code: AuthorizationCode,
        verifier: CodeVerifier,
        redirect_uri: &str,
        _nonce: &Nonce,
        client_id: &str,
        _profile: &ProfileName,
    ) -> Result<Grant, Failure> {
        let secret = self.secret_of(client_id).await?;
        let answer = self
            .oidc()
            .create_token()
            .client_id(client_id)
            .client_secret(secret.expose_secret())
            .grant_type(CODE_GRANT)
            .code(code.secret())
            .code_verifier(verifier.secret())
            .redirect_uri(redirect_uri)
            .send()
            .await;
        match answer {
            Ok(answer) => self.grant(answer, client_id),
            Err(error) => Err(self
                .forget_if_unknown(self.failure(&error), client_id)
                .await),
        }
    }

    async fn begin_device(&self, profile: &ProfileName) -> Result<Device, Failure> {
        let registration = self.registration(profile).await?;
        let answer = self
            .oidc()
            .start_device_authorization()
            .client_id(&registration.client_id)
            .client_secret(registration.client_secret.expose_secret())
            .start_url(&self.start_url)
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let failure = self
                    .forget_if_unknown(self.failure(&error), &registration.client_id)
                    .await;
                let wrong = failure.detail.error.as_deref() == Some("invalid_request");
                return Err(if wrong {
                    self.wrong_region(failure)
                } else {
                    failure
                });
            }
        };
        let address =
            |text: Option<String>| text.and_then(|text| kiro_relying_party::secure_url(&text).ok());
        let (Some(code), Some(user_code), Some(uri)) = (
            answer.device_code,
            answer.user_code,
            address(answer.verification_uri),
        ) else {
            return Err(self.context.failure(Code::MalformedAnswer));
        };
        Ok(Device {
            user_code,
            verification_uri: uri,
            verification_uri_complete: address(answer.verification_uri_complete),
            expires_in: lifetime(answer.expires_in).unwrap_or(Duration::from_secs(600)),
            interval: lifetime(answer.interval).unwrap_or(Duration::from_secs(5)),
            secret: DeviceSecret::IdentityCenter {
                client_id: registration.client_id,
                device_code: SecretString::from(code),
            },
        })
    }

    async fn poll_device(
        &self,
        device: &Device,
        _profile: &ProfileName,
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
        let answer = self
            .oidc()
            .create_token()
            .client_id(client_id)
            .client_secret(secret.expose_secret())
            .grant_type(DEVICE_GRANT)
            .device_code(device_code.expose_secret())
            .send()
            .await;
        match answer {
            Ok(answer) => {
                granted();
                Ok(Poll::Granted(Box::new(self.grant(answer, client_id)?)))
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

    async fn renew(&self, session: &Session) -> Result<Renewal, Refusal> {
        let over = |error: &str| {
            refusal(
                RefusalKind::Ended,
                &self.context.failure(Code::SessionEnded).error(error),
            )
        };
        let token = session
            .tokens
            .refresh
            .as_ref()
            .ok_or_else(|| over("no_refresh_token"))?;
        let known = self
            .registration_of(&session.public.client_id)
            .await
            .map_err(|failure| refusal(RefusalKind::Temporary, &failure))?;
        let registration = known.ok_or_else(|| over("registration_lost"))?;
        let answer = self
            .oidc()
            .create_token()
            .client_id(&registration.client_id)
            .client_secret(registration.client_secret.expose_secret())
            .grant_type(REFRESH_GRANT)
            .refresh_token(token.expose_secret())
            .send()
            .await
            .map_err(|error| {
                let failure = self.failure(&error);
                let kind = match failure.detail.error.as_deref() {
                    Some("invalid_grant" | "invalid_client" | "expired_token") => {
                        RefusalKind::Ended
                    }
                    Some(_) if failure.code != Code::ServerError => RefusalKind::Other,
                    Some(_) | None => RefusalKind::Temporary,
                };
                refusal(kind, &failure)
            })?;
        let access = answer.access_token.ok_or_else(|| {
            refusal(
                RefusalKind::Temporary,
                &self.context.failure(Code::MalformedAnswer),
            )
        })?;
        Ok(Renewal {
            access: SecretString::from(access),
            refresh: answer.refresh_token.map(SecretString::from),
            id: None,
            expires_at: expiry(self.context.now(), lifetime(answer.expires_in)),
            session_expires_at: None,
            scopes: None,
        })
    }

    async fn revoke(&self, tokens: &Tokens, _client_id: &str) -> Revoked {
        match self
            .portal()
            .logout()
            .access_token(tokens.access.expose_secret())
            .send()
            .await
        {
            Ok(_) => Revoked::Yes,
            Err(error) if transport::http_error(&error).is_some() => Revoked::Offline,
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|response| response.status().as_u16() == 401) =>
            {
                Revoked::Yes
            } // it was over already
            Err(_) => Revoked::Failed,
        }
    }

    async fn end_session_url(&self, _session: &Session) -> Option<Url> {
        None
    }

    fn explain(&self, error: &str, description: Option<&str>, _codes: &[u32]) -> Failure {
        let code = exception::code(error);
        let mut failure = self.context.failure(code).error(error);
        failure.detail.description = description
            .filter(|words| !words.is_empty())
            .map(str::to_owned);
        failure
    }
}

impl IdentityCenter {
    fn wrong_region(&self, mut failure: Failure) -> Failure {
        failure.code = Code::WrongRegion;
        failure.about(format!("{} ({})", self.start_url, self.region))
    }
}
