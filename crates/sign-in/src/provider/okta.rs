//! Okta: org and custom authorization servers, ten registered loopback ports, `prompt=login`.

use kiro_relying_party::IssuerRule;
use url::Url;

use super::oidc::{Dialect, Issuers, Oidc};
use crate::loopback::Loopback;
use crate::organizations::REGISTERED_PORTS;
use crate::{Code, Context};

pub(super) fn provider(
    context: &Context,
    issuer: &Url,
    client_id: &str,
    scopes: &[String],
) -> Oidc {
    Oidc {
        context: context.clone(),
        dialect: &OKTA,
        issuer: issuer.clone(),
        rule: IssuerRule::Exact,
        issuers: Issuers::Exact,
        client_id: client_id.to_owned(),
        scopes: super::oidc::scopes(scopes),
    }
}

static OKTA: Dialect = Dialect {
    title: "Okta",
    // Okta compares the redirect URI exactly, port included: these are what administrators have registered.
    loopback: Loopback {
        host: "localhost",
        ports: &REGISTERED_PORTS,
    },
    select_account: "login",
    declares_client_capabilities: false,
    explain,
};

fn explain(error: &str, description: &str, _codes: &[u32]) -> Code {
    let says = |words: &str| description.to_ascii_lowercase().contains(words);
    match error {
        "access_denied" if says("not assigned") => Code::NotAssigned,
        "access_denied" if says("policy evaluation failed") => Code::PolicyBlocked,
        "access_denied" if says("device") => Code::PolicyDevice,
        _ => super::oidc::explain(error),
    }
}

/// What Okta says of somebody who is no longer assigned. Of one who is deactivated it says what it says of any old token.
pub(super) fn took_access(error: &str, description: &str) -> bool {
    explain(error, description, &[]) == Code::NotAssigned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_who_is_no_longer_assigned_is_told_apart_from_an_old_token() {
        assert!(took_access(
            "access_denied",
            "User is not assigned to the client application."
        ));
        assert!(!took_access(
            "invalid_grant",
            "The refresh token is invalid or expired."
        ));
    }

    #[test]
    fn okta_s_words_get_their_sentences() {
        let rows = [
            (
                "access_denied",
                "User is not assigned to the client application.",
                Code::NotAssigned,
            ),
            (
                "access_denied",
                "Policy evaluation failed for this request, please check the policy configurations.",
                Code::PolicyBlocked,
            ),
            (
                "access_denied",
                "The resource owner denied the request.",
                Code::Cancelled,
            ),
            (
                "invalid_scope",
                "One or more scopes are not configured for the authorization server resource.",
                Code::ClientSetup,
            ),
            (
                "invalid_client",
                "No client credentials found.",
                Code::ClientSetup,
            ),
            (
                "login_required",
                "The client specified not to prompt, but the user is not signed in.",
                Code::LoginRequired,
            ),
            ("server_error", "", Code::ServerError),
            ("temporarily_unavailable", "", Code::ServerError),
            (
                "invalid_grant",
                "The refresh token is invalid or expired.",
                Code::SessionEnded,
            ),
            ("something_new", "", Code::Denied),
        ];
        for (error, description, expected) in rows {
            assert_eq!(
                explain(error, description, &[]),
                expected,
                "{error}: {description}"
            );
        }
    }
}
