//! IAM Identity Center: JSON token calls and a registered client per profile, through AWS's own SDK.
//!
//! AWS gives no ID token, so nobody's name is known there. What another service than AWS's adds is optional ([`extension`]).

mod authorize;
mod exception;
mod extension;
mod portal;
mod registration;
mod token;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ssooidc::error::{ProvideErrorMetadata, SdkError};
use aws_types::SdkConfig;
use kiro_credentials::{ProfileName, Renewal, Session, Tokens};
use kiro_models::Residency;
use kiro_relying_party::{Code as AuthorizationCode, CodeVerifier, HttpError, Nonce};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Authorization, Grant, IdentityProvider, NotRenewed, Poll};
use crate::aws::{self, transport};
use crate::device::Device;
use crate::loopback::Loopback;
use crate::network::Seen;
use crate::organizations::Checked;
use crate::session::Revoked;
use crate::{Code, Context, Failure};

/// One Identity Center: AWS's, or a service at another endpoint.
pub(crate) struct IdentityCenter {
    context: Context,
    /// Without fragment and trailing slash: people paste both.
    start_url: String,
    region: String,
    endpoint: Option<Url>,
    scopes: Vec<String>,
    /// Where its calls have to stay. An endpoint of the organisation's own is where the organisation says it is, unless its
    /// name says otherwise.
    residency: Option<Residency>,
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
            residency: None,
        }
    }

    /// The same, of an organisation whose data has to stay there.
    pub(super) fn within(self, residency: Option<Residency>) -> IdentityCenter {
        let host = self.endpoint.as_ref().and_then(Url::host_str);
        let believed = |residency: &Residency| host.is_some_and(|it| residency.admits_own_host(it));
        IdentityCenter {
            residency: residency.filter(|residency| !believed(residency)),
            ..self
        }
    }

    fn oidc_endpoint(&self) -> Option<&Url> {
        self.endpoint.as_ref().or(self.context.aws.oidc.as_ref())
    }

    fn oidc(&self) -> aws_sdk_ssooidc::Client {
        aws_sdk_ssooidc::Client::new(&self.sdk(self.oidc_endpoint()))
    }

    /// What both of AWS's clients are made with: our network and nobody's retries.
    fn sdk(&self, endpoint: Option<&Url>) -> SdkConfig {
        aws::sdk(&self.context, &self.region, endpoint, self.residency).build()
    }

    /// The address of the service, for the browser.
    fn service(&self) -> Result<Url, Failure> {
        let service = self.address()?;
        let host = service.host_str().unwrap_or_default();
        match self.residency {
            Some(residency) if !residency.admits_host(host) => {
                Err(self.context.outside_residency(host))
            }
            Some(_) | None => Ok(service),
        }
    }

    fn address(&self) -> Result<Url, Failure> {
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

    /// An SDK error in our words.
    fn failure<E: ProvideErrorMetadata>(&self, error: &SdkError<E>) -> Failure {
        if let Some(http) = transport::http_error(error) {
            return self.context.network_failure(http);
        }
        if let Some(outside) = transport::outside(error) {
            return self.context.outside_residency(&outside.host);
        }
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        let service = error.as_service_error();
        let word = service.and_then(ProvideErrorMetadata::code);
        let word = word.map(exception::oauth_error);
        if let Some(status) = status.filter(|status| *status >= 500 || *status == 429) {
            let word = word.map_or_else(|| format!("http_{status}"), str::to_owned);
            let mut failure = self.context.failure(Code::ServerError).error(word);
            failure.facts.retry_after = error.raw_response().and_then(transport::retry_after);
            return failure;
        }
        let failure = match word {
            Some(word) => self.explain(word, service.and_then(ProvideErrorMetadata::message), &[]),
            None => self
                .context
                .failure(Code::MalformedAnswer)
                .because(status.map_or_else(String::new, |status| format!("HTTP status {status}"))),
        };
        failure.at(self
            .service()
            .map(|url| kiro_relying_party::display_host(&url))
            .unwrap_or_default())
    }

    /// Looks at the service, which tells its certificate and its clock whatever it answers.
    async fn reached(&self, service: &Url) -> Result<Option<Seen>, Failure> {
        let seen = match self.context.look(service).await {
            Ok(seen) => seen,
            // It is there, and answers such a question in its own way.
            Err(
                HttpError::Redirected { .. }
                | HttpError::TooLarge { .. }
                | HttpError::Compressed { .. },
            ) => return Ok(None),
            Err(error) => return Err(self.context.network_failure(&error)),
        };
        let host = || kiro_relying_party::display_host(service);
        self.context
            .on_time(seen.skew)
            .map_err(|failure| failure.at(host()))?;
        let now = self.context.now();
        self.context.discovered.is_on_time(service, now);
        Ok(Some(seen))
    }

    /// Makes sure that the clock is right before anything is asked for that a wrong one would spoil: AWS has no discovery
    /// document whose answer would tell.
    async fn on_time(&self) -> Result<(), Failure> {
        let service = self.service()?;
        let now = self.context.now();
        if self.context.discovered.was_on_time(&service, now) {
            return Ok(());
        }
        self.reached(&service).await.map(drop)
    }

    /// Whether the start URL belongs to this region: only this call tells.
    async fn knows_start_url(&self, id: &str, secret: &SecretString) -> Result<(), Failure> {
        let asked = self
            .oidc()
            .start_device_authorization()
            .client_id(id)
            .client_secret(secret.expose_secret())
            .start_url(&self.start_url);
        asked.send().await.map(drop).map_err(|error| {
            let failure = self.failure(&error);
            if failure.detail.error.as_deref() == Some("invalid_request") {
                self.wrong_region(failure)
            } else {
                failure
            }
        })
    }

    fn checked(&self, service: &Url, seen: Option<Seen>) -> Checked {
        let skew = seen.as_ref().and_then(|seen| seen.skew);
        Checked {
            host: kiro_relying_party::display_host(service),
            issuer: self.start_url.clone(),
            pkce: Some(true),
            device_flow: true,
            revocation: true,
            secured: seen.and_then(|seen| seen.secured),
            clock_skew_seconds: skew.map(|skew| -skew.as_secs()),
        }
    }

    fn wrong_region(&self, mut failure: Failure) -> Failure {
        failure.code = Code::WrongRegion;
        failure.about(format!("{} ({})", self.start_url, self.region))
    }
}

