//! Dead letters, newest first.

use rusqlite::params_from_iter;
use slugline_engine::store::{DeadLetter, DeadLetterFilter, Page, Paged};

use super::jobs;
use crate::sqlite::dependencies::Reading;
use crate::sqlite::fault::{Done, Fault};
use crate::sqlite::statements::Statements;
use crate::views::dead_letters::{SELECT, read, wanted};
use crate::views::list::{paged, rows};

/// See the module.
pub(crate) fn list(
    reading: &Reading<'_>,
    filter: &DeadLetterFilter,
    page: &Page,
) -> Done<Paged<DeadLetter>> {
    let wanted = wanted(filter, page);
    let sql = format!(
        "{SELECT} {} ORDER BY j.id DESC LIMIT {}",
        wanted.clause(),
        rows(page)
    );
    let found = reading
        .connection
        .all(&sql, params_from_iter(wanted.values()), |row| read(row))?;
    let mut letters = Vec::with_capacity(found.len());
    for (id, whole) in found {
        let job = jobs::view(reading, id)?;
        letters.push(whole(
            job.ok_or_else(|| Fault::Unreadable(format!("{id} is missing")))?,
        ));
    }
    Ok(paged(letters, page, |letter| letter.job.job_id.0))
}
