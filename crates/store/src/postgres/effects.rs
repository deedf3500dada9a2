//! The effect journal, and the short leases on what items share.
//!
//! Ensures that an effect is recorded only by a run that still has its lease, and that one run at a
//! time works on a shared thing.

use std::collections::BTreeMap;

use slugline_core::event::EventType;
use slugline_core::ids::{Fence, JobId};
use slugline_core::port::{BoxFuture, ENTRY, EffectKey};
use slugline_engine::store::{EffectChange, Hold, OwnEntry};

use super::changes::Changes;
use super::fault::Done;
use super::gauges::Effected;
use super::jobs;
use super::line::Operation;
use super::session::{BEGIN, Session, call};
use super::times::{NOW, Times};
use super::write::{Write, columns, commit, write};
use crate::change::Ledger;
use crate::entry::{Dated, Entry};
use crate::job::JobRow;
use crate::record::Record as _;
use crate::views::content as views;

/// The item under which shared effects are kept.
const SHARED: i64 = 0;

/// Remembers or forgets effects; `false` for runs that lost their lease.
pub(crate) struct Record;

impl Operation for Record {
    type Order = Vec<EffectChange>;
    type Answer = Vec<bool>;
    const GROUP: usize = 64;
    const WRITERS: usize = 1;

    fn run<'a>(
        session: &'a Session,
        times: &'a Times,
        orders: &'a [Self::Order],
    ) -> BoxFuture<'a, Done<(Vec<Self::Answer>, Effected)>> {
        Box::pin(record(session, times, orders))
    }
}

/// Destination, item and key of an effect.
type Place = (i64, i64, String);
type Results = BTreeMap<Place, Option<(String, JobId)>>;
/// By destination and name of an entry: whose it is.
type Entries = BTreeMap<(i64, String), i64>;

async fn record(
    session: &Session,
    times: &Times,
    orders: &[Vec<EffectChange>],
) -> Done<(Vec<Vec<bool>>, Effected)> {
    let ids: Vec<i64> = orders.iter().flatten().map(|change| change.job.0).collect();
    let [_, locked, now] = session
        .each([
            call(BEGIN, &[]),
            call(jobs::LOCK, &[&ids]),
            call(NOW, &[&times.given()]),
        ])
        .await?;
    let mut changes = Changes::at(times.read(&now)?);
    let leased = Leased::of(jobs::read_all(&locked)?);
    let (mut results, mut entries) = (Results::new(), Entries::new());
    let mut answers = Vec::with_capacity(orders.len());
    for order in orders {
        let recorded = order.iter().map(|change| {
            let job = leased.job(change.job, change.fence);
            let Some(job) = job else {
                return Ok(false);
            };
            if let Some(name) = change.result_ref.as_ref().filter(|_| change.key == ENTRY) {
                entries.insert((job.destination, name.clone()), job.item);
            }
            record_one(&mut changes, &mut results, job, change)
        });
        answers.push(recorded.collect::<Done<_>>()?);
    }
    let mut writes = keep(results, changes.now().0);
    writes.extend(keep_entries(entries));
    writes.extend(changes.writes()?);
    commit(session, &writes).await?;
    Ok((answers, Effected::default()))
}

/// Jobs that a run holds.
struct Leased(BTreeMap<JobId, JobRow>);

impl Leased {
    fn of(jobs: Vec<JobRow>) -> Self {
        let leased = jobs.into_iter().filter(|job| job.lease_until.is_some());
        Self(leased.map(|job| (job.id, job)).collect())
    }

    fn job(&self, id: JobId, fence: Fence) -> Option<&JobRow> {
        self.0.get(&id).filter(|job| job.fence == fence)
    }
}

