//! The authorization response (RFC 6749 §4.1.2), however it arrives: a strict reading (THREATS.md T5). A web application reads the
//! query that came to its own address ([`parse_response`]); a program of this computer reads the whole address ([`parse_callback`]).

use std::collections::BTreeMap;

use crate::authorize::{Code, State};
use crate::json::{challenge, shown};

const LIMIT: usize = 8 * 1024;
const DEEP_LINK: &str = "kiro://kiro.oauth/callback";
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
const LOOPBACK_PATH: &str = "/oauth/callback";

/// Where the callback came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RedirectUri {
    /// `kiro://kiro.oauth/callback`
    DeepLink,
    /// `http://{host}:{port}/oauth/callback`
    Loopback {
        /// `localhost`, `127.0.0.1` or `[::1]`.
        host: &'static str,
        /// The port.
        port: u16,
    },
}

impl RedirectUri {
    /// Whether this is the redirect URI that was sent, byte for byte.
    pub fn matches(&self, sent: &str) -> bool {
        match self {
            RedirectUri::DeepLink => sent == DEEP_LINK,
            RedirectUri::Loopback { host, port } => {
                sent == format!("http://{host}:{port}{LOOPBACK_PATH}")
            }
        }
    }
}

/// A callback. Well-formed, and nothing more: whether it is ours, its `state` says.
#[derive(Debug)]
pub struct Callback {
    /// Where it came to.
    pub redirect: RedirectUri,
    /// Which sign-in it answers.
    pub state: State,
    /// RFC 9207 `iss`.
    pub issuer: Option<String>,
    /// What it says.
    pub answer: Answer,
}

/// A response whose address is known: the query that came to a web application's redirect URI.
#[derive(Debug)]
pub struct AuthorizationResponse {
    /// Which sign-in it answers.
    pub state: State,
    /// RFC 9207 `iss`.
    pub issuer: Option<String>,
    /// What it says.
    pub answer: Answer,
}

/// Success or failure, never both.
#[derive(Debug)]
pub enum Answer {
    /// A code to redeem.
    Code(Code),
    /// RFC 6749 §4.1.2.1.
    Error(AuthorizationError),
}

/// An error answer, fit to be shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorizationError {
    /// The error code.
    pub error: String,
    /// The provider's words, at most 512 bytes.
    pub description: Option<String>,
    /// A claims challenge, JSON.
    pub claims: Option<String>,
}

/// Why a text is no callback.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CallbackError {
    /// Over 8 KiB.
    #[error("the callback is too long")]
    TooLong,
    /// Characters that no address has: control, space, non-ASCII, a backslash.
    #[error("the callback has characters that no address has")]
    Characters,
    /// Another scheme, host, port form or path, user information, or a fragment.
    #[error("this is not a callback address")]
    Address,
    /// A broken percent-encoding, or bytes that are not UTF-8.
    #[error("the callback's encoding is broken")]
    Encoding,
    /// A parameter stands twice.
    #[error("the callback repeats a parameter")]
    Repeated,
    /// No `state`, or one of other than visible characters (RFC 6749 appendix A.5).
    #[error("the callback has no state")]
    NoState,
    /// Neither a code nor an error, or both.
    #[error("the callback has neither a code nor an error, or both")]
    Answer,
    /// `iss` is missing though announced, or another one.
    #[error("the callback is from another issuer")]
    Issuer,
}

/// Reads a callback URL.
///
/// # Errors
/// See [`CallbackError`]; the text itself is never repeated in one.
pub fn parse_callback(input: &str) -> Result<Callback, CallbackError> {
    well_formed(input)?;
    let (address, query) = input.split_once('?').ok_or(CallbackError::Address)?;
    if query.contains('#') {
        return Err(CallbackError::Address);
    }
    let redirect = redirect(address).ok_or(CallbackError::Address)?;
    let AuthorizationResponse {
        state,
        issuer,
        answer,
    } = response(query)?;
    Ok(Callback {
        redirect,
        state,
        issuer,
        answer,
    })
}

