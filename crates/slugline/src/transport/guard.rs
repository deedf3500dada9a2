//! Which addresses requests may go to (the SSRF guard).
//!
//! Ensures that only public addresses pass, and private ones that the configuration allows; that an
//! address inside another (mapped, translated) is judged as what it is; and that the addresses
//! under which clouds hand out credentials pass only when they are named one by one.
//! Lists follow the IANA special-purpose registries (RFC 6890) and the clouds' documentation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// Where instances of a cloud ask for credentials: AWS, Google Cloud, Azure, OpenStack and others
/// share the first; then AWS containers and IPv6, Alibaba, Azure's wire server, Oracle, Google IPv6.
const METADATA: [&str; 8] = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd20:ce::254",
];

/// Networks that are not the public Internet, and what they are.
const SPECIAL: [(&str, &str); 31] = [
    ("0.0.0.0/8", "this machine"),
    ("10.0.0.0/8", "a private network"),
    ("100.64.0.0/10", "a provider's shared network"),
    ("127.0.0.0/8", "this machine"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "a private network"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "for documentation"),
    ("192.88.99.0/24", "a 6to4 relay"),
    ("192.168.0.0/16", "a private network"),
    ("198.18.0.0/15", "for benchmarks"),
    ("198.51.100.0/24", "for documentation"),
    ("203.0.113.0/24", "for documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved or broadcast"),
    ("::/96", "this machine, or an obsolete form"),
    ("64:ff9b:1::/48", "a local translation"),
    ("100::/64", "discarded"),
    ("2001::/32", "Teredo"),
    ("2001:2::/48", "for benchmarks"),
    ("2001:10::/28", "ORCHID"),
    ("2001:20::/28", "ORCHID"),
    ("2001:db8::/32", "for documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "for documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "a private network"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
    ("::ffff:0:0:0/96", "a translation"),
];

/// The rules, with what the configuration allows.
#[derive(Clone, Debug)]
pub struct Guard {
    allowed: Vec<IpNet>,
    everything: bool,
    special: Vec<(IpNet, &'static str)>,
    metadata: Vec<IpAddr>,
}

impl Guard {
    /// Public addresses, and `allowed` besides.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Self {
        let network = |(text, what): &(&str, &'static str)| Some((text.parse().ok()?, *what));
        Self {
            allowed,
            everything: false,
            special: SPECIAL.iter().filter_map(network).collect(),
            metadata: METADATA
                .iter()
                .filter_map(|text| text.parse().ok())
                .collect(),
        }
    }

    /// No rules: for a client whose user chose the server.
    #[must_use]
    pub fn none() -> Self {
        Self {
            everything: true,
            ..Self::new(Vec::new())
        }
    }

    /// Whether a request may go to `address`; otherwise why not, and what would allow it.
    pub fn check(&self, address: IpAddr) -> Result<(), String> {
        let address = unwrap(address);
        if self.everything {
            return Ok(());
        }
        if self.metadata.contains(&address) {
            return self.check_metadata(address);
        }
        let Some((_, what)) = self
            .special
            .iter()
            .find(|(network, _)| network.contains(&address))
        else {
            return Ok(());
        };
        if self
            .allowed
            .iter()
            .any(|network| network.contains(&address))
        {
            return Ok(());
        }
        Err(format!(
            "{address} is no public address ({what}); if this is meant, add it to allow_private_networks in [server]"
        ))
    }

    fn check_metadata(&self, address: IpAddr) -> Result<(), String> {
        if self.allowed.contains(&IpNet::from(address)) {
            return Ok(());
        }
        Err(format!(
            "{address} hands out a cloud's credentials; only that very address in allow_private_networks would allow it"
        ))
    }

    /// Checks a URL as far as it says its address itself; names are checked when they are resolved.
    pub fn check_url(&self, url: &str) -> Result<(), String> {
        let url = Url::parse(url).map_err(|why| format!("is not a URL: {why}"))?;
        self.check_host(&url)
    }

    /// As [`Guard::check_url`], for a parsed URL.
    pub(super) fn check_host(&self, url: &Url) -> Result<(), String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("must be http or https, not {}", url.scheme()));
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(address.into()),
            Some(Host::Ipv6(address)) => self.check(address.into()),
            Some(Host::Domain(_)) => Ok(()),
            None => Err("names no host".into()),
        }
    }
}

/// The IPv4 address inside an IPv6 address: mapped (RFC 4291 §2.5.5.2), or translated by the
/// well-known prefix of NAT64 (RFC 6052 §2.1).
fn unwrap(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    if let Some(mapped) = v6.to_ipv4_mapped() {
        return mapped.into();
    }
    translated(v6).map_or(address, IpAddr::from)
}

fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let inner: [u8; 4] = octets[12..].try_into().ok()?;
    (octets[..12] == [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]).then(|| inner.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(guard: &Guard, address: &str) -> bool {
        guard.check(address.parse().unwrap()).is_ok()
    }

    #[test]
    fn every_network_of_the_list_is_one() {
        let guard = Guard::new(Vec::new());
        assert_eq!(
            (guard.special.len(), guard.metadata.len()),
            (SPECIAL.len(), METADATA.len())
        );
    }

    #[test]
    fn public_addresses_pass() {
        let guard = Guard::new(Vec::new());
        for public in [
            "1.1.1.1",
            "93.184.215.14",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(passes(&guard, public), "{public}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let guard = Guard::new(Vec::new());
        let refused = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "::ffff:0:127.0.0.1",
        ];
        for address in refused {
            assert!(!passes(&guard, address), "{address}");
        }
    }

    #[test]
    fn an_allowed_network_passes_and_its_neighbour_does_not() {
        let guard = Guard::new(vec![
            "10.1.0.0/16".parse().unwrap(),
            "::1/128".parse().unwrap(),
        ]);
        assert!(
            passes(&guard, "10.1.9.9")
                && passes(&guard, "::ffff:10.1.9.9")
                && passes(&guard, "::1")
        );
        assert!(!passes(&guard, "10.2.0.1") && !passes(&guard, "127.0.0.1"));
    }

    #[test]
    fn metadata_needs_its_very_address() {
        let wide = Guard::new(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
        for address in METADATA {
            assert!(!passes(&wide, address), "{address}");
        }
        assert!(!passes(&wide, "::ffff:169.254.169.254") && !passes(&wide, "64:ff9b::a9fe:a9fe"));
        let named = Guard::new(vec!["169.254.169.254/32".parse().unwrap()]);
        assert!(passes(&named, "169.254.169.254") && !passes(&named, "168.63.129.16"));
    }

    #[test]
    fn a_url_is_read_as_a_browser_reads_it() {
        let guard = Guard::new(Vec::new());
        for inside in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://127.0.0.1./",
            "http://[::1]:80/",
            "http://[::ffff:a00:1]/",
            "ftp://example.org/",
            "file:///etc/passwd",
        ] {
            assert!(guard.check_url(inside).is_err(), "{inside}");
        }
        assert!(guard.check_url("https://example.org/a.png").is_ok());
        assert!(
            guard
                .check_url("http://127.0.0.1/")
                .unwrap_err()
                .contains("allow_private_networks")
        );
    }
}
