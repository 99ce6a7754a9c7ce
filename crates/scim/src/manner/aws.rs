//! AWS IAM Identity Center's limits, as its "SCIM Implementation Developer Guide" documents them: CreateUser, PutUser, PatchUser,
//! PatchGroup, ListUsers, ListGroups, "Limitations from SCIM specification". What happens outside of them is not documented; here it is
//! refused with 400, which AWS calls a `ValidationException`.

use serde_json::Value;

use crate::error::Refusal;
use crate::filter::Bound;
use crate::resource::Resource;
use crate::schema::{Attribute, GROUP, Place, USER};

/// PatchGroup, CreateGroup: changes of members in one request.
pub(crate) const MEMBER_CHANGES: usize = 100;
/// ListUsers, ListGroups: resources of a page.
pub(crate) const PAGE: usize = 100;

/// Whether the attribute may be said at all.
pub(crate) fn supports(place: Place) -> Result<(), Refusal> {
    match place.attribute.name {
        "ims" => Err(Refusal::Unsupported("`ims`")),
        "photos" => Err(Refusal::Unsupported("`photos`")),
        "entitlements" => Err(Refusal::Unsupported("`entitlements`")),
        "x509Certificates" => Err(Refusal::Unsupported("`x509Certificates`")),
        "password" => Err(Refusal::Unsupported("`password`")),
        "groups" => Err(Refusal::Unsupported("`groups` of a user")),
        _ => Ok(()),
    }
}

/// The same of an attribute of a resource as a whole.
pub(crate) fn takes(attribute: &'static Attribute) -> bool {
    let place = Place {
        extension: None,
        attribute,
        sub: None,
    };
    supports(place).is_ok()
}

/// Whether AWS would keep such a resource.
pub(crate) fn allows(resource: &Resource) -> Result<(), Refusal> {
    if *resource.kind() != USER {
        return Ok(());
    }
    let attributes = resource.attributes();
    let name = attributes.get("name");
    for part in ["givenName", "familyName"] {
        if name.and_then(|name| name.get(part)).is_none() {
            return Err(Refusal::Missing(format!("name.{part}")));
        }
    }
    if !attributes.contains_key("displayName") {
        return Err(Refusal::Missing("displayName".into()));
    }
    for (name, value) in attributes {
        let Value::Array(values) = value else {
            continue;
        };
        if values.len() > 1 {
            return Err(Refusal::TooManyValues {
                attribute: name.clone(),
                limit: 1,
            });
        }
        if values.iter().any(|value| value.get("display").is_some()) {
            return Err(Refusal::Unsupported("`display` of a list's value"));
        }
    }
    let emails = attributes.get("emails").and_then(Value::as_array);
    let secondary = |email: &&Value| !crate::resource::normal::is_primary(email);
    if emails.into_iter().flatten().any(|email| secondary(&email)) {
        return Err(Refusal::value("emails.primary", "true"));
    }
    Ok(())
}

/// Whether AWS answers such a filter: `eq` alone, joined by `and`, over these attributes.
pub(crate) fn answers(filter: &Bound) -> Result<(), Refusal> {
    const USERS: [&[&str]; 5] = [
        &["id"],
        &["userName"],
        &["externalId"],
        &["groups.value"],
        &[
            "id",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        ],
    ];
    const GROUPS: [&[&str]; 4] = [
        &["id"],
        &["displayName"],
        &["externalId"],
        &["id", "members.value"],
    ];
    let Some(mut named) = filter.equalities() else {
        return Err(Refusal::FilterUnsupported("only `eq`, joined by `and`"));
    };
    named.sort_unstable();
    let (known, said): (&[&[&str]], _) = match *filter.kind == GROUP {
        true => (
            &GROUPS,
            "only displayName, externalId, or id, alone or with members",
        ),
        false => (
            &USERS,
            "only userName, externalId, groups.value, or id, alone or with manager",
        ),
    };
    match known.iter().any(|known| named == *known) {
        true => Ok(()),
        false => Err(Refusal::FilterUnsupported(said)),
    }
}

/// Whether PatchUser and PatchGroup change the attribute.
pub(crate) fn patches(place: Place) -> Result<(), Refusal> {
    match place.attribute.name {
        "roles" => Err(Refusal::Unsupported("PATCH of `roles`")),
        _ => supports(place),
    }
}
