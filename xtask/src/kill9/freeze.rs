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
/// Runs that wait for the sink, which is slow then, when their process is frozen: it holds at least so many leases.
const HELD: usize = 4;
/// Between two looks at how many they are; the sink takes many times as long to answer.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Tells it.
///
/// # Errors
/// It could not be told to its end. What is wrong is in the tally.
pub(super) async fn run<I: Installation>(ground: Ground) -> Result<Tally> {
    let frozen = ground.first_door();
    let mut stage = Stage::<I>::set(ground).await?;
    let told = async {
        sleep(LOAD).await;
        stage.sink.be_sluggish(true);
        while stage.sink.in_hand(frozen) < HELD {
            sleep(BETWEEN_LOOKS).await;
        }
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
