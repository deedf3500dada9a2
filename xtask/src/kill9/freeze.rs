//! The story of the freeze: a process stands still under load for longer than its leases last, then goes on as if nothing
//! had happened, with its callers' repeats piled up before its door. Ensures that it was frozen for long enough to count.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::sleep;

use super::installation::Installation;
use super::stage::{Ground, Stage};
use super::tally::Tally;

/// Load before the freeze and after it.
const LOAD: Duration = Duration::from_secs(3);
/// Longer than the shortest lease (30 s), one further request timeout (1 s as configured here) and a caretaker's period.
const FROZEN: Duration = Duration::from_secs(34);
/// Before the freeze the sink answers slowly for so long, so that the process holds leases when it is frozen.
const SLUGGISH: Duration = Duration::from_millis(600);

/// Tells it.
///
/// # Errors
/// It could not be told to its end. What is wrong is in the tally.
pub(super) async fn run<I: Installation>(ground: Ground) -> Result<Tally> {
    let mut stage = Stage::<I>::set(ground).await?;
    let told = async {
        sleep(LOAD).await;
        stage.sink.be_sluggish(true);
        sleep(SLUGGISH).await;
        stage.installation.freeze();
        stage.sink.be_sluggish(false);
        sleep(FROZEN).await;
        stage.installation.thaw();
        sleep(LOAD).await;
    };
    tokio::select! {
        () = told => {}
        error = stage.producers.broken() => return Err(error),
    }
    let tally = stage.finish(0).await?;
    // Where there is one process, it meets its own leases when it wakes, and settles those that nobody has taken.
    ensure!(
        I::DOORS == 1 || tally.rescued > 0,
        "no other node has taken a lease over"
    );
    Ok(tally)
}
