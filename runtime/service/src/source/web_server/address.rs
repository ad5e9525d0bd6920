//! The addresses at which a web server may be.
//!
//! A name that anyone can register must not lead to a machine that only this one can reach, such as the metadata
//! service of a cloud. Names are checked at each connection, after they are resolved, so a name whose address changes
//! (DNS rebinding) gains nothing.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};
use tokio::net::lookup_host;
use url::Host;

/// An address, a network or a host that the operator allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressRule {
    /// A network, or one address.
    Net(IpNet),
    /// The name of a host, with any address.
    Host(String),
}

impl FromStr for AddressRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let invalid = || {
            format!("invalid address {text:?}: expected an address, a network such as 10.0.0.0/8, or a host")
        };
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok(Self::Net(address.to_canonical().into()));
        }
        if text.contains('/') {
            return text.parse().map(Self::Net).map_err(|_| invalid());
        }
        match Host::parse(text) {
            Ok(Host::Domain(name)) => Ok(Self::Host(bare(&name).to_owned())),
            _ => Err(invalid()),
        }
    }
}

/// The kind of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Anyone can reach it.
    Public,
    /// It is in a private network or on this machine.
    Private,
    /// It is local to a link, where metadata services are, or no address of a host at all.
    Special,
}

/// Private networks and this machine: RFC 1918, RFC 6598, RFC 1122 3.2.1.3, RFC 4193.
const PRIVATE: [IpNet; 7] = [
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
];

/// Addresses that are not global in the special-purpose registries of IANA (RFC 6890), besides [`PRIVATE`].
/// Everything outside [`GLOBAL_V6`] is also special, by [`scope`].
const SPECIAL: [IpNet; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
    // Teredo and other protocols of the IETF, documentation, 6to4.
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16),
];

/// Global unicast addresses (RFC 4291 2.4).
const GLOBAL_V6: IpNet = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Addresses of version 4 behind a translator (RFC 6052).
const NAT64: IpNet = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

const fn v4(bytes: [u8; 4], length: u8) -> IpNet {
    let [a, b, c, d] = bytes;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

const fn v6(words: [u16; 8], length: u8) -> IpNet {
    let mut bits = 0;
    let mut index = 0;
    while index < words.len() {
        bits = bits << 16 | words[index] as u128;
        index += 1;
    }
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::from_bits(bits), length))
}

/// Returns the scope of an address. An address of version 4 within one of version 6 has its own.
fn scope(address: IpAddr) -> Scope {
    let address = embedded(address);
    let is_in = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
    if is_in(&PRIVATE) {
        Scope::Private
    } else if is_in(&SPECIAL) || (address.is_ipv6() && !GLOBAL_V6.contains(&address)) {
        Scope::Special
    } else {
        Scope::Public
    }
}

/// Returns the address of version 4 in a mapped or translated one of version 6; else the address itself.
fn embedded(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if NAT64.contains(&address) => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::from([a, b, c, d])
        }
        _ => address.to_canonical(),
    }
}

/// Suffixes of names that no one can register in the public DNS: RFC 6761, RFC 6762 appendix G, RFC 8375, and
/// `.internal` by ICANN's reservation.
const PRIVATE_SUFFIXES: [&str; 10] =
    ["localhost", "local", "internal", "home.arpa", "test", "intranet", "private", "corp", "home", "lan"];