fn record_one(
    changes: &mut Changes,
    results: &mut Results,
    job: &JobRow,
    change: &EffectChange,
) -> Done<bool> {
    let key = change.key.to_string();
    let item = if matches!(change.key, EffectKey::Item(_)) {
        job.item
    } else {
        SHARED
    };
    let outcome = if change.result_ref.is_some() {
        "recorded"
    } else {
        "forgotten"
    };
    let entry = Entry::of_job(changes, EventType::EffectRecorded, outcome, job);
    changes.log(match &change.result_ref {
        Some(result_ref) => entry.downstream([(key.clone(), result_ref.clone())].into()),
        None => entry.detail("effect", &key),
    })?;
    let result = change
        .result_ref
        .clone()
        .map(|result_ref| (result_ref, job.id));
    results.insert((job.destination, item, key), result);
    Ok(true)
}

fn keep(results: Results, now: i64) -> Vec<Write<'static>> {
    let (mut places, mut kept) = (
        Columns::default(),
        (Vec::<String>::new(), Vec::<i64>::new()),
    );
    let mut gone = Columns::default();
    for (place, result) in results {
        match result {
            Some((result_ref, job)) => {
                places.push(place);
                kept.0.push(result_ref);
                kept.1.push(job.0);
            }
            None => gone.push(place),
        }
    }
    let remember = "INSERT INTO effect (destination, item, key, result_ref, job, recorded_at)
        SELECT c.destination, c.item, c.key, c.result_ref, c.job, $6
        FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])
             AS c (destination, item, key, result_ref, job)
        ON CONFLICT (destination, item, key) DO UPDATE
        SET result_ref = excluded.result_ref, job = excluded.job, recorded_at = excluded.recorded_at";
    let forget = "DELETE FROM effect e USING unnest($1::bigint[], $2::bigint[], $3::text[]) AS c (destination, item, key)
        WHERE e.destination = c.destination AND e.item = c.item AND e.key = c.key";
    let mut writes = Vec::new();
    if !kept.0.is_empty() {
        let Columns {
            destinations,
            items,
            keys,
        } = places;
        writes.push(write(
            remember,
            columns![destinations, items, keys, kept.0, kept.1, now],
        ));
    }
    if !gone.keys.is_empty() {
        writes.push(write(
            forget,
            columns![gone.destinations, gone.items, gone.keys],
        ));
    }
    writes
}

fn keep_entries(entries: Entries) -> Option<Write<'static>> {
    let sql = "INSERT INTO entry (destination, name, item) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])
               ON CONFLICT (destination, name) DO UPDATE SET item = excluded.item";
    let (places, items): (Vec<_>, Vec<i64>) = entries.into_iter().unzip();
    let (destinations, names): (Vec<i64>, Vec<String>) = places.into_iter().unzip();
    (!items.is_empty()).then(|| write(sql, columns![destinations, names, items]))
}

#[derive(Default)]
struct Columns {
    destinations: Vec<i64>,
    items: Vec<i64>,
    keys: Vec<String>,
}

impl Columns {
    fn push(&mut self, (destination, item, key): Place) {
        self.destinations.push(destination);
        self.items.push(item);
        self.keys.push(key);
    }
}

/// The result of a shared effect at a destination.
pub(crate) async fn shared(
    session: &Session,
    destination: &str,
    key: &str,
) -> Done<Option<String>> {
    let sql = "SELECT e.result_ref FROM destination d JOIN effect e ON e.destination = d.id
               WHERE d.name = $1 AND e.item = $2 AND e.key = $3";
    let found = session.one(sql, &[&destination, &SHARED, &key]).await?;
    found.map(|row| row.read(0)).transpose()
}

/// The item whose entry has one of these names at a destination, or had.
pub(crate) async fn owner(
    session: &Session,
    destination: &str,
    names: &[String],
) -> Done<Option<OwnEntry>> {
    let sql = format!(
        "{} WHERE d.name = $1 AND e.name = ANY($2) ORDER BY e.name LIMIT 1",
        views::SELECT_OWN
    );
    let found = session.one(&sql, &[&destination, &names]).await?;
    found.map(|row| views::own(&row)).transpose()
}

