//! An authorization: a sign-in under way at the service, from `/authorize` (either wire), a device code's page or the person's own
//! pages, to its end. It lives in the store; the browser that began it proves itself by a cookie.

mod begin;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::claims::Asked;
use crate::client::Wire;
use crate::id::{AuthorizationId, ConnectionId, UserId};
use crate::secret::Digest;
use crate::session::Authentication;

pub use begin::{begin, begin_at};

/// A person has so long for it.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// A sign-in under way.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Its name, part of its pages' addresses.
    pub id: AuthorizationId,
    /// What the browser's cookie is compared with.
    pub cookie: Digest,
    /// What was asked for, checked.
    pub request: Request,
    /// How far it has come.
    pub progress: Progress,
    /// Counts its steps: a step is taken from the version that was seen, or not at all.
    pub version: u32,
    /// Its end.
    pub expires_at: Timestamp,
}

impl Authorization {
    /// As it is once this step was taken.
    #[must_use]
    pub fn after(&self, progress: Progress) -> Authorization {
        Authorization {
            progress,
            version: self.version + 1,
            ..self.clone()
        }
    }
}

/// What was asked for. Only what was found right becomes a `Request`: its redirect URI is registered, its challenge is S256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What happens at its end.
    pub purpose: Purpose,
    /// Whose people are meant; `None` where the person's name decides.
    pub organization: Option<String>,
    /// RFC 6749 §3.3.
    pub scopes: Vec<String>,
    /// What the person is asked anew, though the browser is signed in (`prompt`).
    #[serde(default)]
    pub prompt: Vec<String>,
    /// How old an authentication may be, in seconds.
    #[serde(default)]
    pub max_age: Option<u32>,
    /// Who it will be, as far as the application knows.
    #[serde(default)]
    pub login_hint: Option<String>,
    /// Whom the application had signed in (`id_token_hint`): nobody else comes back to it.
    #[serde(default)]
    pub hinted: Option<UserId>,
    /// What an upstream provider is asked for, too.
    #[serde(default)]
    pub acr_values: Vec<String>,
    /// The application's `claims` parameter (OpenID Connect Core §5.5), as JSON text.
    #[serde(default)]
    pub claims: Option<String>,
    /// The languages that the application would have the pages in, best first (BCP 47).
    #[serde(default)]
    pub ui_locales: Vec<String>,
}

impl Request {
    /// One that no application made: the person came by themselves.
    #[must_use]
    pub fn of_person(purpose: Purpose) -> Request {
        Request {
            purpose,
            organization: None,
            scopes: Vec::new(),
            prompt: Vec::new(),
            max_age: None,
            login_hint: None,
            hinted: None,
            acr_values: Vec::new(),
            claims: None,
            ui_locales: Vec::new(),
        }
    }

    /// What was asked for by name: read when the request was taken.
    #[must_use]
    pub fn asked(&self) -> Asked {
        let read = self.claims.as_deref().map(Asked::read);
        read.and_then(Result::ok).unwrap_or_default()
    }

    /// Whether this person may come back to the application.
    #[must_use]
    pub fn is_open_to(&self, user: UserId) -> bool {
        self.hinted.is_none_or(|hinted| hinted == user) && self.asked().is_open_to(user)
    }
}

/// What happens at the end of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A code goes to the application's redirect URI.
    Code {
        /// The application.
        client: String,
        /// Its protocol.
        wire: Wire,
        /// Registered, byte for byte (any port at a loopback address).
        redirect_uri: String,
        /// RFC 6749 §4.1.1: given back as it was.
        state: Option<String>,
        /// S256.
        code_challenge: String,
        /// OpenID Connect's.
        nonce: Option<String>,
        /// The thumbprint that the code is bound to (RFC 9449 §10).
        #[serde(default)]
        binding: Option<String>,
    },
    /// A device gets tokens (RFC 8628): the digest of what the person typed. Whether any device waits for it is looked up once the
    /// person has signed in.
    Device(#[serde(with = "hexadecimal")] Digest),
    /// The person sees their own sessions.
    OwnSessions,
    /// An administrator tries a connection: the digest of the link that they opened.
    Trial(#[serde(with = "hexadecimal")] Digest),
}

/// How far a sign-in has come. Who somebody is stands here only once it was proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Nobody has said who they are.
    Name,
    /// A name was typed, whether or not anybody has it, and a password is asked for.
    Password {
        /// As typed.
        user_name: String,
    },
    /// The password was right; the second factor is not here yet.
    SecondFactor {
        /// Who.
        user: UserId,
    },
    /// The password was right, policy demands a second factor, and the person has none yet.
    Enrolment {
        /// Who.
        user: UserId,
        /// The seed that they were shown, sealed under the master key, base64url.
        sealed_seed: String,
    },
    /// The second factor was enrolled, and its recovery codes were shown.
    Enrolled {
        /// Who.
        user: UserId,
        /// How that was proved.
        authentication: Authentication,
    },
    /// The person is at an upstream provider.
    Upstream {
        /// Which.
        connection: ConnectionId,
        /// What its answer is compared with (`federation`'s own), sealed where it is secret.
        expected: serde_json::Value,
    },
    /// The provider has answered by a form (SAML), which came without a cookie. Only a browser that both brought the answer and began
    /// the sign-in goes on with it.
    Answered {
        /// Which provider.
        connection: ConnectionId,
        /// Of what the browser was given that brought the answer.
        #[serde(with = "hexadecimal")]
        brought: Digest,
        /// What came of it (`pages::saml`), verified.
        answer: serde_json::Value,
        /// Nobody had asked the provider.
        #[serde(default)]
        unasked: bool,
    },
    /// It is known who it is; the person is asked whether the application may.
    Consent {
        /// Who.
        user: UserId,
        /// How that was proved.
        authentication: Authentication,
    },
}

mod hexadecimal {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::secret::Digest;

    pub(super) fn serialize<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(
            &digest
                .bytes()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>(),
        )
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(from)?;
        let bytes: Option<Vec<u8>> = (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
            .collect();
        bytes
            .and_then(|bytes| Digest::try_from(bytes.as_slice()).ok())
            .ok_or_else(|| serde::de::Error::custom("not a digest"))
    }
}
