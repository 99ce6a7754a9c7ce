//! The demonstration: an organisation with three people, one of whom looks after it, two applications and two accounts, for
//! `serve --demo`, and as many identity providers as it is given. Its passwords are known to everybody, so it is for one's own computer
//! only.

mod administration;
mod provisioning;
mod upstreams;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::account::{Account, Assignment, PermissionSet, Principal};
use crate::center::Center;
use crate::client::{Client, Details, Grant, Wire};
use crate::directory::{DirectoryRefusal, Organization, Profile, User};
use crate::federation::ConnectError;
use crate::id::{GroupId, UserId};
use crate::provisioning::ProvisioningRefusal;
use crate::secret::issue;
use crate::store::secrets::purpose;
use crate::store::{SecondFactor, StoreError};
use crate::{password, start_url, totp};

pub use upstreams::VARIABLE;

const ORGANIZATION: &str = "acme";
/// Of everybody.
const PASSWORD: &str = "kiro-demonstration";
/// Aiko has a second factor; the others are asked to set one up.
const PEOPLE: [(&str, &str, &str, bool); 3] = [
    ("aiko", "Aiko", "Tanaka", true),
    ("maya", "Maya", "Fischer", false),
    (OWNER, "Noa", "Levi", false),
];
/// She looks after the organisation, and uses nothing in AWS.
const OWNER: &str = "noa";
/// Accounts and what the engineers may be there.
const ACCOUNTS: [(&str, &str, &[&str]); 2] = [
    ("111122223333", "Development", &["Developer", "ReadOnly"]),
    ("444455556666", "Production", &["ReadOnly"]),
];
/// At `localhost` each port by itself: those that our programs take.
const DESKTOP: [&str; 12] = [
    "kiro://kiro.oauth/callback",
    "http://127.0.0.1/cb",
    "http://localhost:3128/oauth/callback",
    "http://localhost:4649/oauth/callback",
    "http://localhost:6588/oauth/callback",
    "http://localhost:8008/oauth/callback",
    "http://localhost:9091/oauth/callback",
    "http://localhost:49153/oauth/callback",
    "http://localhost:50153/oauth/callback",
    "http://localhost:51153/oauth/callback",
    "http://localhost:52153/oauth/callback",
    "http://localhost:53153/oauth/callback",
];
const WEB: [&str; 1] = ["http://127.0.0.1/cb"];

