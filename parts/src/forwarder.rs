//! An address that stays while what is behind it moves.
//!
//! Ensures that a moved server's old connections break, as they do when a host goes.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Passes connections on to where the server is now.
pub struct Forwarder {
    address: SocketAddr,
    behind: Arc<Mutex<Behind>>,
}

struct Behind {
    server: SocketAddr,
    open: Vec<TcpStream>,
}

impl Forwarder {
    /// Listens where there is room, for a server that is here now.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn to(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let behind = Arc::new(Mutex::new(Behind {
            server,
            open: Vec::new(),
        }));
        let passing = Arc::clone(&behind);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A server that is not there is what the client is to notice.
                let _ = pass(client, &passing);
            }
        });
        Ok(Self { address, behind })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server is there now; connections to where it was break.
    pub fn moved(&self, server: SocketAddr) {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        behind.server = server;
        for stream in behind.open.drain(..) {
            // One that has ended already is as good.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pass(client: TcpStream, behind: &Mutex<Behind>) -> io::Result<()> {
    let mut behind = behind.lock().unwrap_or_else(PoisonError::into_inner);
    let server = TcpStream::connect(behind.server)?;
    for (from, to) in [(&client, &server), (&server, &client)] {
        behind.open.push(from.try_clone()?);
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        std::thread::spawn(move || {
            // Whichever end breaks, the other is to notice.
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    fn answering(with: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                stream.write_all(with).unwrap();
            }
        });
        address
    }

    #[test]
    fn the_address_stays_and_old_connections_break() {
        let forwarder = Forwarder::to(answering(b"one")).unwrap();
        let mut old = TcpStream::connect(forwarder.address()).unwrap();
        let mut heard = [0; 3];
        old.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"one");
        forwarder.moved(answering(b"two"));
        assert_eq!(old.read(&mut heard).unwrap_or(0), 0);
        TcpStream::connect(forwarder.address())
            .unwrap()
            .read_exact(&mut heard)
            .unwrap();
        assert_eq!(&heard, b"two");
    }
}
