//! Entries of the append-only log, and the chain that seals them.
//!
//! Ensures that an entry's stored text is its only form, so that hashing the text proves the entry,
//! and that bodies are present only as salted digests: erasing a body keeps the chain checkable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::canonical::{Fingerprint, hex};
use crate::time::Timestamp;

/// What an entry says happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// A publish was accepted.
    PublishRequest,
    /// An unpublish was accepted.
    UnpublishRequest,
    /// A delete was accepted.
    DeleteRequest,
    /// A draft was accepted, or saved in a CMS.
    DraftReady,
    /// A request was older than what is stored, and ignored.
    StaleUpdateIgnored,
    /// A publish passed what held it back; its generation is desired now.
    Released,
    /// A run took a job.
    DeliveryStarted,
    /// A run failed; the job is queued again.
    DeliveryRetry,
    /// A run was put back without losing an attempt.
    DeliveryPutBack,
    /// A job is live.
    PublishSucceeded,
    /// A job is a dead letter.
    PublishFailed,
    /// A newer generation took a job's place.
    Superseded,
    /// A lease ran out and the job was taken back.
    LeaseRescued,
    /// The second look after an unknown write found or made everything as desired.
    SecondLookDone,
    /// A side effect is remembered at a destination.
    EffectRecorded,
    /// A slug became free.
    SlugReleased,
    /// A generation that is desired is to run again at a destination.
    RerunQueued,
    /// A destination shows something else than is desired, and no run of ours is under way.
    DriftFound,
    /// What had drifted is as desired again, or was adopted.
    DriftEnded,
    /// A person paused something: nothing new begins in it. With a job: the job waits for that.
    Paused,
    /// A person resumed what was paused. With a job: the job is queued again.
    Resumed,
    /// The comparison of a destination with what is desired there began.
    ReconciliationStarted,
    /// It ended.
    ReconciliationEnded,
    /// A replay of what was asked for before began.
    ReplayStarted,
    /// It ended.
    ReplayEnded,
    /// A source told that one of its media changed.
    AssetChanged,
    /// A source told that one of its categories or tags changed.
    TaxonomyChanged,
    /// An older body took the place of a newer one at a destination.
    RolledBack,
    /// A person had a dead letter tried again.
    Retried,
    /// A person marked a dead letter complete.
    Skipped,
    /// A person took a job back before it was released.
    Cancelled,
    /// A person paused a job.
    JobPaused,
    /// A person had a paused job go on.
    JobResumed,
    /// A person asked somebody else to look.
    Escalated,
    /// A person wrote a note.
    NoteAdded,
    /// A person had all that is kept of an item's words erased.
    Erased,
}

/// One entry as readers see it; `seq` is its place in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Place in the log, from 1, without gaps.
    #[serde(default)]
    pub seq: i64,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When, by the store's clock.
    pub at: Timestamp,
    /// Who: `token:NAME`, `engine`, …
    pub actor: String,
    /// In one word: `accepted`, `live`, `failed`, `retry`, …
    pub outcome: String,
    /// The request that it belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// The item.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content_id: String,
    /// The destinations' ids of what was written.
    #[serde(default)]
    pub downstream_ids: BTreeMap<String, String>,
    /// The rest: owner, environment, locale, ids, generation, reason, digests.
    #[serde(default)]
    pub detail: BTreeMap<String, Value>,
}

/// An entry as it is stored: in the order of the members' names, without `seq`. The members mean what
/// those of [`LogEntry`] do; `N` are the names of the details.
#[derive(Serialize)]
#[expect(missing_docs, reason = "they are LogEntry's")]
pub struct Stored<'a, N: Ord> {
    pub actor: &'a str,
    pub at: Timestamp,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub content_id: &'a str,
    pub detail: &'a BTreeMap<N, Value>,
    pub downstream_ids: &'a BTreeMap<String, String>,
    pub outcome: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub request_id: &'a str,
    #[serde(rename = "type")]
    pub kind: EventType,
}

