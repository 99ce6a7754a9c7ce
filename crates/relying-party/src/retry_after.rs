//! How long a server asks to be left alone (RFC 9110 §10.2.3).

use std::time::Duration;

use ::http::{HeaderMap, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// A day: nobody waits longer for a sign-in.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The `Retry-After` of an answer, at most a day. A date is taken against the answer's own `Date`, so that no clock of
/// this computer is asked.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    let wait = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let answered = moment(headers.get(header::DATE)?.to_str().ok()?)?;
            Duration::try_from(moment(value)?.duration_since(answered)).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST))
}

fn moment(date: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_or_a_date() {
        for (date, value, expected) in [
            (None, "0", Some(0)),
            (None, "120", Some(120)),
            (None, "99999999999", Some(86_400)),
            (None, "99999999999999999999999", None),
            (None, "-1", None),
            (None, "1.5", None),
            (None, "soon", None),
            (None, "", None),
            (None, "Mon, 23 Nov 2026 10:00:30 GMT", None),
            (
                Some("Mon, 23 Nov 2026 10:00:00 GMT"),
                "Mon, 23 Nov 2026 10:00:30 GMT",
                Some(30),
            ),
            (
                Some("Mon, 23 Nov 2026 10:00:00 GMT"),
                "Mon, 23 Nov 2026 09:00:00 GMT",
                Some(0),
            ),
            (
                Some("Mon, 23 Nov 2026 10:00:00 GMT"),
                "Fri, 23 Nov 2046 09:00:00 GMT",
                Some(86_400),
            ),
            (Some("now"), "Mon, 23 Nov 2026 10:00:30 GMT", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static(value));
            if let Some(date) = date {
                headers.insert(header::DATE, header::HeaderValue::from_static(date));
            }
            let found = retry_after(&headers).map(|wait| wait.as_secs());
            assert_eq!(found, expected, "{date:?} {value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
