//! Where requests may go: a service that asks addresses which others name must not become their way into the network it stands in
//! (THREATS.md T10). What a name resolves to is what is connected to: it is looked at between the two.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Which addresses requests may go to.
#[derive(Clone, Default)]
pub struct Reach(Option<Arc<Allowed>>);

type Allowed = dyn Fn(IpAddr) -> bool + Send + Sync;

impl Reach {
    /// All of them.
    #[must_use]
    pub fn anywhere() -> Reach {
        Reach(None)
    }

    /// Those of the internet ([`is_public`]), and those that `beside` allows.
    pub fn internet(beside: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Reach {
        Reach(Some(Arc::new(move |address| {
            is_public(address) || beside(address.to_canonical())
        })))
    }

    pub(crate) fn is_limited(&self) -> bool {
        self.0.is_some()
    }

    /// Whether this may be connected to.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        self.0.as_ref().is_none_or(|allowed| allowed(address))
    }

    /// Whether the host is an address that may not be connected to. A name is looked at when it is resolved.
    pub(crate) fn refuses(&self, url: &Url) -> bool {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain("localhost")) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(Host::Domain(_)) | None => return false,
        };
        !self.allows(address)
    }
}

impl fmt::Debug for Reach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_limited() {
            "Internet"
        } else {
            "Anywhere"
        })
    }
}

/// What a name resolved to is not for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inside;

impl fmt::Display for Inside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("its address is inside a private network, which is not asked")
    }
}

impl Error for Inside {}

/// The system's resolver, without what may not be connected to.
impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let (inside, allowed): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.partition(|address| !reach.allows(address.ip()));
            if allowed.is_empty() && !inside.is_empty() {
                return Err(Inside.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address is the internet's: not this computer's, not a private, shared or local network's, not one that stands for another
/// (IANA's special-purpose address registries, RFC 6890).
///
/// ```
/// use kiro_relying_party::is_public;
///
/// assert!(is_public("192.0.32.7".parse()?));
/// assert!(!is_public("169.254.169.254".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, _, _)
    );
    !special
}

/// Global unicast (2000::/3) alone, without what stands for IPv4 addresses or for nobody.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let special = matches!(
        (first, second),
        (0x2001, 0x0000..=0x01ff | 0x0db8) | (0x2002 | 0x3fff, _)
    );
    first & 0xe000 == 0x2000 && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_internets_or_not() {
        let check = |text: &str, expected: bool| {
            let address: IpAddr = text.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            assert_eq!(is_public(address), expected, "{text}");
        };
        for public in [
            "8.8.8.8",
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
        ] {
            check(public, true);
        }
        for inside in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(inside, false);
        }
    }

    #[test]
    fn what_is_beside_the_internet_is_allowed_by_name_alone() {
        let reach = Reach::internet(|address| address == IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
        let check = |url: &str, refused: bool| {
            let url: Url = match url.parse() {
                Ok(url) => url,
                Err(error) => panic!("{url}: {error}"),
            };
            assert_eq!(reach.refuses(&url), refused, "{url}");
            assert!(!Reach::anywhere().refuses(&url), "{url}");
        };
        check("https://10.0.0.1/", false);
        check("https://[::ffff:10.0.0.1]/", false);
        check("https://10.0.0.2/", true);
        check("https://8.8.8.8/", false);
        check("https://127.0.0.1/", true);
        check("http://localhost:80/", true);
        check("https://[::1]/", true);
        check("https://2130706433/", true); // 127.0.0.1, as browsers read it
        check("https://0x7f.1/", true);
        check("https://idp.example/", false); // what it resolves to is looked at then
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_connected_to() {
        let resolved = async |reach: Reach| {
            let name: Name = "localhost".parse().map_err(|_| "no name".to_owned())?;
            let found = reach.resolve(name).await;
            found
                .map(Iterator::count)
                .map_err(|error| error.to_string())
        };
        let inside = resolved(Reach::internet(|_| false)).await;
        assert_eq!(inside, Err(Inside.to_string()));
        assert!(
            resolved(Reach::anywhere())
                .await
                .is_ok_and(|count| count > 0)
        );
        let here = Reach::internet(|address| address.is_loopback());
        assert!(resolved(here).await.is_ok_and(|count| count > 0));
    }
}
