//! The device authorization grant (RFC 8628): a code to type on another device.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kiro_credentials::ProfileName;
use kiro_relying_party::DeviceAuthorization;
use secrecy::SecretString;
use tokio::sync::watch;
use url::Url;

use crate::account::SignedIn;
use crate::flow::{Request, expiry, prepare_store, save};
use crate::organizations::{Organization, Organizations};
use crate::pending::Step;
use crate::provider::{self, IdentityProvider, Poll};
use crate::{Code, Context, Failure};

/// RFC 8628 §3.5: `slow_down` adds five seconds to the interval.
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// RFC 8628 §3.5 asks for a back-off after time-outs; a person who enters the code waits no longer than this.
const SLOWEST: Duration = Duration::from_secs(30);
/// How long a poll that is on its way when the sign-in is cancelled may still bring tokens, to be saved rather than lost.
const GRACE: Duration = Duration::from_secs(1);

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
    shared: Arc<Shared>,
}

struct Shared {
    cancelled: watch::Sender<bool>,
    step: watch::Sender<Step>,
}

/// A handle on a device sign-in that waits. Cheap to clone.
#[derive(Clone)]
pub struct DeviceHandle(Arc<Shared>);

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
        shared: Arc::new(Shared {
            cancelled: watch::Sender::new(false),
            step: watch::Sender::new(Step::Waiting),
        }),
    })
}

impl DeviceHandle {
    /// Gives the sign-in up: at once between two polls, within a second of a poll; once tokens are here they are saved.
    pub fn cancel(&self) {
        self.0.cancelled.send_replace(true);
    }

    /// How far it is, and a way to hear of changes.
    pub fn step(&self) -> watch::Receiver<Step> {
        self.0.step.subscribe()
    }
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

    /// A handle that outlives a borrow of the attempt.
    pub fn handle(&self) -> DeviceHandle {
        DeviceHandle(Arc::clone(&self.shared))
    }

    /// Polls until the person has entered the code, refused, or let it expire.
    ///
    /// # Errors
    /// `cancelled`, `device_code_expired`, and everything finishing can meet. A lost connection only delays.
    pub async fn wait(self, context: &Context) -> Result<SignedIn, Failure> {
        let finished = self.poll(context).await;
        self.shared.step.send_replace(Step::Done);
        finished.map_err(|failure| failure.of(&self.organization))
    }

    async fn poll(&self, context: &Context) -> Result<SignedIn, Failure> {
        let idp = provider::of(context, &self.organization);
        let mut interval = self.device.interval;
        loop {
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = self.shared.cancelled() => return Err(context.failure(Code::Cancelled)),
            }
            if context.now() >= self.expires_at {
                return Err(context.failure(Code::DeviceCodeExpired));
            }
            let polled = tokio::select! {
                polled = self.poll_once(idp.as_ref()) => polled,
                () = self.shared.given_up() => return Err(context.failure(Code::Cancelled)),
            };
            match polled {
                Ok(Poll::Granted(grant)) => {
                    let profile = self.profile.clone();
                    return save(context, idp.as_ref(), &self.organization, profile, *grant).await;
                }
                Ok(Poll::Pending) => {}
                Ok(Poll::SlowDown) => interval += SLOW_DOWN,
                Err(failure) if matches!(failure.code, Code::Unreachable | Code::ServerError) => {
                    let asked = failure.facts.retry_after.unwrap_or_default();
                    let left = self.expires_at.duration_since(context.now());
                    let left = Duration::try_from(left).unwrap_or_default();
                    interval = (interval * 2)
                        .min(SLOWEST.max(interval))
                        .max(Duration::from_secs(asked.into()).min(left));
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn poll_once(&self, idp: &dyn IdentityProvider) -> Result<Poll, Failure> {
        let granted = || {
            self.shared.step.send_replace(Step::Finishing);
        };
        idp.poll_device(&self.device, &self.profile, &granted).await
    }
}

impl Shared {
    /// Comes back when the sign-in was cancelled.
    async fn cancelled(&self) {
        let mut cancelled = self.cancelled.subscribe();
        // The sender lives in `self`: no error.
        let _ = cancelled.wait_for(|cancelled| *cancelled).await;
    }

    /// Comes back when it was cancelled and a poll has had its time; never once tokens are here.
    async fn given_up(&self) {
        self.cancelled().await;
        tokio::time::sleep(GRACE).await;
        if *self.step.borrow() == Step::Finishing {
            std::future::pending::<()>().await;
        }
    }
}
