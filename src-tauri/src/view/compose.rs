//! Makes the view from what the files say and what this program knows beyond them. Pure.

use kiro_sign_in::{
    Account, Failure, Grounds, Organization, Organizations, ProfileName, Receipt, Revoked,
    Settings, SignedIn, Step, UnderWay,
};

use super::{
    AccountView, AttemptView, FailureView, LocksView, NoModelsView, OrganizationView, ProfileView,
    ReceiptView, Returning, RevokedView, StepView, ViaView, View, Who, models::models,
};
use crate::language::Language;
use crate::settings::SettingsView;

/// What the files say, and what this program knows beyond them.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) language: Language,
    /// The active profile's account, or why it cannot be told.
    pub(crate) account: Result<Account, Failure>,
    pub(crate) organizations: Result<Organizations, Failure>,
    /// The organisation that a sign-in would be for, if nobody has to choose.
    pub(crate) chosen: Option<String>,
    /// Sign-ins that living processes work on, the newest first.
    pub(crate) under_way: Vec<UnderWay>,
    /// This program's own sign-in.
    pub(crate) attempt: Option<AttemptView>,
    pub(crate) failure: Option<Failure>,
    /// Why the session could not be renewed, where the person can do something about it.
    pub(crate) stuck: Option<Failure>,
    pub(crate) offline: bool,
    /// Failures of sign-ins up to this time have been seen.
    pub(crate) seen: Option<jiff::Timestamp>,
    pub(crate) receipt: Option<Receipt>,
    pub(crate) profiles: Vec<KnownProfile>,
    /// What decisions about models are made from, or why nobody can tell.
    pub(crate) grounds: Result<Grounds, Failure>,
    pub(crate) settings: SettingsView,
}

/// A slot of the credential file.
#[derive(Clone, Debug)]
pub(crate) struct KnownProfile {
    pub(crate) name: ProfileName,
    pub(crate) organization: String,
    pub(crate) person: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) active: bool,
}

/// The view of what is known.
pub(crate) fn compose(known: &Known) -> View {
    let empty = Organizations::default();
    let organizations = known.organizations.as_ref().unwrap_or(&empty);
    let title = |name: &str| {
        let found = organizations
            .list
            .iter()
            .find(|organization| organization.name == name);
        found.map_or_else(
            || name.to_owned(),
            |organization| organization.display_name.clone(),
        )
    };
    let failure = known
        .failure
        .as_ref()
        .or(known.organizations.as_ref().err());
    View {
        language: known.language,
        account: account(known),
        offline: known.offline,
        chosen: known.chosen.clone(),
        locks: LocksView {
            own_organizations: organizations.locks.own_organizations,
            proxy: organizations.locks.proxy,
            ca: organizations.locks.ca,
        },
        attempt: known
            .attempt
            .clone()
            .or_else(|| elsewhere(known, organizations)),
        failure: failure.map(FailureView::from),
        receipt: known.receipt.as_ref().map(receipt),
        settings: known.settings.clone(),
        models: known.grounds.as_ref().ok().map(models),
        no_models: match (&known.account, &known.grounds) {
            (Ok(Account::SignedIn(_)), Err(failure)) => Some(NoModelsView {
                code: failure.code,
                path: failure.facts.path.clone(),
            }),
            (Ok(_) | Err(_), Ok(_) | Err(_)) => None,
        },
        profiles: known
            .profiles
            .iter()
            .map(|profile| ProfileView {
                name: profile.name.to_string(),
                title: match profile.person.as_ref().or(profile.email.as_ref()) {
                    Some(person) => format!("{person} · {}", title(&profile.organization)),
                    None => title(&profile.organization),
                },
                active: profile.active,
            })
            .collect(),
        organizations: organizations
            .list
            .iter()
            .map(|each| organization(each, &known.profiles))
            .collect(),
    }
}

fn account(known: &Known) -> AccountView {
    match (&known.account, &known.stuck) {
        (Ok(Account::SignedIn(who)), Some(stuck)) => AccountView::NeedsAttention {
            reason: stuck.into(),
            who: self::who(who),
        },
        (Ok(Account::SignedIn(who)), None) => AccountView::SignedIn {
            who: self::who(who),
        },
        (Ok(Account::NeedsAttention { reason, who }), _) => AccountView::NeedsAttention {
            reason: reason.into(),
            who: self::who(who),
        },
        (Ok(Account::SigningIn(_)), _) => AccountView::SignedOut { reason: None },
        (Ok(Account::SignedOut { reason }), _) => {
            let unseen =
                |failure: &&Failure| known.seen.is_none_or(|seen| failure.detail.time > seen);
            AccountView::SignedOut {
                reason: reason.as_ref().filter(unseen).map(FailureView::from),
            }
        }
        (Err(failure), _) => AccountView::SignedOut {
            reason: Some(failure.into()),
        },
    }
}

fn who(who: &SignedIn) -> Who {
    Who {
        profile: who.profile.to_string(),
        name: who.name.clone(),
        email: who.email.clone(),
        organization: who.organization.clone(),
        organization_title: who.organization_title.clone(),
        provider: who.provider.into(),
        host: who.host(),
        expires_at: who.expires_at,
        signed_in_at: who.signed_in_at,
        session_expires_at: who.session_expires_at,
        key_source: who.key_source.into(),
    }
}

fn organization(organization: &Organization, profiles: &[KnownProfile]) -> OrganizationView {
    OrganizationView {
        name: organization.name.clone(),
        title: organization.display_name.clone(),
        provider: organization.provider().into(),
        host: organization.sign_in_host(),
        region: match &organization.settings {
            Settings::IdentityCenter { region, .. } => Some(region.clone()),
            Settings::Okta { .. } | Settings::Entra { .. } => None,
        },
        managed: organization.managed,
        redirect_uris: organization.redirect_uris(),
        returning: profiles
            .iter()
            .filter(|profile| profile.organization == organization.name)
            .max_by_key(|profile| profile.active)
            .map(|profile| Returning {
                name: profile.person.clone(),
                email: profile.email.clone(),
            }),
    }
}

/// A sign-in that another process works on: to be seen here, and not to be touched.
fn elsewhere(known: &Known, organizations: &Organizations) -> Option<AttemptView> {
    let other = known.under_way.first()?;
    let organization = organizations
        .list
        .iter()
        .find(|organization| organization.name == other.organization);
    Some(AttemptView {
        id: other.attempt.to_string(),
        organization: other.organization.clone(),
        step: step(other.step),
        via: ViaView::Loopback,
        app_link: false,
        host: organization
            .map(Organization::sign_in_host)
            .unwrap_or_default(),
        expires_at: other.expires_at,
        extensions_left: 0,
        ours: false,
        browser_opened: true,
    })
}

pub(crate) fn step(step: Step) -> StepView {
    match step {
        Step::Waiting => StepView::Waiting,
        Step::Finishing | Step::Done => StepView::Finishing,
    }
}

fn receipt(receipt: &Receipt) -> ReceiptView {
    ReceiptView {
        provider: receipt.provider.into(),
        host: receipt.host.clone(),
        revoked: match receipt.revoked {
            Revoked::Yes => RevokedView::Yes,
            Revoked::NotOffered => RevokedView::NotOffered,
            Revoked::Offline => RevokedView::Offline,
            Revoked::Failed => RevokedView::Failed,
        },
        can_end_session: receipt.end_session.is_some(),
        contact: receipt.contact.clone(),
    }
}

#[cfg(test)]
mod tests;
