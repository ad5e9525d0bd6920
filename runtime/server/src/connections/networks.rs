//! Networks: which clients count as one, and which are not counted.

use ipnet::{IpNet, Ipv6Net};
use std::{net::IpAddr, str::FromStr};

/// Loopback, private, shared and link-local networks (RFC 1918, RFC 4193, RFC 6598, RFC 3927, RFC 4291).
///
/// A proxy, a load balancer or the address translation of a container platform usually has its address there, and
/// forwards the requests of many clients. A limit per address would then be a limit for all of them.
pub const PRIVATE_NETWORKS: &str = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,\
                                    169.254.0.0/16,::1/128,fc00::/7,fe80::/10";

/// The bits of an IPv6 address that name a customer; the rest is the customer's to choose (RFC 6177, RFC 4291 2.5.4).
const IPV6_CLIENT_BITS: u8 = 64;

/// A list of networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// The empty list.
    pub const NONE: Self = Self(Vec::new());

    /// Returns what `address` counts as for limits of single clients; `None` if it is in one of these networks.
    pub(super) fn client(&self, address: IpAddr) -> Option<IpAddr> {
        if self.0.iter().any(|network| network.contains(&address)) {
            return None;
        }
        match address {
            IpAddr::V4(_) => Some(address),
            IpAddr::V6(address) => {
                let network = Ipv6Net::new(address, IPV6_CLIENT_BITS).expect("64 is at most 128");
                Some(network.network().into())
            }
        }
    }
}

impl Default for Networks {
    fn default() -> Self {
        PRIVATE_NETWORKS.parse().expect("the constant is a list of networks")
    }
}

/// A word that is neither an address nor a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid network {word:?}: expected an address such as 192.0.2.7, or a network such as 10.0.0.0/8")]
pub struct NetworkError {
    word: String,
}

impl FromStr for Networks {
    type Err = NetworkError;

    /// Parses addresses and networks, separated by commas. The empty text is the empty list.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let networks = words.map(|word| {
            let address = word.parse::<IpAddr>().map(IpNet::from);
            address.or_else(|_| word.parse()).map_err(|_| NetworkError { word: word.to_owned() })
        });
        networks.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_address_or_half_an_address() {
        let check = |networks: &str, address: &str, expected: Option<&str>| {
            let client = networks.parse::<Networks>().unwrap().client(address.parse().unwrap());
            assert_eq!(client, expected.map(|client| client.parse().unwrap()), "{address} in {networks:?}");
        };
        check("", "127.0.0.1", Some("127.0.0.1"));
        check("", "2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::"));
        check("192.0.2.7, 2001:db8::/32", "192.0.2.7", None);
        check("192.0.2.7, 2001:db8::/32", "192.0.2.8", Some("192.0.2.8"));
        check("192.0.2.7, 2001:db8::/32", "2001:db8:1:2:3:4:5:6", None);
        for address in ["127.0.0.2", "10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd00::1"]
        {
            check(PRIVATE_NETWORKS, address, None);
        }
        check(PRIVATE_NETWORKS, "172.32.0.1", Some("172.32.0.1"));
        check(PRIVATE_NETWORKS, "8.8.8.8", Some("8.8.8.8"));
    }

    #[test]
    fn an_invalid_network_is_named() {
        let error = "10.0.0.0/8,10.0.0.0/33".parse::<Networks>().unwrap_err();
        assert!(error.to_string().contains("\"10.0.0.0/33\""), "{error}");
        assert_eq!(" , ".parse(), Ok(Networks::NONE));
    }
}
