//! Erasing an item's words, down to the bytes of the file.
//!
//! Ensures that what is erased is overwritten where it stood, in pages that were free already as well, and then that
//! no copy of it is left in the WAL. What is erased is in `crate::erasing`.

use std::path::Path;
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};
use slugline_core::problem::Problem;
use slugline_engine::store::Erasure;

use super::fault::Done;
use super::rows::{Writing, at_once};
use super::statements::Statements;
use super::tx::Tx;
use super::{connection, items};
use crate::accepting::item_name;
use crate::erasing::{self, Dialect};

/// How long readers may hold up the emptying of the WAL: the longest read walks a page of a list.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes that are written at once over free pages.
const OVERWRITTEN: i64 = 16 * 1024 * 1024;

const DIALECT: Dialect = Dialect {
    entries:
        "SELECT seq, 0, text FROM event WHERE publish IN (SELECT id FROM publish WHERE item = $1)
              UNION ALL SELECT seq, 0, text FROM event WHERE item = $1 AND publish IS NULL",
    rewrite: "UPDATE event SET text = $3, digest = coalesce(digest, $4) WHERE seq = $1 AND $2 = 0 RETURNING 1",
    uses: "SELECT DISTINCT m.sha256 FROM revision r JOIN revision_media m ON m.revision = r.id WHERE r.item = $1",
    unuse: "DELETE FROM revision_media WHERE revision IN (SELECT id FROM revision WHERE item = $1) RETURNING 1",
    // The writer is alone.
    hold: "SELECT 1 FROM media WHERE sha256 = $1",
};

/// Erases an item's words.
pub(crate) fn erase(tx: &Tx<'_>, erasure: &Erasure) -> Done<Result<erasing::Done, Problem>> {
    let Ok(item) = items::find(tx, item_name(&erasure.item), &erasure.item)? else {
        return Ok(Err(erasing::unknown(erasure)));
    };
    connection::overwrite(tx, true)?;
    let erased = at_once(erasing::erase(
        &Writing(tx),
        tx.now,
        &DIALECT,
        item.id,
        erasure,
    ));
    let erased = erased.and_then(|erased| match erased {
        Ok(_) => overwrite_free_pages(tx).map(|()| erased),
        Err(_) => Ok(erased),
    });
    connection::overwrite(tx, false)?;
    erased
}

/// Takes all free pages into use and frees them again: an older copy of a row may lie there.
fn overwrite_free_pages(tx: &Tx<'_>) -> Done<()> {
    let number = |pragma: &str| tx.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let page = number("page_size")?;
    let mut taken = Vec::new();
    loop {
        let free = number("freelist_count")?;
        if free == 0 {
            break;
        }
        // One row of any table whose rows grow with what they hold.
        let sql = "INSERT INTO arrival (content) VALUES (zeroblob(?1))";
        tx.run(sql, [(free * page).min(OVERWRITTEN)])?;
        taken.push(tx.last_insert_rowid());
    }
    for id in taken {
        tx.run("DELETE FROM arrival WHERE id = ?1", [id])?;
    }
    Ok(())
}

/// Moves all of the WAL into the database file and leaves it empty.
pub(crate) fn empty_wal(file: &Path) -> Done<()> {
    let connection: Connection = connection::checkpointing(file)?;
    connection.busy_timeout(PATIENCE)?;
    connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::TRUNCATE)?;
    Ok(())
}
