//! What people oversee the rest with, as both databases hold it.

use std::collections::BTreeMap;
use std::time::Duration;

use slugline_core::drift::Drift;
use slugline_core::lifecycle::JobState;
use slugline_core::time::Timestamp;
use slugline_core::version::Version;
use slugline_engine::store::{
    ContentFilter, ContentState, ENTRIES_A_PAGE, EventFilter, ITEMS_A_PAGE, Listed, ListedAt, Page,
    Paged, RUNS_A_SPAN, Ran, Standing,
};

use super::list::{Where, paged};
use crate::record::Record;

/// The columns that [`listed`] reads.
pub(crate) const SELECT: &str =
    "SELECT i.id, i.content_id, i.environment, i.locale, i.version_kind, i.version, i.generation, i.action, i.slug,
    p.accepted_at, i.publish FROM item i JOIN publish p ON p.id = i.publish";

/// An item and the number of its newest publish.
pub(crate) fn listed<R: Record>(row: &R) -> Result<(i64, Listed), R::Error> {
    let view = Listed {
        place: row.read(0)?,
        content_id: row.read(1)?,
        environment: row.read(2)?,
        locale: row.read(3)?,
        version: Version::from_ordinal(row.read(4)?, row.read(5)?),
        generation: row.read(6)?,
        action: row.read(7)?,
        slug: row.read(8)?,
        accepted_at: row.read(9)?,
        destinations: Vec::new(),
    };
    Ok((row.read(10)?, view))
}

/// Which items a page has, from `top` down; and where its walk ends.
pub(crate) fn wanted(filter: &ContentFilter, page: &Page, last: i64) -> (Where, i64) {
    let top = page.cursor.unwrap_or(i64::MAX).min(last.saturating_add(1));
    let floor = top.saturating_sub(ITEMS_A_PAGE).max(1);
    let mut wanted = Where::default();
    wanted.and_some("i.id < ?", Some(top));
    wanted.and_some("i.id >= ?", Some(floor));
    wanted.and_some("i.owner = ?", Some(filter.owner.clone()));
    wanted.and_some("i.environment = ?", filter.environment.clone());
    wanted.and_some("i.locale = ?", filter.locale.clone());
    wanted.and_some(
        "(lower(i.content_id) LIKE ? || '%' ESCAPE '!' OR lower(i.slug) LIKE '%' || ? || '%' ESCAPE '!')",
        filter.search.as_deref().map(literally),
    );
    if let Some(state) = filter.state {
        wanted.and_plain(stands(state));
    }
    (wanted, floor)
}

/// Text as LIKE takes it letter by letter.
fn literally(text: &str) -> String {
    let text = text.to_lowercase().replace('!', "!!");
    text.replace('%', "!%").replace('_', "!_")
}

fn stands(state: ContentState) -> &'static str {
    match state {
        ContentState::Live => {
            "EXISTS (SELECT 1 FROM job j WHERE j.publish = i.publish AND j.state = 3)"
        }
        ContentState::OnTheWay => {
            "EXISTS (SELECT 1 FROM job j WHERE j.publish = i.publish AND j.state IN (0, 1, 2))"
        }
        ContentState::Failed => {
            "EXISTS (SELECT 1 FROM job j WHERE j.publish = i.publish AND j.state = 4)"
        }
        ContentState::Drifted => {
            "EXISTS (SELECT 1 FROM desired w WHERE w.item = i.id AND w.drift IS NOT NULL)"
        }
    }
}

/// How far back a page of the log's newest entries looks from `top`. Where an index leads to them, to the beginning.
pub(crate) fn lowest(filter: &EventFilter, top: i64) -> i64 {
    let led = filter.content_id.is_some() || filter.request_id.is_some() || filter.job_id.is_some();
    match led {
        true => 1,
        false => top.saturating_sub(ENTRIES_A_PAGE).max(1),
    }
}

/// A page of what a walk down to `floor` found; where it did not reach the end, it can go on.
pub(crate) fn walked<T>(
    found: Vec<T>,
    page: &Page,
    floor: i64,
    place: impl Fn(&T) -> i64,
) -> Paged<T> {
    let mut paged = paged(found, page, place);
    if paged.next_cursor.is_none() && floor > 1 {
        paged.next_cursor = Some(floor);
    }
    paged
}

/// What is desired of items: the columns that [`at`] reads.
pub(crate) const SELECT_DESIRED: &str = "SELECT w.item, d.name, j.state, w.drift
    FROM desired w JOIN job j ON j.id = w.job JOIN destination d ON d.id = w.destination";

/// The jobs of publishes: the columns that [`at`] reads.
pub(crate) const SELECT_NEWEST: &str = "SELECT j.item, d.name, j.state, CAST(NULL AS SMALLINT)
    FROM job j JOIN destination d ON d.id = j.destination";

/// An item at a destination.
pub(crate) type At = (i64, String, JobState, Option<Drift>);

/// An item at a destination.
pub(crate) fn at<R: Record>(row: &R) -> Result<At, R::Error> {
    Ok((row.read(0)?, row.read(1)?, row.read(2)?, row.read(3)?))
}

