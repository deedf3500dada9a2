//! The floors: what this machine does, in this run, without any product code. Their raw numbers are printed as they are
//! taken.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::load::{self, Target, Until};
use super::percentile::Sample;
use super::product::STANDARD;
use super::store::Store;
use super::{echo, exchange_and_commit, group_commit, postgres, records};

/// What the figures are divided by.
pub(super) struct Floors {
    echo: f64,
    rows: f64,
    pub(super) records: f64,
    pub(super) latency: Sample,
}

impl Floors {
    /// Takes one after the other, each for `span`, with files in `folder`, on a disk that has written what others gave it.
    pub(super) async fn measure(store: &Store, folder: &Path, span: Duration) -> Result<Self> {
        rustix::fs::sync();
        let target = Target {
            address: echo::start()?,
            token: "none".into(),
        };
        let echo = load::closed(&target, STANDARD, Until::Elapsed(span))
            .await?
            .rate();
        eprintln!(
            "floor: echo of parsed JSON, {} connections: {echo:.0}/s",
            load::CONNECTIONS
        );
        let rows = match store {
            Store::Sqlite => group_commit::rows_per_second(folder, span).await?,
            Store::Postgres(server) => postgres::rows::per_second(server, span).await?,
        };
        eprintln!("floor: one row of 1 KiB under a random key, group commit: {rows:.0}/s");
        let records = match store {
            Store::Sqlite => records::per_second(folder, span)?,
            Store::Postgres(server) => postgres::records::per_second(server, span).await?,
        };
        eprintln!("floor: all records of accept, claim and settle, groups of 64: {records:.0}/s");
        let latency = exchange_and_commit::measure(store, folder, span).await?;
        let (p50, p99) = (latency.milliseconds(0.5), latency.milliseconds(0.99));
        eprintln!("floor: two exchanges and two commits: p50 {p50:.2} ms, p99 {p99:.2} ms");
        Ok(Self {
            echo,
            rows,
            records,
            latency,
        })
    }

    /// The smaller of the two floors of intake, per second.
    pub(super) fn intake(&self) -> f64 {
        self.echo.min(self.rows)
    }
}
