//! What became of a file that was published, and how it is told.

use serde_json::{Value, json};
use slugline_core::answer::{Answer, Status};
use slugline_core::lifecycle::JobState;

use super::api::Denied;
use super::views::Job;
use super::watch::Watched;
use crate::output::{BAD, GOOD, OPEN, Output, QUIET};

/// A file that was sent.
pub struct Outcome {
    /// As it was named.
    pub file: String,
    /// The answer, as read and as it came.
    pub answer: Result<(Answer, Value), Denied>,
    /// Its publish, when it was waited for.
    pub watched: Option<Watched>,
}

impl Outcome {
    /// The publish that the answer names.
    #[must_use]
    pub fn publish_id(&self) -> Option<String> {
        let (answer, _) = self.answer.as_ref().ok()?;
        answer.publish_id.map(|id| id.to_string())
    }

    /// Whether it was taken and no job ended badly as far as was waited.
    #[must_use]
    pub fn went_well(&self) -> bool {
        let bad = |job: &Job| matches!(job.state, JobState::Failed | JobState::Cancelled);
        let jobs = self.watched.iter().flat_map(|seen| &seen.publish.jobs);
        self.answer.is_ok() && !jobs.into_iter().any(bad)
    }

    /// One line: accepted, duplicate, stale or refused.
    #[must_use]
    pub fn told(&self, output: Output) -> String {
        let (style, word, rest) = match &self.answer {
            Ok((answer, _)) => match answer.status {
                Status::Ok => (GOOD, "accepted", accepted(answer)),
                Status::Duplicate => (QUIET, "duplicate", duplicate(answer)),
                Status::StaleUpdateIgnored => (OPEN, "stale", stale(answer)),
            },
            Err(denied) => (BAD, "refused", format!("{}  {denied}", self.file)),
        };
        format!("{}  {rest}", output.paint(style, &format!("{word:9}")))
    }

    /// Each dead letter with its reason and what to do.
    pub fn explain(&self, output: Output) {
        let Some(seen) = &self.watched else { return };
        for job in &seen.publish.jobs {
            if job.state == JobState::Failed {
                explain(&seen.publish.content_id, job, output);
            }
        }
    }

    /// For `--json`.
    #[must_use]
    pub fn as_json(&self) -> Value {
        match (&self.answer, &self.watched) {
            (Ok((_, answer)), Some(seen)) => {
                json!({ "file": self.file, "answer": answer, "publish": seen.raw })
            }
            (Ok((_, answer)), None) => json!({ "file": self.file, "answer": answer }),
            (Err(denied), _) => json!({ "file": self.file, "error": denied.to_string() }),
        }
    }
}

fn accepted(answer: &Answer) -> String {
    let targets: Vec<&str> = answer
        .jobs
        .iter()
        .map(|job| job.destination.as_str())
        .collect();
    let version = answer
        .version
        .map_or_else(String::new, |version| version.to_string());
    let id = answer
        .publish_id
        .map_or_else(String::new, |id| id.to_string());
    format!(
        "{}  version {version}  to {}  {id}",
        answer.content_id,
        targets.join(", ")
    )
}

fn duplicate(answer: &Answer) -> String {
    format!(
        "{}  changed nothing: it was accepted before",
        answer.content_id
    )
}

fn stale(answer: &Answer) -> String {
    format!(
        "{}  {}",
        answer.content_id,
        answer.reason.as_deref().unwrap_or_default()
    )
}

fn explain(content_id: &str, job: &Job, output: Output) {
    let reason = job.reason_code.as_deref().unwrap_or("unknown");
    let action = job.suggested_action.as_deref().unwrap_or("escalate");
    let failed = format!("{content_id} to {} failed: {reason}", job.destination);
    output.line(&output.paint(BAD, &failed));
    output.line(&format!(
        "  {}",
        job.last_error.as_deref().unwrap_or_default()
    ));
    output.line(&format!(
        "  suggested: {action}; its story: slugline status {}",
        job.job_id
    ));
}
