//! Names to addresses, with the guard between.
//!
//! Ensures that a connection is made only to an address that was checked: what the guard does not
//! let through is not in the answer, so a name that changes its address cannot slip past.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fmt, io, vec};

use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

use super::guard::Guard;

/// Resolves by the machine's own resolver.
#[derive(Clone, Debug)]
pub(super) struct GuardedResolver {
    guard: Arc<Guard>,
}

/// No address of a name is let through; the text says why.
#[derive(Debug)]
pub(super) struct Refused(pub(super) String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl GuardedResolver {
    pub(super) fn new(guard: Arc<Guard>) -> Self {
        Self { guard }
    }
}

impl Service<Name> for GuardedResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let guard = Arc::clone(&self.guard);
        Box::pin(async move {
            // The connector puts the URL's port in place of this one.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let_through(&guard, name.as_str(), found)
        })
    }
}

fn let_through(
    guard: &Guard,
    name: &str,
    found: impl Iterator<Item = SocketAddr>,
) -> io::Result<vec::IntoIter<SocketAddr>> {
    let mut passed = Vec::new();
    let mut refusal = None;
    for address in found {
        match guard.check(address.ip()) {
            Ok(()) => passed.push(address),
            Err(why) => refusal = Some(why),
        }
    }
    match refusal {
        Some(why) if passed.is_empty() => Err(io::Error::other(Refused(format!("{name}: {why}")))),
        _ => Ok(passed.into_iter()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_checked_addresses_are_in_the_answer() {
        let guard = Guard::new(Vec::new());
        let found = ["127.0.0.1:0", "1.1.1.1:0", "10.0.0.1:0"].map(|text| text.parse().unwrap());
        let passed: Vec<SocketAddr> = let_through(&guard, "mixed.example", found.into_iter())
            .unwrap()
            .collect();
        assert_eq!(passed, ["1.1.1.1:0".parse().unwrap()]);
    }

    #[test]
    fn a_name_without_a_checked_address_is_refused() {
        let guard = Guard::new(Vec::new());
        let why = let_through(
            &guard,
            "inside.example",
            ["10.0.0.1:0".parse().unwrap()].into_iter(),
        )
        .unwrap_err();
        assert!(
            why.to_string().contains("inside.example: 10.0.0.1"),
            "{why}"
        );
    }
}
