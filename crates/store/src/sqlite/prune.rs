//! What retention no longer keeps.
//!
//! Ensures that nothing is erased that a destination desires, an open job carries or the next
//! request is compared with; that what came around a body goes with it; and that erased parts of the
//! log leave their hash.

use rusqlite::{Connection, params};
use slugline_core::time::Timestamp;
use slugline_engine::store::{OrphanMedia, Retention};

use super::fault::Done;
use super::keys;
use super::statements::Statements;
use super::tx::Tx;
use super::webhooks;

/// Removes what is older than the policy says, at most `limit` of each kind, and erases those of
/// `bodies` that are still unneeded; how many rows.
pub(crate) fn prune(tx: &Tx<'_>, policy: &Retention, bodies: &[i64], limit: usize) -> Done<usize> {
    let removed = [
        keys::prune(tx, limit)?,
        webhooks::prune(tx, limit)?,
        erase_bodies(tx, bodies)?,
        raw_requests(tx, tx.now.minus(policy.revisions), limit)?,
        attempts(tx, tx.now.minus(policy.attempts), limit)?,
        segment(tx, tx.now.minus(policy.log))?,
    ];
    Ok(removed.iter().sum())
}

/// When nothing needs a revision's body: it is not the last of its item with a body (a removal works
/// with it, and the next version is compared with it), not desired, and not on its way.
const IS_UNNEEDED: &str = "r.payload IS NOT NULL
    AND EXISTS (SELECT 1 FROM revision n WHERE n.item = r.item AND n.generation > r.generation AND n.payload IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM desired d WHERE d.item = r.item AND d.generation = r.generation)
    AND NOT EXISTS (SELECT 1 FROM publish p JOIN job j ON j.publish = p.id
                    WHERE p.item = r.item AND p.generation = r.generation AND j.state < 3)";

/// Revisions accepted before the time whose bodies nothing needs.
pub(crate) fn unneeded_bodies(
    connection: &Connection,
    before: Timestamp,
    limit: usize,
) -> Done<Vec<i64>> {
    let sql = format!(
        "SELECT r.id FROM revision r WHERE r.accepted_at < ?1 AND {IS_UNNEEDED} ORDER BY r.accepted_at LIMIT ?2"
    );
    connection.all(&sql, params![before.0, limit], |row| row.get(0))
}

fn erase_bodies(tx: &Tx<'_>, revisions: &[i64]) -> Done<usize> {
    let sql = format!(
        "UPDATE revision AS r SET payload = NULL, salt = NULL, media = NULL WHERE r.id = ?1 AND {IS_UNNEEDED}"
    );
    let mut erased = 0;
    for revision in revisions {
        if tx.run(&sql, [revision])? == 0 {
            continue;
        }
        erased += 1;
        // Without its payload it is not what came.
        let sql =
            "DELETE FROM raw_request WHERE publish = (SELECT publish FROM revision WHERE id = ?1)";
        tx.run(sql, [revision])?;
        tx.run("DELETE FROM revision_media WHERE revision = ?1", [revision])?;
        // The key of an assigned version lasts as long as its body.
        let sql = "UPDATE key_record SET expires_at = ?2 WHERE id = (SELECT key_record FROM revision WHERE id = ?1)";
        tx.run(sql, params![revision, tx.now.0])?;
    }
    Ok(erased)
}

fn raw_requests(tx: &Tx<'_>, before: Timestamp, limit: usize) -> Done<usize> {
    // The oldest have the lowest numbers.
    let sql = "DELETE FROM raw_request WHERE received_at < ?1 AND publish IN
               (SELECT publish FROM raw_request ORDER BY publish LIMIT ?2)";
    tx.run(sql, params![before.0, limit])
}

fn attempts(tx: &Tx<'_>, before: Timestamp, limit: usize) -> Done<usize> {
    let sql = "DELETE FROM attempt WHERE (job, number) IN
               (SELECT a.job, a.number FROM attempt a JOIN job j ON j.id = a.job
                WHERE a.ended_at < ?1 AND j.state >= 3 ORDER BY a.ended_at LIMIT ?2)";
    tx.run(sql, params![before.0, limit])
}

/// Erases the oldest segment's entries when all of it is old enough.
fn segment(tx: &Tx<'_>, before: Timestamp) -> Done<usize> {
    let sql = "SELECT first, last FROM segment WHERE erased = 0 ORDER BY first LIMIT 1";
    let Some((first, last)) = tx.one(sql, [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?
    else {
        return Ok(0);
    };
    let sql = "SELECT 1 FROM event WHERE seq = ?1 AND at < ?2";
    if tx.one(sql, params![last, before.0], |_| Ok(()))?.is_none() {
        return Ok(0);
    }
    tx.run("UPDATE segment SET erased = 1 WHERE first = ?1", [first])?;
    tx.run(
        "DELETE FROM event WHERE seq BETWEEN ?1 AND ?2",
        [first, last],
    )
}

/// Kept media that no kept revision names, older than the time; their names in hex.
pub(crate) fn unused_media(
    connection: &Connection,
    before: Timestamp,
    limit: usize,
) -> Done<Vec<String>> {
    let sql = "SELECT lower(hex(m.sha256)) FROM media m WHERE m.stored_at < ?1
               AND NOT EXISTS (SELECT 1 FROM revision_media u WHERE u.sha256 = m.sha256) LIMIT ?2";
    connection.all(sql, params![before.0, limit], |row| row.get(0))
}

/// Forgets those that are still unused; which.
pub(crate) fn forget_media(tx: &Tx<'_>, unused: &[String], before: Timestamp) -> Done<Vec<String>> {
    let sql = "DELETE FROM media WHERE sha256 = unhex(?1) AND stored_at < ?2
               AND NOT EXISTS (SELECT 1 FROM revision_media u WHERE u.sha256 = media.sha256)";
    let mut forgotten = Vec::new();
    for sha256 in unused {
        if tx.run(sql, params![sha256, before.0])? > 0 {
            forgotten.push(sha256.clone());
        }
    }
    Ok(forgotten)
}

/// Uploads of media that no kept revision names, recorded before the time.
pub(crate) fn orphans(
    connection: &Connection,
    before: Timestamp,
    limit: usize,
) -> Done<Vec<OrphanMedia>> {
    // CROSS JOIN keeps this order: destination by destination, only the shared effects of media.
    let sql = "SELECT d.name, e.key, e.result_ref
               FROM destination d CROSS JOIN effect e ON e.destination = d.id AND e.item = 0
               WHERE e.key > 'media:' AND e.key < 'media;' AND e.recorded_at < ?1
                 AND NOT EXISTS (SELECT 1 FROM revision_media u WHERE u.sha256 = unhex(substr(e.key, 7)))
               LIMIT ?2";
    connection.all(sql, params![before.0, limit], |row| {
        Ok(OrphanMedia {
            destination: row.get(0)?,
            key: row.get(1)?,
            result_ref: row.get(2)?,
        })
    })
}

/// Forgets an orphan, unless it was uploaded again since.
pub(crate) fn forget_orphan(tx: &Tx<'_>, orphan: &OrphanMedia) -> Done<()> {
    let sql = "DELETE FROM effect WHERE item = 0 AND key = ?2 AND result_ref = ?3
               AND destination = (SELECT id FROM destination WHERE name = ?1)";
    tx.run(
        sql,
        params![orphan.destination, orphan.key, orphan.result_ref],
    )?;
    Ok(())
}
