//! What a run needs, gathered for jobs that were just taken.
//!
//! Ensures that a run starts from one moment's view: what is desired now, what was shown, and the
//! effects that earlier runs recorded.

use std::collections::BTreeMap;

use slugline_core::connector::Shown;
use slugline_core::ids::JobId;
use slugline_core::version::Generation;
use tokio_postgres::Row;

use super::fault::{Done, Fault};
use super::session::{Call, Param, call};
use crate::record::{Json, Record};
use crate::task::{Body, Task};

/// The body that each job works with: its generation's, or for a removal that of the last generation
/// with a body, if there is one.
const BODIES: &str = "SELECT c.id, r.slug, r.payload, r.media
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS c (id, item, oldest, generation)
    CROSS JOIN LATERAL (SELECT r.slug, r.payload, r.media FROM revision r
                        WHERE r.item = c.item AND r.generation BETWEEN c.oldest AND c.generation AND r.payload IS NOT NULL
                        ORDER BY r.generation DESC LIMIT 1) r";

const DESIRED: &str = "SELECT c.id, w.generation, w.shown_generation, s.shown, w.undisturbed, w.look_owed, w.adopted
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS c (id, item, destination)
    JOIN desired w ON w.item = c.item AND w.destination = c.destination LEFT JOIN job s ON s.id = w.shown_job";

const EFFECTS: &str = "SELECT c.id, e.key, e.result_ref
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS c (id, item, destination)
    JOIN effect e ON e.destination = c.destination AND e.item = c.item";

/// What is asked for, to be sent after the statement that takes the jobs.
pub(crate) struct Gather<'a> {
    pub(crate) bodies: [Param<'a>; 4],
    pub(crate) states: [Param<'a>; 3],
}

impl Gather<'_> {
    /// The calls, in the order in which [`read`] takes their answers.
    pub(crate) fn calls(&self) -> [Call<'_>; 3] {
        [
            call(BODIES, &self.bodies),
            call(DESIRED, &self.states),
            call(EFFECTS, &self.states),
        ]
    }
}

/// The tasks of the jobs that were taken, from the answers of the statement that took them and of
/// [`Gather::calls`]; without those that cannot be read.
pub(crate) fn read(answers: &mut impl Iterator<Item = Vec<Row>>) -> Done<BTreeMap<JobId, Task>> {
    let mut next = || answers.next().unwrap_or_default();
    let taken = next();
    let taken = taken.iter().map(|row| Ok((row.read(0)?, Task::default())));
    let mut tasks: BTreeMap<JobId, Task> = taken.collect::<Done<_>>()?;
    for (rows, add) in [
        (next(), add_body as Add),
        (next(), add_desired),
        (next(), add_effect),
    ] {
        for row in rows {
            let id = row.read(0)?;
            if let Some(task) = tasks.get_mut(&id)
                && let Err(fault) = add(task, &row)
            {
                cannot_run(id, &fault);
                tasks.remove(&id);
            }
        }
    }
    Ok(tasks)
}

/// Says that a job was taken whose run cannot begin. Its lease is committed already: it is left to the lease's end, and the
/// others of its claim go on.
pub(crate) fn cannot_run(job: JobId, fault: &Fault) {
    tracing::error!(%job, %fault, "a job was claimed and cannot be run; restore what is damaged, or skip the job");
}

type Add = fn(&mut Task, &Row) -> Done<()>;

fn add_body(task: &mut Task, row: &Row) -> Done<()> {
    task.body = Some(Body {
        slug: row.read::<Option<_>>(1)?.unwrap_or_default(),
        payload: row.read::<Json<_>>(2)?.0,
        media: row
            .read::<Option<Json<_>>>(3)?
            .map(|media| media.0)
            .unwrap_or_default(),
    });
    Ok(())
}

fn add_desired(task: &mut Task, row: &Row) -> Done<()> {
    let shown = row
        .read::<Option<Json<Shown>>>(3)?
        .map(|shown| shown.0)
        .unwrap_or_default();
    task.newest = Some(row.read(1)?);
    task.shown = row
        .read::<Option<Generation>>(2)?
        .map(|generation| (generation, shown));
    task.undisturbed = row.read(4)?;
    task.owes_look = row.read(5)?;
    task.adopted = row.read(6)?;
    Ok(())
}

fn add_effect(task: &mut Task, row: &Row) -> Done<()> {
    task.effects.insert(row.read(1)?, row.read(2)?);
    Ok(())
}
