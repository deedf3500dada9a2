//! The log's chain: sealing segments and checking them.
//!
//! Ensures that every store seals and checks alike: segments follow each other without gaps, each with
//! the hash of the one before, what is still kept of a request matches the digests in the log, and what is left of an
//! entry whose words were erased is what the erasure says was left.
//! Reading entries and keeping segments is the stores' own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use slugline_core::canonical::Fingerprint;
use slugline_core::event::{CHAIN_START, EventType, Seal};
use slugline_core::ids::PublishId;
use slugline_core::time::Timestamp;
use slugline_engine::store::LogCheck;

/// Entries of a full segment: what a proof of one entry has to read.
pub(crate) const ENTRIES: i64 = 1_000;
/// Faults that are told; a damaged log could have one per entry.
const MAX_FAULTS: usize = 100;

/// A sealed part of the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    /// Its first entry.
    pub(crate) first: i64,
    /// Its last entry.
    pub(crate) last: i64,
    /// Its hash.
    pub(crate) hash: Fingerprint,
    /// The hash of the segment before it.
    pub(crate) previous: Fingerprint,
    /// Whether its entries are gone.
    pub(crate) erased: bool,
}

/// Where a chain without segments ends: before the first entry.
pub(crate) const START: (i64, Fingerprint) = (0, CHAIN_START);

/// An entry as it is kept.
pub(crate) struct Entry {
    /// Its place.
    pub(crate) seq: i64,
    /// When it was written.
    pub(crate) at: Timestamp,
    /// Its publish.
    pub(crate) publish: Option<PublishId>,
    /// What is hashed.
    pub(crate) text: String,
    /// The hash of the text as it was written, where words were erased from it since.
    pub(crate) digest: Option<Fingerprint>,
}

impl Entry {
    fn hash(&self) -> Fingerprint {
        let of_text = || Fingerprint::of_bytes(self.text.as_bytes());
        self.digest.unwrap_or_else(of_text)
    }
}

/// Characters of a hash in hex that stand for it in a proof: half of it, which nobody finds another text for.
const PROOF: usize = 32;
/// The member of an erasure's detail that holds its proofs.
pub(crate) const PROOFS: &str = "proofs";

/// What an erasure says of an entry: the hash that it had, and that of what is left of it.
pub(crate) fn proof(had: &Fingerprint, left: &str) -> (String, String) {
    let short = |hash: &Fingerprint| hash.hex()[..PROOF].to_owned();
    (short(had), short(&Fingerprint::of_bytes(left.as_bytes())))
}

/// The segment that these entries make, which follow `end`: a full one, or what there is when the
/// first of them is older than `max_age`.
pub(crate) fn seal(
    end: (i64, Fingerprint),
    entries: &[Entry],
    now: Timestamp,
    max_age: Duration,
) -> Option<Segment> {
    let (first, last) = (entries.first()?, entries.last()?);
    let full = i64::try_from(entries.len()).is_ok_and(|count| count >= ENTRIES);
    if !full && first.at > now.minus(max_age) {
        return None;
    }
    let (sealed, previous) = end;
    let mut seal = Seal::after(previous);
    entries
        .iter()
        .for_each(|entry| seal.add(entry.seq, entry.hash()));
    Some(Segment {
        first: sealed + 1,
        last: last.seq,
        hash: seal.finish(),
        previous,
        erased: false,
    })
}

/// What of a request an entry vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its bytes as they came.
    Raw,
    /// Its payload as it is stored.
    Body,
}

/// A digest that an entry states.
pub(crate) struct Claim {
    /// Whose request.
    pub(crate) publish: PublishId,
    /// Of what.
    pub(crate) part: Part,
    seq: i64,
    digest: String,
}

/// A check of the whole log, fed with one segment after the other.
pub(crate) struct Check {
    /// The number that must come next.
    next: i64,
    previous: Fingerprint,
    /// Entries that are not as they were written: their places by their proofs.
    changed: BTreeMap<(String, String), i64>,
    /// What erasures say.
    erased: BTreeSet<(String, String)>,
    found: LogCheck,
}

impl Check {
    /// A check that has seen nothing.
    pub(crate) fn new() -> Self {
        let (sealed, previous) = START;
        Self {
            next: sealed + 1,
            previous,
            changed: BTreeMap::new(),
            erased: BTreeSet::new(),
            found: LogCheck::default(),
        }
    }

