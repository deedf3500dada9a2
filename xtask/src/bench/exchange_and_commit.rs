//! The floor of accept → live: two loopback HTTP exchanges and two durable commits, one after the other, as a publish
//! cannot do with fewer. Nothing else runs meanwhile.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::percentile::Sample;
use super::requests::{self, Kind};
use super::{echo, group_commit};
use crate::wire::{self, Connection};

/// Times of the pairs that fit into `span`.
pub(super) async fn measure(folder: &Path, span: Duration, kind: &Kind) -> Result<Sample> {
    let database = group_commit::open(&folder.join("commits.db"))?;
    let mut connection = Connection::open(echo::start()?).await?;
    let mut random = fastrand::Rng::new();
    let mut times = Vec::new();
    let started = Instant::now();
    while started.elapsed() < span {
        let request = wire::publish(random.u128(..), &requests::body(kind, &mut random), "none");
        let began = Instant::now();
        for _ in 0..2 {
            connection.exchange(&request).await?;
            group_commit::commit_one(&database, random.u128(..))?;
        }
        times.push(began.elapsed());
    }
    Ok(Sample::of(times))
}
