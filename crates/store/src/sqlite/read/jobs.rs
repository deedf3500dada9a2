//! Jobs as the API shows them.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use slugline_core::connector::Shown;
use slugline_core::failure::Failure;
use slugline_core::ids::{JobId, PublishId};
use slugline_core::lifecycle::{Evidence, JobState, PendingReason, SECOND_LOOK_DUE};
use slugline_core::version::{Generation, Version};
use slugline_engine::store::{AttemptView, JobDetail, JobView};

use crate::sqlite::column::{At, Col, Json, Waits};
use crate::sqlite::fault::Done;
use crate::sqlite::statements::Statements;
use crate::sqlite::task;

macro_rules! select_views {
    ($which:literal) => {
        concat!(
            "SELECT j.id, j.destination, d.name, j.item, j.state, p.waits, p.fetch_at IS NULL, j.evidence, j.failure, j.attempts,
                    j.due, j.live_at, j.shown, j.replaced_by, w.look_due_at IS NOT NULL AND w.job = j.id
             FROM job j JOIN publish p ON p.id = j.publish JOIN destination d ON d.id = j.destination
                        LEFT JOIN desired w ON w.item = j.item AND w.destination = j.destination ",
            $which
        )
    };
}

/// A job's row, before its effects are added.
struct Found {
    destination: i64,
    item: i64,
    view: JobView,
}

/// The jobs of a publish.
pub(crate) fn of_publish(connection: &Connection, publish: PublishId) -> Done<Vec<JobView>> {
    let found = connection.all(
        select_views!("WHERE j.publish = ?1 ORDER BY j.id"),
        [publish.0],
        read,
    )?;
    found
        .into_iter()
        .map(|found| with_effects(connection, found))
        .collect()
}

/// A job by its id.
pub(crate) fn view(connection: &Connection, id: JobId) -> Done<Option<JobView>> {
    let found = connection.one(select_views!("WHERE j.id = ?1"), [id.0], read)?;
    found
        .map(|found| with_effects(connection, found))
        .transpose()
}

fn with_effects(connection: &Connection, found: Found) -> Done<JobView> {
    Ok(JobView {
        effects: task::effects(connection, found.destination, found.item)?,
        ..found.view
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    let state: JobState = row.get::<_, Col<_>>(4)?.0;
    let failure = row
        .get::<_, Option<Json<Failure>>>(8)?
        .map(|failure| failure.0);
    let shown = row
        .get::<_, Option<Json<Shown>>>(12)?
        .map(|shown| shown.0)
        .unwrap_or_default();
    let view = JobView {
        job_id: JobId(row.get(0)?),
        destination: row.get(2)?,
        state,
        pending_reason: pending_reason(state, Waits(row.get(5)?), row.get(6)?),
        evidence: row
            .get::<_, Option<Col<Evidence>>>(7)?
            .map(|Col(evidence)| evidence.as_str().to_owned()),
        reason_code: failure.as_ref().map(|failure| failure.reason),
        last_error: failure.as_ref().map(|failure| failure.message.clone()),
        suggested_action: failure
            .as_ref()
            .filter(|_| state == JobState::Failed)
            .map(|failure| failure.reason.suggested_action()),
        fields: failure.map(|failure| failure.fields).unwrap_or_default(),
        attempt_count: row.get(9)?,
        next_attempt_at: row
            .get::<_, At>(10)
            .map(|at| (state == JobState::Queued).then_some(at.0))?,
        live_at: row.get::<_, Option<At>>(11)?.map(|at| at.0),
        downstream_ids: shown.downstream_ids,
        url: shown.url,
        effects: BTreeMap::new(),
        replaced_by: row.get::<_, Option<i64>>(13)?.map(JobId),
    };
    let owes_look: bool = row.get(14)?;
    let evidence = if owes_look && state == JobState::Live {
        Some(SECOND_LOOK_DUE.to_owned())
    } else {
        view.evidence
    };
    Ok(Found {
        destination: row.get(1)?,
        item: row.get(3)?,
        view: JobView { evidence, ..view },
    })
}

/// Why a job is pending: the most lasting reason that still holds.
fn pending_reason(state: JobState, waits: Waits, has_media: bool) -> Option<PendingReason> {
    let waits = if has_media {
        waits.without(PendingReason::Media)
    } else {
        waits
    };
    waits.first().filter(|_| state == JobState::Pending)
}

/// A job with its publish and its attempts, within an owner.
pub(crate) fn detail(connection: &Connection, owner: &str, id: JobId) -> Done<Option<JobDetail>> {
    let Some(job) = view(connection, id)? else {
        return Ok(None);
    };
    let attempts = attempts(connection, id)?;
    let sql = "SELECT p.id, p.request_id, i.content_id, i.environment, i.locale, j.action, j.generation, p.version_kind, p.version,
                      j.class
               FROM job j JOIN publish p ON p.id = j.publish JOIN item i ON i.id = j.item WHERE j.id = ?1 AND i.owner = ?2";
    connection.one(sql, params![id.0, owner], |row| {
        Ok(JobDetail {
            job,
            publish_id: PublishId(row.get(0)?),
            request_id: row.get(1)?,
            content_id: row.get(2)?,
            environment: row.get(3)?,
            locale: row.get(4)?,
            action: row.get::<_, Col<_>>(5)?.0,
            generation: Generation(row.get(6)?),
            version: Version::from_ordinal(row.get::<_, Col<_>>(7)?.0, row.get(8)?),
            class: row.get::<_, Col<_>>(9)?.0,
            attempts,
        })
    })
}

fn attempts(connection: &Connection, job: JobId) -> Done<Vec<AttemptView>> {
    let sql = "SELECT number, started_at, ended_at, outcome, requests, failure FROM attempt WHERE job = ?1 ORDER BY number";
    connection.all(sql, [job.0], |row| {
        let failure = row
            .get::<_, Option<Json<Failure>>>(5)?
            .map(|failure| failure.0);
        Ok(AttemptView {
            number: row.get(0)?,
            started_at: row.get::<_, At>(1)?.0,
            ended_at: row.get::<_, At>(2)?.0,
            outcome: row.get(3)?,
            requests: row.get(4)?,
            reason_code: failure.as_ref().map(|failure| failure.reason),
            status: failure.as_ref().and_then(|failure| failure.status),
            error: failure.map(|failure| failure.message),
        })
    })
}
