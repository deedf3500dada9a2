//! Checking the log.
//!
//! Ensures that every entry that is still there is read again, a segment at a time:
//! the file may be written to meanwhile. What is compared is in `crate::chain`.

use rusqlite::Connection;
use slugline_core::event::salted_digest;
use slugline_engine::store::LogCheck;

use super::fault::Done;
use super::seal;
use super::statements::Statements;
use crate::chain::{Check, Claim, ENTRIES, Part};
use crate::record::Record;

/// Checks the whole log.
pub(crate) fn check(connection: &Connection) -> Done<LogCheck> {
    let mut check = Check::new();
    while let Some(segment) = seal::segment_from(connection, check.next())? {
        let entries = match segment.erased {
            true => Vec::new(),
            false => seal::entries(connection, segment.first, segment.last)?,
        };
        let claims = check.segment(&segment, &entries);
        compare(connection, &mut check, &claims)?;
    }
    loop {
        let first = check.next();
        let entries = seal::entries(connection, first, first + ENTRIES - 1)?;
        if entries.is_empty() {
            return Ok(check.finish());
        }
        let claims = check.unsealed(&entries);
        compare(connection, &mut check, &claims)?;
    }
}

fn compare(connection: &Connection, check: &mut Check, claims: &[Claim]) -> Done<()> {
    for claim in claims {
        check.compare(claim, kept(connection, claim)?.as_deref());
    }
    Ok(())
}

/// The digest of what is still kept of a request.
fn kept(connection: &Connection, claim: &Claim) -> Done<Option<String>> {
    let sql = match claim.part {
        Part::Raw => "SELECT salt, coalesce(bytes, X'') FROM whole_request WHERE publish = ?1",
        Part::Body => {
            "SELECT r.salt, CAST(r.payload AS BLOB)
             FROM publish p JOIN revision r ON r.item = p.item AND r.generation = p.generation
             WHERE p.id = ?1 AND r.payload IS NOT NULL"
        }
    };
    connection.one(sql, [claim.publish.0], |row| {
        let (salt, bytes): (Vec<u8>, Vec<u8>) = (row.read(0)?, row.read(1)?);
        Ok(salted_digest(&salt, &bytes))
    })
}
