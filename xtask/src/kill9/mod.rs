//! The real binary ended at the worst moments, under load from producers that count what they were told, against a sink
//! that counts what it was sent. Ensures that it passes only if nothing acknowledged was lost, nothing came twice, nothing
//! went backwards, everything settled and the log is whole. Everything it starts ends with it, also when interrupted.

mod audit;
mod client;
mod cluster;
mod embedded;
mod findings;
mod freeze;
mod full_disk;
mod installation;
mod kills;
mod ledger;
mod node;
mod producers;
mod sink;
mod stage;
mod tally;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::parts::interruption::unless_interrupted;
use crate::parts::{ports, process};
use cluster::Cluster;
use embedded::Embedded;
use stage::Ground;
pub(crate) use tally::Tally;

/// Kills of a normal run and of a long one.
const KILLS: (usize, usize) = (20, 400);
/// For one story. It takes a minute at most; a machine that compiles takes longer.
const WITHIN: Duration = Duration::from_secs(10 * 60);
/// A long run has so many times as long.
const LONG: u32 = 6;
/// Addresses of one story: a sink and the nodes.
const ADDRESSES: usize = 4;
/// Stories told at the same time.
const STORIES: usize = 3;

/// What the suite is run with.
#[derive(Debug)]
pub(crate) struct Options {
    /// Hundreds of kills.
    pub(crate) long: bool,
    /// The binary under test.
    pub(crate) binary: PathBuf,
    /// Repeats the producers' dice and the moments of the kills; drawn when absent.
    pub(crate) seed: Option<u64>,
}

impl Options {
    fn kills(&self) -> usize {
        if self.long { KILLS.1 } else { KILLS.0 }
    }
}

/// What was told, and what could not be.
pub(crate) struct Told {
    pub(crate) tallies: Vec<Tally>,
    /// A story that this machine does not let us tell.
    pub(crate) left_out: Option<&'static str>,
}

/// Tells the stories, those of one store at once: some of them mostly wait. Prints what they came to.
///
/// # Errors
/// One could not be told to its end. What is wrong is not an error but in the tallies.
pub(crate) fn run(options: &Options) -> Result<Told> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, unless_interrupted(tell(options)))
}

async fn tell(options: &Options) -> Result<Told> {
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let mut told = on_sqlite(options, seed).await?;
    told.tallies.iter().for_each(|tally| println!("{tally}"));
    let on_postgres = on_postgres(options, seed).await?;
    on_postgres.iter().for_each(|tally| println!("{tally}"));
    told.tallies.extend(on_postgres);
    Ok(told)
}

async fn on_sqlite(options: &Options, seed: u64) -> Result<Told> {
    let addresses = ports::free::<{ ADDRESSES * STORIES }>()?;
    let mut addresses = addresses.chunks(ADDRESSES);
    let mut ground = |story| ground(options, story, addresses.next().unwrap_or_default(), seed);
    let (killed, frozen, full) = (ground("kills")?, ground("freeze")?, ground("full_disk")?);
    let told = tokio::try_join!(
        kills::run::<Embedded>(killed, options.kills()),
        freeze::run::<Embedded>(frozen),
        fill_if_possible(full)
    )?;
    let left_out = told.2.is_none().then_some("full_disk");
    let tallies = [Some(told.0), Some(told.1), told.2].into_iter().flatten();
    Ok(Told {
        tallies: tallies.collect(),
        left_out,
    })
}

/// There another node takes the lanes of one that is killed or frozen, when its leases have run out.
async fn on_postgres(options: &Options, seed: u64) -> Result<[Tally; 2]> {
    let addresses = ports::free::<{ ADDRESSES * 2 }>()?;
    let (killed, frozen) = addresses.split_at(ADDRESSES);
    let killed = ground(options, "kills", killed, seed)?;
    let frozen = ground(options, "freeze", frozen, seed)?;
    let told = tokio::try_join!(
        kills::run::<Cluster>(killed, options.kills()),
        freeze::run::<Cluster>(frozen)
    )?;
    Ok(told.into())
}

async fn fill_if_possible(ground: Ground) -> Result<Option<Tally>> {
    if !full_disk::is_possible() {
        return Ok(None);
    }
    full_disk::run(ground).await.map(Some)
}

/// An emptied folder, with nothing left running or mounted in it from a run that was interrupted.
fn ground(
    options: &Options,
    story: &'static str,
    addresses: &[SocketAddr],
    seed: u64,
) -> Result<Ground> {
    let folder = crate::run::target().join("kill9").join(story);
    clear(&folder)?;
    Ok(Ground {
        story,
        binary: options.binary.clone(),
        folder,
        addresses: addresses.to_vec(),
        seed,
        deadline: Instant::now() + WITHIN * if options.long { LONG } else { 1 },
    })
}

fn clear(folder: &Path) -> Result<()> {
    process::end_leftovers(folder);
    if folder.exists() {
        full_disk::unmount(&embedded::data(folder));
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}
