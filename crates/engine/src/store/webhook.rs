//! Webhooks as the store keeps them: as they came, with what became of them.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use slugline_core::event::EventType;
use slugline_core::ids::{PublishId, WebhookId};
use slugline_core::problem::Code;
use slugline_core::source::What;
use slugline_core::time::Timestamp;
use slugline_core::version::{Generation, Version};

/// How a repeat of a webhook is known.
pub type RepeatKey = [u8; 16];

/// A genuine webhook on its way into the store.
#[derive(Clone, Debug, PartialEq)]
pub struct NewWebhook {
    /// The source's name.
    pub source: String,
    /// The owner that the source acts for.
    pub owner: String,
    /// A webhook that has the same one as another of its source is that one again; `None` where nothing
    /// tells.
    pub repeat_key: Option<RepeatKey>,
    /// How long it is kept, and with it the knowledge that it came.
    pub keep_for: Duration,
    /// Whether it is known for ever that it came: no time is signed with which it could grow too old.
    pub known_for_ever: bool,
    /// How long whoever brings it has to deal with it, before it is taken up by the caretaker.
    pub due_after: Duration,
    /// How it has ended already; `None` where it is to be dealt with.
    pub ended: Option<(WebhookState, Outcome)>,
    /// What proved it.
    pub proof: Proof,
    /// How it came, without its body.
    pub envelope: Envelope,
    /// Its body, byte for byte.
    pub body: Bytes,
}

impl NewWebhook {
    /// How far it is when it is kept, and what has become of it by then.
    #[must_use]
    pub fn at_first(&self) -> (WebhookState, Outcome) {
        let received = (WebhookState::Received, Outcome::default());
        self.ended.clone().unwrap_or(received)
    }
}

/// What proved a webhook to be genuine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The reference of the secret that matched.
    pub secret: String,
    /// When it was signed, where that is signed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
    /// The sender's name for the delivery, where that is signed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<String>,
    /// It did not come: it was found when the source was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found_by_poll: bool,
    /// The sender's word for what happened, where it stands in a header that may not be signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// The one before it that has the same bytes, where what it says may be something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resembles: Option<WebhookId>,
}

/// Method, URL and headers of a webhook. Headers that hold a secret name it instead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// In capitals.
    pub method: String,
    /// As the sender calls it.
    pub url: String,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
}

impl Envelope {
    /// Whether the webhook's words were erased: every one that came has a method.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a webhook was kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    /// It is new.
    New(WebhookId),
    /// It came before, and this became of it.
    Before(Box<WebhookView>),
}

/// A webhook that is to be dealt with.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// The source's name.
    pub source: String,
    /// When it came.
    pub received_at: Timestamp,
    /// What proved it.
    pub proof: Proof,
    /// How it came.
    pub envelope: Envelope,
    /// Its body.
    pub body: Bytes,
}

/// How far a webhook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// It is kept, and being dealt with.
    Received,
    /// What it says was decided on.
    Done,
    /// It says nothing that matters here.
    Ignored,
    /// Something that it says could not be done; it waits for a person.
    Failed,
}

/// The end of dealing with a webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookEnd {
    /// Which.
    pub id: WebhookId,
    /// How it ended.
    pub state: WebhookState,
    /// What became of it.
    pub outcome: Outcome,
    /// What goes into the log with it, unless an earlier end of it said so.
    pub noted: Vec<Noted>,
}

/// Something that a source told and that publishes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// What happened to it.
    pub kind: EventType,
    /// Whether it is there, for what depends on it.
    pub is_there: bool,
    /// The sender's order of its states, where it tells one; else they count in the order in which they came.
    pub version: Option<Version>,
    /// Who told.
    pub source: String,
    /// The owner that the source acts for.
    pub owner: String,
    /// Our name of the environment that it belongs to.
    pub environment: String,
    /// Its locale, where it has one.
    pub locale: Option<String>,
    /// What the source calls it.
    pub entry: String,
    /// The item, or what content that depends on it calls it here.
    pub content_id: String,
    /// Made of the webhook's number and its place there.
    pub request_id: String,
}

/// What became of what a webhook says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Why it could not be read, or why it was ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// One for each item that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Changed>,
    /// The parts of it that could not be read, while others were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Unreadable>,
}

/// A part of a webhook that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Where it stands in the body, as a mapping says where.
    pub path: String,
    /// The item, where that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// What the source said.
    pub what: What,
    /// The item.
    pub content_id: String,
    /// Its locale; `*` for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// What was decided.
    pub status: ChangeStatus,
    /// The version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_id: Option<PublishId>,
    /// The generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<Generation>,
    /// For a refusal: its stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Why nothing was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What was decided about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeStatus {
    /// A new generation.
    Ok,
    /// Known already.
    Duplicate,
    /// Older than what is known.
    StaleUpdateIgnored,
    /// It changes nothing that is published; the log says that it changed.
    Noted,
    /// It changes nothing that is published.
    Ignored,
    /// It is news of an entry that we wrote ourselves: the item is looked at there.
    Ours,
    /// It could not be accepted.
    Refused,
}

/// The right to ask a source what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Where the last asking ended; `None` before the first.
    pub cursor: Option<String>,
}

/// A sweep of a source: what it has is compared with what there is of it here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// The source's name.
    pub source: String,
    /// The owner that the source acts for.
    pub owner: String,
    /// When it began: its name among those of this source.
    pub began_at: Timestamp,
    /// Only what was accepted before is looked for: news of what is newer may be on its way.
    pub settled_by: Timestamp,
}

/// What a sweep was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedEntry {
    /// Our name of its environment.
    pub environment: String,
    /// What its item is called here, if it has one.
    pub content_id: String,
    /// Its locale; `*` where it is there in all of them.
    pub locale: String,
}

/// A step of a sweep through the items that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Those of the source that should be there.
    pub items: Vec<SweptItem>,
    /// The number of the last that was looked at; `None` where there was none.
    pub last: Option<i64>,
}

/// An item that should be at its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweptItem {
    /// Its number: steps go on after it.
    pub number: i64,
    /// Its content id.
    pub content_id: String,
    /// Its environment.
    pub environment: String,
    /// Its locale.
    pub locale: String,
    /// The producer's version of what was accepted last.
    pub version: Version,
    /// Whether the sweep was shown it.
    pub is_listed: bool,
}

/// Which webhooks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookFilter {
    /// Only this owner's; `None` for all.
    pub owner: Option<String>,
    /// Of this source.
    pub source: Option<String>,
    /// In this state.
    pub state: Option<WebhookState>,
}

/// A webhook as readers see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WebhookView {
    /// Its id.
    pub webhook_id: WebhookId,
    /// The source's name.
    pub source: String,
    /// When it came.
    pub received_at: Timestamp,
    /// How far it is.
    pub state: WebhookState,
    /// What proved it.
    #[serde(flatten)]
    pub proof: Proof,
    /// Times that it was taken up after whoever brought it had gone.
    pub attempts: u32,
    /// What became of it; empty until it is dealt with.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A webhook with how it came.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookDetail {
    /// What lists show of it.
    pub view: WebhookView,
    /// How it came.
    pub envelope: Envelope,
    /// Its body.
    pub body: Bytes,
}
