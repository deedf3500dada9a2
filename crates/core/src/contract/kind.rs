//! The types of events, and whether each may be acted upon again.
//!
//! Ensures that this table is the only place where that is decided: docs/events.md is checked against it.
//! A type that is not in it is carried along as it is, and never to be acted upon twice.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::event::EventType;

/// Characters of a type's word.
const MAX_WORD: usize = 64;

/// Whether a receiver may act on an event again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Any number of times, in any order: the result is the same.
    Safe,
    /// While nothing newer of its item is known; an older one would bring back what was replaced.
    SafeIfCurrent,
    /// It tells of a moment that has passed, or of a decision that is made once.
    Never,
}

impl Replay {
    /// The word in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::SafeIfCurrent => "safe_if_current",
            Self::Never => "never",
        }
    }
}

macro_rules! kinds {
    ($($name:ident $word:literal $replay:ident $duplicates:literal $sentence:literal;)*) => {
        /// What an event says happened.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = $sentence] $name,)*
            /// A type that was added after this program was built.
            Other(String),
        }

        impl Kind {
            /// All types of the contract, for documents and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word in `data.type`.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $word,)*
                    Self::Other(word) => word,
                }
            }

            /// Whether a receiver may act on such an event again.
            #[must_use]
            pub fn replay(&self) -> Replay {
                match self {
                    $(Self::$name => Replay::$replay,)*
                    Self::Other(_) => Replay::Never,
                }
            }

            /// How two events are recognised that tell the same, besides by their `event_id`.
            #[must_use]
            pub fn duplicates(&self) -> &'static str {
                match self {
                    $(Self::$name => $duplicates,)*
                    Self::Other(_) => "`event_id`",
                }
            }

            /// What it says happened, as a sentence.
            #[must_use]
            pub fn meaning(&self) -> &'static str {
                match self {
                    $(Self::$name => $sentence,)*
                    Self::Other(_) => "A type that is not known here.",
                }
            }

            fn known(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    DraftReady "draft_ready" SafeIfCurrent "`idempotency_key`" "A draft was accepted, or saved in a CMS.";
    QaPassed "qa_passed" SafeIfCurrent "item and `generation`" "A revision passed the checks.";
    QaFailed "qa_failed" SafeIfCurrent "item and `generation`" "A revision did not pass the checks.";
    Approved "approved" Never "`event_id`" "A person approved a revision.";
    ChangesRequested "changes_requested" Never "`event_id`" "A person wants a revision changed.";
    PublishRequest "publish_request" SafeIfCurrent "`idempotency_key`" "A publish was accepted.";
    UnpublishRequest "unpublish_request" SafeIfCurrent "`idempotency_key`" "An unpublish was accepted.";
    DeleteRequest "delete_request" SafeIfCurrent "`idempotency_key`" "A delete was accepted.";
    PublishSucceeded "publish_succeeded" SafeIfCurrent "item, `destination` and `generation`" "A destination is as desired.";
    PublishFailed "publish_failed" SafeIfCurrent "`event_id`" "A job is a dead letter; tried again, it may fail again.";
    RolledBack "rolled_back" SafeIfCurrent "item, `destination` and `generation`" "An older revision took the place of a newer one.";
    AssetChanged "asset_changed" Safe "`event_id`" "A medium changed; look at what is there now.";
    TaxonomyChanged "taxonomy_changed" Safe "`event_id`" "Categories or tags changed; look at what is there now.";
    StaleUpdateIgnored "stale_update_ignored" Safe "`idempotency_key`" "A request was older than what is stored; nothing was done.";
    Released "released" SafeIfCurrent "`idempotency_key`" "A generation passed what held it back and is desired now.";
    DeliveryStarted "delivery_started" Never "`event_id`" "A run took a job.";
    DeliveryRetry "delivery_retry" Never "`event_id`" "A run failed; the job is queued again.";
    DeliveryPutBack "delivery_put_back" Never "`event_id`" "A run was put back without losing an attempt.";
    Superseded "superseded" Safe "item, `destination` and `generation`" "A newer generation took a job's place for good.";
    LeaseRescued "lease_rescued" Never "`event_id`" "A run was lost and its job taken back.";
    SecondLookDone "second_look_done" SafeIfCurrent "`event_id`" "The look after an unknown write is done.";
    EffectRecorded "effect_recorded" Never "`event_id`" "A run's effect at a destination is remembered, or forgotten.";
    SlugReleased "slug_released" Never "`event_id`" "A slug became free; another item may have it by now.";
    RerunQueued "rerun_queued" Never "`event_id`" "A generation that is desired is to run again at a destination.";
    DriftFound "drift_found" SafeIfCurrent "item, `destination` and `generation`" "A destination shows something else than is desired.";
    Retried "retried" Never "`event_id`" "A person had a dead letter tried again.";
    Skipped "skipped" Never "`event_id`" "A person marked a dead letter complete.";
    Cancelled "cancelled" Never "`event_id`" "A person took a job back before it was released.";
    JobPaused "job_paused" Never "`event_id`" "A person paused a job.";
    JobResumed "job_resumed" Never "`event_id`" "A person had a paused job go on.";
    Escalated "escalated" Never "`event_id`" "A person asked somebody else to look.";
    NoteAdded "note_added" Never "`event_id`" "A person wrote a note.";
    Erased "erased" Never "`event_id`" "A person had what is kept of an item's words erased.";
    Paused "paused" Never "`event_id`" "Something was paused by a person, or a job waits because of that.";
    Resumed "resumed" Never "`event_id`" "Something was resumed by a person, or a job goes on because of that.";
    DriftEnded "drift_ended" SafeIfCurrent "item, `destination` and `generation`" "What had drifted is as desired again, or was adopted.";
    ReconciliationStarted "reconciliation_started" Never "`event_id`" "The comparison of a destination with what is desired there began.";
    ReconciliationEnded "reconciliation_ended" Never "`event_id`" "The comparison of a destination with what is desired there ended.";
    ReplayStarted "replay_started" Never "`event_id`" "A replay of what was asked for before began.";
    ReplayEnded "replay_ended" Never "`event_id`" "A replay of what was asked for before ended.";
}

