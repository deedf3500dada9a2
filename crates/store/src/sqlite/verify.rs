//! Checking the log.
//!
//! Ensures that every sealed segment that still has its entries is hashed again, that no number is
//! missing, and that raw requests and bodies that are still there match the digests in the log.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::Value;
use slugline_core::canonical::Fingerprint;
use slugline_core::event::{CHAIN_START, Seal, salted_digest};
use slugline_core::ids::PublishId;
use slugline_engine::store::LogCheck;

use super::column::Digest;
use super::fault::Done;
use super::statements::Statements;

/// Faults that are told; a damaged file could have one per entry.
const MAX_FAULTS: usize = 100;
/// Entries after the last segment that are read at a time.
const BATCH: i64 = 1_000;

/// Checks the whole log, a segment at a time: the file may be written to meanwhile.
pub(crate) fn check(connection: &Connection) -> Done<LogCheck> {
    let mut check = Check {
        connection,
        next: 1,
        previous: CHAIN_START,
        found: LogCheck::default(),
    };
    while let Some(segment) = check.next_segment()? {
        check.segment(&segment)?;
    }
    check.tail()?;
    Ok(check.found)
}

struct Segment {
    first: i64,
    last: i64,
    hash: Fingerprint,
    previous: Fingerprint,
    erased: bool,
}

struct Check<'a> {
    connection: &'a Connection,
    /// The number that must come next.
    next: i64,
    previous: Fingerprint,
    found: LogCheck,
}

impl Check<'_> {
    fn fault(&mut self, what: String) {
        if self.found.faults.len() < MAX_FAULTS {
            self.found.faults.push(what);
        }
    }

    fn next_segment(&self) -> Done<Option<Segment>> {
        let sql = "SELECT first, last, hash, previous, erased FROM segment WHERE first >= ?1 ORDER BY first LIMIT 1";
        self.connection.one(sql, [self.next], |row| {
            Ok(Segment {
                first: row.get(0)?,
                last: row.get(1)?,
                hash: row.get::<_, Digest>(2)?.0,
                previous: row.get::<_, Digest>(3)?.0,
                erased: row.get(4)?,
            })
        })
    }

    fn segment(&mut self, segment: &Segment) -> Done<()> {
        let name = format!("segment {}–{}", segment.first, segment.last);
        if segment.first != self.next {
            self.fault(format!("{name} should begin with entry {}", self.next));
        }
        if segment.previous != self.previous {
            self.fault(format!("{name} does not follow from the segment before it"));
        }
        if !segment.erased {
            let mut seal = Seal::after(segment.previous);
            self.entries(segment.first, segment.last, Some(&mut seal))?;
            if self.next != segment.last + 1 {
                self.fault(format!("{name} ends with entry {}", self.next - 1));
            }
            if seal.finish() != segment.hash {
                self.fault(format!("{name} was changed after it was sealed"));
            }
            self.found.segments += 1;
        }
        (self.next, self.previous) = (segment.last + 1, segment.hash);
        Ok(())
    }

    fn tail(&mut self) -> Done<()> {
        let sealed = self.found.entries;
        let mut from = self.next;
        while self.entries(from, from + BATCH - 1, None)? > 0 {
            from += BATCH;
        }
        self.found.unsealed = self.found.entries - sealed;
        Ok(())
    }

    /// Reads entries, hashes them and checks their digests; how many there were.
    fn entries(&mut self, first: i64, last: i64, mut seal: Option<&mut Seal>) -> Done<usize> {
        let sql = "SELECT seq, publish, text FROM event WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq";
        let entries = self.connection.all(sql, [first, last], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, Option<i64>>(1)?,
                row.get::<_, String>(2)?,
            ))
        })?;
        for (seq, publish, text) in &entries {
            if *seq != self.next {
                self.fault(format!("entry {} is missing", self.next));
            }
            self.next = seq + 1;
            if let Some(seal) = seal.as_mut() {
                seal.add(*seq, text);
            }
            self.digests(*seq, publish.map(PublishId), text)?;
        }
        self.found.entries += entries.len() as u64;
        Ok(entries.len())
    }

    /// Compares what is still kept of a request with what its entry says.
    fn digests(&mut self, seq: i64, publish: Option<PublishId>, text: &str) -> Done<()> {
        let Ok(entry) = serde_json::from_str::<BTreeMap<String, Value>>(text) else {
            self.fault(format!("entry {seq} is no JSON"));
            return Ok(());
        };
        let Some(publish) = publish else {
            return Ok(());
        };
        let said = |name: &str| {
            entry
                .get("detail")
                .and_then(|detail| detail.get(name))
                .and_then(Value::as_str)
        };
        let raw = "SELECT salt, bytes FROM raw_request WHERE publish = ?1";
        let body = "SELECT r.salt, CAST(r.payload AS BLOB)
                    FROM publish p JOIN revision r ON r.item = p.item AND r.generation = p.generation
                    WHERE p.id = ?1 AND r.payload IS NOT NULL";
        for (name, what, sql) in [("raw", "raw request", raw), ("body", "body", body)] {
            let Some(said) = said(name) else { continue };
            if self.digest(sql, publish)?.is_some_and(|kept| kept != said) {
                self.fault(format!(
                    "the {what} of {publish} is not what entry {seq} says"
                ));
            }
        }
        Ok(())
    }

    fn digest(&self, sql: &str, publish: PublishId) -> Done<Option<String>> {
        self.connection.one(sql, [publish.0], |row| {
            let (salt, bytes): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
            Ok(salted_digest(&salt, &bytes))
        })
    }
}
