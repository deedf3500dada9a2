//! Keys and the answers that they got (P2).
//!
//! Ensures that a key is looked up and kept in the transaction that decides on it.

use rusqlite::params;
use slugline_core::answer::Answer;
use slugline_core::intake::KeyRecord;
use slugline_core::time::Timestamp;

use super::column::{Digest, Json};
use super::fault::Done;
use super::statements::Statements;
use super::tx::Tx;
use crate::prepare::Prepared;
use crate::short_name::ShortName;

/// The record under a key with this name, unless it has expired.
pub(crate) fn find(tx: &Tx<'_>, name: ShortName) -> Done<Option<KeyRecord>> {
    let sql = "SELECT fingerprint, answer FROM key_record
               WHERE id = ?1 AND key = ?2 AND (expires_at IS NULL OR expires_at > ?3)";
    for record in tx.named(name)? {
        let found = tx.one(sql, params![record, name, tx.now.0], |row| {
            Ok(KeyRecord {
                fingerprint: row.get::<_, Digest>(0)?.0,
                answer: row.get::<_, Json<Answer>>(1)?.0,
            })
        })?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Keeps the answer under the key; the record's number. `expires_at`: `None` while the revision is
/// kept.
pub(crate) fn keep(
    tx: &Tx<'_>,
    prepared: &Prepared,
    answer: &Answer,
    expires_at: Option<Timestamp>,
) -> Done<i64> {
    let sql =
        "INSERT INTO key_record (key, fingerprint, expires_at, answer) VALUES (?1, ?2, ?3, ?4)";
    tx.run(
        sql,
        params![
            prepared.key,
            Digest(prepared.submission.fingerprint),
            expires_at.map(|at| at.0),
            Json(answer)
        ],
    )?;
    let record = tx.last_insert_rowid();
    tx.give(prepared.key, record);
    Ok(record)
}

/// Forgets expired keys; how many.
pub(crate) fn prune(tx: &Tx<'_>, limit: usize) -> Done<usize> {
    let sql = "SELECT id, key FROM key_record WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2";
    let expired = tx.all(sql, params![tx.now.0, limit], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, ShortName>(1)?))
    })?;
    for (record, key) in &expired {
        tx.forget(*key, *record);
        tx.run("DELETE FROM key_record WHERE id = ?1", [record])?;
    }
    Ok(expired.len())
}