/// A type that is new in the log needs a place here, and a row in docs/events.md.
impl From<EventType> for Kind {
    fn from(kind: EventType) -> Self {
        match kind {
            EventType::PublishRequest => Self::PublishRequest,
            EventType::UnpublishRequest => Self::UnpublishRequest,
            EventType::DeleteRequest => Self::DeleteRequest,
            EventType::DraftReady => Self::DraftReady,
            EventType::StaleUpdateIgnored => Self::StaleUpdateIgnored,
            EventType::Released => Self::Released,
            EventType::DeliveryStarted => Self::DeliveryStarted,
            EventType::DeliveryRetry => Self::DeliveryRetry,
            EventType::DeliveryPutBack => Self::DeliveryPutBack,
            EventType::PublishSucceeded => Self::PublishSucceeded,
            EventType::PublishFailed => Self::PublishFailed,
            EventType::Superseded => Self::Superseded,
            EventType::LeaseRescued => Self::LeaseRescued,
            EventType::SecondLookDone => Self::SecondLookDone,
            EventType::EffectRecorded => Self::EffectRecorded,
            EventType::SlugReleased => Self::SlugReleased,
            EventType::RerunQueued => Self::RerunQueued,
            EventType::DriftFound => Self::DriftFound,
            EventType::DriftEnded => Self::DriftEnded,
            EventType::Paused => Self::Paused,
            EventType::Resumed => Self::Resumed,
            EventType::ReconciliationStarted => Self::ReconciliationStarted,
            EventType::ReconciliationEnded => Self::ReconciliationEnded,
            EventType::ReplayStarted => Self::ReplayStarted,
            EventType::ReplayEnded => Self::ReplayEnded,
            EventType::AssetChanged => Self::AssetChanged,
            EventType::TaxonomyChanged => Self::TaxonomyChanged,
            EventType::RolledBack => Self::RolledBack,
            EventType::Retried => Self::Retried,
            EventType::Skipped => Self::Skipped,
            EventType::Cancelled => Self::Cancelled,
            EventType::JobPaused => Self::JobPaused,
            EventType::JobResumed => Self::JobResumed,
            EventType::Escalated => Self::Escalated,
            EventType::NoteAdded => Self::NoteAdded,
            EventType::Erased => Self::Erased,
        }
    }
}

impl Kind {
    /// The type with this word, known or not; what could never be one is refused.
    pub fn parse(word: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let fits = word.len() <= MAX_WORD && word.starts_with(|c: char| c.is_ascii_lowercase());
        match Self::known(word) {
            Some(kind) => Ok(kind),
            None if fits && word.chars().all(plain) => Ok(Self::Other(word.to_owned())),
            None => Err(format!(
                "{word:?} is no type: it must be a word such as publish_succeeded"
            )),
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