fn lifetime(seconds: i32) -> Option<Duration> {
    u64::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
}

/// Removes every client registration: part of signing everybody out.
pub(crate) fn forget_registrations(context: &Context) {
    registration::forget(context);
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
        let seen = self.reached(&service).await?;
        let registered = self
            .oidc()
            .register_client()
            .client_name("Kiro Sign-In")
            .client_type("public")
            .set_scopes(Some(self.scopes.clone()))
            .send()
            .await
            .map_err(|error| self.failure(&error))?;
        let id = registered.client_id.unwrap_or_default();
        let secret = SecretString::from(registered.client_secret.unwrap_or_default());
        self.knows_start_url(&id, &secret).await?;
        Ok(self.checked(&service, seen))
    }

    async fn look(&self) -> Result<Checked, Failure> {
        let service = self.service()?;
        let seen = self.reached(&service).await?;
        // A client of an earlier sign-in asks once more; for nobody else is one registered.
        if let Ok(Some(client)) = self.any_registration().await {
            match self
                .knows_start_url(&client.client_id, &client.client_secret)
                .await
            {
                Err(failure) if failure.detail.error.as_deref() == Some("invalid_client") => {}
                told => told?,
            }
        }
        Ok(self.checked(&service, seen))
    }

    async fn authorization_url(&self, asked: Authorization<'_>) -> Result<(Url, String), Failure> {
        self.authorize(asked).await
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
        self.exchange(code, verifier, redirect_uri, client_id).await
    }

    async fn begin_device(&self, profile: &ProfileName) -> Result<Device, Failure> {
        self.authorize_device(profile).await
    }

    async fn poll_device(
        &self,
        device: &Device,
        _profile: &ProfileName,
        granted: &(dyn Fn() + Send + Sync),
    ) -> Result<Poll, Failure> {
        self.poll(device, granted).await
    }

    async fn renew(&self, session: &Session) -> Result<Renewal, NotRenewed> {
        self.refresh(session).await
    }

    async fn honours(&self, session: &Session) -> Result<Option<bool>, Failure> {
        self.knows(session).await
    }

    async fn revoke(&self, tokens: &Tokens, _client_id: &str) -> Revoked {
        self.end(tokens).await
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
