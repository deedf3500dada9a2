//! A job, as commands show it.
//!
//! Ensures that what a destination said cannot steer the terminal.

use crate::client::progress::remark;
use crate::client::views::{Attempt, Exchange, JobDetail, Message};
use crate::output::{Output, QUIET, columns, printable, style_of};

/// Prints a job with its runs, and what the last one that failed sent and was answered.
pub(super) fn show(detail: &JobDetail, output: Output) {
    let job = &detail.job;
    let state = output.paint(style_of(job.state), job.state.as_str());
    output.line(&format!(
        "{}  {} to {}  {state}  {}",
        job.job_id,
        detail.content_id,
        job.destination,
        remark(job)
    ));
    output.line(&format!(
        "publish {}, {}",
        detail.publish_id,
        counted(job.attempt_count.into(), "attempt")
    ));
    let said = [
        ("reason", &job.reason_code),
        ("suggested", &job.suggested_action),
        ("next attempt at", &job.next_attempt_at),
    ];
    for (name, value) in said {
        if let Some(value) = value {
            output.line(&printable(&format!("{name}: {value}")));
        }
    }
    if let Some(advice) = job.suggested_action.as_deref().and_then(advice) {
        output.line(&format!("  {}", advice.replace("JOB", &job.job_id)));
    }
    for (name, id) in &job.downstream_ids {
        output.line(&printable(&format!("{name} {id}")));
    }
    let rows: Vec<Vec<String>> = detail.attempts.iter().map(ran).collect();
    for row in columns(&rows) {
        output.line(&format!("  {}", output.paint(QUIET, &printable(&row))));
    }
    let told = detail
        .attempts
        .iter()
        .rev()
        .find(|attempt| !attempt.exchanges.is_empty());
    if let Some(attempt) = told {
        output.line(&format!(
            "what run {} sent and was answered:",
            attempt.number
        ));
        for line in attempt.exchanges.iter().flat_map(exchange) {
            output.line(&printable(&format!("  {line}")));
        }
    }
}

/// What to do, and the command for it.
fn advice(suggested: &str) -> Option<&'static str> {
    Some(match suggested {
        "retry" => "run it again, it looks before it writes: slugline dead-letters retry JOB",
        "edit_then_retry" => {
            "publish a new version from its source, or change the content: slugline dead-letters edit JOB payload.json"
        }
        "revert" => "bring back what was live there before: slugline dead-letters revert JOB",
        "skip" => "nothing is left to do: slugline dead-letters skip JOB",
        "fix_credentials" => {
            "give the destination credentials that it takes, then: slugline dead-letters retry JOB"
        }
        "escalate" => {
            "somebody who knows the destination must look: slugline job escalate JOB --note '...'"
        }
        _ => return None,
    })
}

fn ran(attempt: &Attempt) -> Vec<String> {
    vec![
        attempt.number.to_string(),
        attempt.started_at.clone(),
        attempt.outcome.clone(),
        counted(attempt.requests.into(), "request"),
        attempt.error.clone().unwrap_or_default(),
    ]
}

fn counted(count: u64, of: &str) -> String {
    match count {
        1 => format!("1 {of}"),
        _ => format!("{count} {of}s"),
    }
}

fn exchange(one: &Exchange) -> Vec<String> {
    let status = one.status.map(|status| status.to_string());
    let end = status.or(one.error.clone()).unwrap_or_default();
    let head = format!("{} {}  {end}  {} ms", one.method, one.url, one.took_ms);
    let answer = one.response.as_ref();
    let sent = message("  >", &one.request);
    let answered = answer.map(|answer| message("  <", answer));
    [vec![head], sent, answered.unwrap_or_default()].concat()
}

fn message(mark: &str, message: &Message) -> Vec<String> {
    let headers = message
        .headers
        .iter()
        .map(|(name, value)| format!("{mark} {name}: {value}"));
    let body = match (&message.body, message.body_bytes) {
        (_, 0) => Vec::new(),
        (Some(text), _) => text.lines().map(|line| format!("{mark} {line}")).collect(),
        (None, bytes) => vec![format!("{mark} {bytes} bytes that are not text")],
    };
    headers.chain(body).collect()
}
