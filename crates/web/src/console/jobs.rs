//! Jobs as pages show them: what happened, why, and what to do.

use slugline_core::drift::Drift;
use slugline_core::exchange::Exchange;
use slugline_core::ids::{Fence, JobId};
use slugline_core::lifecycle::JobState;
use slugline_core::pause::PauseKind;
use slugline_core::time::Timestamp;
use slugline_engine::store::{AttemptView, JobDetail, JobView};

use super::choices::{Choice, choices};
use super::page::segment;
use super::times::{Moment, span};
use super::words::{self, Tag, plain};

/// A job on its card.
pub(crate) struct Card {
    pub(crate) id: String,
    pub(crate) destination: String,
    pub(crate) tag: Tag,
    pub(crate) evidence: Option<&'static str>,
    pub(crate) waits: Option<String>,
    pub(crate) waits_for: Vec<(String, String)>,
    /// The reason's code and its sentence.
    pub(crate) reason: Option<(&'static str, &'static str)>,
    pub(crate) error: Option<String>,
    pub(crate) fields: Vec<String>,
    pub(crate) advice: Option<&'static str>,
    pub(crate) attempts: u32,
    pub(crate) next: Option<Moment>,
    pub(crate) live: Option<Moment>,
    pub(crate) url: Option<String>,
    pub(crate) downstream: Vec<(String, String)>,
    pub(crate) effects: Vec<(String, String)>,
    pub(crate) replaced_by: Option<String>,
    pub(crate) runs: Vec<Run>,
    pub(crate) failed: bool,
    /// What can be done with it; only where its runs are shown.
    pub(crate) choices: Vec<Choice>,
    /// The runs that it had, as a form says them.
    pub(crate) seen: String,
}

/// A run of a job.
pub(crate) struct Run {
    pub(crate) number: u32,
    pub(crate) tag: Tag,
    pub(crate) began: Moment,
    pub(crate) took: String,
    pub(crate) requests: u32,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) reason: Option<&'static str>,
    pub(crate) error: Option<String>,
}

/// A job without its runs.
pub(crate) fn card(job: JobView, now: Timestamp) -> Card {
    let moment = |at| Moment { at, now };
    let failed = job.state == JobState::Failed;
    let waits = waits(&job);
    // What went wrong before it went live is in its runs.
    let wrong = job.state != JobState::Live;
    Card {
        id: job.job_id.to_string(),
        destination: job.destination,
        tag: words::state(job.state),
        evidence: job.evidence.as_deref().map(words::evidence),
        waits,
        waits_for: job
            .waits_for
            .into_iter()
            .map(|id| (segment(&id), id))
            .collect(),
        reason: job
            .reason_code
            .filter(|_| wrong)
            .map(|reason| (reason.code(), reason.sentence())),
        error: job.last_error.filter(|_| wrong),
        fields: job.fields,
        advice: job.suggested_action.map(words::advice),
        attempts: job.attempt_count,
        next: job.next_attempt_at.map(moment),
        live: job.live_at.map(moment),
        url: job
            .url
            .filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        downstream: job.downstream_ids.into_iter().collect(),
        effects: job.effects.into_iter().collect(),
        replaced_by: job.replaced_by.map(|id| id.to_string()),
        runs: Vec::new(),
        choices: Vec::new(),
        seen: String::new(),
        failed,
    }
}

fn waits(job: &JobView) -> Option<String> {
    let open = matches!(job.state, JobState::Pending | JobState::Queued);
    let pause = job.waits_for_pause.filter(|_| open).map(|kind| match kind {
        PauseKind::Everything => "everything is paused",
        PauseKind::Destination => "its destination is paused",
        PauseKind::Class => "its class is paused",
        PauseKind::Content => "its content is paused",
    });
    let slot = job.slot_at.filter(|_| open);
    let slot = slot.map(|_| "its destination takes so many a day, and gave it a slot");
    let reason = job.pending_reason.map(words::waits);
    pause.or(slot).or(reason).map(str::to_owned)
}

/// A job with its runs.
pub(crate) fn whole(detail: JobDetail, now: Timestamp) -> Card {
    let (choices, seen) = (choices(&detail), detail.about.runs.to_string());
    let runs = detail
        .attempts
        .into_iter()
        .rev()
        .map(|attempt| run(attempt, now));
    Card {
        runs: runs.collect(),
        choices,
        seen,
        ..card(detail.job, now)
    }
}

fn run(attempt: AttemptView, now: Timestamp) -> Run {
    Run {
        number: attempt.number,
        tag: words::outcome(&attempt.outcome),
        began: Moment {
            at: attempt.started_at,
            now,
        },
        took: span(attempt.ended_at.since(attempt.started_at)),
        requests: attempt.requests,
        reason: attempt.reason_code.map(|reason| reason.sentence()),
        error: attempt.error,
        exchanges: attempt.exchanges,
    }
}

/// A dead letter in a list.
pub(crate) struct DeadLetter {
    pub(crate) job_id: String,
    /// What a form says of it: the job and the runs that it had.
    pub(crate) pick: String,
    pub(crate) content_id: String,
    pub(crate) environment: String,
    pub(crate) locale: String,
    pub(crate) destination: String,
    pub(crate) class: &'static str,
    pub(crate) code: &'static str,
    pub(crate) sentence: &'static str,
    pub(crate) error: String,
    pub(crate) advice: &'static str,
    pub(crate) accepted: Moment,
    pub(crate) attempts: u32,
}

/// A dead letter as it is shown.
pub(crate) fn letter(letter: slugline_engine::store::DeadLetter, now: Timestamp) -> DeadLetter {
    let job = letter.job;
    DeadLetter {
        job_id: job.job_id.to_string(),
        pick: pick(job.job_id, letter.about.runs),
        content_id: letter.about.content_id,
        environment: letter.about.environment,
        locale: letter.about.locale,
        destination: job.destination,
        class: letter.about.class.as_str(),
        code: job.reason_code.map_or("", |reason| reason.code()),
        sentence: job.reason_code.map_or("", |reason| reason.sentence()),
        error: job.last_error.unwrap_or_default(),
        advice: job.suggested_action.map_or("", words::advice),
        accepted: Moment {
            at: letter.accepted_at,
            now,
        },
        attempts: job.attempt_count,
    }
}

/// A job and the runs that it had, as forms carry them.
pub(crate) fn pick(job: JobId, runs: i64) -> String {
    format!("{job}.{runs}")
}

/// The same, read from a form.
pub(crate) fn picked(text: &str) -> Option<(JobId, Fence)> {
    let (job, runs) = text.split_once('.')?;
    Some((job.parse().ok()?, Fence(runs.parse().ok()?)))
}

/// A kind of drift with its meaning.
pub(crate) fn drifted(drift: Drift) -> (Tag, &'static str) {
    (words::drift(drift), words::drift_sentence(drift))
}

/// A publish's action as a word.
pub(crate) fn action(action: slugline_core::item::Action) -> String {
    plain(&action)
}
