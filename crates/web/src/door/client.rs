//! Who sent a request, as far as addresses tell.
//!
//! Ensures that a header which anybody can write counts only behind a proxy that is trusted.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};

/// The address that a connection comes from; the listener puts it into each request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The names in the certificate that the client of a connection has shown and that was checked; none where
/// it has shown none. The listener puts them into each request's extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientNames(pub Arc<[String]>);

/// Whether an address is that of a proxy of ours.
pub type Trusts = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The sender's address: the connection's, or where that is a trusted proxy's, the last in
/// `X-Forwarded-For` that is not one.
pub(crate) fn address(
    peer: Option<Peer>,
    headers: &HeaderMap,
    trusts: &dyn Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let peer = peer?.0.ip().to_canonical();
    if !trusts(peer) {
        return Some(peer);
    }
    let lines = headers.get_all(FORWARDED_FOR).iter();
    // What is no text, and what is no address, was not written by a proxy of ours, and tells nothing.
    let lines = lines
        .map(HeaderValue::to_str)
        .collect::<Result<Vec<_>, _>>()
        .ok()?;
    let named: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).collect();
    for text in named.iter().rev() {
        let address = parse(text.trim())?.to_canonical();
        if !trusts(address) {
            return Some(address);
        }
    }
    Some(peer)
}

/// An address, with or without a port.
fn parse(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, lines: &[&'static str]) -> Option<String> {
        let headers = lines.iter().map(|line| {
            (
                "x-forwarded-for".parse().unwrap(),
                HeaderValue::from_bytes(line.as_bytes()).unwrap(),
            )
        });
        let headers: HeaderMap = headers.collect();
        let peer = Peer(peer.parse().unwrap());
        let trusts = |address: IpAddr| address.to_string().starts_with("10.");
        address(Some(peer), &headers, &trusts).map(|found| found.to_string())
    }

    #[test]
    fn a_header_counts_only_behind_a_proxy_that_is_trusted() {
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(of("192.0.2.1:5", &["203.0.113.9"]), is("192.0.2.1"));
        assert_eq!(of("10.0.0.1:5", &["203.0.113.9"]), is("203.0.113.9"));
        assert_eq!(
            of("[::ffff:10.0.0.1]:5", &["203.0.113.9:88"]),
            is("203.0.113.9")
        );
        // The sender wrote the first one itself.
        assert_eq!(
            of("10.0.0.1:5", &["127.0.0.1, 203.0.113.9, 10.0.0.2"]),
            is("203.0.113.9")
        );
        assert_eq!(
            of("10.0.0.1:5", &["127.0.0.1", "203.0.113.9"]),
            is("203.0.113.9")
        );
        assert_eq!(of("10.0.0.1:5", &["203.0.113.9, unknown"]), None);
        assert_eq!(
            of("10.0.0.1:5", &["203.0.113.9", "\u{e4}, 198.51.100.1"]),
            None
        );
        assert_eq!(of("10.0.0.1:5", &[]), is("10.0.0.1"));
    }
}
