//! The access portal: the accounts and roles of a person, credentials for one of them, the session's end.

use aws_sdk_sso::error::{ProvideErrorMetadata, SdkError};
use jiff::Timestamp;
use kiro_credentials::{Session, Tokens};
use secrecy::{ExposeSecret, SecretString};

use super::IdentityCenter;
use crate::aws::transport;
use crate::role_credentials::{Role, RoleCredentials};
use crate::session::Revoked;
use crate::{Code, Failure};

impl IdentityCenter {
    /// Ends the session at the service.
    pub(super) async fn end(&self, tokens: &Tokens) -> Revoked {
        match self
            .portal()
            .logout()
            .access_token(tokens.access.expose_secret())
            .send()
            .await
        {
            Ok(_) => Revoked::Yes,
            Err(error) if transport::http_error(&error).is_some() => Revoked::Offline,
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|response| response.status().as_u16() == 401) =>
            {
                Revoked::Yes
            } // it was over already
            Err(_) => Revoked::Failed,
        }
    }

    /// Whether the portal knows the session: it refuses the token of an ended one. Of a token that has ended by itself,
    /// and of one without the portal's scope, it says nothing.
    pub(super) async fn knows(&self, session: &Session) -> Result<Option<bool>, Failure> {
        if session.public.expires_at <= self.context.now() {
            return Ok(None);
        }
        let asked = self
            .portal()
            .list_accounts()
            .access_token(session.tokens.access.expose_secret())
            .max_results(1);
        let Err(error) = asked.send().await else {
            return Ok(Some(true));
        };
        let failure = self.portal_failure(&error, None);
        if failure.code == Code::SessionEnded {
            return Ok(Some(false));
        }
        match transport::http_error(&error) {
            Some(_) => Err(failure),
            None if failure.code == Code::ServerError => Err(failure),
            None => Ok(None),
        }
    }

    /// Short-lived AWS credentials of this role.
    pub(crate) async fn role_credentials(
        &self,
        token: &SecretString,
        role: &Role,
    ) -> Result<RoleCredentials, Failure> {
        let asked = self
            .portal()
            .get_role_credentials()
            .access_token(token.expose_secret())
            .account_id(&role.account)
            .role_name(&role.name);
        let answer = asked
            .send()
            .await
            .map_err(|error| self.portal_failure(&error, Some(role)))?;
        let read = || {
            let given = answer.role_credentials?;
            Some(RoleCredentials {
                access_key_id: given.access_key_id?,
                secret_access_key: SecretString::from(given.secret_access_key?),
                session_token: SecretString::from(given.session_token?),
                expires_at: Timestamp::from_millisecond(given.expiration).ok()?,
            })
        };
        read().ok_or_else(|| self.context.failure(Code::MalformedAnswer))
    }

    /// Every role of every account that the person may use. Names that AWS would not allow are left out: what these words
    /// are written into (AWS's configuration, a command line) is not the portal's to shape.
    pub(crate) async fn roles(&self, token: &SecretString) -> Result<Vec<Role>, Failure> {
        let portal = self.portal();
        let mut roles = Vec::new();
        let mut accounts = portal
            .list_accounts()
            .access_token(token.expose_secret())
            .into_paginator()
            .items()
            .send();
        while let Some(account) = accounts.next().await {
            let account = account.map_err(|error| self.portal_failure(&error, None))?;
            let Some(id) = account.account_id.filter(|id| is_account(id)) else {
                tracing::warn!("the portal names an account that cannot be one");
                continue;
            };
            let mut named = portal
                .list_account_roles()
                .access_token(token.expose_secret())
                .account_id(&id)
                .into_paginator()
                .items()
                .send();
            while let Some(role) = named.next().await {
                let role = role.map_err(|error| self.portal_failure(&error, None))?;
                let Some(name) = role.role_name.filter(|name| is_role(name)) else {
                    tracing::warn!(account = %id, "the portal names a role that cannot be one");
                    continue;
                };
                roles.push(Role {
                    account: id.clone(),
                    name,
                });
            }
        }
        Ok(roles)
    }

    /// The portal speaks no OAuth: its status is its word.
    fn portal_failure<E: ProvideErrorMetadata>(
        &self,
        error: &SdkError<E>,
        role: Option<&Role>,
    ) -> Failure {
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        let words = error
            .as_service_error()
            .and_then(ProvideErrorMetadata::message);
        let failure = match (status, role) {
            (Some(401), _) => self.context.failure(Code::SessionEnded),
            (Some(400 | 403 | 404), Some(role)) => self
                .context
                .failure(refused(words.unwrap_or_default()))
                .about(format!("{} ({})", role.name, role.account)),
            _ => return self.failure(error),
        };
        match words {
            Some(words) => failure.because(words),
            None => failure,
        }
    }

    fn portal(&self) -> aws_sdk_sso::Client {
        let endpoint = self.endpoint.as_ref().or(self.context.aws.portal.as_ref());
        aws_sdk_sso::Client::new(&self.sdk(endpoint))
    }
}

fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// IAM's own rule (CreateRole, `RoleName`).
fn is_role(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

/// Whether the role is not the person's, or our own service has it for them and AWS gives it nothing. AWS's own names no STS.
fn refused(words: &str) -> Code {
    if words.contains("STS ") {
        Code::ClientSetup
    } else {
        Code::NotAssigned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_roles_have_the_names_that_aws_allows() {
        let account = |id: &str, expected| assert_eq!(is_account(id), expected, "{id:?}");
        account("111122223333", true);
        account("11112222333", false);
        account("1111222233334", false);
        account("11112222333x", false);
        account("11112222333\n", false);
        account("１１１１", false);
        let role = |name: &str, expected| assert_eq!(is_role(name), expected, "{name:?}");
        role("Developer", true);
        role("a_b+c=d,e.f@g-h", true);
        role(&"r".repeat(64), true);
        role(&"r".repeat(65), false);
        role("", false);
        for bad in [
            "Dev]\n[default]",
            "a b",
            "a\"b",
            "a/b",
            "a'b",
            "a$b",
            "é",
            "a\r",
        ] {
            role(bad, false);
        }
    }

    #[test]
    fn a_role_that_the_service_cannot_give_is_no_role_that_the_person_lacks() {
        let check = |words: &str, expected| assert_eq!(refused(words), expected, "{words}");
        check(
            "STS is not configured: this Identity Center gives no AWS credentials",
            Code::ClientSetup,
        );
        check(
            "AWS STS does not give this role to this Identity Center (AccessDenied)",
            Code::ClientSetup,
        );
        check("No access", Code::NotAssigned);
        check("role_name is not one", Code::NotAssigned);
        check("", Code::NotAssigned);
    }
}
