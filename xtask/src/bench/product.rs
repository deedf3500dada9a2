//! What the product does with an empty queue, measured from outside: intake, end to end with its cost, accept → live, and
//! how soon it delivers after `kill -9`. Every delivery is counted at the sink and asked for at the API, and a difference
//! is an error, not a figure.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::load::{self, Until};
use super::open_loop::Rate;
use super::percentile::Sample;
use super::requests::Kind;
use super::server::Server;
use super::sink::Sink;
use super::store::Store;
use super::webhooks::{self, Told};
use super::{live, open_loop, recovery};
use crate::wire::Connection;

/// Goes to the local sink at once.
pub(super) const STANDARD: Kind = Kind {
    destination: "sink",
    class: "standard",
    publish_at: None,
};
/// Waits for a time that does not come: intake alone, with no delivery beside it.
const SCHEDULED: Kind = Kind {
    destination: "sink",
    class: "standard",
    publish_at: Some("2100-01-01T00:00:00Z"),
};

/// The sink answers at once; a silence of this length means that something is stuck.
const PATIENCE: Duration = Duration::from_secs(30);
/// The open loop runs at this share of the end-to-end rate.
const LATENCY_LOAD: f64 = 0.1;
/// One in so many of them is watched. Whoever watches asks again and again, which on PostgreSQL costs as much as
/// the publish itself: at one in ten the asking doubled what it measured.
const WATCHED: usize = 40;
/// The open loop lasts so many times as long as the others, for as many samples.
const LATENCY_SPANS: u32 = 2;

/// Where to measure and for how long.
pub(super) struct Bench<'a> {
    pub(super) binary: &'a Path,
    pub(super) work: &'a Path,
    pub(super) span: Duration,
    pub(super) store: Store,
}

/// What a load came to, end to end.
pub(super) struct Delivered {
    /// Delivered and settled per second.
    pub(super) per_second: f64,
    /// Processor time of the server, in seconds per 1,000 publishes.
    pub(super) processor: f64,
}

/// Taken from one server that begins empty.
pub(super) struct EndToEnd {
    /// Resident memory of a server that has nothing to do, in MiB.
    pub(super) idle_mib: f64,
    pub(super) delivered: Delivered,
    /// Accept → live at a tenth of that rate.
    pub(super) latency: Sample,
    /// Accept → live of urgent publishes at a low rate.
    pub(super) urgent: Sample,
    /// `kill -9` to first delivery, in milliseconds.
    pub(super) recover_ms: f64,
    /// Bytes on disk per publish, after a checkpoint.
    pub(super) bytes: f64,
}

impl Bench<'_> {
    /// Accepted per second.
    pub(super) async fn intake(&self) -> Result<f64> {
        let server = Server::start(self, Sink::start().await?.address).await?;
        let accepted = load::closed(&server.target, SCHEDULED, Until::Elapsed(self.span)).await;
        Ok(server.explain(accepted)?.rate())
    }

    /// Webhooks whose entries go to a destination that is down, so that next to nothing is delivered beside them.
    pub(super) async fn webhooks(&self) -> Result<Told> {
        let server = Server::start(self, Sink::start().await?.address).await?;
        let told = webhooks::saturate(&server.target, self.span).await;
        server.explain(told)
    }

    /// One server through its life, with never more queued than is under way.
    pub(super) async fn end_to_end(&self) -> Result<EndToEnd> {
        let sink = Sink::start().await?;
        let mut server = Server::start(self, sink.address).await?;
        let (idle_mib, _) = server.resident()?;
        let delivered = server.explain(deliver(&server, &sink, self.span).await)?;
        server.settle()?;
        let rate = Rate {
            per_second: delivered.per_second * LATENCY_LOAD,
            watched: WATCHED,
        };
        let latency =
            open_loop::accept_to_live(&server.target, STANDARD, rate, self.span * LATENCY_SPANS)
                .await;
        let latency = server.explain(latency)?;
        let urgent = server.explain(self.urgent(&server).await)?;
        let recovered = recovery::milliseconds(&mut server, &[&sink]).await;
        let recover_ms = server.explain(recovered)?;
        server.stop()?;
        Ok(EndToEnd {
            idle_mib,
            delivered,
            latency,
            urgent,
            recover_ms,
            bytes: server.bytes()? as f64 / sink.count() as f64,
        })
    }
}

/// The clocks stop when the publish that was delivered last is live; then every one of them is asked for.
pub(super) async fn deliver(server: &Server, sink: &Sink, span: Duration) -> Result<Delivered> {
    let (target, before, started) = (&server.target, server.processor()?, Instant::now());
    let accepted = load::closed(target, STANDARD, Until::Elapsed(span)).await?;
    let count = accepted.keys.len();
    sink.reaches(count, PATIENCE).await?;
    let mut connection = Connection::open(target.address).await?;
    live::wait(&mut connection, target, sink.latest()).await?;
    let (took, processor) = (started.elapsed(), server.processor()? - before);
    live::wait_all(target, Rc::new(accepted.keys)).await?;
    agrees(count, sink)?;
    Ok(Delivered {
        per_second: count as f64 / took.as_secs_f64(),
        processor: processor.as_secs_f64() * 1_000.0 / count as f64,
    })
}

/// What was accepted arrived, and nothing else did. A repeat is allowed where a delivery is at least once, but is named.
fn agrees(accepted: usize, sink: &Sink) -> Result<()> {
    ensure!(
        sink.count() == accepted,
        "{accepted} publishes were accepted, {} arrived",
        sink.count()
    );
    if sink.repeats() > 0 {
        eprintln!(
            "note: {} of {accepted} deliveries came more than once",
            sink.repeats()
        );
    }
    Ok(())
}
