//! Notes as people see them.

use slugline_engine::store::NoteView;

use crate::record::Record;

/// The columns that [`read`] reads.
pub(crate) const SELECT: &str =
    "SELECT n.at, n.actor, n.kind, n.text, n.job, i.environment, i.locale
    FROM note n JOIN item i ON i.id = n.item";

/// A note.
pub(crate) fn read<R: Record>(row: &R) -> Result<NoteView, R::Error> {
    Ok(NoteView {
        at: row.read(0)?,
        actor: row.read(1)?,
        kind: row.read(2)?,
        text: row.read(3)?,
        job_id: row.read(4)?,
        environment: row.read(5)?,
        locale: row.read(6)?,
    })
}
