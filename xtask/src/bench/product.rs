//! What the product does, measured from outside: intake, end to end, accept → live, memory, and end to end behind a
//! backlog. Every delivery is counted at the sink and asked for at the API, and a difference is an error, not a figure.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::load::{self, Target, Until};
use super::percentile::Sample;
use super::requests::Kind;
use super::server::Server;
use super::sink::Sink;
use super::{live, open_loop};
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
/// Bulk work for a destination that is down: it stays queued.
const BACKLOG: Kind = Kind {
    destination: "down",
    class: "bulk",
    publish_at: None,
};

/// Publishes queued before `backlog_100k` is measured.
pub(super) const BACKLOG_SIZE: usize = 100_000;
/// The sink answers at once; a silence of this length means that something is stuck.
const PATIENCE: Duration = Duration::from_secs(30);
/// The open loop runs at this share of the end-to-end rate.
const LATENCY_LOAD: f64 = 0.1;

/// Where to measure and for how long.
pub(super) struct Bench<'a> {
    pub(super) binary: &'a Path,
    pub(super) work: &'a Path,
    pub(super) span: Duration,
}

/// End to end, with what the same server showed before and after.
pub(super) struct EndToEnd {
    pub(super) per_second: f64,
    pub(super) latency: Sample,
    pub(super) idle_mib: f64,
    pub(super) busy_mib: f64,
}

impl Bench<'_> {
    /// Accepted per second.
    pub(super) async fn intake(&self) -> Result<f64> {
        let server = Server::start(self.binary, self.work, Sink::start().await?.address).await?;
        let accepted = load::closed(&server.target, SCHEDULED, Until::Elapsed(self.span)).await;
        let accepted = server.explain(accepted)?;
        server.stop();
        Ok(accepted.rate())
    }

    /// Delivered and settled per second; then accept → live at a tenth of that.
    pub(super) async fn end_to_end(&self) -> Result<EndToEnd> {
        let sink = Sink::start().await?;
        let server = Server::start(self.binary, self.work, sink.address).await?;
        let (idle_mib, _) = server.resident()?;
        let per_second =
            server.explain(delivered_per_second(&server.target, &sink, self.span).await)?;
        let (_, busy_mib) = server.resident()?;
        let rate = per_second * LATENCY_LOAD;
        let latency = open_loop::accept_to_live(&server.target, STANDARD, rate, self.span).await;
        let latency = server.explain(latency)?;
        server.stop();
        Ok(EndToEnd {
            per_second,
            latency,
            idle_mib,
            busy_mib,
        })
    }

    /// Delivered and settled per second with [`BACKLOG_SIZE`] jobs queued for another destination.
    pub(super) async fn behind_backlog(&self) -> Result<f64> {
        let sink = Sink::start().await?;
        let server = Server::start(self.binary, self.work, sink.address).await?;
        server.explain(load::closed(&server.target, BACKLOG, Until::Count(BACKLOG_SIZE)).await)?;
        let per_second =
            server.explain(delivered_per_second(&server.target, &sink, self.span).await)?;
        server.stop();
        Ok(per_second)
    }
}

/// The clock stops when the publish that was delivered last is live; then every one of them is asked for.
async fn delivered_per_second(target: &Target, sink: &Sink, span: Duration) -> Result<f64> {
    let started = Instant::now();
    let accepted = load::closed(target, STANDARD, Until::Elapsed(span)).await?;
    let count = accepted.keys.len();
    sink.reaches(count, PATIENCE).await?;
    live::wait(
        &mut Connection::open(target.address).await?,
        target,
        sink.latest(),
    )
    .await?;
    let took = started.elapsed();
    live::wait_all(target, Rc::new(accepted.keys)).await?;
    agrees(count, sink)?;
    Ok(count as f64 / took.as_secs_f64())
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
