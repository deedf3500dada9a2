//! Pauses: what persons have stopped.
//!
//! Ensures that a pause holds on all nodes once it is answered: claims share a lock that whoever pauses
//! or resumes has alone, so no claim is under way that did not see it. What is set aside or parked
//! because of it goes on in the transaction that ends it.

use slugline_core::pause::Pausable;
use slugline_engine::store::{Pause, PauseOrder};

use super::changes::Changes;
use super::desired;
use super::destinations::micros;
use super::fault::Done;
use super::gauges::Effected;
use super::jobs::{self, small};
use super::session::{BEGIN, COMMIT, Session, call};
use super::times::{NOW, Times};
use super::write::commit;
use crate::change::{Ledger, control};
use crate::pause::{self, Columns, NO_ITEM, PARKED, REMEMBERED, SELECT, STOPS, Stop, key_of};
use crate::record::Record;

/// The lock that claims share. Of two numbers: locks of lanes and items have one.
pub(crate) const SHARE: &str = "SELECT pg_advisory_xact_lock_shared(1936487028, 1)";
pub(crate) const ALONE: &str = "SELECT pg_advisory_xact_lock(1936487028, 1)";

/// Whether nothing begins at destination `w`.
macro_rules! destination_runs {
    () => {
        "NOT EXISTS (SELECT 1 FROM pause q WHERE q.ended_at IS NULL AND (q.kind = 0 OR (q.kind = 1 AND q.name = w.name)))"
    };
}
pub(crate) use destination_runs;

/// Whether nothing of the class of `want` begins.
macro_rules! class_runs {
    () => {
        "NOT EXISTS (SELECT 1 FROM pause q WHERE q.ended_at IS NULL AND q.kind = 2 AND q.name = want.class::text)"
    };
}
pub(crate) use class_runs;

const FIND: &str = "SELECT kind, name, owner, environment, locale, began_at, actor, note FROM pause WHERE ended_at IS NULL
     AND kind = $1 AND name = $2 AND owner = $3 AND environment = $4 AND locale = $5";

const INSERT: &str = "INSERT INTO pause (kind, name, owner, environment, locale, began_at, actor, note)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING kind, name, owner, environment, locale, began_at, actor, note";

const END: &str = "UPDATE pause SET ended_at = $6 WHERE ended_at IS NULL
     AND kind = $1 AND name = $2 AND owner = $3 AND environment = $4 AND locale = $5 RETURNING id";

const FORGET: &str = "DELETE FROM pause WHERE ended_at < $1";

/// The items of a content: `$1` its id, its owner, its environment, its locale or nothing.
const ITEMS: &str = "SELECT id FROM item WHERE content_id = $1 AND owner = $2 AND environment = $3
     AND ($4 = '' OR locale = $4) ORDER BY id";

/// Jobs of items that were set aside: desired state names them.
const ASIDE: &str = "SELECT j.id FROM desired w JOIN job j ON j.id = w.job
     WHERE w.item = ANY($1) AND j.state = 0 AND j.released_at IS NOT NULL ORDER BY j.id";

/// When something wider than a content was stopped.
pub(crate) async fn stops(session: &Session) -> Done<Vec<Stop>> {
    session
        .rows(STOPS, &[])
        .await?
        .iter()
        .map(pause::stop)
        .collect()
}

/// The pauses that there are.
pub(crate) async fn list(session: &Session, owner: Option<&str>) -> Done<Vec<Pause>> {
    let sql = format!(
        "{SELECT} AND (kind < 3 OR $1::text IS NULL OR owner = $1) ORDER BY kind, began_at, id"
    );
    session
        .rows(&sql, &[&owner])
        .await?
        .iter()
        .map(pause::read)
        .collect()
}

