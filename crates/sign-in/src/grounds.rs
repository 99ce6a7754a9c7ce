//! Which models a session may ask: what `kiro-models` decides by, from files alone. No key, no lock, no network.

use kiro_credentials::{ProfileName, Public};
use kiro_models::{Account, Catalogue, Method, Plan, Policy, Region};

use crate::account::{Account as Who, account};
use crate::organizations::{Organizations, Provider, read_managed};
use crate::{Code, Context, Failure, Preferences, SignedIn};

/// The administrator's catalogue, beside their `organizations.toml`.
const CATALOGUE: &str = "models.toml";

/// What a decision about a session is made from.
#[derive(Clone, Debug)]
pub struct Grounds {
    /// The session's account.
    pub account: Account,
    /// What its organisation has decided.
    pub policy: Policy,
    /// The models there are.
    pub catalogue: Catalogue,
    /// The region to ask in when nobody names one.
    pub region: Option<Region>,
    /// Whom to ask about what the organisation has decided.
    pub contact: Option<String>,
}

/// The grounds of the profile's session, or of the active one's.
///
/// # Errors
/// `not_signed_in`, or why a session needs attention; `unknown_organization` where the session's organisation is not set
/// up any more, since nobody knows then what it has decided; `organizations_invalid`, also for a catalogue that cannot be
/// used; and what reading files can meet.
pub fn grounds(
    context: &Context,
    profile: Option<&ProfileName>,
) -> Result<(SignedIn, Grounds), Failure> {
    let who = match account(context, profile)? {
        Who::SignedIn(who) => who,
        Who::NeedsAttention { reason, .. } => return Err(reason),
        Who::SignedOut { .. } | Who::SigningIn(_) => {
            return Err(context.failure(Code::NotSignedIn));
        }
    };
    let account = of(who.provider, who.region.as_deref(), who.models.as_deref());
    let grounds = by(context, account, &who.organization)?;
    Ok((who, grounds))
}

/// The grounds of a session whose public part is authenticated.
pub(crate) fn grounds_of(context: &Context, public: &Public) -> Result<Grounds, Failure> {
    let provider = Provider::parse(&public.provider)
        .ok_or_else(|| context.failure(Code::FileDamaged).error("edited"))?;
    let account = of(provider, public.region.as_deref(), public.models.as_deref());
    by(context, account, &public.organization)
}

fn of(provider: Provider, region: Option<&str>, models: Option<&[String]>) -> Account {
    Account {
        method: match provider {
            Provider::Okta => Method::Okta,
            Provider::Entra => Method::Entra,
            Provider::IdentityCenter => Method::IdentityCenter,
        },
        region: region.and_then(|region| region.parse().ok()),
        plan: match models {
            Some(models) => Plan::Models(models.iter().cloned().collect()),
            None => Plan::Untold,
        },
    }
}

fn by(context: &Context, account: Account, name: &str) -> Result<Grounds, Failure> {
    let all = Organizations::load(context)?;
    let organization = all.find(name, context)?;
    let inference = organization.inference.clone();
    let catalogue = catalogue(context)?;
    let policy = Policy {
        residency: inference.residency,
        region_fixed: all.locks.region && inference.region.is_some(),
        region: inference.region,
        models: inference.models,
        role: inference.role,
        managed: inference.managed,
    };
    let preferred = Preferences::load(context.home()).models.region;
    Ok(Grounds {
        account,
        region: kiro_models::region(&policy, preferred.as_ref(), &catalogue),
        policy,
        catalogue,
        contact: organization.support_contact.clone(),
    })
}

/// The administrator's catalogue where there is one, else the one that the programs come with. One that cannot be used is
/// not passed over: what it takes away would come back.
fn catalogue(context: &Context) -> Result<Catalogue, Failure> {
    let path = context.managed_organizations.with_file_name(CATALOGUE);
    let read = read_managed(&path).and_then(|text| match text {
        Some(text) => Catalogue::parse(&text).map_err(|error| error.to_string()),
        None => Ok(Catalogue::built_in()),
    });
    read.map_err(|why| {
        let mut failure = context.failure(Code::OrganizationsInvalid).because(why);
        failure.facts.path = Some(path.display().to_string());
        failure
    })
}
