//! Dead letters as the API shows them.

use slugline_core::ids::JobId;
use slugline_engine::store::{DeadLetter, DeadLetterFilter, JobView, Page};

use super::jobs::{self, select_about};
use super::list::Where;
use crate::record::Record;
use crate::words::Word;

/// The columns that [`read`] reads.
pub(crate) const SELECT: &str = concat!(
    select_about!(", j.id, p.accepted_at"),
    " JOIN destination d ON d.id = j.destination"
);

/// The conditions of a list.
pub(crate) fn wanted(filter: &DeadLetterFilter, page: &Page) -> Where {
    let mut wanted = Where::default();
    // Spelled so that they are found by the index of what waits.
    wanted.and_plain("j.state IN (0, 4) AND j.state = 4 AND j.replaced_by IS NULL");
    wanted.and_some("j.id < ?", page.cursor);
    wanted.and_some("i.owner = ?", Some(filter.owner.clone()));
    wanted.and_some("i.content_id = ?", filter.content_id.clone());
    wanted.and_some("i.environment = ?", filter.environment.clone());
    wanted.and_some("p.request_id = ?", filter.request_id.clone());
    wanted.and_some("d.name = ?", filter.destination.clone());
    wanted.and_some("j.class = ?", filter.class.map(Word::number));
    wanted.and_some("p.accepted_at < ?", filter.before.map(|before| before.0));
    wanted.and_failed_for(filter.reason);
    wanted
}

/// What makes a dead letter of a job's view.
pub(crate) type Rest = Box<dyn FnOnce(JobView) -> DeadLetter + Send>;

/// A job's id, and the dead letter that it is with its view.
pub(crate) fn read<R: Record>(row: &R) -> Result<(JobId, Rest), R::Error> {
    let (about, accepted_at) = (jobs::about(row)?, row.read(12)?);
    let whole = move |job| DeadLetter {
        job,
        about,
        accepted_at,
    };
    Ok((row.read(11)?, Box::new(whole)))
}
