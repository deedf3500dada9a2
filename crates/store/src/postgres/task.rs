//! What a run needs, gathered for jobs that were just taken.
//!
//! Ensures that a run starts from one moment's view: what is desired now, what was shown, and the
//! effects that earlier runs recorded.

use std::collections::BTreeMap;

use slugline_core::connector::Shown;
use slugline_core::ids::JobId;
use slugline_core::payload::{Payload, StoredMedia};
use slugline_core::version::Generation;
use slugline_engine::store::ClaimedJob;
use tokio_postgres::Row;

use super::fault::{Done, Fault};
use super::session::{Call, Param, call};
use super::take::Pick;
use crate::record::{Json, Record};

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

/// What of a job's row does not say.
#[derive(Default)]
pub(crate) struct Task {
    body: Option<Body>,
    newest: Option<Generation>,
    shown: Option<(Generation, Shown)>,
    undisturbed: bool,
    adopted: Option<String>,
    owes_look: bool,
    effects: BTreeMap<String, String>,
}

struct Body {
    slug: String,
    payload: Payload,
    media: Vec<StoredMedia>,
}

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
        (next(), Task::add_body as Add),
        (next(), Task::add_desired),
        (next(), Task::add_effect),
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

impl Task {
    fn add_body(&mut self, row: &Row) -> Done<()> {
        self.body = Some(Body {
            slug: row.read::<Option<_>>(1)?.unwrap_or_default(),
            payload: row.read::<Json<_>>(2)?.0,
            media: row
                .read::<Option<Json<_>>>(3)?
                .map(|media| media.0)
                .unwrap_or_default(),
        });
        Ok(())
    }

    fn add_desired(&mut self, row: &Row) -> Done<()> {
        let shown = row
            .read::<Option<Json<Shown>>>(3)?
            .map(|shown| shown.0)
            .unwrap_or_default();
        self.newest = Some(row.read(1)?);
        self.shown = row
            .read::<Option<Generation>>(2)?
            .map(|generation| (generation, shown));
        self.undisturbed = row.read(4)?;
        self.owes_look = row.read(5)?;
        self.adopted = row.read(6)?;
        Ok(())
    }

    fn add_effect(&mut self, row: &Row) -> Done<()> {
        self.effects.insert(row.read(1)?, row.read(2)?);
        Ok(())
    }

    /// The job as its run is given it. `look`: it is a second look at a job that has ended.
    pub(crate) fn of(self, pick: Pick, look: bool) -> Done<ClaimedJob> {
        let Pick { job, taken, lease } = pick;
        let missing = || Fault::Unreadable(format!("the body of {} is missing", job.id));
        let removed = || {
            job.action.removes().then(|| Body {
                slug: String::new(),
                payload: Payload::default(),
                media: Vec::new(),
            })
        };
        let body = self.body.or_else(removed).ok_or_else(missing)?;
        Ok(ClaimedJob {
            job: job.id,
            publish: job.publish,
            fence: taken.fence,
            lease,
            attempt: taken.attempts,
            destination: job.destination_name,
            class: job.class,
            item: job.key,
            action: job.action,
            generation: job.generation,
            newest: self.newest.unwrap_or(job.generation),
            version: job.version,
            request_id: job.request_id,
            released_at: job.published_at.or(job.released_at).unwrap_or(job.due),
            queued_at: job.released_at.unwrap_or(job.due),
            overwrites: job.overwrites,
            slug: body.slug,
            payload: body.payload,
            media: body.media,
            effects: self.effects,
            shown: self.shown,
            undisturbed: self.undisturbed,
            adopted: self.adopted,
            owes_look: self.owes_look,
            ended: look.then_some(job.state),
        })
    }
}
