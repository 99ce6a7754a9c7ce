//! Which profile a sign-in fills where the person has named none.

use kiro_credentials::{ProfileName, Snapshot};

/// A profile's name has 64 characters at most: so much of an organisation's leaves room for a number.
const STEM: usize = 56;

/// The profile that holds this organisation's session already, else the active one if that is free, else one of the
/// organisation's own name. Nobody is signed out by signing in elsewhere.
pub fn slot(snapshot: &Snapshot, organization: &str) -> ProfileName {
    let profiles = snapshot.profiles.iter();
    let held = profiles.map(|(name, public)| (name, public.organization.as_str()));
    chosen(&snapshot.active, &held.collect::<Vec<_>>(), organization)
}

fn chosen(active: &ProfileName, held: &[(&ProfileName, &str)], organization: &str) -> ProfileName {
    let taken = |profile: &ProfileName| held.iter().any(|(name, _)| *name == profile);
    let mut own = held.iter().filter(|(_, holder)| *holder == organization);
    if !taken(active) || own.clone().any(|(name, _)| *name == active) {
        return active.clone();
    }
    if let Some((name, _)) = own.next() {
        return (*name).clone();
    }
    let stem: String = organization.chars().take(STEM).collect();
    let numbered = (2_u32..).map(|number| format!("{stem}-{number}"));
    std::iter::once(organization.to_owned())
        .chain(numbered)
        .take(held.len() + 2)
        .filter_map(|name| name.parse().ok())
        .find(|name| !taken(name))
        .unwrap_or_else(|| active.clone()) // an organisation's name makes a profile's: not reached
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn signing_in_elsewhere_signs_nobody_out() {
        let check = |active: &str, held: &[(&str, &str)], organization: &str, expected: &str| {
            let names: Vec<ProfileName> =
                held.iter().map(|(name, _)| name.parse().unwrap()).collect();
            let held: Vec<_> = names
                .iter()
                .zip(held)
                .map(|(name, (_, holder))| (name, *holder))
                .collect();
            let slot = chosen(&active.parse().unwrap(), &held, organization);
            assert_eq!(slot.as_str(), expected, "{active} {held:?}");
        };
        check("default", &[], "acme", "default");
        check("default", &[("default", "acme")], "acme", "default");
        check("default", &[("default", "hinoki")], "acme", "acme");
        let both = [("default", "hinoki"), ("work", "acme")];
        check("default", &both, "acme", "work");
        let both = [("default", "acme"), ("work", "acme")];
        check("work", &both, "acme", "work");
        check("work", &[("default", "acme")], "acme", "work");
        // A profile of the organisation's name that holds another's session is not taken either.
        let other = [("default", "hinoki"), ("acme", "hinoki")];
        check("default", &other, "acme", "acme-2");
        let long = "a".repeat(63);
        let other = [("default", "hinoki"), (&long, "hinoki")];
        check("default", &other, &long, &format!("{}-2", "a".repeat(56)));
    }
}
