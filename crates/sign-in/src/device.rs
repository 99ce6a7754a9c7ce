//! The device authorization grant (RFC 8628): a code to type on another device.

use std::time::Duration;

use jiff::Timestamp;
use kiro_credentials::ProfileName;
use kiro_relying_party::DeviceAuthorization;
use secrecy::SecretString;
use url::Url;

use crate::account::SignedIn;
use crate::flow::{Request, expiry, prepare_store, save};
use crate::organizations::{Organization, Organizations};
use crate::provider::{self, Poll};
use crate::{Code, Context, Failure};

/// RFC 8628 §3.5: `slow_down` adds five seconds to the interval.
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// What a provider answered to the device authorization request.
pub(crate) struct Device {
    pub(crate) user_code: String,
    pub(crate) verification_uri: Url,
    pub(crate) verification_uri_complete: Option<Url>,
    pub(crate) expires_in: Duration,
    pub(crate) interval: Duration,
    pub(crate) secret: DeviceSecret,
}

/// The device code, in its provider's form.
pub(crate) enum DeviceSecret {
    Oidc(Box<DeviceAuthorization>),
    IdentityCenter {
        client_id: String,
        device_code: SecretString,
    },
}

/// A device authorization that waits for the person.
pub struct DeviceAttempt {
    device: Device,
    organization: Organization,
    profile: ProfileName,
    expires_at: Timestamp,
}

/// Asks for a code to type on another device. The key is probed first, as for every sign-in.
///
/// # Errors
/// `device_flow_not_offered`, `managed_by_organization`, and the failures of the network and the keyring.
pub async fn begin_device(context: &Context, request: Request) -> Result<DeviceAttempt, Failure> {
    let Request {
        organization,
        profile,
        key_source,
        ..
    } = request;
    if Organizations::load(context)?.locks.device_flow {
        return Err(context
            .failure(Code::ManagedByOrganization)
            .of(&organization)
            .about("device_flow"));
    }
    let profile = prepare_store(context, &organization, profile, key_source).await?;
    let device = provider::of(context, &organization)
        .begin_device(&profile)
        .await
        .map_err(|failure| failure.of(&organization))?;
    let expires_at = expiry(context.now(), Some(device.expires_in));
    Ok(DeviceAttempt {
        device,
        organization,
        profile,
        expires_at,
    })
}

impl DeviceAttempt {
    /// What the person types.
    pub fn user_code(&self) -> &str {
        &self.device.user_code
    }

    /// Where the person types it.
    pub fn verification_uri(&self) -> &Url {
        &self.device.verification_uri
    }

    /// The same with the code in it, where the provider has one.
    pub fn verification_uri_complete(&self) -> Option<&Url> {
        self.device.verification_uri_complete.as_ref()
    }

    /// When the code stops working.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Polls until the person has entered the code, refused, or let it expire.
    ///
    /// # Errors
    /// `cancelled`, `device_code_expired`, and everything finishing can meet. A lost connection only delays.
    pub async fn wait(self, context: &Context) -> Result<SignedIn, Failure> {
        let idp = provider::of(context, &self.organization);
        let of = |failure: Failure| failure.of(&self.organization);
        let mut interval = self.device.interval;
        loop {
            tokio::time::sleep(interval).await;
            if context.now() >= self.expires_at {
                return Err(of(context.failure(Code::DeviceCodeExpired)));
            }
            match idp.poll_device(&self.device, &self.profile).await {
                Ok(Poll::Granted(grant)) => {
                    return save(
                        context,
                        idp.as_ref(),
                        &self.organization,
                        self.profile.clone(),
                        *grant,
                    )
                    .await
                    .map_err(of);
                }
                Ok(Poll::Pending) => {}
                Ok(Poll::SlowDown) => interval += SLOW_DOWN,
                // RFC 8628 §3.5: after a time-out, poll less often.
                Err(failure) if matches!(failure.code, Code::Unreachable | Code::ServerError) => {
                    interval = (interval * 2).min(Duration::from_secs(30))
                }
                Err(failure) => return Err(of(failure)),
            }
        }
    }
}
