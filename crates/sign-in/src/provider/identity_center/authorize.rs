//! The address that the browser opens, the code for another device, and the client registered for either.

use std::time::Duration;

use kiro_credentials::ProfileName;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::registration::{self, Registration};
use super::{IdentityCenter, lifetime, token};
use crate::device::{Device, DeviceSecret};
use crate::flow::AccountChoice;
use crate::provider::Authorization;
use crate::{Code, Failure};

impl IdentityCenter {
    /// The address for the browser, and the client that was registered for this profile.
    pub(super) async fn authorize(
        &self,
        asked: Authorization<'_>,
    ) -> Result<(Url, String), Failure> {
        self.on_time().await?;
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
        if *asked.account == AccountChoice::Select {
            // Of OpenID Connect. Ours knows it; a server that does not passes it over (RFC 6749 §3.1).
            url.query_pairs_mut()
                .append_pair("prompt", "select_account");
        }
        Ok((url, registration.client_id))
    }

    /// Begins a device authorization.
    pub(super) async fn authorize_device(&self, profile: &ProfileName) -> Result<Device, Failure> {
        self.on_time().await?;
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

    /// A valid registration of this profile; registers when there is none.
    async fn registration(&self, profile: &ProfileName) -> Result<Registration, Failure> {
        if let Some(known) = registration::find(&self.context, |known| {
            known.serves(
                &self.start_url,
                &self.region,
                self.endpoint.as_ref(),
                Some(profile),
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
            .grant_types(token::CODE_GRANT)
            .grant_types(token::REFRESH_GRANT)
            .grant_types(token::DEVICE_GRANT)
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

    /// A valid registration of some profile.
    pub(super) async fn any_registration(&self) -> Result<Option<Registration>, Failure> {
        let (endpoint, now) = (self.endpoint.as_ref(), self.context.now());
        registration::find(&self.context, |known| {
            known.serves(&self.start_url, &self.region, endpoint, None, now)
        })
        .await
    }

    /// The registration a session was made with.
    pub(super) async fn registration_of(
        &self,
        client_id: &str,
    ) -> Result<Option<Registration>, Failure> {
        registration::of(&self.context, client_id).await
    }
}
