//! One connection by hand, so that what is measured with one is the service's time and not that of a client that was built to be
//! debugged.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use url::Url;

/// A connection that is kept as long as the service keeps it.
pub(crate) struct Wire {
    url: Url,
    token: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Wire {
    pub(crate) fn new(url: &str, token: &str) -> Wire {
        Wire {
            url: url.parse().unwrap(),
            token: token.to_owned(),
            stream: None,
        }
    }

    /// The status, and how long the whole answer took to come.
    pub(crate) fn send(&mut self, method: &str, path: &str, body: &str) -> (u16, Duration) {
        let (host, port) = (self.url.host_str().unwrap(), self.url.port().unwrap());
        let request = format!(
            "{method} {}{path} HTTP/1.1\r\nhost: {host}:{port}\r\nauthorization: Bearer {}\r\n\
             content-type: application/scim+json\r\ncontent-length: {}\r\n\r\n{body}",
            self.url.path(),
            self.token,
            body.len()
        );
        let begun = Instant::now();
        let mut stream = self.stream.take().unwrap_or_else(|| {
            let stream = TcpStream::connect((host, port)).unwrap();
            stream.set_nodelay(true).unwrap();
            BufReader::new(stream)
        });
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let (status, closes) = answer(&mut stream);
        let took = begun.elapsed();
        self.stream = (!closes).then_some(stream);
        (status, took)
    }
}

/// Reads an answer: its status, and whether the connection is over.
fn answer(stream: &mut BufReader<TcpStream>) -> (u16, bool) {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line.trim_end().to_ascii_lowercase()
    };
    let first = line();
    let status: u16 = first.split(' ').nth(1).unwrap().parse().unwrap();
    let (mut length, mut closes) = (None, first.starts_with("http/1.0"));
    loop {
        let header = line();
        match header.split_once(": ") {
            Some(("content-length", value)) => length = Some(value.parse().unwrap()),
            Some(("connection", value)) => closes = value == "close",
            Some(("transfer-encoding", _)) => panic!("a length was expected: {header}"),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = Vec::new();
    match length {
        Some(length) => drop(stream.take(length).read_to_end(&mut body).unwrap()),
        None if closes => drop(stream.read_to_end(&mut body).unwrap()),
        None => assert_eq!(status, 204, "an answer without a length"),
    }
    (status, closes)
}
