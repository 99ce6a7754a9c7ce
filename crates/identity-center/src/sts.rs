//! AWS credentials for a role: STS gives them for a token that this service signs about the person
//! ([`AssumeRoleWithWebIdentity`](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html)).
//!
//! The account trusts this service as an OpenID Connect provider of its IAM: AWS verifies the token by the discovery document and the
//! keys, and nobody here holds a key of AWS's. What STS does not give, nobody gets.

use axum::http::{Request, header};
use jiff::{SignedDuration, Timestamp};
use kiro_relying_party::HttpError;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use url::{Url, form_urlencoded};

use crate::account::{PermissionSet, SESSION_LEAST, SESSION_MOST};
use crate::center::Center;
use crate::directory::User;
use crate::id::SessionId;
use crate::jws::NotAKey;

/// Whom the token is for: what an account's IAM has as the provider's client ID.
pub const AUDIENCE: &str = "sts.amazonaws.com";
/// Long enough to be sent once.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// The version of the API.
const VERSION: &str = "2011-06-15";

/// Which STS is asked, and which role an assignment means there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sts {
    /// Its endpoint.
    pub endpoint: Url,
    /// The role's ARN, with `{account}` and `{role}` for the account's id and the permission set's name.
    pub role: String,
}

/// Credentials of a role.
#[derive(Debug)]
pub struct Credentials {
    /// Names them; no secret.
    pub access_key_id: String,
    /// Signs requests.
    pub secret_access_key: SecretString,
    /// Goes with each request.
    pub session_token: SecretString,
    /// Their end, which nothing here brings forward.
    pub expires_at: Timestamp,
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum StsError {
    /// The token could not be signed.
    #[error("no token can be signed")]
    NoToken(#[from] NotAKey),
    /// It cannot be asked.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It refused: `AccessDenied` where the role does not trust this service, `InvalidIdentityToken` where the account does not.
    #[error("STS refused: {code}")]
    Refused {
        /// The code of its error.
        code: String,
    },
    /// It has a problem of its own.
    #[error("STS answered {status}")]
    Temporary {
        /// The HTTP status.
        status: u16,
    },
    /// It answered with something else.
    #[error("the answer of STS cannot be read")]
    Malformed,
}

impl Sts {
    /// AWS's own in this region, with roles that are named as the permission sets are. `None` where this is no region's name.
    #[must_use]
    pub fn of_region(region: &str) -> Option<Sts> {
        let (partition, domain) = match region.split('-').next()? {
            "cn" => ("aws-cn", "amazonaws.com.cn"),
            "eusc" => ("aws-eusc", "amazonaws.eu"),
            _ if region.starts_with("us-gov-") => ("aws-us-gov", "amazonaws.com"),
            _ => ("aws", "amazonaws.com"),
        };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let endpoint = format!("https://sts.{region}.{domain}/").parse().ok()?;
        region.bytes().all(plain).then(|| Sts {
            endpoint,
            role: format!("arn:{partition}:iam::{{account}}:role/{{role}}"),
        })
    }

    fn role_arn(&self, account: &str, role: &str) -> String {
        let arn = self.role.replace("{account}", account);
        arn.replace("{role}", role)
    }
}

/// Asks STS for credentials of this role, which the person may take: the caller has looked. They live as long as the permission set says.
///
/// # Errors
/// See [`StsError`].
pub async fn assume_role(
    center: &Center,
    sts: &Sts,
    user: &User,
    account: &str,
    set: &PermissionSet,
) -> Result<Credentials, StsError> {
    let lives = set.session.clamp(SESSION_LEAST, SESSION_MOST);
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "AssumeRoleWithWebIdentity")
        .append_pair("Version", VERSION)
        .append_pair("RoleArn", &sts.role_arn(account, &set.name))
        .append_pair("RoleSessionName", &session_name(user))
        .append_pair("DurationSeconds", &lives.as_secs().to_string())
        .append_pair("WebIdentityToken", &token(center, user)?)
        .finish();
    let request = Request::post(sts.endpoint.as_str())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "text/xml")
        .body(body.into_bytes())
        .map_err(|_| StsError::Malformed)?;
    let answer = center.outgoing.anywhere().await?.send(request).await?;
    read(answer.status().as_u16(), answer.body())
}

/// What AWS verifies: who and of which organisation, for STS alone, and for a few minutes. Organisations share the issuer and the keys:
/// by its name before the id a role's trust policy takes one organisation's people alone (decision 43).
fn token(center: &Center, user: &User) -> Result<String, NotAKey> {
    let now = center.now();
    let claims = json!({
        "iss": center.settings.issuer(),
        "aud": AUDIENCE,
        "sub": format!("{}:{}", user.organization, user.id),
        "iat": now.as_second(),
        "exp": (now + LIFETIME).as_second(),
        "jti": SessionId::random(),
    });
    center.signing.ring().sign("JWT", &claims)
}

