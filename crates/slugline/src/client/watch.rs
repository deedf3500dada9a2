//! Waiting until the jobs of publishes have ended.
//!
//! Ensures that a server that restarts meanwhile does not end the wait. Jobs that wait for their
//! time or for a person are waited for as well: the user ends that.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::api::{Api, Denied};
use super::progress::Progress;
use super::views::{self, Publish};
use crate::output::Output;

/// Between looks; a job that takes longer is looked at less often.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A restart with a store to recover takes seconds.
const SERVER_MAY_BE_AWAY: Duration = Duration::from_secs(120);

/// A publish as the API showed it last.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    /// As it came.
    pub raw: Value,
    /// As it was read.
    pub publish: Publish,
}

impl Watched {
    /// Whether nothing more happens by itself.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.publish.jobs.iter().all(|job| job.state.is_final())
    }
}

/// Looks at these publishes until all have ended.
pub async fn until_ended(
    api: &Api,
    ids: &[String],
    output: Output,
) -> Result<Vec<Watched>, Denied> {
    let mut progress = Progress::new(output);
    let mut watched: Vec<Watched> = Vec::new();
    for id in ids {
        watched.push(patiently(api, id, &mut progress).await?);
    }
    let mut pause = FIRST_PAUSE;
    loop {
        let shown: Vec<Publish> = watched
            .iter()
            .map(|watched| watched.publish.clone())
            .collect();
        progress.show(&shown);
        if watched.iter().all(Watched::has_ended) {
            return Ok(watched);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        for open in watched.iter_mut().filter(|watched| !watched.has_ended()) {
            *open = patiently(api, &open.publish.publish_id, &mut progress).await?;
        }
    }
}

/// One look, repeated while the server is away.
async fn patiently(api: &Api, id: &str, progress: &mut Progress) -> Result<Watched, Denied> {
    let given_up = Instant::now() + SERVER_MAY_BE_AWAY;
    let mut said = false;
    loop {
        let denied = match look(api, id).await {
            Ok(watched) => return Ok(watched),
            Err(denied) => denied,
        };
        if Instant::now() >= given_up || !is_away(&denied) {
            return Err(denied);
        }
        if !said {
            progress.note(&format!(
                "{denied}; waiting for it. What was accepted is not lost"
            ));
            said = true;
        }
        tokio::time::sleep(LONGEST_PAUSE).await;
    }
}

async fn look(api: &Api, id: &str) -> Result<Watched, Denied> {
    let found = api.find(&["v1", "publishes", id]).await?;
    let raw = found.ok_or_else(|| {
        Denied::NoAnswer(format!(
            "the server does not know the publish {id} any more"
        ))
    })?;
    Ok(Watched {
        publish: views::read(raw.clone())?,
        raw,
    })
}

fn is_away(denied: &Denied) -> bool {
    match denied {
        Denied::NotSent(_) | Denied::NoAnswer(_) => true,
        Denied::Refused { status, .. } => matches!(status, 429 | 500..=599),
    }
}
