//! Showing jobs while they run: a table that is drawn again on a terminal, lines elsewhere.
//!
//! Ensures that a line is printed only when something changed.

use std::collections::BTreeMap;

use super::views::{Job, Publish};
use crate::output::{Output, columns, style_of};

/// Rows of a table that is drawn again; more would scroll away.
const MAX_ROWS: usize = 30;
/// Characters of the longest state.
const STATE_WIDTH: usize = "rolled_back".len();
/// Terminals: do not wrap, so that a row stays one line.
const NO_WRAP: &str = "\x1b[?7l";
const WRAP: &str = "\x1b[?7h";
/// Terminals: clear the line.
const CLEAR: &str = "\x1b[2K";

/// What was shown so far.
pub struct Progress {
    output: Output,
    drawn: usize,
    seen: BTreeMap<String, String>,
}

impl Progress {
    /// Nothing was shown yet.
    #[must_use]
    pub fn new(output: Output) -> Self {
        Self {
            output,
            drawn: 0,
            seen: BTreeMap::new(),
        }
    }

    /// Shows how things stand.
    pub fn show(&mut self, publishes: &[Publish]) {
        if self.output.is_json() {
            return;
        }
        let jobs: Vec<(&Publish, &Job)> = publishes
            .iter()
            .flat_map(|publish| publish.jobs.iter().map(move |job| (publish, job)))
            .collect();
        let lines = lines(&jobs, self.output);
        if self.output.is_live() && lines.len() <= MAX_ROWS {
            self.draw(&lines);
        } else {
            self.tell(&jobs, &lines);
        }
    }

    /// Says something beside the table, which is then drawn anew below.
    pub fn note(&mut self, text: &str) {
        self.output.note(text);
        self.drawn = 0;
    }

    fn draw(&mut self, lines: &[String]) {
        let up = if self.drawn == 0 {
            String::new()
        } else {
            format!("\x1b[{}A", self.drawn)
        };
        let rows: Vec<String> = lines.iter().map(|line| format!("{CLEAR}{line}")).collect();
        self.output
            .line(&format!("{up}{NO_WRAP}{}{WRAP}", rows.join("\n")));
        self.drawn = lines.len();
    }

    fn tell(&mut self, jobs: &[(&Publish, &Job)], lines: &[String]) {
        for ((_, job), line) in jobs.iter().zip(lines) {
            let now = format!("{:?} {}", job.state, job.attempt_count);
            if self.seen.insert(job.job_id.clone(), now.clone()) != Some(now) {
                self.output.line(line);
            }
        }
    }
}

/// One line a job: its state, what it brings where, and what there is to say.
#[must_use]
pub fn lines(jobs: &[(&Publish, &Job)], output: Output) -> Vec<String> {
    let cells: Vec<Vec<String>> = jobs
        .iter()
        .map(|(publish, job)| {
            vec![
                publish.content_id.clone(),
                job.destination.clone(),
                remark(job),
            ]
        })
        .collect();
    let state = |job: &Job| {
        output.paint(
            style_of(job.state),
            &format!("{:STATE_WIDTH$}", job.state.as_str()),
        )
    };
    jobs.iter()
        .zip(columns(&cells))
        .map(|((_, job), cells)| format!("{}  {cells}", state(job)))
        .collect()
}

/// What there is to say of a job in its state.
#[must_use]
pub fn remark(job: &Job) -> String {
    let error = job.last_error.as_deref().or(job.reason_code.as_deref());
    if job.state.is_final() {
        let seen = job.url.as_deref().or(job.evidence.as_deref());
        return if job.state == slugline_core::lifecycle::JobState::Failed {
            error
        } else {
            seen
        }
        .unwrap_or_default()
        .to_owned();
    }
    if let Some(pause) = &job.waits_for_pause {
        return format!("waits: paused ({pause})");
    }
    if let Some(slot) = &job.slot_at {
        return format!("waits: its slot there is at {slot}");
    }
    match (&job.pending_reason, error) {
        (Some(reason), _) if job.waits_for.is_empty() => format!("waits: {reason}"),
        (Some(reason), _) => format!("waits: {reason} ({})", job.waits_for.join(", ")),
        (None, Some(error)) => format!("attempt {} failed: {error}", job.attempt_count),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job(members: serde_json::Value) -> Job {
        let mut all = json!({ "job_id": "job_1", "destination": "blog", "state": "queued" });
        if let (Some(all), Some(members)) = (all.as_object_mut(), members.as_object()) {
            all.extend(members.clone());
        }
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_remark_says_what_matters_now() {
        let cases = [
            (json!({}), ""),
            (
                json!({"state": "pending", "pending_reason": "media"}),
                "waits: media",
            ),
            (
                json!({"state": "pending", "pending_reason": "dependency", "waits_for": ["a", "b"]}),
                "waits: dependency (a, b)",
            ),
            (
                json!({"waits_for_pause": "destination", "last_error": "503"}),
                "waits: paused (destination)",
            ),
            (
                json!({"attempt_count": 2, "last_error": "503"}),
                "attempt 2 failed: 503",
            ),
            (
                json!({"state": "live", "last_error": "503", "evidence": "read_back"}),
                "read_back",
            ),
            (
                json!({"state": "live", "evidence": "read_back", "url": "https://x/a"}),
                "https://x/a",
            ),
            (
                json!({"state": "failed", "reason_code": "invalid_content"}),
                "invalid_content",
            ),
        ];
        for (members, expected) in cases {
            assert_eq!(remark(&job(members)), expected);
        }
    }
}
