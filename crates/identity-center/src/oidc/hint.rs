//! An ID token of ours that an application gives back (`id_token_hint`: OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). It may
//! have expired; it says all the same whom the application had signed in.

use serde_json::Value;

use crate::center::Center;
use crate::id::{SessionId, UserId};

/// What a genuine hint says.
pub(super) struct Hint {
    /// The application that it was made for.
    pub(super) client: String,
    /// Of whom it speaks.
    pub(super) user: Option<UserId>,
    pub(super) session: Option<SessionId>,
}

/// What the token says, if one of our keys signed it.
pub(super) fn read(center: &Center, token: &str) -> Option<Hint> {
    let claims = center.signing.ring().verify(token)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss")? != center.settings.issuer() {
        return None;
    }
    Some(Hint {
        client: text("aud")?.to_owned(),
        user: text("sub").and_then(|sub| sub.parse().ok()),
        session: text("sid").and_then(|sid| sid.parse().ok()),
    })
}
