//! Ports for the servers of a run. Ensures that a port lies below the range from which the kernel takes the
//! local ports of outgoing connections: one of those may hold a fixed port and keep a server from starting.
//! It cannot reserve a port: between the look and the server's own bind another program may take it.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};

use anyhow::{Result, bail};

/// Where the search begins; well below 32768, where Linux' ephemeral range begins.
const FIRST: u16 = 20_100;
/// Where the search gives up.
const LAST: u16 = 20_999;

/// `N` different free addresses on the loopback interface.
///
/// # Errors
/// When fewer than `N` ports between `FIRST` and `LAST` are free.
pub(crate) fn free<const N: usize>() -> Result<[SocketAddr; N]> {
    let free: Vec<SocketAddr> = (FIRST..=LAST)
        .map(loopback)
        .filter(is_free)
        .take(N)
        .collect();
    match free.try_into() {
        Ok(addresses) => Ok(addresses),
        Err(found) => bail!(
            "only {} of {N} ports are free between {FIRST} and {LAST} on 127.0.0.1",
            Vec::len(&found)
        ),
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into()
}

fn is_free(address: &SocketAddr) -> bool {
    TcpListener::bind(address).is_ok()
}
