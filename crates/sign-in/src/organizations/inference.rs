//! What an organisation has decided about models: where its data stays, where and by which role models are asked.

use std::collections::BTreeSet;

use kiro_models::{Region, Residency, Role};
use serde::{Deserialize, Serialize};
use url::Url;

use super::Settings;

/// What an organisation has decided about models. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inference {
    /// Where everything that is sent has to stay.
    pub residency: Option<Residency>,
    /// The region to ask in when nobody names one.
    pub region: Option<Region>,
    /// The role to ask by.
    pub role: Option<Role>,
    /// The models that are approved; `None` approves all.
    pub models: Option<BTreeSet<String>>,
    /// It is the administrator's to change, in whose file it stands, or one of whose organisations binds it.
    pub managed: bool,
}

/// The table `[organizations.NAME.inference]`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Table {
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<BTreeSet<String>>,
}

impl Inference {
    /// Reads what stands in the file, and refuses what could not stay where everything has to.
    pub(super) fn read(
        residency: Option<Residency>,
        table: Table,
        settings: &Settings,
    ) -> Result<Inference, String> {
        let role = match (table.account, table.role) {
            (Some(account), Some(name)) => Some(role(account, name)?),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err("inference: `account` and `role` belong together".to_owned());
            }
        };
        if let Some(residency) = residency {
            let stays = |region: &Region| residency.admits(region);
            let outside = |what: &str, region: &str| {
                format!(
                    "{what} {region} is outside: residency is `{}`",
                    residency.as_str()
                )
            };
            if let Some(region) = table.region.as_ref().filter(|region| !stays(region)) {
                return Err(outside("inference: region", region.as_str()));
            }
            if let Settings::IdentityCenter {
                region, endpoint, ..
            } = settings
            {
                if !region.parse().as_ref().is_ok_and(stays) {
                    return Err(outside("region", region));
                }
                let host = endpoint.as_ref().and_then(Url::host_str);
                if let Some(host) = host.filter(|host| !residency.admits_own_host(host)) {
                    return Err(outside("endpoint", host));
                }
            }
        }
        Ok(Inference {
            residency,
            region: table.region,
            role,
            models: table.models,
            managed: false,
        })
    }

    /// The same, where an administrator has decided this about the same people.
    pub(super) fn under(self, theirs: &Inference) -> Inference {
        Inference {
            residency: theirs.residency.or(self.residency),
            region: theirs.region.clone().or(self.region),
            role: theirs.role.clone().or(self.role),
            models: theirs.models.clone().or(self.models),
            managed: true,
        }
    }

    /// As it stands in the file, beside `residency`.
    pub(super) fn table(&self) -> Table {
        Table {
            region: self.region.clone(),
            account: self.role.as_ref().map(|role| role.account.clone()),
            role: self.role.as_ref().map(|role| role.name.clone()),
            models: self.models.clone(),
        }
    }
}

fn role(account: String, name: String) -> Result<Role, String> {
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("inference: an AWS `account` has twelve digits".to_owned());
    }
    // What IAM allows in names and paths.
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b);
    if !(1..=512).contains(&name.len()) || !name.bytes().all(allowed) {
        return Err("inference: `role` is a role's name, with its path if it has one".to_owned());
    }
    Ok(Role { account, name })
}