/// What AWS's logs call the session: the user name, or the user's id where STS does not take that for a name.
fn session_name(user: &User) -> String {
    let name = &user.profile.user_name;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if (2..=64).contains(&name.len()) && name.bytes().all(allowed) {
        name.clone()
    } else {
        user.id.to_string()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Granted {
    assume_role_with_web_identity_result: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    credentials: Given,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    access_key_id: String,
    secret_access_key: SecretString,
    session_token: SecretString,
    expiration: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refused {
    error: Reason,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reason {
    code: String,
}

fn read(status: u16, body: &[u8]) -> Result<Credentials, StsError> {
    let text = std::str::from_utf8(body).map_err(|_| StsError::Malformed)?;
    match status {
        200 => {}
        429 | 500.. => return Err(StsError::Temporary { status }),
        _ => {
            let refused: Refused =
                quick_xml::de::from_str(text).map_err(|_| StsError::Malformed)?;
            return Err(match refused.error.code.as_str() {
                "Throttling"
                | "ThrottlingException"
                | "RequestLimitExceeded"
                | "IDPCommunicationError" => StsError::Temporary { status },
                _ => StsError::Refused {
                    code: plain(&refused.error.code),
                },
            });
        }
    }
    let granted: Granted = quick_xml::de::from_str(text).map_err(|_| StsError::Malformed)?;
    let given = granted.assume_role_with_web_identity_result.credentials;
    Ok(Credentials {
        access_key_id: given.access_key_id,
        secret_access_key: given.secret_access_key,
        session_token: given.session_token,
        expires_at: given.expiration.parse().map_err(|_| StsError::Malformed)?,
    })
}

/// A code is a word; it is shown, and it is somebody else's.
fn plain(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Profile;
    use crate::id::UserId;

    #[test]
    fn a_region_has_its_own_sts_and_partition() {
        let check = |region: &str, expected: Option<(&str, &str)>| {
            let found = Sts::of_region(region);
            let found = found.map(|sts| {
                let arn = sts.role_arn("111122223333", "Developer");
                (sts.endpoint.to_string(), arn)
            });
            let expected = expected.map(|(endpoint, arn)| (endpoint.to_owned(), arn.to_owned()));
            assert_eq!(found, expected, "{region}");
        };
        check(
            "eu-central-1",
            Some((
                "https://sts.eu-central-1.amazonaws.com/",
                "arn:aws:iam::111122223333:role/Developer",
            )),
        );
        check(
            "cn-north-1",
            Some((
                "https://sts.cn-north-1.amazonaws.com.cn/",
                "arn:aws-cn:iam::111122223333:role/Developer",
            )),
        );
        check(
            "us-gov-west-1",
            Some((
                "https://sts.us-gov-west-1.amazonaws.com/",
                "arn:aws-us-gov:iam::111122223333:role/Developer",
            )),
        );
        check(
            "eusc-de-east-1",
            Some((
                "https://sts.eusc-de-east-1.amazonaws.eu/",
                "arn:aws-eusc:iam::111122223333:role/Developer",
            )),
        );
        for wrong in ["evil.example/", "a.b", "EU", "eu central", "a@b", "a:1"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_session_is_called_as_sts_allows() {
        let id = UserId::random();
        let check = |name: &str, kept: bool| {
            let user = User {
                id,
                organization: "acme".to_owned(),
                profile: Profile {
                    user_name: name.to_owned(),
                    ..Profile::default()
                },
                active: true,
                created_at: Timestamp::UNIX_EPOCH,
                modified_at: Timestamp::UNIX_EPOCH,
                version: 0,
            };
            let expected = if kept {
                name.to_owned()
            } else {
                id.to_string()
            };
            assert_eq!(session_name(&user), expected);
        };
        check("aiko@acme.example", true);
        check("AC\\aiko", false);
        check("愛子", false);
        check("a", false);
        check("ab", true);
        check(&"a".repeat(64), true);
        check(&"a".repeat(65), false);
        check("a b", false);
    }

    #[test]
    fn what_sts_answers_is_read_with_suspicion() {
        let granted = "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
            <AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>s</SubjectFromWebIdentityToken><Credentials>\
            <SessionToken>t&amp;</SessionToken><SecretAccessKey>k</SecretAccessKey><Expiration>2026-11-25T10:00:00Z</Expiration>\
            <AccessKeyId>ASIA</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>\
            <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>";
        let refused = |code: &str| {
            format!(
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
            )
        };
        let check = |status: u16, body: &str, expected: &str| {
            let found = match read(status, body.as_bytes()) {
                Ok(credentials) => {
                    format!("{} {}", credentials.access_key_id, credentials.expires_at)
                }
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{status} {body}");
        };
        check(200, granted, "ASIA 2026-11-25T10:00:00Z");
        check(403, &refused("AccessDenied"), "STS refused: AccessDenied");
        check(
            400,
            &refused("InvalidIdentityToken"),
            "STS refused: InvalidIdentityToken",
        );
        check(400, &refused("a&lt;b\u{1b}[2J"), "STS refused: ab2J");
        check(400, &refused("Throttling"), "STS answered 400");
        check(400, &refused("IDPCommunicationError"), "STS answered 400");
        check(503, "", "STS answered 503");
        check(429, granted, "STS answered 429");
        let unreadable = "the answer of STS cannot be read";
        check(400, "<html>", unreadable);
        check(302, granted, unreadable);
        check(200, "", unreadable);
        check(200, &granted[..granted.len() / 2], unreadable);
        check(200, &granted.replace("2026-11-25T10", "soon"), unreadable);
        check(
            200,
            &granted.replace("AccessKeyId", "accessKeyId"),
            unreadable,
        );
        check(200, &refused("AccessDenied"), unreadable);
        let entity = granted.replace("<AssumeRoleWithWebIdentityResponse", "<!DOCTYPE a [<!ENTITY t SYSTEM \"file:///etc/passwd\">]><AssumeRoleWithWebIdentityResponse").replace("t&amp;", "&t;");
        check(200, &entity, unreadable);
    }
}
