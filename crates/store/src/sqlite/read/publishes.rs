//! Publishes as the API shows them.

use rusqlite::{Connection, Row, params};
use slugline_core::answer::result_ref;
use slugline_core::ids::PublishId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::{JobState, publish_state};
use slugline_core::version::{Generation, Version};
use slugline_engine::store::{Page, Paged, PublishFilter, PublishView};

use super::{Where, jobs, paged, rows};
use crate::sqlite::column::{At, Col};
use crate::sqlite::fault::Done;
use crate::sqlite::names::Names;
use crate::sqlite::statements::Statements;
use crate::sqlite::{items, publishes};

const COLUMNS: &str = "p.id, p.request_id, i.owner, i.environment, i.content_id, i.locale, p.action, p.class, p.version_kind,
    p.version, p.generation, p.accepted_at, p.released_at, p.publish_at";

/// A publish by its id, else the newest with this request id, within an owner.
pub(crate) fn one(
    connection: &Connection,
    names: &Names,
    owner: &str,
    id: &str,
) -> Done<Option<PublishView>> {
    if let Ok(publish) = id.parse::<PublishId>() {
        let sql = format!(
            "SELECT {COLUMNS} FROM publish p JOIN item i ON i.id = p.item WHERE p.id = ?1 AND i.owner = ?2"
        );
        if let Some(found) = connection.one(&sql, params![publish.0, owner], read)? {
            return with_jobs(connection, found).map(Some);
        }
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM publish p JOIN item i ON i.id = p.item
         WHERE p.id = ?1 AND p.request_id = ?2 AND i.owner = ?3"
    );
    for publish in names.find(connection, publishes::name(id))? {
        if let Some(found) = connection.one(&sql, params![publish, id, owner], read)? {
            return with_jobs(connection, found).map(Some);
        }
    }
    Ok(None)
}

/// Publishes, newest first; the cursor is a publish's number.
pub(crate) fn list(
    connection: &Connection,
    names: &Names,
    filter: &PublishFilter,
    page: &Page,
) -> Done<Paged<PublishView>> {
    let mut wanted = Where::default();
    wanted.and_some("p.id < ?", page.cursor);
    // By item or by request there are few: these lead, and the walk by id does not.
    if let Some(content_id) = &filter.content_id {
        let items = items::with_content_id(connection, names, content_id)?;
        wanted.and_among("p.item", &items);
        wanted.and("i.content_id = ?", content_id.clone());
    }
    if let Some(request_id) = &filter.request_id {
        let named = names.find(connection, publishes::name(request_id))?;
        wanted.and_among("p.id", &named);
        wanted.and("p.request_id = ?", request_id.clone());
    }
    wanted.and_some("i.owner = ?", filter.owner.clone());
    wanted.and_some("i.environment = ?", filter.environment.clone());
    wanted.and_some("i.locale = ?", filter.locale.clone());
    if let Some(state) = filter.state {
        wanted.and_plain(has_job_in(state));
    }
    let at = "EXISTS (SELECT 1 FROM job j JOIN destination d ON d.id = j.destination WHERE j.publish = p.id AND d.name = ?)";
    wanted.and_some(at, filter.destination.clone());
    let sql = format!(
        "SELECT {COLUMNS} FROM publish p JOIN item i ON i.id = p.item {} ORDER BY p.id DESC LIMIT {}",
        wanted.clause(),
        rows(page)
    );
    let found = connection.all(&sql, wanted.values(), read)?;
    let views = found
        .into_iter()
        .map(|found| with_jobs(connection, found))
        .collect::<Done<Vec<_>>>()?;
    Ok(paged(views, page, |view| view.publish_id.0))
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

fn with_jobs(connection: &Connection, found: PublishView) -> Done<PublishView> {
    let jobs = jobs::of_publish(connection, found.publish_id)?;
    Ok(PublishView {
        state: publish_state(jobs.iter().map(|job| job.state)),
        jobs,
        ..found
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<PublishView> {
    let item = ItemKey {
        owner: row.get(2)?,
        environment: row.get(3)?,
        content_id: row.get(4)?,
        locale: row.get(5)?,
    };
    let version = Version::from_ordinal(row.get::<_, Col<_>>(8)?.0, row.get(9)?);
    Ok(PublishView {
        publish_id: PublishId(row.get(0)?),
        request_id: row.get(1)?,
        result_ref: result_ref(&item, version),
        content_id: item.content_id,
        owner: item.owner,
        environment: item.environment,
        locale: item.locale,
        action: row.get::<_, Col<_>>(6)?.0,
        class: row.get::<_, Col<_>>(7)?.0,
        version,
        generation: Generation(row.get(10)?),
        state: publish_state([]),
        accepted_at: row.get::<_, At>(11)?.0,
        released_at: row.get::<_, Option<At>>(12)?.map(|at| at.0),
        publish_at: row.get::<_, Option<At>>(13)?.map(|at| at.0),
        jobs: Vec::new(),
    })
}
