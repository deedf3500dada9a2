//! The log as a story.
//!
//! Ensures that an entry of any type reads as a sentence, also one that this page has no words for yet.

use serde_json::Value;
use slugline_core::event::LogEntry;
use slugline_core::reason::Reason;

use super::page::segment;
use super::times::Moment;
use super::words::{Tag, Tone, plain};

/// An entry as it is shown.
pub(crate) struct Told {
    pub(crate) at: Moment,
    pub(crate) tag: Tag,
    pub(crate) sentence: String,
    /// More of it: a reason, a message.
    pub(crate) more: Option<String>,
    pub(crate) actor: String,
    pub(crate) content_id: String,
    pub(crate) content_path: String,
    pub(crate) request_path: String,
    pub(crate) job_id: Option<String>,
}

/// Entries as they are shown.
pub(crate) fn told(entries: Vec<LogEntry>, now: slugline_core::time::Timestamp) -> Vec<Told> {
    let tell = |entry: LogEntry| {
        let kind = plain(&entry.kind).replace(' ', "_");
        let at = detail(&entry, "destination");
        let (tone, word, what) = match (&*kind, &*entry.outcome) {
            ("draft_ready", "noted") => (Tone::Calm, "draft", Some("Draft saved at its source")),
            _ => words(&kind),
        };
        let what = what.map_or_else(|| plain(&entry.kind), str::to_owned);
        let sentence = match (at, entry.detail.get("generation").and_then(Value::as_i64)) {
            (Some(at), Some(generation)) => format!("{what}: generation {generation} at {at}"),
            (Some(at), None) => format!("{what}: {at}"),
            (None, Some(generation)) => format!("{what}: generation {generation}"),
            (None, None) => what,
        };
        Told {
            at: Moment { at: entry.at, now },
            tag: Tag { tone, word },
            sentence,
            more: more(&entry),
            job_id: detail(&entry, "job_id").map(str::to_owned),
            content_path: segment(&entry.content_id),
            request_path: segment(detail(&entry, "publish_id").unwrap_or_default()),
            actor: entry.actor,
            content_id: entry.content_id,
        }
    };
    entries.into_iter().map(tell).collect()
}

fn detail<'a>(entry: &'a LogEntry, name: &str) -> Option<&'a str> {
    entry.detail.get(name).and_then(Value::as_str)
}

fn more(entry: &LogEntry) -> Option<String> {
    let reason = detail(entry, "reason");
    let sentence = reason.map(|code| match Reason::from_code(code) {
        Some(reason) => reason.sentence(),
        None => code,
    });
    let message = detail(entry, "message").or_else(|| detail(entry, "note"));
    let kind = detail(entry, "drift").or_else(|| detail(entry, "kind"));
    let message = match (sentence, message) {
        (Some(sentence), Some(message)) => {
            Some(format!("{}: {message}", sentence.trim_end_matches('.')))
        }
        (one, other) => one.or(other).map(str::to_owned),
    };
    let kind = kind.map(str::to_owned);
    let parts: Vec<String> = [kind, message].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// Tone, word of the outcome, and the beginning of the sentence.
fn words(kind: &str) -> (Tone, &'static str, Option<&'static str>) {
    match kind {
        "publish_request" => (Tone::Busy, "accepted", Some("Publish accepted")),
        "unpublish_request" => (Tone::Busy, "accepted", Some("Unpublish accepted")),
        "delete_request" => (Tone::Busy, "accepted", Some("Delete accepted")),
        "draft_ready" => (Tone::Busy, "accepted", Some("Draft accepted")),
        "stale_update_ignored" => (Tone::Calm, "ignored", Some("Older than what is stored")),
        "released" => (Tone::Busy, "released", Some("Released")),
        "delivery_started" => (Tone::Busy, "started", Some("Delivery started")),
        "delivery_retry" => (Tone::Waits, "retry", Some("Tried again later")),
        "delivery_put_back" => (Tone::Waits, "put back", Some("Put back, no attempt lost")),
        "publish_succeeded" => (Tone::Good, "live", Some("Live")),
        "publish_failed" => (Tone::Bad, "failed", Some("Dead letter")),
        "superseded" => (
            Tone::Calm,
            "superseded",
            Some("A newer generation took its place"),
        ),
        "lease_rescued" => (Tone::Waits, "rescued", Some("A lost run was taken back")),
        "second_look_done" => (Tone::Good, "looked", Some("Second look done")),
        "effect_recorded" => (Tone::Calm, "effect", Some("Side effect remembered")),
        "slug_released" => (Tone::Calm, "slug", Some("Slug became free")),
        "rerun_queued" => (Tone::Busy, "rerun", Some("Queued again")),
        "retried" => (Tone::Busy, "retried", Some("A person had it tried again")),
        "skipped" => (Tone::Calm, "skipped", Some("A person marked it complete")),
        "cancelled" => (Tone::Calm, "cancelled", Some("A person took it back")),
        "rolled_back" => (Tone::Calm, "rolled back", Some("Rolled back")),
        "job_paused" | "paused" => (Tone::Waits, "paused", Some("Paused")),
        "job_resumed" | "resumed" => (Tone::Busy, "resumed", Some("Resumed")),
        "escalated" => (Tone::Waits, "escalated", Some("Somebody should look")),
        "note_added" => (Tone::Calm, "note", Some("A note was written")),
        "reconciliation_started" => (Tone::Busy, "compared", Some("Comparison began")),
        "reconciliation_ended" => (Tone::Calm, "compared", Some("Comparison ended")),
        "drift_found" => (Tone::Drift, "drift", Some("Drift found")),
        "drift_ended" => (Tone::Good, "drift over", Some("Drift ended")),
        _ => (Tone::Calm, "noted", None),
    }
}
