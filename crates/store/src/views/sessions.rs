//! Sessions as they are kept.

use slugline_engine::store::SessionRecord;

use crate::record::Record;

/// One that was used after `$2` and begun after `$3`; [`read`] reads it.
pub(crate) const SELECT: &str =
    "SELECT hash, token, seen_at FROM session WHERE hash = $1 AND seen_at > $2 AND began_at > $3";

/// A session.
pub(crate) fn read<R: Record>(row: &R) -> Result<SessionRecord, R::Error> {
    Ok(SessionRecord {
        hash: row.read(0)?,
        token: row.read(1)?,
        seen_at: row.read(2)?,
    })
}
