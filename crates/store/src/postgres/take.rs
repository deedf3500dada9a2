//! Taking what is due: jobs and second looks.
//!
//! Ensures that two runs never share a lane (P7): whoever takes a lane has its lock, and looks once
//! more whether it is free when he has it. What is paused is not taken. What another claim has in hand is passed by, and said.

use std::collections::{BTreeMap, BTreeSet};

use slugline_core::event::EventType;
use slugline_core::ids::{Fence, JobId};
use slugline_core::lifecycle::{Delivering, JobState};
use slugline_core::time::Timestamp;
use slugline_engine::store::{Claimed, ClaimedJob, Want};
use tokio_postgres::Row;

use super::changes::Changes;
use super::desired;
use super::fault::{Done, Fault};
use super::gauges::Effected;
use super::jobs::{self, counted, small};
use super::log::Columns;
use super::pauses;
use super::session::{BEGIN, COMMIT, Call, Param, Session, call};
use super::slots::Given;
use super::task::{self, Gather};
use super::times::Times;
use super::write::commit;
use crate::beginning::{Taken as Pick, started};
use crate::change::control;
use crate::entry::{Entry, Written};
use crate::job::JobRow;
use crate::pause::PARKED;
use crate::record::Record;
use crate::task::Task;

/// What is wanted where nothing is paused, as rows: `$1` destinations, `$3` how many, `$4` classes. `$2` is the time.
macro_rules! wants {
    () => {
        concat!(
            "SELECT w.id AS destination, w.lane, want.class, want.room, want.place
         FROM unnest($1::text[], $3::bigint[], $4::smallint[]) WITH ORDINALITY AS want (name, room, class, place)
         JOIN destination w ON w.name = want.name AND ",
            destination_runs!()
        )
    };
}
pub(crate) use wants;

/// What a claim must know besides what is due, in one row: the time, when the next becomes due ([`wants`]), whether
/// some of it may be paused (`$paused`: by which pauses), and whether some of it may have to wait for its slot.
macro_rules! about {
    ($next_due:expr, $paused:literal) => {
        concat!(
            "SELECT ",
            store_now!("$2"),
            ", (",
            $next_due,
            "), EXISTS (SELECT 1 FROM pause WHERE ended_at IS NULL AND ",
            $paused,
            "), EXISTS (SELECT 1 FROM destination WHERE pace IS NOT NULL)"
        )
    };
}
pub(crate) use about;

/// Takes jobs, and writes an entry for each that was taken: `$6` to `$10`, in the order of `$1`. A statement of its own would
/// have to wait for this one's answer.
macro_rules! taken_with_entries {
    ($($take:expr),+ $(,)?) => {
        concat!(
            "WITH taken AS (", $($take),+, "), event_group AS (
                 INSERT INTO event_group (entries, opened) SELECT count(*), 0 FROM taken HAVING count(*) > 0 RETURNING id
             ), written AS (
                 INSERT INTO event (event_group, place, at, item, publish, request_id, text)
                 SELECT g.id, row_number() OVER (ORDER BY e.place) - 1, e.at, e.item, e.publish, e.request_id, e.text
                 FROM event_group g, taken t JOIN unnest($1::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[])
                      WITH ORDINALITY AS e (job, at, item, publish, request_id, text, place) ON e.job = t.id
             ) SELECT id FROM taken"
        )
    };
}
pub(crate) use taken_with_entries;

/// How one kind of work is found and taken. What finds it is given [`wants`].
pub(crate) struct Way {
    /// Locks due jobs of each want whose lanes are free, the wants in their order.
    pub(crate) due: &'static str,
    /// What [`about!`] says.
    pub(crate) about: &'static str,
    /// Whether others than those taken are due.
    pub(crate) in_hand: &'static str,
    /// Takes jobs, unless their lane is taken: ids, attempts, fences, leases, now, and their entries
    /// ([`taken_with_entries!`]). Returns their ids. Leaves what another has taken and given back while it was being found: a statement reads rows
    /// as they were when it began, also those that it then locks.
    pub(crate) take: &'static str,
    /// Those of jobs that are paused, in a class or as contents, as they are now.
    pub(crate) paused: &'static str,
    /// Whether they are second looks.
    pub(crate) looks: bool,
}

/// Serves claims one after the other.
pub(crate) async fn each(
    session: &Session,
    times: &Times,
    orders: &[Vec<Want>],
    way: &Way,
) -> Done<(Vec<Claimed>, Effected)> {
    let mut answers = Vec::with_capacity(orders.len());
    for wants in orders {
        answers.push(take(session, times, wants, way).await?);
    }
    Ok((answers, Effected::default()))
}

