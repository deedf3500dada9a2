//! A process that runs: its listener, and the node of the configuration that counts.
//!
//! Ensures that another configuration takes the place of the one before without a connection refused, a request dropped
//! or a run broken off: new requests go to the new node at once, while the old one ends what it has begun; that a
//! stop closes the doors first, lets runs end, and closes the store last.

use futures_util::stream::{FuturesUnordered, StreamExt};
use slugline_core::port::BoxFuture;
use slugline_engine::stop::Stop;
use slugline_web::Router;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::node::{CLOSING, Node, overdue};
use crate::telemetry::Metrics;

/// A node at work.
struct Turn {
    node: std::sync::Arc<Node>,
    stop: Stop,
}

impl Turn {
    /// Opens the doors of a node, and its deliveries.
    fn begin(node: Node, metrics: &Metrics) -> (Self, Router, BoxFuture<'static, ()>) {
        let turn = Self {
            node: std::sync::Arc::new(node),
            stop: Stop::default(),
        };
        let router = turn.node.open(metrics.clone());
        let (node, stop) = (turn.node.clone(), turn.stop.clone());
        // Its loops run where its requests do, on the workers. A panic in them still ends the process.
        let work = tokio::spawn(async move { node.run(&stop).await });
        let work = Box::pin(async move {
            if let Err(error) = work.await
                && let Ok(panic) = error.try_into_panic()
            {
                std::panic::resume_unwind(panic);
            }
        });
        (turn, router, work)
    }

    /// Has it end what it has begun, and take nothing new.
    fn end(&self) {
        self.node.close();
        self.stop.request();
    }
}

/// Serves until asked to stop, then closes: within the shutdown grace and [`CLOSING`]. Each of `successors` takes the
/// place of the node before it.
pub async fn serve(
    node: Node,
    listener: TcpListener,
    metrics: Metrics,
    mut successors: mpsc::Receiver<Node>,
    stop: &Stop,
) {
    let (ground, grace) = (node.ground().clone(), node.grace());
    let (mut turn, router, work) = Turn::begin(node, &metrics);
    let (shown, routers) = watch::channel(router);
    let mut works = FuturesUnordered::from_iter([work]);
    let doors = async {
        let identity = ground.tls.as_ref().map(|tls| &tls.identity);
        tokio::select! {
            () = crate::listen::serve(listener, routers, identity, stop.requested()) => {},
            () = overdue(stop, grace) => {},
            () = ground.renew() => {},
        }
    };
    let turns = async {
        loop {
            tokio::select! {
                () = stop.requested() => break,
                Some(node) = successors.recv() => {
                    let (next, router, work) = Turn::begin(node, &metrics);
                    works.push(work);
                    drop(shown.send_replace(router));
                    std::mem::replace(&mut turn, next).end();
                    tracing::info!("the configuration is read again and counts from now on");
                }
                Some(()) = works.next() => {}
            }
        }
        turn.end();
        while works.next().await.is_some() {}
    };
    tokio::join!(doors, turns);
    if tokio::time::timeout(CLOSING / 2, ground.store.close())
        .await
        .is_err()
    {
        tracing::warn!("the store did not close in time; what was answered is durable");
    }
}
