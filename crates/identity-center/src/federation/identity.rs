//! Whom an ID token is about, and how they were authenticated. An e-mail address is in neither.

use jiff::{SignedDuration, Timestamp};
use kiro_relying_party::IdTokenClaims;
use serde::{Deserialize, Serialize};

use super::{Connection, Fault, Kind};
use crate::directory;
use crate::id::ConnectionId;
use crate::pages::route::{Route, route};
use crate::session::Authentication;

/// A subject has at most so many bytes (OpenID Connect Core §2).
const LONGEST: usize = 255;
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);

/// Whom a provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Who, at this connection, for ever: `sub`; at Entra ID tenant and object (`sub` there is another for each application).
    pub subject: String,
    /// Who, as provisioning knows them (SCIM `externalId`).
    pub external_id: String,
    /// The name that they sign in with there, if it belongs to the connection: one without a domain, or with another's, finds nobody.
    pub user_name: Option<String>,
    /// What they are called where nobody here is they.
    pub shown: String,
}

impl Identity {
    /// Whether a person with this `externalId` is certainly somebody else, whatever their name. Okta provisions its own id, Entra ID
    /// may be set to the object's; at any other provider it may be anything.
    #[must_use]
    pub fn contradicts(&self, kind: Kind, external_id: &str) -> bool {
        let comparable = match kind {
            Kind::Okta => true,
            Kind::Entra => is_guid(external_id),
            Kind::Oidc => false,
        };
        comparable && !external_id.eq_ignore_ascii_case(&self.external_id)
    }
}

/// Whom a verified token is about.
pub(super) fn identity(connection: &Connection, claims: &IdTokenClaims) -> Result<Identity, Fault> {
    let (subject, external_id) = match connection.details.kind {
        Kind::Okta | Kind::Oidc => (claims.subject.clone(), claims.subject.clone()),
        Kind::Entra => match (&claims.tenant, &claims.object) {
            (Some(tenant), Some(object)) => {
                let object = object.to_ascii_lowercase();
                (format!("{}/{object}", tenant.to_ascii_lowercase()), object)
            }
            (_, _) => {
                let why = "the provider does not say which account it is (tid, oid)";
                return Err(Fault::SetUp(why.into()));
            }
        },
    };
    let shown = claims.preferred_username.as_ref().or(claims.name.as_ref());
    let shown = shown.unwrap_or(&subject).clone();
    named(
        connection,
        subject,
        external_id,
        claims.user_name.as_deref(),
        shown,
    )
}

/// Whom these names are: a name that does not belong to the connection finds nobody.
pub(super) fn named(
    connection: &Connection,
    subject: String,
    external_id: String,
    user_name: Option<&str>,
    shown: String,
) -> Result<Identity, Fault> {
    if subject.len() > LONGEST {
        return Err(Fault::Untrusted("the subject is too long".into()));
    }
    let realms = [connection.realm()];
    let belongs = |name: &&str| {
        directory::name(name) == Ok(name)
            && route(name, &realms) == Route::Connection(connection.id)
    };
    Ok(Identity {
        shown,
        user_name: user_name.filter(belongs).map(str::to_owned),
        subject,
        external_id,
    })
}

/// What a provider says of how it authenticated somebody.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// `auth_time`, `AuthnInstant`.
    pub(super) authenticated_at: Option<Timestamp>,
    /// `amr`.
    pub(super) methods: Vec<String>,
    /// `acr`, `AuthnContextClassRef`.
    pub(super) context: Option<String>,
    /// `sid`, `SessionIndex`.
    pub(super) session: Option<String>,
}

impl Said {
    /// In a verified token.
    pub(super) fn of(claims: &IdTokenClaims) -> Said {
        Said {
            authenticated_at: claims.authenticated_at,
            methods: claims.methods.clone(),
            context: claims.context.clone(),
            session: claims.session.clone(),
        }
    }
}

/// What was asked of the provider about the authentication.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// To authenticate the person anew.
    pub(super) anew: bool,
    /// How old it may be, in seconds.
    pub(super) max_age: Option<u32>,
    /// When the browser was sent.
    pub(super) began: Timestamp,
}

/// How the person was authenticated, if that is as it was asked for (OpenID Connect Core §3.1.3.7, 13).
pub(super) fn authentication(
    connection: ConnectionId,
    said: Said,
    asked: Asked,
    now: Timestamp,
) -> Result<Authentication, Fault> {
    let oldest = match (asked.anew, asked.max_age) {
        (true, _) => Some(asked.began),
        (false, Some(seconds)) => Some(asked.began - SignedDuration::from_secs(seconds.into())),
        (false, None) => None,
    };
    let old = |said: Timestamp| oldest.is_some_and(|oldest| said < oldest - LEEWAY);
    let upstream = match (said.authenticated_at, asked.anew) {
        (Some(then), _) if old(then) => {
            let why = "the provider did not ask the person again (auth_time)";
            return Err(Fault::Untrusted(why.into()));
        }
        (Some(then), _) => Some(then.min(now)),
        (None, true) => Some(now),
        (None, false) if asked.max_age.is_some() => {
            let why = "the provider does not say when it authenticated the person (auth_time)";
            return Err(Fault::SetUp(why.into()));
        }
        (None, false) => None,
    };
    Ok(Authentication {
        at: now,
        methods: said.methods,
        context: said.context,
        connection: Some(connection),
        upstream_at: upstream,
        upstream_session: said.session,
    })
}

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`
fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests;