/// Returns whether only a private network can define the name of a host. Names without a dot are such.
fn is_private_name(name: &str) -> bool {
    !name.contains('.')
        || PRIVATE_SUFFIXES.iter().any(|suffix| {
            name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

/// Returns the name of a host without the dot of a fully qualified one.
fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// The addresses that are allowed.
#[derive(Clone, Debug, Default)]
pub(super) struct AddressPolicy {
    rules: Vec<AddressRule>,
    /// Hosts of the source and of its redirects.
    named: HashSet<String>,
}

impl AddressPolicy {
    /// Allows public addresses, those of `rules`, and those in private networks for hosts of `named` that have
    /// private names. Naming `nginx` or `images.internal` as the source names its address.
    pub(super) fn new(rules: &[AddressRule], named: impl IntoIterator<Item = String>) -> Self {
        let named = named.into_iter().map(|name| bare(&name).to_owned());
        Self { rules: rules.to_vec(), named: named.collect() }
    }

    /// Returns whether `host` may be at `address`.
    fn allows(&self, host: &str, address: IpAddr) -> bool {
        let host = bare(host);
        let scope = scope(address);
        let by_rule = self.rules.iter().any(|rule| match rule {
            AddressRule::Net(net) => net.contains(&address) || net.contains(&embedded(address)),
            AddressRule::Host(name) => name == host,
        });
        let by_name = || scope == Scope::Private && is_private_name(host) && self.named.contains(host);
        scope == Scope::Public || by_rule || by_name()
    }
}

/// The host has only addresses that are not allowed.
#[derive(Debug, thiserror::Error)]
#[error("{host} is at {address}, which is not a public address: allow it by --allow-address {host}")]
struct ForbiddenAddress {
    host: String,
    address: IpAddr,
}

/// Resolves names of hosts to addresses that are allowed.
pub(super) struct GuardedResolver {
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) policy: Arc<AddressPolicy>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_ascii_lowercase();
        let policy = self.policy.clone();
        let resolving = self.resolver.resolve(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = resolving.await?.collect();
            let (allowed, forbidden): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|address| policy.allows(&host, address.ip()));
            match (allowed.is_empty(), forbidden.first()) {
                (true, Some(address)) => Err(ForbiddenAddress { host, address: address.ip() }.into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// Resolves names as the system does.
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_global_addresses_are_public() {
        let check = |addresses: &[&str], expected| {
            for address in addresses {
                assert_eq!(scope(address.parse().unwrap()), expected, "{address}");
            }
        };
        check(&["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "::ffff:8.8.8.8"], Scope::Public);
        check(&["64:ff9b::808:808", "169.253.1.1", "223.255.255.255"], Scope::Public);
        check(&["127.0.0.1", "127.9.9.9", "10.0.0.1", "172.31.255.255", "192.168.1.1"], Scope::Private);
        check(&["100.64.0.1", "::1", "fd00:ec2::254", "fc00::1", "::ffff:127.0.0.1"], Scope::Private);
        check(&["::ffff:10.0.0.1", "64:ff9b::a00:1"], Scope::Private);
        check(&["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "::"], Scope::Special);
        check(&["224.0.0.1", "255.255.255.255", "ff02::1", "::7f00:1", "2002:7f00:1::"], Scope::Special);
        check(
            &["64:ff9b:1::1", "64:ff9b::a9fe:a9fe", "2001::1", "198.18.0.1", "203.0.113.1"],
            Scope::Special,
        );
    }

    #[test]
    fn private_addresses_are_for_those_who_are_named() {
        let rules = ["10.1.0.0/16", "cdn.example", "::1", "169.254.7.7"].map(|rule| rule.parse().unwrap());
        let named = ["nginx", "images.internal.", "photos.example"].map(str::to_owned);
        let policy = AddressPolicy::new(&rules, named);
        let check = |host: &str, address: &str, expected| {
            assert_eq!(policy.allows(host, address.parse().unwrap()), expected, "{host} at {address}");
        };
        check("photos.example", "8.8.8.8", true);
        check("photos.example", "10.2.0.1", false);
        check("photos.example", "127.0.0.1", false);
        check("photos.example", "10.1.2.3", true);
        check("photos.example", "::ffff:10.1.2.3", true);
        check("photos.example", "::1", true);
        check("cdn.example", "127.0.0.1", true);
        check("other.cdn.example", "127.0.0.1", false);
        check("nginx", "172.18.0.2", true);
        check("nginx.", "172.18.0.2", true);
        check("nginx", "169.254.169.254", false);
        check("nginx", "169.254.7.7", true);
        check("images.internal", "fd00::1", true);
        check("localhost", "127.0.0.1", false);
    }

    #[test]
    fn rules_are_addresses_networks_and_hosts() {
        let check = |text: &str, expected: Option<&str>| {
            let rule = text.parse::<AddressRule>().ok();
            assert_eq!(rule.map(|rule| format!("{rule:?}")).as_deref(), expected, "{text}");
        };
        check("10.0.0.0/8", Some("Net(10.0.0.0/8)"));
        check("[::1]", Some("Net(::1/128)"));
        check("::ffff:127.0.0.1", Some("Net(127.0.0.1/32)"));
        check("NGINX.local.", Some("Host(\"nginx.local\")"));
        check("10.0.0.0/33", None);
        check("http://host", None);
        check("", None);
    }
}
