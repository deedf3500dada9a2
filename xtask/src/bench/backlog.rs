//! What a long queue does to everything else. The queue is made through the API, publish by publish, for a destination
//! that is down, so that it is what a user's queue is; only the ten million are rows copied over those publishes' revisions.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::time::sleep;

use super::load::{self, Until};
use super::open_loop::{self, Rate};
use super::percentile::Sample;
use super::product::{self, Bench};
use super::recovery;
use super::requests::Kind;
use super::server::Server;
use super::sink::Sink;

/// Work that is patient, for the destination that is down at first.
const BULK: Kind = Kind {
    destination: "bulk",
    class: "bulk",
    publish_at: None,
};
/// A publish that is not.
const URGENT: Kind = Kind {
    destination: "sink",
    class: "urgent",
    publish_at: None,
};
/// Urgent publishes per second: a newsroom on its busiest day.
const URGENT_RATE: f64 = 100.0;
/// One in so many of them is watched: asking for each of them would be a load of its own.
const URGENT_WATCHED: usize = 4;
/// Jobs of a queue of a thousand are drained so often, because processor time is counted in hundredths of a second.
const ROUNDS: usize = 5;
/// A queue longer than this is drained once, and for the span of a measurement.
const SHORT: usize = 10_000;
/// Between two looks at the sink.
const LOOK: Duration = Duration::from_millis(1);
/// A sink that gets nothing for so long has a stuck sender.
const PATIENCE: Duration = Duration::from_secs(60);

/// Taken from one server with one backlog.
pub(super) struct Behind {
    /// Delivered and settled per second to another destination.
    pub(super) per_second: f64,
    /// The peak of resident memory after that, in MiB.
    pub(super) resident_mib: f64,
    /// `kill -9` to first delivery, in milliseconds.
    pub(super) recover_ms: f64,
    /// Accept → live of urgent publishes while the backlog moves.
    pub(super) urgent: Sample,
    /// Processor time of one delivery while the backlog drains, in microseconds.
    pub(super) claim_us: f64,
}

impl Bench<'_> {
    /// Everything that is measured with `size` jobs queued.
    pub(super) async fn behind(&self, size: usize) -> Result<Behind> {
        let sink = Sink::start().await?;
        let mut server = self.queued(&sink, size).await?;
        let delivered = product::deliver(&server, &sink, self.span).await;
        let per_second = server.explain(delivered)?.per_second;
        let (_, resident_mib) = server.resident()?;
        let bulk = Sink::at(server.bulk).await?;
        let recovered = recovery::milliseconds(&mut server, &[&sink, &bulk]).await;
        let recover_ms = server.explain(recovered)?;
        let urgent = server.explain(self.urgent(&server).await)?;
        let claim_us = server.explain(self.drained(&server, &bulk, size).await)?;
        Ok(Behind {
            per_second,
            resident_mib,
            recover_ms,
            urgent,
            claim_us,
        })
    }

    /// A server with `size` jobs queued for `bulk`, which is down.
    pub(super) async fn queued(&self, sink: &Sink, size: usize) -> Result<Server> {
        let server = Server::start(self, sink.address).await?;
        let accepted = load::closed(&server.target, BULK, Until::Count(size)).await;
        let accepted = server.explain(accepted)?;
        eprintln!("  {size} queued in {:.1} s", accepted.took.as_secs_f64());
        Ok(server)
    }

    /// Accept → live of urgent publishes at a low, steady rate.
    pub(super) async fn urgent(&self, server: &Server) -> Result<Sample> {
        let rate = Rate {
            per_second: URGENT_RATE,
            watched: URGENT_WATCHED,
        };
        open_loop::accept_to_live(&server.target, URGENT, rate, self.span).await
    }

    /// Processor time of one delivery, in microseconds, while a queue of this size drains and nothing else happens.
    pub(super) async fn claim_us(&self, size: usize) -> Result<f64> {
        let rounds = if size <= SHORT { ROUNDS } else { 1 };
        let (mut server, mut sum) = (self.queued(&Sink::start().await?, size).await?, 0.0);
        for round in 1..=rounds {
            // A destination that was down is tried at once after a start.
            server.stop()?;
            let bulk = Sink::at(server.bulk).await?;
            server.start_again()?;
            sum += server.explain(self.drained(&server, &bulk, size).await)?;
            bulk.close().await;
            if round < rounds {
                server.explain(load::closed(&server.target, BULK, Until::Count(size)).await)?;
            }
        }
        Ok(sum / rounds as f64)
    }

    /// Processor time of one delivery, in microseconds, from the first that arrives; for the span of a measurement, or
    /// until what was queued has arrived.
    pub(super) async fn drained(&self, server: &Server, bulk: &Sink, size: usize) -> Result<f64> {
        first_of(bulk).await?;
        let (began, processor, before) = (Instant::now(), server.processor()?, bulk.arrivals());
        while began.elapsed() < self.span && bulk.count() < size {
            sleep(LOOK).await;
        }
        let delivered = bulk.arrivals() - before;
        let used = server.processor()? - processor;
        ensure!(delivered > 0, "the backlog does not move");
        eprintln!(
            "  {delivered} of {size} drained in {:.1} s, {:.2} s of processor time",
            began.elapsed().as_secs_f64(),
            used.as_secs_f64()
        );
        Ok(used.as_secs_f64() * 1e6 / delivered as f64)
    }
}

async fn first_of(sink: &Sink) -> Result<()> {
    let began = Instant::now();
    while sink.arrivals() == 0 {
        ensure!(
            began.elapsed() < PATIENCE,
            "nothing was delivered in {PATIENCE:?}"
        );
        sleep(LOOK).await;
    }
    Ok(())
}
