//! Proxies in front of the service: whose word on where a request came from is taken.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::networks::Networks;

/// What a proxy tells it by.
const HEADER: &str = "x-forwarded-for";

/// The addresses of trusted proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(pub Networks);

impl Proxies {
    /// Everybody: where there is nothing to protect.
    #[must_use]
    pub fn everybody() -> Proxies {
        Proxies(Networks::all())
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.has(address)
    }

    /// Where a request came from: the connection's other end, or, if that is a proxy of ours, the last address in `X-Forwarded-For`
    /// that is none. What stands to the left of it was written by whoever asked.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let said = headers.get_all(HEADER).iter();
        let said: Vec<&str> = said.map(|value| value.to_str().unwrap_or("?")).collect();
        for hop in said.iter().rev().flat_map(|line| line.rsplit(',')) {
            if !self.trusts(client) {
                break;
            }
            match address(hop.trim()) {
                Some(address) => client = address,
                None => break,
            }
        }
        client
    }
}

/// With or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let address = text
        .parse()
        .or_else(|_| text.parse::<SocketAddr>().map(|with| with.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn proxies(words: &[&str]) -> Proxies {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Proxies(Networks::read(&words).unwrap())
    }

    #[test]
    fn a_proxy_is_known_by_its_address() {
        let check = |network: &str, address: &str, expected| {
            let found = proxies(&[network]).trusts(address.parse().unwrap());
            assert_eq!(found, expected, "{network} {address}");
        };
        check("10.0.0.0/8", "10.255.0.1", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("10.0.0.0/8", "::ffff:10.1.2.3", true);
        check("192.0.2.1", "192.0.2.1", true);
        check("192.0.2.1", "192.0.2.2", false);
        check("0.0.0.0/0", "8.8.8.8", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("2001:db8::/32", "2001:db8:1::1", true);
        check("2001:db8::/32", "2001:db9::1", false);
        for wrong in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "proxy",
        ] {
            assert!(Networks::read(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_a_proxy_says_where_a_request_came_from() {
        let check = |peer: &str, said: &[&str], expected: &str| {
            let mut headers = HeaderMap::new();
            for line in said {
                headers.append(HEADER, HeaderValue::from_str(line).unwrap());
            }
            let found = proxies(&["10.0.0.0/8", "::1"]).client(peer.parse().unwrap(), &headers);
            assert_eq!(found.to_string(), expected, "{peer} {said:?}");
        };
        check("192.0.2.9", &[], "192.0.2.9");
        check("192.0.2.9", &["8.8.8.8"], "192.0.2.9"); // anybody can write a header
        check("10.0.0.1", &["8.8.8.8"], "8.8.8.8");
        check("10.0.0.1", &["1.1.1.1, 8.8.8.8"], "8.8.8.8"); // the left one was sent by 8.8.8.8
        check("10.0.0.1", &["1.1.1.1, 8.8.8.8, 10.0.0.2"], "8.8.8.8");
        check("10.0.0.1", &["1.1.1.1", "8.8.8.8"], "8.8.8.8");
        check("10.0.0.1", &["8.8.8.8:4711"], "8.8.8.8");
        check("::1", &["[2001:db8::1]:4711"], "2001:db8::1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["8.8.8.8, unknown"], "10.0.0.1");
        check("10.0.0.1", &["8.8.8.8, "], "10.0.0.1");
        check("::ffff:10.0.0.1", &["::ffff:8.8.8.8"], "8.8.8.8");
    }
}
