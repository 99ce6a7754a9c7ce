//! An organisation as a person types it in, made into settings.

use jiff::Timestamp;
use kiro_relying_party::secure_url;
use kiro_sign_in::{Code, Failure, Inference, Organization, Settings};
use url::Url;

use crate::view::{NewOrganization, ProviderId};

const ENTRA: &str = "https://login.microsoftonline.com";

/// The settings that were typed in.
///
/// # Errors
/// `insecure_url` for an address that is neither https nor on this computer; `organizations_invalid`, with the
/// field's name, for one that is missing.
pub(crate) fn organization(
    new: &NewOrganization,
    now: Timestamp,
) -> Result<Organization, Box<Failure>> {
    let typed = |field: &'static str, value: &Option<String>| {
        let value = value
            .as_deref()
            .map(str::trim)
            .filter(|value| !value.is_empty());
        value.map(str::to_owned).ok_or_else(|| missing(field, now))
    };
    let settings = match new.provider {
        ProviderId::Okta => Settings::Okta {
            issuer: address("issuer", &typed("issuer", &new.issuer)?, now)?,
            client_id: typed("client_id", &new.client_id)?,
            scopes: Vec::new(),
        },
        ProviderId::Entra => Settings::Entra {
            tenant: typed("tenant", &new.tenant)?,
            client_id: typed("client_id", &new.client_id)?,
            authority: address("authority", new.issuer.as_deref().unwrap_or(ENTRA), now)?,
            allowed_tenants: Vec::new(),
            scopes: Vec::new(),
        },
        ProviderId::IdentityCenter => {
            let start_url = typed("start_url", &new.start_url)?;
            // People copy the address of the portal's page, which carries `#/`.
            let start_url = address(
                "start_url",
                start_url.split('#').next().unwrap_or_default(),
                now,
            )?;
            let region = typed("region", &new.region)
                .or_else(|missing| region_of(&start_url).ok_or(missing))?;
            Settings::IdentityCenter {
                start_url,
                region,
                endpoint: None,
                scopes: Vec::new(),
            }
        }
    };
    let display_name = typed("name", &Some(new.name.clone()))?;
    let mut organization = Organization {
        name: String::new(),
        display_name,
        settings,
        support_contact: None,
        inference: Inference::default(),
        managed: false,
    };
    organization.name = name(&organization.display_name, &organization.sign_in_host());
    Ok(organization)
}

fn missing(field: &str, now: Timestamp) -> Box<Failure> {
    let mut failure = Failure::new(Code::OrganizationsInvalid, now);
    failure.facts.subject = Some(field.to_owned());
    failure.detail.description = Some(format!("{field} is missing"));
    Box::new(failure)
}

fn address(field: &str, text: &str, now: Timestamp) -> Result<Url, Box<Failure>> {
    secure_url(text).map_err(|error| {
        let mut failure = Failure::new(Code::InsecureUrl, now);
        failure.facts.subject = Some(field.to_owned());
        failure.detail.description = Some(error.to_string());
        Box::new(failure)
    })
}

/// `[a-z0-9][a-z0-9-]{0,62}` from the title, else (a title in another script) from the host.
fn name(title: &str, host: &str) -> String {
    let plain = |text: &str| {
        let words: Vec<String> = text
            .to_ascii_lowercase()
            .split(|character: char| !character.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let mut name = words.join("-");
        name.truncate(63);
        name.trim_end_matches('-').to_owned()
    };
    [plain(title), plain(host)]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "organization".to_owned())
}

