//! An answer's body in pieces, as they come: as long as an answer may take that is told bit by bit, and no longer.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};

use super::{HttpError, chain};

/// For a whole answer in pieces.
pub(super) const TOTAL_TIMEOUT: Duration = Duration::from_hours(1);
/// Bytes of one.
const LIMIT: usize = 64 * 1024 * 1024;

/// A body that comes in pieces.
pub type Body = BoxBody<Bytes, HttpError>;

/// A body that is here already, as one piece.
pub(super) fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

/// What comes from this host, up to the limit.
pub(super) fn limited(body: reqwest::Body, host: String) -> Body {
    let fault = move |error: Box<dyn Error + Send + Sync>| {
        let host = host.clone();
        if error.is::<LengthLimitError>() {
            return HttpError::TooLarge { host };
        }
        match error.downcast_ref::<reqwest::Error>() {
            Some(error) if error.is_timeout() => HttpError::TimedOut { host },
            Some(_) | None => HttpError::Failed {
                host,
                why: chain(error.as_ref()),
            },
        }
    };
    Limited::new(body, LIMIT).map_err(fault).boxed()
}
