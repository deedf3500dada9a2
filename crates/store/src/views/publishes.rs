//! Publishes as the API shows them.

use slugline_core::answer::result_ref;
use slugline_core::ids::JobId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::{JobState, publish_state};
use slugline_core::version::Version;
use slugline_engine::store::{JobView, Page, PublishFilter, PublishView, RawRequest};

use super::list::Where;
use crate::record::{Json, Record};

/// The columns that [`read`] reads.
pub(crate) const SELECT: &str =
    "SELECT p.id, p.request_id, i.owner, i.environment, i.content_id, i.locale, p.action, p.class,
    p.version_kind, p.version, p.generation, p.accepted_at, p.released_at, p.publish_at
    FROM publish p JOIN item i ON i.id = p.item";

/// A publish without its jobs.
pub(crate) fn read<R: Record>(row: &R) -> Result<PublishView, R::Error> {
    let item = ItemKey {
        owner: row.read(2)?,
        environment: row.read(3)?,
        content_id: row.read(4)?,
        locale: row.read(5)?,
    };
    let version = Version::from_ordinal(row.read(8)?, row.read(9)?);
    Ok(PublishView {
        publish_id: row.read(0)?,
        request_id: row.read(1)?,
        result_ref: result_ref(&item, version),
        content_id: item.content_id,
        owner: item.owner,
        environment: item.environment,
        locale: item.locale,
        action: row.read(6)?,
        class: row.read(7)?,
        version,
        generation: row.read(10)?,
        state: publish_state([]),
        accepted_at: row.read(11)?,
        released_at: row.read(12)?,
        publish_at: row.read(13)?,
        waits_for: Vec::new(),
        jobs: Vec::new(),
    })
}

/// A request as it came: its headers, its body.
pub(crate) fn raw<R: Record>(row: &R) -> Result<RawRequest, R::Error> {
    let headers: Option<Json<_>> = row.read(0)?;
    Ok(RawRequest {
        headers: headers.map(|Json(headers)| headers).unwrap_or_default(),
        body: row.read(1)?,
    })
}

/// A publish with its jobs, and the state that they give it.
pub(crate) fn with_jobs(publish: PublishView, jobs: Vec<JobView>) -> PublishView {
    PublishView {
        state: publish_state(last(&jobs).map(|job| job.state)),
        // All jobs that are pending wait for the same.
        waits_for: jobs
            .iter()
            .find(|job| job.state == JobState::Pending)
            .map(|job| job.waits_for.clone())
            .unwrap_or_default(),
        jobs,
        ..publish
    }
}

/// The jobs that no other job of the same publish has replaced.
fn last(jobs: &[JobView]) -> impl Iterator<Item = &JobView> {
    let is_here = |id: &JobId| jobs.iter().any(|job| job.job_id == *id);
    jobs.iter()
        .filter(move |job| !job.replaced_by.as_ref().is_some_and(is_here))
}

/// Which publishes a page has; the cursor is a publish's number.
pub(crate) fn wanted(filter: &PublishFilter, page: &Page) -> Where {
    let mut wanted = Where::default();
    wanted.and_some("p.id < ?", page.cursor);
    wanted.and_some("i.content_id = ?", filter.content_id.clone());
    wanted.and_some("p.request_id = ?", filter.request_id.clone());
    wanted.and_some("i.owner = ?", filter.owner.clone());
    wanted.and_some("i.environment = ?", filter.environment.clone());
    wanted.and_some("i.locale = ?", filter.locale.clone());
    if let Some(state) = filter.state {
        wanted.and_plain(has_job_in(state));
    }
    let at = "EXISTS (SELECT 1 FROM job j JOIN destination d ON d.id = j.destination WHERE j.publish = p.id AND d.name = ?)";
    wanted.and_some(at, filter.destination.clone());
    wanted
}

/// Open jobs and dead letters are found by their partial indexes, which want the state spelled out;
/// the others are many, and the walk by id meets them soon.
fn has_job_in(state: JobState) -> &'static str {
    match state {
        JobState::Pending => {
            "p.id IN (SELECT publish FROM job WHERE state IN (0, 4) AND state = 0)"
        }
        JobState::Queued => "p.id IN (SELECT publish FROM job WHERE state = 1)",
        JobState::Delivering => {
            "p.id IN (SELECT publish FROM job WHERE lease_until IS NOT NULL AND state = 2)"
        }
        JobState::Live => "EXISTS (SELECT 1 FROM job j WHERE j.publish = p.id AND j.state = 3)",
        JobState::Failed => "p.id IN (SELECT publish FROM job WHERE state IN (0, 4) AND state = 4)",
        JobState::RolledBack => {
            "EXISTS (SELECT 1 FROM job j WHERE j.publish = p.id AND j.state = 5)"
        }
        JobState::Cancelled => {
            "EXISTS (SELECT 1 FROM job j WHERE j.publish = p.id AND j.state = 6)"
        }
        JobState::Superseded => {
            "EXISTS (SELECT 1 FROM job j WHERE j.publish = p.id AND j.state = 7)"
        }
        JobState::Skipped => "EXISTS (SELECT 1 FROM job j WHERE j.publish = p.id AND j.state = 8)",
    }
}