/// Takes short leases on shared things; `false` while another run has it, or without a lease.
pub(crate) struct Holding;

impl Operation for Holding {
    type Order = Vec<Hold>;
    type Answer = Vec<bool>;
    const GROUP: usize = 64;
    const WRITERS: usize = 1;

    fn run<'a>(
        session: &'a Session,
        times: &'a Times,
        orders: &'a [Self::Order],
    ) -> BoxFuture<'a, Done<(Vec<Self::Answer>, Effected)>> {
        let _ = times;
        Box::pin(hold(session, orders))
    }
}

/// Locks what is asked for, also where nobody holds it yet: two runs that ask at once see each other.
const LOCK_KEYS: &str = "SELECT pg_advisory_xact_lock(l.name) FROM (
        SELECT DISTINCT hashtextextended(c.key, j.destination) AS name
        FROM unnest($1::bigint[], $2::text[]) AS c (job, key) JOIN job j ON j.id = c.job ORDER BY 1) l";

/// Who holds it. A hold ends with its run: one whose run was settled or taken back counts no more.
const HOLDERS: &str = "SELECT h.destination, h.key, h.job
    FROM unnest($1::bigint[], $2::text[]) AS c (job, key) JOIN job j ON j.id = c.job
    JOIN hold h ON h.destination = j.destination AND h.key = c.key
    JOIN job r ON r.id = h.job AND r.fence = h.fence AND r.lease_until IS NOT NULL";

async fn hold(session: &Session, orders: &[Vec<Hold>]) -> Done<(Vec<Vec<bool>>, Effected)> {
    let all = || orders.iter().flatten();
    let ids: Vec<i64> = all().map(|hold| hold.job.0).collect();
    let keys: Vec<String> = all().map(|hold| hold.key.to_string()).collect();
    let [_, _, locked, held] = session
        .each([
            call(BEGIN, &[]),
            call(LOCK_KEYS, &[&ids, &keys]),
            call(jobs::LOCK, &[&ids]),
            call(HOLDERS, &[&ids, &keys]),
        ])
        .await?;
    let leased = Leased::of(jobs::read_all(&locked)?);
    let mut holders = BTreeMap::new();
    for row in &held {
        holders.insert(
            (row.read(0)?, row.read::<String>(1)?),
            (row.read::<JobId>(2)?, None),
        );
    }
    let answers = orders.iter().map(|order| {
        let taken = order
            .iter()
            .map(|hold| hold_one(&mut holders, &leased, hold));
        taken.collect()
    });
    let answers = answers.collect();
    commit(session, &[take_holds(holders)]).await?;
    Ok((answers, Effected::default()))
}

/// By destination and key: whose run it is, and its fence if it has just taken it.
type Holders = BTreeMap<(i64, String), (JobId, Option<Fence>)>;

fn hold_one(holders: &mut Holders, leased: &Leased, hold: &Hold) -> bool {
    let Some(job) = leased.job(hold.job, hold.fence) else {
        return false;
    };
    let place = (job.destination, hold.key.to_string());
    if holders
        .get(&place)
        .is_some_and(|(holder, _)| *holder != job.id)
    {
        return false;
    }
    holders.insert(place, (job.id, Some(job.fence)));
    true
}

fn take_holds(holders: Holders) -> Write<'static> {
    let sql = "INSERT INTO hold (destination, key, job, fence)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])
        ON CONFLICT (destination, key) DO UPDATE SET job = excluded.job, fence = excluded.fence";
    let (mut destinations, mut keys) = (Vec::<i64>::new(), Vec::<String>::new());
    let (mut jobs, mut fences) = (Vec::<i64>::new(), Vec::<i64>::new());
    for ((destination, key), (job, fence)) in holders {
        let Some(fence) = fence else { continue };
        destinations.push(destination);
        keys.push(key);
        jobs.push(job.0);
        fences.push(fence.0);
    }
    write(sql, columns![destinations, keys, jobs, fences])
}
