//! What a replay is about.
//!
//! Ensures that only publishes whose numbers lie in the replay's time are looked at, so many at most, and
//! that each publish counts once at each destination, in the order of acceptance.

use std::time::Duration;

use slugline_core::ids::PublishId;
use slugline_core::lifecycle::JobState;
use slugline_core::replay::{Relevance, Standing, relevance};
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;
use slugline_engine::store::{NewReplay, PUBLISHES_LOOKED_AT, ReplayFilter};

use crate::reconciling::{Plain, Rows};
use crate::record::{Record, Unreadable, Value};
use crate::views::list::Where;
use crate::words::Word;

/// Numbers are given before a publish is accepted, and by clocks of several nodes: they are in the order of
/// acceptance but for this.
const DISORDER: Duration = Duration::from_secs(600);

/// The first publish from a number on, below another.
const NEXT: &str =
    "SELECT id, accepted_at FROM publish WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 1";

const LAST: &str = "SELECT coalesce(max(id), 0) FROM publish";

/// The newest job of each publish at each destination, and what is desired there.
const SELECT: &str = "SELECT p.id, j.item, j.destination, j.generation, d.name, w.generation, k.state, k.attempts > 0,
           q.released_at, w.drift
    FROM publish p JOIN job j ON j.publish = p.id JOIN item i ON i.id = j.item JOIN destination d ON d.id = j.destination
    LEFT JOIN desired w ON w.item = j.item AND w.destination = j.destination
    LEFT JOIN job k ON k.id = w.job LEFT JOIN publish q ON q.id = k.publish";

const IS_NEWEST: &str =
    "NOT EXISTS (SELECT 1 FROM job o WHERE o.publish = j.publish AND o.destination = j.destination
    AND o.item = j.item AND o.id > j.id)";

const ORDER: &str = "ORDER BY p.id, j.item, j.destination";

/// One event, as it looks at the start.
pub(crate) struct Target {
    pub(crate) publish: PublishId,
    pub(crate) item: i64,
    pub(crate) destination: i64,
    pub(crate) generation: Generation,
    pub(crate) relevance: Relevance,
}

/// All that fits.
pub(crate) struct Found {
    pub(crate) targets: Vec<Target>,
    /// Whether there is more than the limit allows.
    pub(crate) more: bool,
}

/// The replay with its time as it stays: what is accepted from now on does not join it.
pub(crate) fn frozen(new: &NewReplay, now: Timestamp) -> NewReplay {
    let until = new.filter.until.unwrap_or(now).min(now);
    let filter = ReplayFilter {
        until: Some(until),
        ..new.filter.clone()
    };
    NewReplay {
        filter,
        ..new.clone()
    }
}

/// What fits; `None`: there is too much to look at.
pub(crate) async fn find<D: Rows>(
    db: &D,
    now: Timestamp,
    new: &NewReplay,
) -> Result<Option<Found>, D::Fault> {
    let last = db.rows(LAST, Vec::new()).await?;
    let last: i64 = last.first().map_or(Ok(0), |row| row.read(0))?;
    let filter = &new.filter;
    let floor = match filter.since {
        Some(since) => first_at(db, since.minus(DISORDER), last).await?,
        None => 1,
    };
    let top = match filter.until {
        Some(until) => first_at(db, until.plus(DISORDER), last).await?,
        None => last + 1,
    };
    if top - floor > PUBLISHES_LOOKED_AT {
        return Ok(None);
    }
    let wanted = wanted(new, floor, top);
    let most = usize::try_from(new.limit).unwrap_or(usize::MAX);
    let limit = new.limit.saturating_add(1);
    let sql = format!("{SELECT} {} {ORDER} LIMIT {limit}", wanted.clause());
    let found = db.rows(&sql, wanted.values().to_vec()).await?;
    let more = found.len() > most;
    let targets = found.iter().take(most).map(|row| target(row, new, now));
    let targets = targets.collect::<Result<_, _>>()?;
    Ok(Some(Found { targets, more }))
}

/// The number from which on all publishes were accepted then or later.
async fn first_at<D: Rows>(db: &D, at: Timestamp, last: i64) -> Result<i64, D::Fault> {
    let (mut low, mut high) = (1, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let values = [middle, high].map(Value::Int).to_vec();
        match db.rows(NEXT, values).await?.first() {
            Some(row) if row.read::<Timestamp>(1)? < at => low = row.read::<i64>(0)? + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

fn wanted(new: &NewReplay, floor: i64, top: i64) -> Where {
    let filter = &new.filter;
    let mut wanted = Where::default();
    wanted.and_some("p.id >= ?", Some(floor));
    wanted.and_some("p.id < ?", Some(top));
    wanted.and_some("p.accepted_at >= ?", filter.since.map(|at| at.0));
    wanted.and_some("p.accepted_at < ?", filter.until.map(|at| at.0));
    wanted.and_some("i.owner = ?", Some(new.owner.clone()));
    wanted.and_some("i.content_id = ?", filter.content_id.clone());
    wanted.and_some("i.environment = ?", filter.environment.clone());
    wanted.and_some("i.source = ?", filter.source.clone());
    wanted.and_some("d.name = ?", filter.destination.clone());
    let state = filter.state.map(Word::number);
    wanted.and_some("j.state = CAST(? AS BIGINT)", state);
    if filter.reason.is_some() {
        wanted.and_plain("j.state = 4");
    }
    wanted.and_failed_for(filter.reason);
    wanted.and_plain(IS_NEWEST);
    wanted
}

fn target(row: &Plain, new: &NewReplay, now: Timestamp) -> Result<Target, Unreadable> {
    let (generation, name) = (row.read(3)?, row.read::<String>(4)?);
    let standing = match (row.read(5)?, row.read::<Option<JobState>>(6)?) {
        (Some(desired), Some(state)) => Some(Standing {
            desired,
            state,
            tried: row.read::<Option<bool>>(7)?.unwrap_or(false),
            released_at: row.read(8)?,
            drift: row.read(9)?,
        }),
        _ => None,
    };
    let receiver = new.receivers.get(&name);
    Ok(Target {
        publish: row.read(0)?,
        item: row.read(1)?,
        destination: row.read(2)?,
        generation,
        relevance: relevance(new.mode, generation, standing.as_ref(), receiver, now),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::plan;

    #[test]
    fn publishes_are_reached_by_their_numbers() {
        let filter = ReplayFilter {
            content_id: Some("a".into()),
            destination: Some("blog".into()),
            environment: Some("production".into()),
            state: Some(JobState::Failed),
            until: Some(Timestamp(9)),
            ..ReplayFilter::default()
        };
        let new = NewReplay {
            owner: "default".into(),
            actor: "token:ops".into(),
            filter,
            mode: slugline_core::replay::Mode::Current,
            dry_run: true,
            limit: 10,
            rate: 60,
            receivers: [].into(),
        };
        let wanted = wanted(&new, 3, 9);
        let sql = format!("{SELECT} {} {ORDER} LIMIT 10", wanted.clause()).replace('$', "?");
        let plan = plan(&sql);
        let walks = ["(rowid>? AND rowid<?)", "(publish>? AND publish<?)"];
        assert!(walks.iter().any(|walk| plan.contains(walk)), "{plan}");
        assert!(!plan.contains("SCAN"), "{plan}");
    }
}
