//! The words of the domain as people read them, each with its meaning as a colour and a shape.
//!
//! Ensures that no state is told by colour alone: the word is always there.

use std::fmt;

use askama::filters::HtmlSafe;
use serde::Serialize;
use slugline_core::drift::Drift;
use slugline_core::lifecycle::{JobState, PendingReason};
use slugline_core::reason::SuggestedAction;
use slugline_engine::store::WebhookState;

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Under way.
    Busy,
    /// Waits.
    Waits,
    /// Needs somebody.
    Bad,
    /// Changed by somebody else.
    Drift,
    /// Over, and of no consequence.
    Calm,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Waits => "waits",
            Self::Bad => "bad",
            Self::Drift => "drift",
            Self::Calm => "calm",
        }
    }

    /// A shape, for those who do not see the colour.
    fn shape(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Busy => "↻",
            Self::Waits => "◷",
            Self::Bad => "!",
            Self::Drift => "≠",
            Self::Calm => "–",
        }
    }
}

/// A state as a small label; made of words of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) tone: Tone,
    pub(crate) word: &'static str,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, shape) = (self.tone.class(), self.tone.shape());
        write!(
            f,
            "<span class=\"tag {class}\"><span aria-hidden=\"true\">{shape}</span> {}</span>",
            self.word
        )
    }
}

impl HtmlSafe for Tag {}

/// A job's, or a publish's, state.
pub(crate) fn state(state: JobState) -> Tag {
    let (tone, word) = match state {
        JobState::Pending => (Tone::Waits, "pending"),
        JobState::Queued => (Tone::Busy, "queued"),
        JobState::Delivering => (Tone::Busy, "delivering"),
        JobState::Live => (Tone::Good, "live"),
        JobState::Failed => (Tone::Bad, "failed"),
        JobState::RolledBack => (Tone::Calm, "rolled back"),
        JobState::Cancelled => (Tone::Calm, "cancelled"),
        JobState::Superseded => (Tone::Calm, "superseded"),
        JobState::Skipped => (Tone::Calm, "skipped"),
    };
    Tag { tone, word }
}

/// A kind of drift.
pub(crate) fn drift(drift: Drift) -> Tag {
    Tag {
        tone: Tone::Drift,
        word: drift.as_str(),
    }
}

/// What a kind of drift means.
pub(crate) fn drift_sentence(drift: Drift) -> &'static str {
    match drift {
        Drift::Missing => "It should be there and is not.",
        Drift::Stale => "It shows an older generation of ours.",
        Drift::Extra => "It is ours, no longer desired, and still there.",
        Drift::Diverged => "Somebody changed it at the destination. It is left alone.",
    }
}

/// A destination's health.
pub(crate) fn health(state: &str) -> Tag {
    let (tone, word) = match state {
        "up" => (Tone::Good, "up"),
        "throttled" => (Tone::Waits, "throttled"),
        "down" => (Tone::Bad, "down"),
        "paused" => (Tone::Waits, "paused"),
        _ => (Tone::Calm, "elsewhere"),
    };
    Tag { tone, word }
}

/// How far a webhook is.
pub(crate) fn webhook(state: WebhookState) -> Tag {
    let (tone, word) = match state {
        WebhookState::Received => (Tone::Busy, "received"),
        WebhookState::Done => (Tone::Good, "done"),
        WebhookState::Ignored => (Tone::Calm, "ignored"),
        WebhookState::Failed => (Tone::Bad, "failed"),
    };
    Tag { tone, word }
}

/// How a run ended.
pub(crate) fn outcome(outcome: &str) -> Tag {
    let (tone, word) = match outcome {
        "live" => (Tone::Good, "live"),
        "retry" => (Tone::Waits, "tried again"),
        "failed" => (Tone::Bad, "failed"),
        "put_back" => (Tone::Waits, "put back"),
        "superseded" => (Tone::Calm, "superseded"),
        "rescued" => (Tone::Waits, "rescued"),
        "second_look" => (Tone::Good, "second look"),
        "check" => (Tone::Calm, "looked at"),
        _ => (Tone::Calm, "ended"),
    };
    Tag { tone, word }
}

/// Why a job is pending.
pub(crate) fn waits(reason: PendingReason) -> &'static str {
    match reason {
        PendingReason::Media => "its media are being fetched",
        PendingReason::SlugRelease => "another item is giving its slug up",
        PendingReason::Dependency => "what it depends on is not live",
        PendingReason::Paused => "a person paused it",
        PendingReason::Scheduled => "its time has not come",
    }
}

/// What evidence means.
pub(crate) fn evidence(evidence: &str) -> &'static str {
    match evidence {
        "read_back" => "read back and matched",
        "acknowledged" => "accepted; this destination cannot be read back",
        _ => "live; a second look is due after a write whose answer was lost",
    }
}

/// What a person should do.
pub(crate) fn advice(action: SuggestedAction) -> &'static str {
    match action {
        SuggestedAction::Retry => "Retry it: it looks before it writes, so nothing happens twice.",
        SuggestedAction::EditThenRetry => {
            "Edit the content here, or publish a new version from its source."
        }
        SuggestedAction::Revert => "Go back to the last generation that was good.",
        SuggestedAction::Skip => "Nothing is left to do for this one; skip it.",
        SuggestedAction::FixCredentials => "Mend the destination's credentials, then retry.",
        SuggestedAction::Escalate => "Somebody who knows the destination must look.",
    }
}

/// A word as it is on the wire, with blanks.
pub(crate) fn plain<T: Serialize>(word: &T) -> String {
    let word = serde_json::to_value(word).ok();
    let word = word.as_ref().and_then(|value| value.as_str());
    word.unwrap_or_default().replace('_', " ")
}
