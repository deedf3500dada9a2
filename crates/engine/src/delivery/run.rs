//! One run: observe → decide → act → verify.
//!
//! Ensures that every run looks before it writes and that `live` is said only of what was read back
//! (P5). Running it again is harmless, which is what retry, rescue and the second look do.

use std::time::Duration;

use slugline_core::connector::{Connector, Difference, Repeat, Shown, Verification, Work};
use slugline_core::decide::{Decision, Desired, Observed, decide};
use slugline_core::drift::drift;
use slugline_core::failure::Failure;
use slugline_core::key::{LogicalKey, derived_slug};
use slugline_core::lifecycle::{Evidence, JobState};
use slugline_core::port::Port;
use slugline_core::reason::Reason;

use super::desk::Desk;
use crate::destination::Destination;
use crate::store::{ClaimedJob, Found};

/// First pause between two reads within the verify window; doubles.
const FIRST_VERIFY_PAUSE: Duration = Duration::from_millis(200);
/// Differences named in an error.
const SHOWN_DIFFERENCES: usize = 4;

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ended {
    /// As desired.
    Live(Evidence, Shown),
    /// A newer generation is desired.
    Superseded,
    /// The second look at a job that did not go live: nothing of ours is left that should not be.
    Tidied,
    /// The look for drift: how it differs from what is desired, if it does.
    Checked(Option<Found>),
    /// Not as desired.
    Failed(Failure),
}

/// The task of a claimed job, as connectors see it.
#[must_use]
pub(super) fn work_of(job: &ClaimedJob, installation: &str) -> Work {
    let key = LogicalKey {
        item: &job.item,
        action: job.action,
        generation: job.generation,
        destination: &job.destination,
    };
    Work {
        item: job.item.clone(),
        destination: job.destination.clone(),
        action: job.action,
        generation: job.generation,
        version: job.version,
        request_id: job.request_id.clone(),
        released_at: job.released_at,
        slug: job.slug.clone(),
        payload: job.payload.clone(),
        media: job.media.clone(),
        derived_slug: derived_slug(installation, &job.item, &job.destination),
        delivery_id: key.delivery_id(installation),
        installation: installation.to_owned(),
        was_shown: job.shown.is_some(),
    }
}

/// Runs a claimed job.
pub(super) async fn run(
    job: &ClaimedJob,
    work: &Work,
    destination: &Destination,
    desk: &Desk,
) -> Ended {
    let connector = destination.connector.as_ref();
    let outcome = match job.ended {
        None => deliver(job, work, destination, desk).await,
        Some(ended) if !job.owes_look => check(ended, job, work, destination, desk).await,
        Some(JobState::Live) => look_again(job, work, destination, desk).await,
        Some(_) => clean_up(work, connector, desk).await,
    };
    outcome.unwrap_or_else(Ended::Failed)
}

/// The loop itself.
async fn deliver(
    job: &ClaimedJob,
    work: &Work,
    destination: &Destination,
    desk: &Desk,
) -> Result<Ended, Failure> {
    let connector = destination.connector.as_ref();
    if destination.is_down() && destination.capabilities.readable {
        connector.probe(desk).await?;
        destination.succeeded();
    }
    if !work.action.removes() {
        connector.check(work)?;
    }
    still_recognised(work, destination, desk, job.attempt)?;
    match pass(job, work, destination, desk).await {
        // Something else wrote between our write and our look, perhaps our own late write: once more.
        Err(failure) if failure.reason == Reason::VerifyMismatch => {
            pass(job, work, destination, desk).await
        }
        ended => ended,
    }
}

/// Observe, decide, act, verify.
async fn pass(
    job: &ClaimedJob,
    work: &Work,
    destination: &Destination,
    desk: &Desk,
) -> Result<Ended, Failure> {
    let connector = destination.connector.as_ref();
    let observed = connector.observe(work, desk).await?;
    // What this run wrote is nobody else's change.
    let known = desired(job, destination);
    let known = Desired {
        undisturbed: known.undisturbed.filter(|_| !desk.wrote()),
        ..known
    };
    let decision = decide(&known, &observed);
    match &decision {
        Decision::Superseded => return Ok(Ended::Superseded),
        Decision::Conflict(failure) => return Err(failure.clone()),
        Decision::NoOp => {}
        act => connector.act(work, act, desk).await?,
    }
    let shown = verified(work, destination, desk).await?;
    let evidence = if destination.capabilities.readable {
        Evidence::ReadBack
    } else {
        Evidence::Acknowledged
    };
    Ok(Ended::Live(evidence, shown))
}

