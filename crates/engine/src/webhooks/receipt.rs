//! What the sender of a webhook is told.
//!
//! Ensures that one word says what became of it, whatever it says of how many items.

use serde::Serialize;
use slugline_core::ids::WebhookId;
use slugline_core::time::Timestamp;

use crate::store::{ChangeStatus, Outcome, WebhookState, WebhookView};

/// What the sender of a webhook is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receipt {
    /// In one word.
    pub status: ReceiptStatus,
    /// Under which number it is kept.
    pub webhook_id: WebhookId,
    /// How far it is.
    pub state: WebhookState,
    /// What became of what it says.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Whether it came before.
    #[serde(skip)]
    pub repeated: bool,
    /// Whether its sender takes no other status than 200 for success.
    #[serde(skip)]
    pub only_ok: bool,
    /// When what it tells happened, where that is known; of one that is new.
    #[serde(skip)]
    pub occurred_at: Option<Timestamp>,
}

/// The first word of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// A new generation was accepted.
    Ok,
    /// It came before, or everything that it says was known.
    Duplicate,
    /// It is older than what is known.
    StaleUpdateIgnored,
    /// It tells of a medium or a term; the log says so.
    Noted,
    /// It says nothing that matters here.
    Ignored,
    /// It is kept, and will be dealt with.
    Received,
    /// It is kept, and something that it says could not be done; it waits for a person.
    Failed,
}

impl Receipt {
    pub(super) fn of(id: WebhookId, state: WebhookState, outcome: Outcome) -> Self {
        Self {
            status: ReceiptStatus::of(state, &outcome),
            webhook_id: id,
            state,
            outcome,
            repeated: false,
            only_ok: false,
            occurred_at: None,
        }
    }

    /// For one that came before.
    pub(super) fn again(view: WebhookView) -> Self {
        Self {
            status: ReceiptStatus::Duplicate,
            repeated: true,
            ..Self::of(view.webhook_id, view.state, view.outcome)
        }
    }
}

impl ReceiptStatus {
    fn of(state: WebhookState, outcome: &Outcome) -> Self {
        let any = |status| outcome.changes.iter().any(|change| change.status == status);
        match state {
            WebhookState::Received => Self::Received,
            WebhookState::Failed => Self::Failed,
            WebhookState::Ignored => Self::Ignored,
            WebhookState::Done if any(ChangeStatus::Ok) => Self::Ok,
            WebhookState::Done if any(ChangeStatus::StaleUpdateIgnored) => Self::StaleUpdateIgnored,
            WebhookState::Done if any(ChangeStatus::Noted) => Self::Noted,
            WebhookState::Done => Self::Duplicate,
        }
    }

    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Duplicate => "duplicate",
            Self::StaleUpdateIgnored => "stale_update_ignored",
            Self::Noted => "noted",
            Self::Ignored => "ignored",
            Self::Received => "received",
            Self::Failed => "failed",
        }
    }
}