impl<N: Ord + Serialize> Stored<'_, N> {
    /// What is stored and hashed: canonical JSON.
    #[must_use]
    pub fn text(&self) -> String {
        // Nothing in it cannot be written as JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The text of an entry as it is stored and hashed.
#[must_use]
pub fn stored_text(entry: &LogEntry) -> String {
    let stored = Stored {
        actor: &entry.actor,
        at: entry.at,
        content_id: &entry.content_id,
        detail: &entry.detail,
        downstream_ids: &entry.downstream_ids,
        outcome: &entry.outcome,
        request_id: &entry.request_id,
        kind: entry.kind,
    };
    stored.text()
}

/// The digest by which an entry refers to bytes that may be erased: SHA-256 over salt and bytes.
#[must_use]
pub fn salted_digest(salt: &[u8], bytes: &[u8]) -> String {
    hex(&Sha256::new()
        .chain_update(salt)
        .chain_update(bytes)
        .finalize())
}

/// The hash that a chain begins with.
pub const CHAIN_START: Fingerprint = Fingerprint([0; 32]);

/// Details of an entry that may carry words of a content, or of people.
const WORDS: [&str; 5] = ["effect", "fields", "message", "note", "slug"];

/// The text of an entry without what may be a content's words; `None` where it has none. Names of what was
/// written at destinations are words too: some are made of slugs.
#[must_use]
pub fn without_words(text: &str) -> Option<String> {
    let mut entry: LogEntry = serde_json::from_str(text).ok()?;
    let before = entry.detail.len();
    entry
        .detail
        .retain(|name, _| !WORDS.contains(&name.as_str()));
    if entry.detail.len() == before && entry.downstream_ids.is_empty() {
        return None;
    }
    entry.downstream_ids.clear();
    entry.detail.insert("erased".into(), Value::Bool(true));
    Some(stored_text(&entry))
}

/// Computes a segment's hash: over the previous segment's hash and each entry's number and its text's hash.
/// So an entry whose words were erased is proved by the hash that its text had.
pub struct Seal(Sha256);

impl Seal {
    /// Begins a segment after the one with this hash.
    #[must_use]
    pub fn after(previous: Fingerprint) -> Self {
        Self(Sha256::new().chain_update(previous.0))
    }

    /// Adds the next entry, with the hash of its text as it was written.
    pub fn add(&mut self, seq: i64, text: Fingerprint) {
        self.0.update(seq.to_be_bytes());
        self.0.update(text.0);
    }

    /// The segment's hash.
    #[must_use]
    pub fn finish(self) -> Fingerprint {
        Fingerprint(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(entries: &[(i64, &str)]) -> Fingerprint {
        let mut seal = Seal::after(CHAIN_START);
        entries
            .iter()
            .for_each(|(seq, text)| seal.add(*seq, Fingerprint::of_bytes(text.as_bytes())));
        seal.finish()
    }

    #[test]
    fn words_are_taken_out_of_an_entry_and_nothing_else() {
        let entry = LogEntry {
            seq: 0,
            kind: EventType::PublishFailed,
            at: Timestamp(1_700_000_000_000_000),
            actor: "engine".into(),
            outcome: "failed".into(),
            request_id: "r-1".into(),
            content_id: "post".into(),
            downstream_ids: BTreeMap::from([("file".into(), "jane-doe.html".into())]),
            detail: BTreeMap::from([
                ("generation".into(), Value::from(3)),
                ("message".into(), Value::from("\"Jane Doe\" is too long")),
            ]),
        };
        let text = without_words(&stored_text(&entry)).unwrap();
        let erased: LogEntry = serde_json::from_str(&text).unwrap();
        assert!(!text.contains("Jane") && !text.contains("jane"));
        assert_eq!(erased.detail["generation"], 3);
        assert_eq!(erased.detail["erased"], true);
        assert_eq!((erased.kind, erased.at), (entry.kind, entry.at));
        assert_eq!(without_words(&text), None, "there are none left");
    }

    #[test]
    fn the_stored_text_is_the_entry_in_canonical_json_without_its_place() {
        let mut entry = LogEntry {
            seq: 7,
            kind: EventType::Released,
            at: Timestamp(1_700_000_000_000_000),
            actor: "engine".into(),
            outcome: "released".into(),
            request_id: "r-1".into(),
            content_id: "post".into(),
            downstream_ids: BTreeMap::from([("post".into(), "12".into())]),
            detail: BTreeMap::from([("generation".into(), Value::from(3))]),
        };
        for _ in 0..2 {
            let mut value = serde_json::to_value(&entry).unwrap();
            value.as_object_mut().unwrap().remove("seq");
            assert_eq!(stored_text(&entry), value.to_string());
            (entry.request_id, entry.content_id) = (String::new(), String::new());
        }
    }

    #[test]
    fn any_change_of_text_number_or_order_changes_the_seal() {
        let whole = sealed(&[(1, "a"), (2, "b")]);
        assert_ne!(whole, sealed(&[(1, "b"), (2, "a")]));
        assert_ne!(whole, sealed(&[(1, "a"), (3, "b")]));
        assert_ne!(whole, sealed(&[(1, "ab"), (2, "")]));
        assert_eq!(whole, sealed(&[(1, "a"), (2, "b")]));
    }
}