/// Why there is no demonstration.
#[derive(Debug, thiserror::Error)]
pub enum DemonstrationError {
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
    /// See [`DirectoryRefusal`].
    #[error("the demonstration in this folder is incomplete ({0})")]
    Directory(#[from] DirectoryRefusal),
    /// See [`VARIABLE`].
    #[error("{VARIABLE} cannot be read: {0}")]
    Upstreams(serde_json::Error),
    /// See [`ConnectError`].
    #[error("an identity provider of the demonstration cannot be connected: {0}")]
    Connect(#[from] ConnectError),
    /// See [`ProvisioningRefusal`].
    #[error("the demonstration's provisioning: {0}")]
    Provisioning(#[from] ProvisioningRefusal),
    /// It has a second factor that this master key does not open.
    #[error("the second factor of {0} cannot be read")]
    Sealed(String),
}

/// Makes the demonstration where it is not there, and returns what a person or a test must know to use it: members of the line that
/// `serve` prints. The confidential application has a new secret each time. `upstreams` is the value of [`VARIABLE`].
///
/// # Errors
/// See [`DemonstrationError`].
pub async fn furnish(
    center: &Center,
    upstreams: Option<&str>,
) -> Result<Value, DemonstrationError> {
    let (store, now) = (&center.store, center.now());
    if store.organization(ORGANIZATION).await?.is_none() {
        directory(center, now).await?;
    }
    let mut users = Vec::new();
    for (user_name, ..) in PEOPLE {
        let found = store.user_by_name(Some(ORGANIZATION), user_name).await?;
        let user = found.ok_or(DirectoryRefusal::NoUser)?;
        let secret = seed(center, &user).await?;
        users.push(json!({
            "user_name": user_name,
            "password": PASSWORD,
            "totp_secret": secret.as_ref().map(|secret| secret.expose_secret()),
        }));
    }
    let (secret, digest) = issue();
    let applications = [
        application("desktop", "Kiro", None, &DESKTOP, now),
        application("web", "Demonstration site", Some(digest), &WEB, now),
    ];
    for application in applications {
        store.put_client(application, now).await?;
    }
    let accounts: Vec<Value> = ACCOUNTS
        .iter()
        .map(|(id, _, roles)| json!({ "account_id": id, "roles": roles }))
        .collect();
    let mut said = json!({
        "start_url": start_url::of(&center.settings, ORGANIZATION),
        "users": users,
        "accounts": accounts,
        "upstreams": upstreams::connected(center, upstreams).await?,
        "oidc_clients": [
            { "client_id": "desktop", "client_secret": null, "redirect_uris": DESKTOP },
            { "client_id": "web", "client_secret": secret.expose_secret(), "redirect_uris": WEB },
        ],
    });
    let owner = store.user_by_name(Some(ORGANIZATION), OWNER).await?;
    let owner = owner.ok_or(DirectoryRefusal::NoUser)?;
    let opened = [
        administration::open(center, &owner, now).await?,
        provisioning::open(center, now).await?,
    ];
    for opened in opened {
        if let (Value::Object(said), Value::Object(opened)) = (&mut said, opened) {
            said.extend(opened);
        }
    }
    Ok(said)
}

async fn directory(center: &Center, now: Timestamp) -> Result<(), DemonstrationError> {
    let store = &center.store;
    let organization = Organization {
        name: ORGANIZATION.to_owned(),
        title: "Acme".to_owned(),
        contact: "it@acme.example".to_owned(),
        second_factor: true,
    };
    store.create_organization(organization, now).await??;
    let group = store.create_group(ORGANIZATION, "Engineers", None, now);
    let group = group.await??.id;
    let hash = password::hash(&SecretString::from(PASSWORD));
    for (user_name, given_name, family_name, second_factor) in PEOPLE {
        let profile = Profile {
            user_name: user_name.to_owned(),
            display_name: format!("{given_name} {family_name}"),
            given_name: Some(given_name.to_owned()),
            family_name: Some(family_name.to_owned()),
            email: Some(format!("{user_name}@acme.example")),
            ..Profile::default()
        };
        let user = store.create_user(ORGANIZATION, profile, now).await??.id;
        store.set_password(user, hash.clone(), now).await?;
        if second_factor {
            let sealed = center.master.seal(&sealed_for(user), &*totp::seed());
            let factor = SecondFactor {
                sealed,
                last_step: 0,
            };
            store.enrol(user, factor, Vec::new(), now).await?;
        }
        if user_name != OWNER {
            store.add_member(group, user, now).await??;
        }
    }
    accounts(center, group, now).await
}

async fn accounts(
    center: &Center,
    group: GroupId,
    now: Timestamp,
) -> Result<(), DemonstrationError> {
    let store = &center.store;
    for (id, name, roles) in ACCOUNTS {
        let account = Account {
            id: id.to_owned(),
            name: name.to_owned(),
            email: format!("aws+{}@acme.example", name.to_lowercase()),
        };
        store.put_account(ORGANIZATION, account, now).await?;
        for role in roles {
            let set = PermissionSet {
                name: (*role).to_owned(),
                description: String::new(),
                session: SignedDuration::from_hours(1),
            };
            store.put_permission_set(ORGANIZATION, set, now).await?;
            let assignment = Assignment {
                account: id.to_owned(),
                role: (*role).to_owned(),
                principal: Principal::Group(group),
            };
            store.assign(ORGANIZATION, assignment, now).await?;
        }
    }
    Ok(())
}

/// What the person's second factor is made of, as an authenticator takes it.
async fn seed(center: &Center, user: &User) -> Result<Option<SecretString>, DemonstrationError> {
    let Some(factor) = center.store.factors(Some(user)).await?.second else {
        return Ok(None);
    };
    let opened = center.master.open(&sealed_for(user.id), &factor.sealed);
    let seed = opened.ok_or_else(|| DemonstrationError::Sealed(user.profile.user_name.clone()))?;
    Ok(Some(SecretString::from(totp::base32(&seed))))
}

fn sealed_for(user: UserId) -> String {
    purpose("totp", &user.into())
}

fn application(
    id: &str,
    name: &str,
    secret: Option<crate::secret::Digest>,
    redirect_uris: &[&str],
    now: Timestamp,
) -> Client {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Client {
        id: id.to_owned(),
        organization: Some(ORGANIZATION.to_owned()),
        wire: Wire::Oidc,
        secret,
        name: name.to_owned(),
        details: Details {
            redirect_uris: owned(redirect_uris),
            grants: vec![
                Grant::AuthorizationCode,
                Grant::RefreshToken,
                Grant::DeviceCode,
            ],
            scopes: owned(&["openid", "profile", "email", "offline_access"]),
            ..Details::default()
        },
        issued_at: now,
        expires_at: None,
    }
}