/// The second look: the commit window of an unknown write has passed.
async fn look_again(
    job: &ClaimedJob,
    work: &Work,
    destination: &Destination,
    desk: &Desk,
) -> Result<Ended, Failure> {
    destination.connector.tidy(work, desk).await?;
    deliver(job, work, destination, desk).await
}

/// The second look at a job that ended otherwise: it leaves nothing of ours behind.
async fn clean_up(work: &Work, connector: &dyn Connector, desk: &Desk) -> Result<Ended, Failure> {
    connector.tidy(work, desk).await?;
    if !work.was_shown {
        connector.undo(work, desk).await?;
    }
    Ok(Ended::Tidied)
}

/// The look for drift: it writes nothing. What is not live is judged by its own job.
async fn check(
    ended: JobState,
    job: &ClaimedJob,
    work: &Work,
    destination: &Destination,
    desk: &Desk,
) -> Result<Ended, Failure> {
    if ended != JobState::Live {
        return Ok(Ended::Checked(None));
    }
    let observed = destination.connector.observe(work, desk).await?;
    let kind = drift(&desired(job, destination), &observed);
    Ok(Ended::Checked(kind.map(|kind| Found {
        kind,
        fingerprint: seen(observed),
    })))
}

/// The fingerprint of what is there, if that is an entry of ours.
fn seen(observed: Observed) -> Option<String> {
    match observed {
        Observed::Ours { fingerprint, .. } => Some(fingerprint),
        Observed::Absent | Observed::Foreign { .. } | Observed::Unreadable => None,
    }
}

fn desired<'a>(job: &'a ClaimedJob, destination: &Destination) -> Desired<'a> {
    let undisturbed = job
        .shown
        .as_ref()
        .filter(|_| job.undisturbed && !job.owes_look)
        .map(|(_, shown)| shown.fingerprint.as_str());
    Desired {
        action: job.action,
        carried: job.generation,
        newest: job.newest,
        undisturbed,
        adopted: job.adopted.as_deref(),
        protect_drift: job
            .overwrites
            .map_or(destination.settings.protect_drift, |overwrites| !overwrites),
    }
}

/// Where nothing can be looked up, a repeat is safe only while the receiver recognises its id.
fn still_recognised(
    work: &Work,
    destination: &Destination,
    desk: &Desk,
    attempt: u32,
) -> Result<(), Failure> {
    let repeats = attempt > 1 && !destination.settings.repeat_unknown;
    match destination.capabilities.repeat {
        Repeat::Dedupes(window) if repeats && desk.now() > work.released_at.plus(window) => {
            let message = format!(
                "it may have been received, and the receiver forgets ids after {} h",
                window.as_secs() / 3_600
            );
            Err(Failure::new(Reason::NoAnswer, message))
        }
        _ => Ok(()),
    }
}

/// Reads back until it matches or the verify window has passed.
async fn verified(work: &Work, destination: &Destination, desk: &Desk) -> Result<Shown, Failure> {
    let (mut waited, mut pause) = (Duration::ZERO, FIRST_VERIFY_PAUSE);
    loop {
        let differences = match destination.connector.verify(work, desk).await? {
            Verification::Matched(shown) => return Ok(shown),
            Verification::Differs(differences) => differences,
        };
        if waited >= destination.settings.verify_window {
            return Err(mismatch(&differences));
        }
        desk.pause(pause).await;
        waited += pause;
        pause *= 2;
    }
}

fn mismatch(differences: &[Difference]) -> Failure {
    let named: Vec<String> = differences
        .iter()
        .take(SHOWN_DIFFERENCES)
        .map(|d| format!("{}: {}", d.field, d.detail))
        .collect();
    let more = differences.len().saturating_sub(SHOWN_DIFFERENCES);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let failure = Failure::new(
        Reason::VerifyMismatch,
        format!(
            "read back and found other than written: {}{more}",
            named.join("; ")
        ),
    );
    failure.with_fields(differences.iter().map(|d| d.field.clone()))
}
