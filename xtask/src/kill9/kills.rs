//! The story of the kills: SIGKILL at random moments under load, a restart on the same store, and on. Ensures that kills
//! meet starts and recoveries too, and that the log is checked on what the last kill left, before anything repairs it.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::sleep;

use super::findings::Wrong;
use super::installation::Installation;
use super::stage::{Ground, Stage};
use super::tally::Tally;

/// The longest that a process lives before it is killed, in milliseconds: hundreds of commits.
const LIFE_MS: u64 = 900;
/// The longest life of one in four, in milliseconds: it dies while it opens its store.
const STILLBORN_MS: u64 = 60;

/// Tells it with so many kills.
///
/// # Errors
/// It could not be told to its end. What is wrong is in the tally.
pub(super) async fn run<I: Installation>(ground: Ground, kills: usize) -> Result<Tally> {
    let mut random = fastrand::Rng::with_seed(ground.seed);
    let mut stage = Stage::<I>::set(ground).await?;
    let told = tokio::select! {
        told = strike(&mut stage.installation, kills, &mut random) => told,
        error = stage.producers.broken() => Err(error),
    };
    match told.with_context(|| stage.installation.log_tail())? {
        Ok(_) => {}
        Err(torn) => stage
            .books
            .findings
            .note(Wrong::Log, format!("after the last kill: {torn:#}")),
    }
    stage.finish(kills).await
}

/// Kills and restarts; then what `verify-log` says of the store as the last kill left it.
async fn strike<I: Installation>(
    installation: &mut I,
    kills: usize,
    random: &mut fastrand::Rng,
) -> Result<Result<String>> {
    for _ in 1..kills {
        live(installation, random).await?;
        installation.kill(random).await?;
        installation.restart().await?;
    }
    live(installation, random).await?;
    installation.kill(random).await?;
    let checked = installation.verify_log().await;
    installation.restart().await?;
    installation.ready().await?;
    Ok(checked)
}

async fn live<I: Installation>(installation: &mut I, random: &mut fastrand::Rng) -> Result<()> {
    if random.u32(..4) == 0 {
        sleep(Duration::from_millis(random.u64(..STILLBORN_MS))).await;
        return Ok(());
    }
    installation.ready().await?;
    sleep(Duration::from_millis(random.u64(..LIFE_MS))).await;
    Ok(())
}