/// Pauses something, unless it is paused.
pub(crate) async fn begin(
    session: &Session,
    times: &Times,
    order: &PauseOrder,
) -> Done<(Option<Pause>, Effected)> {
    let columns = Columns::of(&order.of);
    let Columns {
        name,
        owner,
        environment,
        locale,
        ..
    } = &columns;
    let kind = small(columns.kind);
    let [_, _, now, known] = session
        .each([
            call(BEGIN, &[]),
            call(ALONE, &[]),
            call(NOW, &[&times.given()]),
            call(FIND, &[&kind, name, owner, environment, locale]),
        ])
        .await?;
    let now = times.read(&now)?;
    let item = item_of(session, &order.of).await?;
    let (Some(item), None) = (item, known.first()) else {
        session.rows(COMMIT, &[]).await?;
        let known = known.first().map(pause::read).transpose()?;
        return Ok((known, Effected::default()));
    };
    let (long_ago, actor, note) = (now.0 - micros(REMEMBERED), &order.actor, &order.note);
    let [_, made] = session
        .each([
            call(FORGET, &[&long_ago]),
            call(
                INSERT,
                &[&kind, name, owner, environment, locale, &now.0, actor, note],
            ),
        ])
        .await?;
    let (mut changes, key) = (Changes::at(now), key_of(&order.of));
    let entry = pause::paused(&changes, order, item, &key);
    changes.log(entry)?;
    let effected = changes.effected();
    commit(session, &changes.writes()?).await?;
    Ok((made.first().map(pause::read).transpose()?, effected))
}

/// Ends a pause, if there is one.
pub(crate) async fn end(
    session: &Session,
    times: &Times,
    of: &Pausable,
    actor: &str,
) -> Done<(bool, Effected)> {
    let columns = Columns::of(of);
    let Columns {
        name,
        owner,
        environment,
        locale,
        ..
    } = &columns;
    let [_, _, now] = session
        .each([
            call(BEGIN, &[]),
            call(ALONE, &[]),
            call(NOW, &[&times.given()]),
        ])
        .await?;
    let now = times.read(&now)?;
    let values: [super::session::Param<'_>; 6] = [
        &small(columns.kind),
        name,
        owner,
        environment,
        locale,
        &now.0,
    ];
    let ended = session.one(END, &values).await?;
    if ended.is_none() {
        session.rows(COMMIT, &[]).await?;
        return Ok((false, Effected::default()));
    }
    let items = items_of(session, of).await?;
    let mut changes = Changes::at(now);
    let key = key_of(of);
    let entry = pause::resumed(
        &changes,
        of,
        actor,
        items.first().copied().unwrap_or(NO_ITEM),
        &key,
    );
    changes.log(entry)?;
    take_up(session, &mut changes, &items, actor).await?;
    changes.nudge();
    let effected = changes.effected();
    commit(session, &changes.writes()?).await?;
    Ok((true, effected))
}

/// Queues jobs that were set aside, and makes all looks due that were parked: those that are still
/// paused are parked again.
async fn take_up(session: &Session, changes: &mut Changes, items: &[i64], actor: &str) -> Done<()> {
    let aside = session.rows(ASIDE, &[&items]).await?;
    let ids = aside
        .iter()
        .map(|row| row.read(0))
        .collect::<Done<Vec<i64>>>()?;
    let [jobs, desired] = session
        .each([
            call(jobs::LOCK, &[&ids]),
            call(desired::LOCK_OF_JOBS_AND_LOOKS, &[&ids, &PARKED.0]),
        ])
        .await?;
    changes.desired = desired::read_all(&desired)?;
    for job in jobs::read_all(&jobs)? {
        // Another may have taken its place while it was being locked.
        if job.state == slugline_core::lifecycle::JobState::Pending {
            control::take_up(changes, &job, actor)?;
        }
    }
    changes.make_due(PARKED);
    Ok(())
}

/// The item that a pause's entries are filed under; `None` where what is named is not known.
async fn item_of(session: &Session, of: &Pausable) -> Done<Option<i64>> {
    match of {
        Pausable::Everything | Pausable::Class { .. } => Ok(Some(NO_ITEM)),
        Pausable::Destination { destination } => {
            let sql = "SELECT 1 FROM destination WHERE name = $1";
            Ok(session.one(sql, &[destination]).await?.map(|_| NO_ITEM))
        }
        Pausable::Content { .. } => Ok(items_of(session, of).await?.first().copied()),
    }
}

/// The items of a content, if it is one.
async fn items_of(session: &Session, of: &Pausable) -> Done<Vec<i64>> {
    let Pausable::Content {
        owner,
        environment,
        content_id,
        locale,
    } = of
    else {
        return Ok(Vec::new());
    };
    let locale = locale.as_deref().unwrap_or_default();
    let found = session
        .rows(ITEMS, &[content_id, owner, environment, &locale])
        .await?;
    found.iter().map(|row| row.read(0)).collect()
}