/// Reads the query that a browser brought to a web application's redirect URI.
///
/// ```
/// let response = kiro_relying_party::parse_response("code=c&state=s&iss=https%3A%2F%2Fidp.example")?;
/// assert_eq!(response.issuer.as_deref(), Some("https://idp.example"));
/// # Ok::<(), kiro_relying_party::CallbackError>(())
/// ```
///
/// # Errors
/// See [`CallbackError`]; the text itself is never repeated in one.
pub fn parse_response(query: &str) -> Result<AuthorizationResponse, CallbackError> {
    well_formed(query)?;
    if query.contains('#') {
        return Err(CallbackError::Address);
    }
    response(query)
}

/// Compares `iss` byte for byte (RFC 9207 §2.4): if it is there it must fit, and if it is announced it must be there.
///
/// # Errors
/// `Issuer`.
pub fn check_issuer(
    answered: Option<&str>,
    issuer: &str,
    required: bool,
) -> Result<(), CallbackError> {
    match answered {
        Some(found) if found == issuer => Ok(()),
        None if !required => Ok(()),
        Some(_) | None => Err(CallbackError::Issuer),
    }
}

fn well_formed(text: &str) -> Result<(), CallbackError> {
    if text.len() > LIMIT {
        return Err(CallbackError::TooLong);
    }
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    {
        return Err(CallbackError::Characters);
    }
    Ok(())
}

fn response(query: &str) -> Result<AuthorizationResponse, CallbackError> {
    let mut parameters = parameters(query)?;
    let mut take = |name: &str| parameters.remove(name);
    let state = take("state")
        .filter(|state| is_visible(state))
        .ok_or(CallbackError::NoState)?;
    let answer = match (take("code"), take("error")) {
        (Some(code), None) if is_visible(&code) => Answer::Code(Code::from_secret(code)),
        (None, Some(error)) if is_visible(&error) => Answer::Error(AuthorizationError {
            error: shown(&error),
            description: take("error_description").map(|text| shown(&text)),
            claims: take("claims").and_then(|claims| challenge(&claims)),
        }),
        _ => return Err(CallbackError::Answer),
    };
    Ok(AuthorizationResponse {
        state: State::from_secret(state),
        issuer: take("iss"),
        answer,
    })
}

fn redirect(address: &str) -> Option<RedirectUri> {
    if address == DEEP_LINK {
        return Some(RedirectUri::DeepLink);
    }
    let authority = address
        .strip_prefix("http://")?
        .strip_suffix(LOOPBACK_PATH)?;
    let (host, port) = authority.rsplit_once(':')?;
    let host = LOOPBACK_HOSTS.into_iter().find(|known| *known == host)?;
    let canonical = !port.starts_with(['0', '+']);
    let port = port.parse().ok().filter(|_| canonical)?;
    Some(RedirectUri::Loopback { host, port })
}

fn parameters(query: &str) -> Result<BTreeMap<String, String>, CallbackError> {
    let mut parameters = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if parameters.insert(decode(name)?, decode(value)?).is_some() {
            return Err(CallbackError::Repeated);
        }
    }
    Ok(parameters)
}

/// `application/x-www-form-urlencoded`, without the leniency: what is broken is refused.
fn decode(text: &str) -> Result<String, CallbackError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) = (
                    digit().ok_or(CallbackError::Encoding)?,
                    digit().ok_or(CallbackError::Encoding)?,
                );
                u8::try_from(high * 16 + low).map_err(|_| CallbackError::Encoding)?
            }
            other => other,
        });
    }
    let decoded = String::from_utf8(bytes).map_err(|_| CallbackError::Encoding)?;
    if decoded.contains('\0') {
        Err(CallbackError::Encoding)
    } else {
        Ok(decoded)
    }
}

/// RFC 6749 appendix A: `VSCHAR`s, at least one.
fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}