async fn take(session: &Session, times: &Times, wants: &[Want], way: &Way) -> Done<Claimed> {
    let mut found = find(session, times, wants, way).await?;
    let mut changes = Changes::at(found.now);
    let aside = set_aside(session, &mut changes, &mut found, way).await?;
    let mut given = Given::default();
    if found.may_have_pace && !way.looks && !found.due.is_empty() {
        given = Given::lock(session, &found.due).await?;
    }
    let waiting = given.hold_back(session, &mut found.due, found.now).await?;
    let (picks, short) = pick(wants, found.due, found.now, way);
    let keeps_open = aside + waiting > 0 || !(picks.is_empty() || given.is_empty());
    let taken = lease(session, times, (&picks, keeps_open), &short, way, found.now).await?;
    if keeps_open {
        let begun = picks.iter().map(|pick| &pick.job);
        let begun: Vec<&JobRow> = begun
            .filter(|job| taken.tasks.contains_key(&job.id))
            .collect();
        given.save(session, &begun, found.now).await?;
        commit(session, &changes.writes()?).await?;
    }
    let next_due = if taken.in_hand {
        Some(found.now)
    } else {
        found.next_due
    };
    let jobs = jobs_of(picks, taken.tasks, way);
    Ok(Claimed { jobs, next_due })
}

/// The jobs that were taken, as their runs are given them.
fn jobs_of(picks: Vec<Pick>, mut tasks: BTreeMap<JobId, Task>, way: &Way) -> Vec<ClaimedJob> {
    let mut jobs = Vec::with_capacity(picks.len());
    for pick in picks {
        let id = pick.job.id;
        let Some(task) = tasks.remove(&id) else {
            continue;
        };
        let ended = way.looks.then_some(pick.job.state);
        match task.of(pick.job, &pick.right, pick.lease, ended) {
            Ok(job) => jobs.push(job),
            Err(why) => task::cannot_run(id, &Fault::Unreadable(why)),
        }
    }
    jobs
}

/// Wants, as columns.
#[derive(Default)]
struct Asked {
    destinations: Vec<String>,
    limits: Vec<i64>,
    classes: Vec<i16>,
}

impl Asked {
    fn of<'a>(wants: impl IntoIterator<Item = &'a Want>) -> Self {
        let mut asked = Self::default();
        for want in wants {
            asked.destinations.push(want.destination.clone());
            let limit = i64::try_from(want.left(&[]));
            asked.limits.push(limit.unwrap_or(i64::MAX));
            asked.classes.push(small(want.class));
        }
        asked
    }

    /// The values of [`wants`], and the time.
    fn params<'a>(&'a self, given: &'a Option<i64>) -> [Param<'a>; 4] {
        [&self.destinations, given, &self.limits, &self.classes]
    }
}

/// What was found and locked.
struct Found {
    now: Timestamp,
    /// In the order of the wants.
    due: Vec<JobRow>,
    next_due: Option<Timestamp>,
    /// Whether some of it may be paused.
    may_be_paused: bool,
    /// Whether some of it may have to wait for its slot.
    may_have_pace: bool,
}

async fn find(session: &Session, times: &Times, wants: &[Want], way: &Way) -> Done<Found> {
    let (asked, given) = (Asked::of(wants), times.given());
    let params = asked.params(&given);
    let [_, _, about, due] = session
        .each([
            call(BEGIN, &[]),
            call(pauses::SHARE, &[]),
            call(way.about, &params),
            call(way.due, &params),
        ])
        .await?;
    let now = times.read(&about)?;
    let none = || Fault::Ours("a claim has no answer".into());
    let about = about.first().ok_or_else(none)?;
    Ok(Found {
        now,
        due: jobs::read_all(&due)?,
        next_due: about.read(1)?,
        may_be_paused: about.read(2)?,
        may_have_pace: about.read(3)?,
    })
}

/// Takes what is paused out of what was found, so that it is not found again before it is resumed; how
/// many.
async fn set_aside(
    session: &Session,
    changes: &mut Changes,
    found: &mut Found,
    way: &Way,
) -> Done<usize> {
    if !found.may_be_paused || found.due.is_empty() {
        return Ok(0);
    }
    let ids: Vec<i64> = found.due.iter().map(|job| job.id.0).collect();
    // As they are now: they were locked after they were found.
    let paused = jobs::read_all(&session.rows(way.paused, &[&ids]).await?)?;
    if way.looks {
        let ids: Vec<i64> = paused.iter().map(|job| job.id.0).collect();
        session.rows(desired::PARK, &[&ids, &PARKED.0]).await?;
    } else {
        for job in paused.iter().filter(|job| job.state == JobState::Queued) {
            control::set_aside(changes, job)?;
        }
    }
    let paused: BTreeSet<JobId> = paused.iter().map(|job| job.id).collect();
    found.due.retain(|job| !paused.contains(&job.id));
    Ok(paused.len())
}

