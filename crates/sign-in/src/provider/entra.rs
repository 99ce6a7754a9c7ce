//! Microsoft Entra ID v2.0: template issuer, claims challenges, AADSTS numbers, any loopback port.

use kiro_relying_party::IssuerRule;
use url::Url;

use super::oidc::{Dialect, Issuers, Oidc};
use crate::loopback::Loopback;
use crate::{Code, Context};

pub(super) fn provider(
    context: &Context,
    tenant: &str,
    client_id: &str,
    authority: &Url,
    allowed_tenants: &[String],
    scopes: &[String],
) -> Oidc {
    let mut issuer = authority.clone();
    let base = authority.path().trim_end_matches('/');
    issuer.set_path(&format!("{base}/{tenant}/v2.0"));
    // A tenant given by its domain name, like `organizations`, has an issuer that discovery alone knows.
    let issuers = match (tenant, allowed_tenants) {
        ("organizations" | "common", allowed) => Issuers::Tenants(allowed.to_vec()),
        (_, []) => Issuers::Announced,
        (_, allowed) => Issuers::Tenants(allowed.to_vec()),
    };
    build(context, issuer, issuers, client_id, scopes)
}

/// For a session: its issuer is that of its own tenant.
pub(super) fn provider_of_issuer(
    context: &Context,
    issuer: &Url,
    client_id: &str,
    scopes: &[String],
) -> Oidc {
    build(context, issuer.clone(), Issuers::Exact, client_id, scopes)
}

fn build(
    context: &Context,
    issuer: Url,
    issuers: Issuers,
    client_id: &str,
    scopes: &[String],
) -> Oidc {
    Oidc {
        context: context.clone(),
        dialect: &ENTRA,
        issuer,
        rule: IssuerRule::Template,
        issuers,
        client_id: client_id.to_owned(),
        scopes: super::oidc::scopes(scopes),
    }
}

static ENTRA: Dialect = Dialect {
    title: "Microsoft Entra ID",
    loopback: Loopback {
        host: "localhost",
        ports: &[],
    },
    select_account: "select_account",
    declares_client_capabilities: true,
    explain,
};

/// Branches on `error`; the AADSTS number chooses the explanation only (PROTOCOLS.md §5).
fn explain(error: &str, description: &str, codes: &[u32]) -> Code {
    let number = codes.first().copied().or_else(|| aadsts(description));
    match number {
        Some(50011) => Code::RedirectUri,
        Some(50020 | 50034 | 51004 | 50194 | 90002 | 90038 | 500_021 | 500_022) => {
            Code::WrongTenant
        }
        Some(50053 | 50055 | 50057 | 50144) => Code::AccountProblem,
        Some(50072 | 50074 | 50076 | 50078 | 50079) => Code::StepUpNeeded,
        Some(50097 | 50129 | 53000 | 53001 | 530_035) => Code::PolicyDevice,
        Some(50105) => Code::NotAssigned,
        Some(50132 | 50133 | 50173 | 70000 | 70008 | 700_082 | 70043) => Code::SessionEnded,
        Some(50131 | 53003 | 53011) => Code::PolicyBlocked,
        Some(500_011 | 65001 | 650_052 | 650_056 | 650_057 | 90008) => Code::ConsentMissing,
        Some(65004) => Code::Cancelled,
        Some(70011 | 28002 | 700_016 | 70001 | 700_011 | 501_481 | 700_025) => Code::ClientSetup,
        Some(50033 | 90006 | 90012 | 90024 | 90033 | 90055 | 50196) => Code::ServerError,
        Some(_) | None => match error {
            "authorization_declined" => Code::Cancelled,
            "bad_verification_code" => Code::DeviceCodeExpired,
            _ => super::oidc::explain(error),
        },
    }
}

/// Whether the account is gone, disabled, or no longer assigned.
pub(super) fn took_access(description: &str) -> bool {
    matches!(aadsts(description), Some(50034 | 50057 | 50105 | 51004))
}

/// The number in `AADSTS50105: …`, where a redirect carries no `error_codes`.
pub(super) fn aadsts(description: &str) -> Option<u32> {
    let digits = description.split("AADSTS").nth(1)?;
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_table_has_its_explanation() {
        let rows: [(&[u32], Code); 12] = [
            (&[50011], Code::RedirectUri),
            (
                &[50020, 50034, 51004, 50194, 90002, 90038, 500_021, 500_022],
                Code::WrongTenant,
            ),
            (&[50053, 50055, 50057, 50144], Code::AccountProblem),
            (&[50072, 50074, 50076, 50078, 50079], Code::StepUpNeeded),
            (&[50097, 50129, 53000, 53001, 530_035], Code::PolicyDevice),
            (&[50105], Code::NotAssigned),
            (
                &[50132, 50133, 50173, 70000, 70008, 700_082, 70043],
                Code::SessionEnded,
            ),
            (&[50131, 53003, 53011], Code::PolicyBlocked),
            (
                &[500_011, 65001, 650_052, 650_056, 650_057, 90008],
                Code::ConsentMissing,
            ),
            (&[65004], Code::Cancelled),
            (
                &[70011, 28002, 700_016, 70001, 700_011, 501_481, 700_025],
                Code::ClientSetup,
            ),
            (
                &[50033, 90006, 90012, 90024, 90033, 90055, 50196],
                Code::ServerError,
            ),
        ];
        for (numbers, expected) in rows {
            for number in numbers {
                assert_eq!(
                    explain("invalid_grant", "", &[*number]),
                    expected,
                    "{number}"
                );
                assert_eq!(
                    explain("access_denied", &format!("AADSTS{number}: words."), &[]),
                    expected,
                    "{number}"
                );
            }
        }
    }

    #[test]
    fn an_account_that_is_gone_disabled_or_unassigned_is_told_apart_from_an_old_token() {
        for (number, expected) in [
            (50034, true),
            (50057, true),
            (50105, true),
            (51004, true),
            (50053, false), // locked, for a while
            (50055, false), // a new password is due
            (50173, false), // a new password, or an administrator: the number does not tell
            (70008, false),
            (700_082, false),
        ] {
            assert_eq!(took_access(&format!("AADSTS{number}: words.")), expected);
        }
        assert!(!took_access(""));
    }

    #[test]
    fn without_a_number_the_error_decides() {
        for (error, expected) in [
            ("access_denied", Code::Cancelled),
            ("interaction_required", Code::StepUpNeeded),
            ("invalid_grant", Code::SessionEnded),
            ("authorization_declined", Code::Cancelled),
        ] {
            assert_eq!(explain(error, "no number here", &[]), expected, "{error}");
        }
    }
}
