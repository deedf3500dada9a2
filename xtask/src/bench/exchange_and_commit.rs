//! The floor of accept → live: two loopback HTTP exchanges and two durable commits, one after the other, as a publish
//! cannot do with fewer. Nothing else runs meanwhile.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::percentile::Sample;
use super::product::STANDARD;
use super::store::Store;
use super::{echo, group_commit, postgres, requests};
use crate::wire::{self, Connection};

/// Where a row is committed.
enum Commits {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client),
}

impl Commits {
    async fn open(store: &Store, folder: &Path) -> Result<Self> {
        Ok(match store {
            Store::Sqlite => Self::Sqlite(group_commit::open(&folder.join("commits.db"))?),
            Store::Postgres(server) => Self::Postgres(postgres::rows::open(server).await?),
        })
    }

    async fn one(&self, key: u128) -> Result<()> {
        match self {
            Self::Sqlite(database) => group_commit::commit_one(database, key),
            Self::Postgres(client) => postgres::rows::commit_one(client, key).await,
        }
    }
}

/// Times of the pairs that fit into `span`.
pub(super) async fn measure(store: &Store, folder: &Path, span: Duration) -> Result<Sample> {
    let commits = Commits::open(store, folder).await?;
    let mut connection = Connection::open(echo::start()?).await?;
    let mut random = fastrand::Rng::new();
    let mut times = Vec::new();
    let started = Instant::now();
    while started.elapsed() < span {
        let body = requests::body(&STANDARD, &mut random);
        let request = wire::publish(random.u128(..), &body, "none");
        let began = Instant::now();
        for _ in 0..2 {
            connection.exchange(&request).await?;
            commits.one(random.u128(..)).await?;
        }
        times.push(began.elapsed());
    }
    Ok(Sample::of(times))
}
