//! Whether an answer may be sent to an address (RFC 8252 §7.3, RFC 9700 §4.1.3).

/// Whether `presented` is the registered address: byte for byte, but for the port of a literal loopback address that was registered
/// without one.
#[must_use]
pub fn allows(registered: &str, presented: &str) -> bool {
    if registered == presented {
        return true;
    }
    ["http://127.0.0.1", "http://[::1]"].iter().any(|host| {
        let path = registered
            .strip_prefix(host)
            .filter(|path| path.starts_with('/'));
        let port = presented
            .strip_prefix(host)
            .and_then(|rest| rest.strip_prefix(':'))
            .and_then(|rest| rest.strip_suffix(path?));
        port.is_some_and(|port| {
            !port.starts_with('0')
                && port.bytes().all(|byte| byte.is_ascii_digit())
                && port.parse::<u16>().is_ok()
        })
    })
}
