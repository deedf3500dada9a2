//! Dead letters as the API shows them.

use slugline_core::ids::JobId;
use slugline_core::version::Version;
use slugline_engine::store::{DeadLetter, DeadLetterFilter, JobView, Page};

use super::list::Where;
use crate::record::Record;
use crate::words::Word;

/// The columns that [`read`] reads.
pub(crate) const SELECT: &str = "SELECT j.id, p.id, p.request_id, i.content_id, i.environment, i.locale, j.action,
    j.generation, p.version_kind, p.version, j.class, j.fence, p.accepted_at
    FROM job j JOIN publish p ON p.id = j.publish JOIN item i ON i.id = j.item JOIN destination d ON d.id = j.destination";

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
    // A failure's text begins with its reason.
    let reason = filter
        .reason
        .map(|reason| format!("{{\"reason\":\"{}\"", reason.code()));
    wanted.and_some("substr(j.failure, 1, length(?)) = ?", reason);
    wanted
}

/// What makes a dead letter of a job's view.
pub(crate) type Rest = Box<dyn FnOnce(JobView) -> DeadLetter + Send>;

/// A job's id, and the dead letter that it is with its view.
pub(crate) fn read<R: Record>(row: &R) -> Result<(JobId, Rest), R::Error> {
    let version = Version::from_ordinal(row.read(8)?, row.read(9)?);
    let (publish_id, request_id, content_id) = (row.read(1)?, row.read(2)?, row.read(3)?);
    let (environment, locale, action) = (row.read(4)?, row.read(5)?, row.read(6)?);
    let (generation, class) = (row.read(7)?, row.read(10)?);
    let (runs, accepted_at) = (row.read(11)?, row.read(12)?);
    let whole = move |job| DeadLetter {
        job,
        publish_id,
        request_id,
        content_id,
        environment,
        locale,
        action,
        generation,
        version,
        class,
        runs,
        accepted_at,
    };
    Ok((row.read(0)?, Box::new(whole)))
}