/// Chooses among what was found, one of each lane and as many as there is room for; and names the
/// wants that got fewer than that.
fn pick<'a>(
    wants: &'a [Want],
    due: Vec<JobRow>,
    now: Timestamp,
    way: &Way,
) -> (Vec<Pick>, Vec<&'a Want>) {
    let (mut picks, mut short) = (Vec::<Pick>::new(), Vec::new());
    let (mut lanes, mut due) = (BTreeSet::new(), due);
    for want in wants {
        let is_wanted = |job: &mut JobRow| {
            job.destination_name == want.destination && (way.looks || job.class == want.class)
        };
        let chosen = picks
            .iter()
            .map(|pick| (pick.job.destination_name.as_str(), pick.job.class));
        let left = want.left_after(chosen);
        let found: Vec<JobRow> = due.extract_if(.., is_wanted).collect();
        let free = found
            .into_iter()
            .filter(|job| lanes.insert((job.destination, job.lane)));
        let before = picks.len();
        picks.extend(free.take(left).map(|job| take_one(job, want, now, way)));
        if picks.len() - before < left {
            short.push(want);
        }
    }
    (picks, short)
}

fn take_one(job: JobRow, want: &Want, now: Timestamp, way: &Way) -> Pick {
    if !way.looks {
        return Pick::of(job, want.lease, now);
    }
    let right = Delivering {
        attempts: job.attempts,
        fence: Fence(job.fence.0 + 1),
        lease_until: now.plus(want.lease),
    };
    Pick {
        job,
        right,
        lease: want.lease,
    }
}

/// What was taken.
struct Taken {
    tasks: BTreeMap<JobId, Task>,
    in_hand: bool,
}

/// Takes what was chosen and gathers what its runs need; what was left for others is looked for in the
/// same breath, and it is committed in it too. `keeps_open`: not that, there is more to write.
async fn lease(
    session: &Session,
    times: &Times,
    (picks, keeps_open): (&[Pick], bool),
    short: &[&Want],
    way: &Way,
    now: Timestamp,
) -> Done<Taken> {
    let rows = Rows::of(picks);
    let given = times.given();
    let left = Asked::of(short.iter().copied());
    let left = left.params(&given);
    let entries = Columns::of(entries(picks, way, now));
    let take: [Param<'_>; 10] = [
        &rows.ids,
        &rows.attempts,
        &rows.fences,
        &rows.leases,
        &now.0,
        &entries.at,
        &entries.items,
        &entries.publishes,
        &entries.requests,
        &entries.texts,
    ];
    let gather = Gather {
        bodies: [&rows.ids, &rows.items, &rows.oldest, &rows.generations],
        states: [&rows.ids, &rows.items, &rows.destinations],
    };
    let mut calls: Vec<Call<'_>> = Vec::new();
    if !picks.is_empty() {
        calls.push(call(way.take, &take));
        calls.extend(gather.calls());
    }
    if !short.is_empty() {
        calls.push(call(way.in_hand, &left));
    }
    if !keeps_open {
        calls.push(call(COMMIT, &[]));
    }
    let mut answers = session.all(calls).await?.into_iter();
    let tasks = if picks.is_empty() {
        BTreeMap::new()
    } else {
        task::read(&mut answers)?
    };
    let in_hand = answers.any(|rows: Vec<Row>| !rows.is_empty());
    Ok(Taken { tasks, in_hand })
}

/// What was chosen, as columns.
#[derive(Default)]
struct Rows {
    ids: Vec<i64>,
    attempts: Vec<i32>,
    fences: Vec<i64>,
    leases: Vec<i64>,
    items: Vec<i64>,
    destinations: Vec<i64>,
    oldest: Vec<i64>,
    generations: Vec<i64>,
}

impl Rows {
    fn of(picks: &[Pick]) -> Self {
        let mut rows = Self::default();
        for Pick { job, right, .. } in picks {
            rows.ids.push(job.id.0);
            rows.attempts.push(counted(right.attempts));
            rows.fences.push(right.fence.0);
            rows.leases.push(right.lease_until.0);
            rows.items.push(job.item);
            rows.destinations.push(job.destination);
            rows.generations.push(job.generation.0);
            // A removal works with the last generation that has a body.
            rows.oldest.push(if job.action.removes() {
                0
            } else {
                job.generation.0
            });
        }
        rows
    }
}

/// What the log says of each, in their order.
fn entries(picks: &[Pick], way: &Way, now: Timestamp) -> Vec<Written> {
    let (at, kind) = (Changes::at(now), EventType::DeliveryStarted);
    let entry = |pick: &Pick| {
        if way.looks {
            Entry::of_job(&at, kind, "second_look", &pick.job).finish()
        } else {
            started(&at, &pick.job, &pick.right).finish()
        }
    };
    picks.iter().map(entry).collect()
}
