//! A vendor's fake behind a real socket.
//!
//! Ensures that the faults that a [`Faults`] plan chooses happen on the wire: lost and cut answers,
//! commits after the client gave up. Knows no vendor: the fake answers, this plays.

mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use slugline_connectors::fake::{Fake, Faults, Played, Undocumented};
use slugline_core::http::{Request, Response};
use slugline_engine::ports::{Clock, Entropy};
use tokio::net::{TcpListener, TcpStream};

use self::wire::{Wire, answer, cut, read, refused};
use crate::clock::{SystemClock, SystemEntropy};

/// A client that was kept waiting for longer than this has surely given up.
const GIVEN_UP: Duration = Duration::from_secs(300);

/// Is told of each request and what befell it.
type Watch = Box<dyn Fn(&Request, &str) + Send + Sync>;

/// A fake on a socket.
pub struct Sandbox {
    fake: Mutex<Box<dyn Fake>>,
    faults: Mutex<Faults>,
    watch: Watch,
}

impl Sandbox {
    /// A fake with these faults. `watch` is told of each request and what befell it.
    #[must_use]
    pub fn new(
        fake: Box<dyn Fake>,
        faults: Faults,
        watch: impl Fn(&Request, &str) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            fake: Mutex::new(fake),
            faults: Mutex::new(faults),
            watch: Box::new(watch),
        })
    }

    /// Nothing goes wrong from now on.
    pub fn calm(&self) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = Faults::default();
    }

    /// Serves until dropped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(Arc::clone(&self).connection(stream))),
                // Out of descriptors, say: other connections will end.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream) {
        let service = service_fn(move |incoming| {
            let sandbox = Arc::clone(&self);
            async move {
                let request = read(incoming).await?;
                sandbox.respond(request).await
            }
        });
        // A connection that ends badly is what a sandbox is for.
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn respond(self: Arc<Self>, request: Request) -> Wire {
        let fault = self
            .faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .choose(SystemEntropy.unit());
        let played = fault.play(self.fake().as_mut(), &request, SystemClock.now());
        let (what, wire) = match played {
            Err(Undocumented(why)) => (format!("undocumented: {why}"), answer(undocumented(&why))),
            Ok(Played::Answer(wait, response)) => {
                tokio::time::sleep(wait).await;
                (format!("{} ({fault:?})", response.status), answer(response))
            }
            Ok(Played::Refused) => ("refused".to_owned(), refused()),
            Ok(Played::Lost) => ("done, answer lost".to_owned(), refused()),
            Ok(Played::Cut(response)) => ("done, answer cut".to_owned(), cut(response)),
            Ok(Played::Truncated(response)) => {
                ("done, answer truncated".to_owned(), answer(response))
            }
            Ok(Played::Late(wait)) => {
                (self.watch)(&request, "held; will be done late");
                tokio::spawn(Arc::clone(&self).later(request, wait));
                tokio::time::sleep(GIVEN_UP).await;
                return refused();
            }
        };
        (self.watch)(&request, &what);
        wire
    }

    async fn later(self: Arc<Self>, request: Request, wait: Duration) {
        tokio::time::sleep(wait).await;
        let done = self.fake().handle(&request, SystemClock.now());
        (self.watch)(
            &request,
            if done.is_ok() {
                "done late, nobody listening"
            } else {
                "undocumented"
            },
        );
    }

    fn fake(&self) -> std::sync::MutexGuard<'_, Box<dyn Fake>> {
        self.fake.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn undocumented(why: &str) -> Response {
    let headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
    Response {
        status: 501,
        headers,
        body: why.to_owned().into(),
    }
}
