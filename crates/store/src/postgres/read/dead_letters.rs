//! Dead letters, newest first.

use slugline_engine::store::{DeadLetter, DeadLetterFilter, Page, Paged};

use super::jobs;
use crate::postgres::fault::Done;
use crate::postgres::session::Session;
use crate::views::dead_letters::{SELECT, read, wanted};
use crate::views::list::{paged, rows};

/// See the module.
pub(crate) async fn list(
    session: &Session,
    filter: &DeadLetterFilter,
    page: &Page,
) -> Done<Paged<DeadLetter>> {
    let wanted = wanted(filter, page);
    let list = (SELECT, &wanted, "j.id DESC");
    let found = super::list(session, list, rows(page), read).await?;
    let ids: Vec<i64> = found.iter().map(|(id, _)| id.0).collect();
    let mut jobs = jobs::by_ids(session, &ids).await?;
    let letters = found
        .into_iter()
        .filter_map(|(id, whole)| jobs.remove(&id).map(whole));
    Ok(paged(letters.collect(), page, |letter: &DeadLetter| {
        letter.job.job_id.0
    }))
}
