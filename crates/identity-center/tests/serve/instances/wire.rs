//! Requests of the application, and their answers.

use std::net::SocketAddr;

use kiro_identity_center::device;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::form_urlencoded;

use super::cluster::APPLICATION;
use super::person::{CALLBACK, VERIFIER};

/// Where grants are presented.
pub(crate) const TOKEN: &str = "/oauth2/token";

/// An answer's status and body; `None` where the connection ended without a whole one.
pub(crate) async fn ask(
    to: SocketAddr,
    request: &str,
    header: &str,
    form: &[(&str, &str)],
) -> Option<(u16, Value)> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let header = format!("{header}\r\ncontent-type: application/x-www-form-urlencoded");
    exchange(to, request, &header, &body).await
}

/// The same with JSON, by a bearer of this token.
pub(crate) async fn tell(
    to: SocketAddr,
    request: &str,
    token: &str,
    body: &Value,
) -> Option<(u16, Value)> {
    let header = format!("authorization: Bearer {token}\r\ncontent-type: application/scim+json");
    exchange(to, request, &header, &body.to_string()).await
}

async fn exchange(to: SocketAddr, request: &str, header: &str, body: &str) -> Option<(u16, Value)> {
    let length = body.len();
    let whole = format!(
        "{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(to).await.ok()?;
    stream.write_all(whole.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let header = |name: &str| {
        let mut all = head.lines().filter_map(|line| line.split_once(": "));
        let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned())
    };
    let whole = match (header("content-length"), status) {
        (Some(length), _) => (body.len().to_string() == length).then(|| body.to_owned()),
        // It has no content.
        (None, 204) => Some(String::new()),
        (None, _) => joined(body),
    };
    let body = whole?;
    Some((status, serde_json::from_str(&body).unwrap_or_default()))
}

/// A body that came in chunks (RFC 9112 §7.1), if the last one is there.
fn joined(mut chunks: &str) -> Option<String> {
    let mut body = String::new();
    loop {
        let (size, rest) = chunks.split_once("\r\n")?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.push_str(rest.get(..size)?);
        chunks = rest.get(size + 2..)?;
    }
}

/// The same with a form alone.
pub(crate) async fn post(
    to: SocketAddr,
    path: &str,
    form: &[(&str, &str)],
) -> Option<(u16, Value)> {
    ask(to, &format!("POST {path}"), "x: y", form).await
}

/// A code is presented.
pub(crate) fn redemption(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", APPLICATION),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

/// A refresh token is.
pub(crate) fn renewal(refresh: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "refresh_token"),
        ("client_id", APPLICATION),
        ("refresh_token", refresh),
    ]
}

/// A device asks.
pub(crate) fn poll(device_code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", device::GRANT),
        ("client_id", APPLICATION),
        ("device_code", device_code),
    ]
}

/// A member of an answer.
pub(crate) fn text(said: &Value, name: &str) -> String {
    said[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {said}"))
        .to_owned()
}
