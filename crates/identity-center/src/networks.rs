//! Addresses and networks, as settings name them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Networks {
    /// Of addresses and networks (`10.0.0.0/8`).
    ///
    /// # Errors
    /// Says which is none.
    pub fn read(words: &[String]) -> Result<Networks, String> {
        let network = |word: &String| {
            Network::read(word).ok_or_else(|| {
                format!("are addresses or networks such as 10.0.0.0/8; {word} is none")
            })
        };
        words
            .iter()
            .map(network)
            .collect::<Result<_, _>>()
            .map(Networks)
    }

    /// Every address.
    #[must_use]
    pub fn all() -> Networks {
        let every = |address| Network { address, bits: 0 };
        Networks(vec![
            every(Ipv4Addr::UNSPECIFIED.into()),
            every(Ipv6Addr::UNSPECIFIED.into()),
        ])
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is in one of them.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        self.0
            .iter()
            .any(|network| network.has(address.to_canonical()))
    }
}

impl Network {
    fn read(word: &str) -> Option<Network> {
        let (address, bits) = match word.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (word, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Network { address, bits })
    }

    fn has(self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                let differ = u32::from(ours) ^ u32::from(other);
                differ.leading_zeros() >= self.bits
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                let differ = u128::from(ours) ^ u128::from(other);
                differ.leading_zeros() >= self.bits
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}