/// Adds where they are. The jobs of the newest publishes come after what is desired: they are newer.
pub(crate) fn with_places(listed: Vec<Listed>, desired: Vec<At>, newest: Vec<At>) -> Vec<Listed> {
    let mut places: BTreeMap<(i64, String), (JobState, Option<Drift>)> = BTreeMap::new();
    for (item, destination, state, drift) in desired.into_iter().chain(newest) {
        let known = places.entry((item, destination)).or_insert((state, drift));
        *known = (state, drift.or(known.1));
    }
    let mut of_items: BTreeMap<i64, Vec<ListedAt>> = BTreeMap::new();
    for ((item, destination), (state, drift)) in places {
        of_items.entry(item).or_default().push(ListedAt {
            destination,
            state,
            drift,
        });
    }
    let with = listed.into_iter().map(|view| Listed {
        destinations: of_items.remove(&view.place).unwrap_or_default(),
        ..view
    });
    with.collect()
}

/// How the newest items stand; [`standing`] reads it. `$2`: how many items.
pub(crate) const STANDING: &str = "SELECT i.environment, d.name,
    sum(CASE WHEN j.state = 3 AND w.drift IS NULL AND w.action NOT IN (1, 2) THEN 1 ELSE 0 END),
    sum(CASE WHEN j.state = 3 AND w.drift IS NULL AND w.action IN (1, 2) THEN 1 ELSE 0 END),
    sum(CASE WHEN j.state IN (0, 1, 2) THEN 1 ELSE 0 END),
    sum(CASE WHEN j.state = 4 THEN 1 ELSE 0 END),
    sum(CASE WHEN j.state = 3 AND w.drift IS NOT NULL THEN 1 ELSE 0 END)
    FROM item i JOIN desired w ON w.item = i.id JOIN job j ON j.id = w.job JOIN destination d ON d.id = w.destination
    WHERE i.owner = $1 AND i.id > (SELECT coalesce(max(id), 0) FROM item) - $2 GROUP BY i.environment, d.name";

/// Pending jobs by environment and destination; [`pending`] reads it. `$1`: how many jobs, `$2`: whose. SQLite numbers them
/// as they first appear.
pub(crate) const PENDING: &str = "SELECT i.environment, d.name, count(*)
    FROM (SELECT item, destination FROM job
          WHERE state IN (0, 4) AND state = 0 LIMIT $1) j
    JOIN item i ON i.id = j.item JOIN destination d ON d.id = j.destination
    WHERE i.owner = $2 GROUP BY i.environment, d.name";

/// How items stand, but for those that are pending.
pub(crate) fn standing<R: Record>(row: &R) -> Result<Standing, R::Error> {
    Ok(Standing {
        environment: row.read(0)?,
        destination: row.read(1)?,
        live: row.read(2)?,
        removed: row.read(3)?,
        on_the_way: row.read(4)?,
        pending: 0,
        failed: row.read(5)?,
        drifted: row.read(6)?,
    })
}

/// Environment, destination, and how many are pending.
pub(crate) fn pending<R: Record>(row: &R) -> Result<Standing, R::Error> {
    Ok(Standing {
        environment: row.read(0)?,
        destination: row.read(1)?,
        pending: row.read(2)?,
        ..Standing::default()
    })
}

/// Both together, by environment and destination.
pub(crate) fn together(standing: Vec<Standing>, pending: Vec<Standing>) -> Vec<Standing> {
    let key = |one: &Standing| (one.environment.clone(), one.destination.clone());
    let mut all: BTreeMap<_, Standing> = standing.into_iter().map(|one| (key(&one), one)).collect();
    for one in pending {
        let held = one.pending;
        all.entry(key(&one)).or_insert(one).pending = held;
    }
    all.into_values().collect()
}

/// A run: what [`ran`] makes of it.
pub(crate) struct Run {
    /// Its owner.
    pub(crate) owner: String,
    outcome: String,
    ended_at: Timestamp,
    since: Timestamp,
}

/// Outcome, end, acceptance, `publish_at`, owner; from the column after `first`.
pub(crate) fn run<R: Record>(row: &R, first: usize) -> Result<Run, R::Error> {
    let accepted_at: Timestamp = row.read(first + 2)?;
    let publish_at: Option<Timestamp> = row.read(first + 3)?;
    Ok(Run {
        outcome: row.read(first)?,
        ended_at: row.read(first + 1)?,
        since: publish_at.map_or(accepted_at, |at| at.max(accepted_at)),
        owner: row.read(first + 4)?,
    })
}

/// Runs to look at: one more tells whether there are more.
pub(crate) fn runs() -> i64 {
    i64::try_from(RUNS_A_SPAN)
        .unwrap_or(i64::MAX)
        .saturating_add(1)
}

/// What the runs of a span came to.
pub(crate) fn ran(mut runs: Vec<Run>, owner: &str) -> Ran {
    let more = runs.len() > RUNS_A_SPAN;
    runs.truncate(RUNS_A_SPAN);
    runs.retain(|run| run.owner == owner);
    let ended = |word: &str| runs.iter().filter(|run| run.outcome == word).count() as u64;
    let live = runs.iter().filter(|run| run.outcome == "live");
    let mut live: Vec<Duration> = live.map(|run| run.ended_at.since(run.since)).collect();
    live.sort_unstable();
    Ran {
        live,
        retried: ended("retry"),
        failed: ended("failed"),
        more,
    }
}
