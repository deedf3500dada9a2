//! Keys and the answers that they got (P2).
//!
//! Ensures that a key has one record: of two groups that use it at once the second fails on its unique
//! key, and is decided again when it sees the first one's.

use std::collections::BTreeMap;

use slugline_core::intake::KeyRecord;
use slugline_core::time::Timestamp;

use super::fault::Done;
use super::write::{Write, columns, write};
use crate::short_name::ShortName;

/// A key's record.
pub(crate) struct NewKey {
    fingerprint: Vec<u8>,
    expires_at: Option<i64>,
    answer: String,
}

impl NewKey {
    /// The record as columns. `expires_at`: `None` while the revision is kept.
    pub(crate) fn of(record: &KeyRecord, expires_at: Option<Timestamp>) -> Done<Self> {
        Ok(Self {
            fingerprint: record.fingerprint.0.to_vec(),
            expires_at: expires_at.map(|at| at.0),
            answer: serde_json::to_string(&record.answer)?,
        })
    }
}

const FORGET: &str = "DELETE FROM key_record WHERE key = ANY($1)";

const INSERT: &str = "INSERT INTO key_record (key, fingerprint, expires_at, answer)
    SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::text[])";

/// The statements that keep records, those that have expired out of their way.
pub(crate) fn save(
    records: BTreeMap<ShortName, NewKey>,
    expired: Vec<Vec<u8>>,
) -> Vec<Write<'static>> {
    let mut writes = Vec::new();
    if !expired.is_empty() {
        writes.push(write(FORGET, columns![expired]));
    }
    if !records.is_empty() {
        let keys: Vec<Vec<u8>> = records.keys().map(|key| key.to_vec()).collect();
        let expiry: Vec<Option<i64>> = records.values().map(|record| record.expires_at).collect();
        let (fingerprints, answers): (Vec<Vec<u8>>, Vec<String>) = records
            .into_values()
            .map(|record| (record.fingerprint, record.answer))
            .unzip();
        writes.push(write(INSERT, columns![keys, fingerprints, expiry, answers]));
    }
    writes
}
