//! Whether an organisation's settings work, asked of the live service.

use kiro_relying_party::Secured;

use crate::organizations::{Organization, bound, file};
use crate::{Code, Context, Failure, provider};

/// What the live service says about an organisation's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The host that the browser will open.
    pub host: String,
    /// The issuer, as the discovery document has it.
    pub issuer: String,
    /// Whether PKCE with S256 is announced; `None` if nothing is said.
    pub pkce: Option<bool>,
    /// Whether the device flow is offered.
    pub device_flow: bool,
    /// Whether tokens can be revoked.
    pub revocation: bool,
    /// How the connection is kept safe; `None` without TLS.
    pub secured: Option<Secured>,
    /// This computer's clock minus the server's, in seconds.
    pub clock_skew_seconds: Option<i64>,
}

/// Checks the settings against the live discovery document (Identity Center: by registering a client).
///
/// # Errors
/// `unreachable`, `wrong_issuer`, `not_an_identity_provider`, `wrong_region`, `insecure_url`, `outside_residency`, `clock`.
/// Nothing is saved.
pub async fn check(context: &Context, organization: &Organization) -> Result<Checked, Failure> {
    file::check_settings(&organization.settings).map_err(|why| {
        let insecure = why.contains("must be https");
        let code = if insecure {
            Code::InsecureUrl
        } else {
            Code::OrganizationsInvalid
        };
        context.failure(code).of(organization).because(why)
    })?;
    provider::of(context, &bound::bound(context, organization)?)
        .check()
        .await
        .map_err(|failure| failure.of(organization))
}

/// What can be told of the service without leaving anything there: for who looks often.
pub(crate) async fn look(
    context: &Context,
    organization: &Organization,
) -> Result<Checked, Failure> {
    provider::of(context, organization)
        .look()
        .await
        .map_err(|failure| failure.of(organization))
}
