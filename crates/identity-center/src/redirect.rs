//! Whether an answer may be sent to an address (RFC 8252 §7, RFC 9700 §4.1.3). What may be registered is so plain that comparing bytes
//! is enough: no two ways to write it, nothing that a browser would read otherwise.

use url::Url;

use crate::client::Wire;

/// The addresses of one's own computer. Where one is registered without a port, any port is meant: a program takes a free one.
const LOOPBACK: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];
/// A name, which may lead elsewhere (RFC 8252 §8.3): each port is registered by itself.
const LOCALHOST: &str = "http://localhost";
/// A redirect URI is no longer.
const LIMIT: usize = 512;
/// Schemes by which a browser runs, reads or fetches something itself.
const BROWSERS_OWN: [&str; 16] = [
    "about",
    "blob",
    "chrome",
    "content",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "javascript",
    "mailto",
    "resource",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Whether `presented` is the registered address: byte for byte, but for the port of a loopback address that was registered without
/// one.
#[must_use]
pub fn allows(registered: &str, presented: &str) -> bool {
    if registered == presented {
        return true;
    }
    LOOPBACK.iter().any(|host| {
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

/// Whether an application of this wire may register this redirect URI.
///
/// - AWS's: `http://127.0.0.1/…` or `http://[::1]/…`, without port and query.
/// - OpenID Connect's: `https`, a loopback address with or without port, `localhost` with one, or a scheme of the application's own.
///
/// Neither has user information, a fragment, an encoded character, a backslash, a dot segment, or anything that is written otherwise by
/// who reads it.
#[must_use]
pub fn registrable(wire: Wire, uri: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"%\\#<>\"`{}|^@*'".contains(&byte);
    if uri.len() > LIMIT || !uri.bytes().all(plain) {
        return false;
    }
    let Ok(url) = Url::parse(uri) else {
        return false;
    };
    let dots = url
        .path_segments()
        .is_some_and(|mut segments| segments.any(|segment| segment == "." || segment == ".."));
    if url.as_str() != uri || dots || url.port() == Some(0) {
        return false;
    }
    let at = |host: &str| {
        uri.strip_prefix(host)
            .is_some_and(|rest| rest.starts_with([':', '/']))
    };
    let loopback = LOOPBACK.iter().any(|host| at(host));
    match wire {
        Wire::Aws => loopback && url.port().is_none() && url.query().is_none(),
        Wire::Oidc => match url.scheme() {
            "https" => url.host_str().is_some_and(|host| !host.is_empty()),
            "http" => loopback || (at(LOCALHOST) && url.port().is_some()),
            other => !BROWSERS_OWN.contains(&other) && !url.cannot_be_a_base(),
        },
    }
}

#[cfg(test)]
pub(crate) mod tests;
