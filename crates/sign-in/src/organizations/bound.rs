//! Whom an administrator's decisions bind: everybody who signs in at the same place, whatever name it has in their own file.

use kiro_models::Residency;
use url::Url;

use super::{Inference, Organization, Organizations, Settings, file};
use crate::{Context, Failure};

/// Where what is sent for somebody of this organisation has to stay, whose people sign in at this start URL, and whose
/// Identity Center is in this region. What cannot be read is not taken for "anywhere", and the administrator's word holds
/// though the person's own file is broken.
///
/// An organisation that is gone may have had a residency, and that one alone which its Identity Center is inside of: what is
/// sent to end its sessions, or to renew them, stays there.
///
/// # Errors
/// As [`Organizations::load`], where only a file that cannot be read could tell.
pub(crate) fn residency(
    context: &Context,
    name: &str,
    start_url: &Url,
    region: &str,
) -> Result<Option<Residency>, Failure> {
    let named = |all: &Organizations| {
        let mut list = all.list.iter();
        let found = list.find(|organization| organization.name == name)?;
        Some(found.inference.residency)
    };
    if let Some(managed) = file::managed(context)? {
        let bound = || {
            managed
                .bound(Inference::default(), &place(start_url))
                .residency
        };
        if let Some(decided) = named(&managed).or_else(|| bound().map(Some)) {
            return Ok(decided);
        }
    }
    Ok(named(&Organizations::load(context)?).unwrap_or_else(|| {
        let region = region.parse().ok()?;
        Residency::of(&region)
    }))
}

/// An organisation that stands in no file yet, bound as it will be.
pub(super) fn bound(
    context: &Context,
    organization: &Organization,
) -> Result<Organization, Failure> {
    let mut bound = organization.clone();
    if let Some(managed) = file::managed(context)? {
        bound.inference = managed.bound(bound.inference, &bound.settings.place());
    }
    Ok(bound)
}

impl Organizations {
    /// What somebody has decided about models, bound by what these organisations have decided whose people sign in at the
    /// same place: a second entry for it, by another name, leads nowhere else.
    pub(super) fn bound(&self, own: Inference, place: &str) -> Inference {
        let list = self.list.iter();
        let theirs = list.filter(|organization| organization.settings.place() == place);
        theirs.fold(own, |own, theirs| own.under(&theirs.inference))
    }
}

impl Settings {
    /// Where people sign in. Organisations that share it have the same people, by whatever name they stand in a file.
    pub(super) fn place(&self) -> String {
        match self {
            Settings::Okta { issuer, .. } => kiro_relying_party::display_host(issuer),
            Settings::Entra {
                tenant, authority, ..
            } => {
                let cloud = kiro_relying_party::display_host(authority);
                format!("{cloud}/{tenant}").to_lowercase()
            }
            Settings::IdentityCenter { start_url, .. } => place(start_url),
        }
    }
}

/// The place of a start URL, which people write with and without what follows the path.
fn place(start_url: &Url) -> String {
    let host = kiro_relying_party::display_host(start_url);
    let path = start_url.path().trim_end_matches('/');
    format!("{host}{path}").to_lowercase()
}