    /// The number that must come next.
    pub(crate) fn next(&self) -> i64 {
        self.next
    }

    /// A segment with its entries; none when they are erased. The digests that they state.
    pub(crate) fn segment(&mut self, segment: &Segment, entries: &[Entry]) -> Vec<Claim> {
        let name = format!("segment {}–{}", segment.first, segment.last);
        if segment.first != self.next {
            self.fault(format!("{name} should begin with entry {}", self.next));
        }
        if segment.previous != self.previous {
            self.fault(format!("{name} does not follow from the segment before it"));
        }
        let mut claims = Vec::new();
        if !segment.erased {
            claims = self.entries(entries);
            let mut seal = Seal::after(segment.previous);
            entries
                .iter()
                .for_each(|entry| seal.add(entry.seq, entry.hash()));
            if self.next != segment.last + 1 {
                self.fault(format!("{name} ends with entry {}", self.next - 1));
            }
            if seal.finish() != segment.hash {
                self.fault(format!("{name} was changed after it was sealed"));
            }
            self.found.segments += 1;
        }
        (self.next, self.previous) = (segment.last + 1, segment.hash);
        claims
    }

    /// Entries after the last segment. The digests that they state.
    pub(crate) fn unsealed(&mut self, entries: &[Entry]) -> Vec<Claim> {
        self.found.unsealed += entries.len() as u64;
        self.entries(entries)
    }

    /// Compares what is still kept with what its entry says.
    pub(crate) fn compare(&mut self, claim: &Claim, kept: Option<&str>) {
        if kept.is_none_or(|kept| kept == claim.digest) {
            return;
        }
        let (what, publish, seq) = (claim.part.name(), claim.publish, claim.seq);
        self.fault(format!(
            "the {what} of {publish} is not what entry {seq} says"
        ));
    }

    /// What was found.
    pub(crate) fn finish(mut self) -> LogCheck {
        for (proof, seq) in std::mem::take(&mut self.changed) {
            if !self.erased.contains(&proof) {
                self.fault(format!(
                    "entry {seq} is not as it was written, and no erasure says so"
                ));
            }
        }
        self.found
    }

    fn entries(&mut self, entries: &[Entry]) -> Vec<Claim> {
        let mut claims = Vec::new();
        for entry in entries {
            if entry.seq != self.next {
                self.fault(format!("entry {} is missing", self.next));
            }
            self.next = entry.seq + 1;
            if let Some(had) = &entry.digest {
                self.changed.insert(proof(had, &entry.text), entry.seq);
            }
            match serde_json::from_str::<Value>(&entry.text) {
                Ok(text) => {
                    self.erased.extend(proofs(&text));
                    let parts = Part::ALL.iter();
                    claims.extend(parts.filter_map(|part| claim(entry, &text, *part)));
                }
                Err(_) => self.fault(format!("entry {} is no JSON", entry.seq)),
            }
        }
        self.found.entries += entries.len() as u64;
        claims
    }

    fn fault(&mut self, what: String) {
        if self.found.faults.len() < MAX_FAULTS {
            self.found.faults.push(what);
        }
    }
}

impl Part {
    const ALL: [Self; 2] = [Self::Raw, Self::Body];

    fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw request",
            Self::Body => "body",
        }
    }

    /// The member of an entry's detail that holds the digest.
    fn member(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Body => "body",
        }
    }
}

/// What an entry says of others, if it is that of an erasure.
fn proofs(text: &Value) -> Vec<(String, String)> {
    let told = text.get("detail").and_then(|detail| detail.get(PROOFS));
    let Some(told) = told.and_then(Value::as_object) else {
        return Vec::new();
    };
    let kind = text.get("type").cloned().unwrap_or_default();
    if serde_json::from_value::<EventType>(kind).ok() != Some(EventType::Erased) {
        return Vec::new();
    }
    let pair = |(had, left): (&String, &Value)| Some((had.clone(), left.as_str()?.to_owned()));
    told.into_iter().filter_map(pair).collect()
}

fn claim(entry: &Entry, text: &Value, part: Part) -> Option<Claim> {
    let digest = text.get("detail")?.get(part.member())?.as_str()?.to_owned();
    Some(Claim {
        publish: entry.publish?,
        part,
        seq: entry.seq,
        digest,
    })
}
