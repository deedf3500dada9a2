//! Nudging other nodes, and being nudged by them.
//!
//! Ensures that a node soon hears that jobs may be due which another one made so. Only a hint: a lost
//! one is slower, never wrong. What several transactions have to say is said once, after their
//! commits: NOTIFY within a transaction would have all commits wait for each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_postgres::Notification;

use super::connector::Connector;
use super::fault::Done;
use super::gauges::Gauges;
use super::session::Session;

/// How long news are gathered before they are told: what a node adds to the delay of another's work.
const GATHER: Duration = Duration::from_millis(10);
/// How long after a lost connection the next one is tried, and how often it is looked whether it is
/// lost: nobody else uses it.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens and tells until its task is dropped.
pub(crate) async fn ring(connector: Connector, gauges: Arc<Gauges>) {
    loop {
        if let Err(fault) = until_lost(&connector, &gauges).await {
            tracing::warn!(%fault, "other nodes cannot be heard; jobs are still found by looking");
        }
        sleep(PAUSE).await;
    }
}

async fn until_lost(connector: &Connector, gauges: &Arc<Gauges>) -> Done<()> {
    let session = listen(connector, gauges).await?;
    // Whatever was told while nobody listened.
    gauges.nudge.give();
    while !session.is_closed() {
        if timeout(PAUSE, gauges.tell.notified()).await.is_ok() {
            session.script("NOTIFY slugline").await?;
            sleep(GATHER).await;
        }
    }
    Ok(())
}

async fn listen(connector: &Connector, gauges: &Arc<Gauges>) -> Done<Session> {
    // What this node tells comes back to it; it knows that already.
    let own = Arc::new(AtomicI32::new(0));
    let (heard, teller) = (Arc::clone(gauges), Arc::clone(&own));
    let hear = move |told: &Notification| {
        if told.process_id() != teller.load(Ordering::Relaxed) {
            heard.nudge.give();
        }
    };
    let session = connector.listening(Arc::new(hear)).await?;
    if let Some(row) = session.one("SELECT pg_backend_pid()", &[]).await? {
        own.store(row.try_get(0)?, Ordering::Relaxed);
    }
    // A nudge needs no fsync.
    session
        .script("SET synchronous_commit = off; LISTEN slugline")
        .await?;
    Ok(session)
}