/// The region that two of the three forms of a start URL carry (PROTOCOLS.md §1).
fn region_of(start_url: &Url) -> Option<String> {
    let labels: Vec<&str> = start_url.host_str()?.split('.').collect();
    match labels.as_slice() {
        [_, "portal", region, "app", "aws"]
        | [_, region, "portal", "amazonaws", "com"]
        | [_, region, "portal", "amazonaws", "com", "cn"] => Some((*region).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn typed(provider: ProviderId) -> NewOrganization {
        NewOrganization {
            provider,
            name: " Acme Corp. ".to_owned(),
            issuer: None,
            client_id: Some("0oa1".to_owned()),
            tenant: Some("contoso.example".to_owned()),
            start_url: Some("https://d-123.awsapps.com/start#/".to_owned()),
            region: Some("eu-central-1".to_owned()),
        }
    }

    #[test]
    fn what_is_typed_becomes_settings() {
        let okta = NewOrganization {
            issuer: Some("https://login.acme.com/oauth2/default".to_owned()),
            ..typed(ProviderId::Okta)
        };
        let okta = organization(&okta, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(
            (okta.name.as_str(), okta.display_name.as_str()),
            ("acme-corp", "Acme Corp.")
        );
        assert!(
            matches!(okta.settings, Settings::Okta { issuer, .. } if issuer.as_str() == "https://login.acme.com/oauth2/default")
        );
        let entra = organization(&typed(ProviderId::Entra), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(entra.sign_in_host(), "login.microsoftonline.com");
        let aws = organization(&typed(ProviderId::IdentityCenter), Timestamp::UNIX_EPOCH).unwrap();
        assert!(
            matches!(aws.settings, Settings::IdentityCenter { start_url, .. } if start_url.as_str() == "https://d-123.awsapps.com/start")
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |new: NewOrganization, code: Code, field: &str| {
            let failure = organization(&new, Timestamp::UNIX_EPOCH).unwrap_err();
            assert_eq!(
                (failure.code, failure.facts.subject.as_deref()),
                (code, Some(field)),
                "{new:?}"
            );
        };
        check(
            typed(ProviderId::Okta),
            Code::OrganizationsInvalid,
            "issuer",
        );
        check(
            NewOrganization {
                issuer: Some("http://login.acme.com".to_owned()),
                ..typed(ProviderId::Okta)
            },
            Code::InsecureUrl,
            "issuer",
        );
        check(
            NewOrganization {
                issuer: Some("login.acme.com".to_owned()),
                ..typed(ProviderId::Okta)
            },
            Code::InsecureUrl,
            "issuer",
        );
        check(
            NewOrganization {
                tenant: Some("  ".to_owned()),
                ..typed(ProviderId::Entra)
            },
            Code::OrganizationsInvalid,
            "tenant",
        );
        check(
            NewOrganization {
                name: String::new(),
                ..typed(ProviderId::Entra)
            },
            Code::OrganizationsInvalid,
            "name",
        );
        check(
            NewOrganization {
                region: None,
                ..typed(ProviderId::IdentityCenter)
            },
            Code::OrganizationsInvalid,
            "region",
        );
    }

    #[test]
    fn a_name_for_commands_is_made_from_any_title() {
        let check =
            |title: &str, expected: &str| assert_eq!(name(title, "login.acme.com:8443"), expected);
        check("Acme", "acme");
        check("  Hinoki  Works, Inc. ", "hinoki-works-inc");
        check("檜製作所", "login-acme-com-8443");
        check(&"a".repeat(80), &"a".repeat(63));
    }

    #[test]
    fn a_start_url_may_carry_its_region() {
        let check = |url: &str, expected: Option<&str>| {
            assert_eq!(
                region_of(&url.parse().unwrap()).as_deref(),
                expected,
                "{url}"
            )
        };
        check(
            "https://ssoins-1.portal.eu-central-1.app.aws/",
            Some("eu-central-1"),
        );
        check(
            "https://ssoins-1.us-east-1.portal.amazonaws.com",
            Some("us-east-1"),
        );
        check(
            "https://ssoins-1.cn-north-1.portal.amazonaws.com.cn",
            Some("cn-north-1"),
        );
        check("https://d-123.awsapps.com/start", None);
        check("https://portal.eu-central-1.app.aws.evil.example/", None);
    }
}
