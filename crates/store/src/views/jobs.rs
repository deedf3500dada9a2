//! Jobs as the API shows them.

use std::collections::BTreeMap;

use slugline_core::connector::Shown;
use slugline_core::exchange::Exchange;
use slugline_core::failure::Failure;
use slugline_core::ids::PublishId;
use slugline_core::lifecycle::{Evidence, JobState, PendingReason, SECOND_LOOK_DUE};
use slugline_core::time::Timestamp;
use slugline_core::version::Version;
use slugline_engine::store::{AttemptView, JobAbout, JobDetail, JobView};

use crate::pause::widest_pause;
use crate::record::{Json, Record};
use crate::words::Waits;

/// The columns that [`read`] reads.
pub(crate) const SELECT: &str = concat!(
    "SELECT j.id, j.destination, d.name, j.item, j.state, p.waits, p.fetch_at IS NULL, j.evidence,
    j.failure, j.attempts, j.due, j.live_at, j.shown, j.replaced_by, w.look_owed AND w.job = j.id, j.publish, ",
    widest_pause!(),
    ", CASE WHEN j.state = 1 AND j.fence = 0 AND w.job = j.id THEN w.slot_at END FROM job j JOIN publish p ON p.id = j.publish JOIN item i ON i.id = j.item
                 JOIN destination d ON d.id = j.destination
                 LEFT JOIN desired w ON w.item = j.item AND w.destination = j.destination"
);

/// A job's row, before its effects are added.
pub(crate) struct Found {
    /// Where it goes.
    pub(crate) destination: i64,
    /// Its item's number.
    pub(crate) item: i64,
    /// Its publish.
    pub(crate) publish: PublishId,
    /// What holds it back; nothing unless it is pending.
    waits: Waits,
    /// What is shown of it.
    pub(crate) view: JobView,
}

impl Found {
    /// Whether its publish depends on others.
    pub(crate) fn depends(&self) -> bool {
        self.waits.has(PendingReason::Dependency)
    }

    /// Adds which of them are not live. When all are, it is released within the moment, unless
    /// something else holds it back.
    pub(crate) fn wait_for(&mut self, unmet: Vec<String>) {
        let others = self.waits.without(PendingReason::Dependency).first();
        if let (true, Some(other)) = (unmet.is_empty(), others) {
            self.view.pending_reason = Some(other);
        }
        self.view.waits_for = unmet;
    }
}

/// A job without its effects and what it waits for.
pub(crate) fn read<R: Record>(row: &R) -> Result<Found, R::Error> {
    let state: JobState = row.read(4)?;
    let failure = row
        .read::<Option<Json<Failure>>>(8)?
        .map(|failure| failure.0);
    let shown = row
        .read::<Option<Json<Shown>>>(12)?
        .map(|shown| shown.0)
        .unwrap_or_default();
    let due: Timestamp = row.read(10)?;
    let owes_look = row.read::<Option<bool>>(14)?.unwrap_or(false);
    let held_back: Waits = row.read(5)?;
    let is_set_aside = state == JobState::Pending && held_back == Waits::default();
    let waits = still_waits(state, held_back, row.read(6)?);
    let view = JobView {
        job_id: row.read(0)?,
        destination: row.read(2)?,
        state,
        pending_reason: waits
            .first()
            .or(is_set_aside.then_some(PendingReason::Paused)),
        waits_for: Vec::new(),
        waits_for_pause: row.read(16)?,
        slot_at: row.read(17)?,
        evidence: evidence(state, row.read(7)?, owes_look),
        reason_code: failure.as_ref().map(|failure| failure.reason),
        last_error: failure.as_ref().map(|failure| failure.message.clone()),
        suggested_action: failure
            .as_ref()
            .filter(|_| state == JobState::Failed)
            .map(|failure| failure.reason.suggested_action()),
        fields: failure.map(|failure| failure.fields).unwrap_or_default(),
        attempt_count: row.read(9)?,
        next_attempt_at: (state == JobState::Queued).then_some(due),
        live_at: row.read(11)?,
        downstream_ids: shown.downstream_ids,
        url: shown.url,
        effects: BTreeMap::new(),
        replaced_by: row.read(13)?,
    };
    Ok(Found {
        destination: row.read(1)?,
        item: row.read(3)?,
        publish: row.read(15)?,
        waits,
        view,
    })
}

fn evidence(state: JobState, kept: Option<Evidence>, owes_look: bool) -> Option<String> {
    if owes_look && state == JobState::Live {
        Some(SECOND_LOOK_DUE.to_owned())
    } else {
        kept.map(|evidence| evidence.as_str().to_owned())
    }
}

/// What still holds a job back.
fn still_waits(state: JobState, waits: Waits, has_media: bool) -> Waits {
    match (state, has_media) {
        (JobState::Pending, true) => waits.without(PendingReason::Media),
        (JobState::Pending, false) => waits,
        _ => Waits::default(),
    }
}

/// The columns that [`about`] reads, and more after them.
macro_rules! select_about {
    ($more:literal) => {
        concat!(
            "SELECT p.id, p.request_id, i.content_id, i.environment, i.locale, j.action, j.generation,
    p.version_kind, p.version, j.class, j.fence",
            $more,
            " FROM job j JOIN publish p ON p.id = j.publish JOIN item i ON i.id = j.item"
        )
    };
}
pub(crate) use select_about;

/// The columns that [`detail`] reads.
pub(crate) const SELECT_DETAIL: &str = select_about!("");

/// What a job is about.
pub(crate) fn about<R: Record>(row: &R) -> Result<JobAbout, R::Error> {
    Ok(JobAbout {
        publish_id: row.read(0)?,
        request_id: row.read(1)?,
        content_id: row.read(2)?,
        environment: row.read(3)?,
        locale: row.read(4)?,
        action: row.read(5)?,
        generation: row.read(6)?,
        version: Version::from_ordinal(row.read(7)?, row.read(8)?),
        class: row.read(9)?,
        runs: row.read(10)?,
    })
}

/// A job with its publish and its attempts.
pub(crate) fn detail<R: Record>(
    row: &R,
    job: JobView,
    attempts: Vec<AttemptView>,
) -> Result<JobDetail, R::Error> {
    Ok(JobDetail {
        job,
        about: about(row)?,
        attempts,
    })
}

/// The columns that [`attempt`] reads.
pub(crate) const SELECT_ATTEMPT: &str =
    "SELECT number, started_at, ended_at, outcome, requests, failure, exchanges FROM attempt";

/// One run of a job.
pub(crate) fn attempt<R: Record>(row: &R) -> Result<AttemptView, R::Error> {
    let failure = row
        .read::<Option<Json<Failure>>>(5)?
        .map(|failure| failure.0);
    Ok(AttemptView {
        number: row.read(0)?,
        started_at: row.read(1)?,
        ended_at: row.read(2)?,
        outcome: row.read(3)?,
        requests: row.read(4)?,
        reason_code: failure.as_ref().map(|failure| failure.reason),
        status: failure.as_ref().and_then(|failure| failure.status),
        error: failure.map(|failure| failure.message),
        exchanges: row
            .read::<Option<Json<Vec<Exchange>>>>(6)?
            .map_or_else(Vec::new, |exchanges| exchanges.0),
    })
}
