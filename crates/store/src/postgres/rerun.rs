//! Having generations that are desired run again.
//!
//! Ensures that their items are locked as release locks them, so that what is decided on is what is
//! desired when they are queued. What it means is in `change`.

use std::collections::BTreeMap;

use slugline_core::ids::JobId;
use slugline_engine::store::{Rerun, RerunOutcome};

use super::changes::Changes;
use super::fault::{Done, Fault};
use super::gauges::Effected;
use super::release::LOCK_JOBS;
use super::session::{BEGIN, Session, call};
use super::times::{NOW, Times};
use super::write::commit;
use super::{desired, items, jobs};
use crate::change::rerun::{begin, prepare};
use crate::job::JobRow;
use crate::record::Record;

/// The item and the destination of each rerun that names known ones.
const PLACES: &str = "SELECT c.place, i.id, d.id
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
         WITH ORDINALITY AS c (owner, environment, content_id, locale, destination, place)
    JOIN item i ON i.content_id = c.content_id AND i.owner = c.owner AND i.environment = c.environment
               AND i.locale = c.locale
    JOIN destination d ON d.name = c.destination";

const JOB_IDS: &str = "SELECT nextval('job_id') FROM generate_series(1, $1::bigint)";

/// Queues what can be; one outcome each, in order.
pub(crate) async fn rerun(
    session: &Session,
    times: &Times,
    reruns: &[Rerun],
) -> Done<(Vec<RerunOutcome>, Effected)> {
    let (mut changes, places, ids) = open(session, times, reruns).await?;
    let (mut ids, mut fresh) = (ids.into_iter(), Vec::<JobRow>::new());
    let mut outcomes = Vec::with_capacity(reruns.len());
    for (place, rerun) in (1_i64..).zip(reruns) {
        let Some(&at) = places.get(&place) else {
            outcomes.push(RerunOutcome::NotDesired);
            continue;
        };
        let outcome = match prepare(&mut changes, at, rerun)? {
            Ok(job) => {
                let few = || Fault::Ours("too few numbers were drawn for jobs".into());
                let id = ids.next().ok_or_else(few)?;
                let job = JobRow { id, ..job };
                changes.know([job.clone()]);
                fresh.push(job.clone());
                RerunOutcome::Queued(begin(&mut changes, &job, rerun)?)
            }
            Err(outcome) => outcome,
        };
        outcomes.push(outcome);
    }
    let effected = changes.effected();
    let fresh = fresh.into_iter().map(|job| (job, None)).collect();
    let mut writes: Vec<_> = jobs::insert(fresh).into_iter().collect();
    writes.extend(changes.writes()?);
    commit(session, &writes).await?;
    Ok((outcomes, effected))
}

type Opened = (Changes, BTreeMap<i64, (i64, i64)>, Vec<JobId>);

/// Opens a transaction with the items locked; where each rerun goes, and numbers for its job.
async fn open(session: &Session, times: &Times, reruns: &[Rerun]) -> Done<Opened> {
    let part = |of: fn(&Rerun) -> &String| -> Vec<String> {
        reruns.iter().map(|rerun| of(rerun).clone()).collect()
    };
    let (owners, environments) = (
        part(|rerun| &rerun.item.owner),
        part(|rerun| &rerun.item.environment),
    );
    let (contents, locales) = (
        part(|rerun| &rerun.item.content_id),
        part(|rerun| &rerun.item.locale),
    );
    let destinations = part(|rerun| &rerun.destination);
    let count = i64::try_from(reruns.len()).unwrap_or(i64::MAX);
    let [_, _, places, ids] = session
        .each([
            call(BEGIN, &[]),
            call(items::LOCK, &[&owners, &environments, &contents]),
            call(
                PLACES,
                &[&owners, &environments, &contents, &locales, &destinations],
            ),
            call(JOB_IDS, &[&count]),
        ])
        .await?;
    let read = |row: &tokio_postgres::Row| Ok((row.read(0)?, (row.read(1)?, row.read(2)?)));
    let places: BTreeMap<i64, (i64, i64)> = places.iter().map(read).collect::<Done<_>>()?;
    let ids = ids.iter().map(|row| row.read(0)).collect::<Done<_>>()?;
    let of: Vec<i64> = places.values().map(|(item, _)| *item).collect();
    let [locked, wanted, now] = session
        .each([
            call(LOCK_JOBS, &[&of]),
            call(desired::LOCK_OF_ITEMS, &[&of]),
            call(NOW, &[&times.given()]),
        ])
        .await?;
    let mut changes = Changes::at(times.read(&now)?);
    changes.know(jobs::read_all(&locked)?);
    changes.desired = desired::read_all(&wanted)?;
    Ok((changes, places, ids))
}
