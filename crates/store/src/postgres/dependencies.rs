//! What publishes depend on, while they wait for it.
//!
//! Ensures that whoever goes live says so only where somebody waits, by a row that nobody else locks;
//! that whoever is woken is woken under its item's lock, after any look that missed the arrival; and that
//! cycles are sought in one moment of the database. An arrival that is written in the same moment as
//! the wait is missed: the second look comes a second later.

use std::collections::{BTreeMap, BTreeSet};

use slugline_core::dependency::{Coming, CycleSearch, Place};
use slugline_core::ids::PublishId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::PendingReason;
use tokio_postgres::Row;

use super::fault::Done;
use super::items;
use super::new::NewPublish;
use super::session::{BEGIN, COMMIT, SNAPSHOT, Session, call};
use super::times::{Times, store_now};
use super::write::{Write, columns, write};
use crate::accepting::content_name;
use crate::record::Record;
use crate::short_name::ShortName;
use crate::waiter::{self, SELECT, Waiter, places};
use crate::words::Waits;

const DESTINATIONS: &str =
    "SELECT j.publish, t.name FROM job j JOIN destination t ON t.id = j.destination
    WHERE j.publish = ANY($1) AND j.state = 0";

const NEEDS: &str =
    "SELECT publish, content_id FROM dependency WHERE publish = ANY($1) ORDER BY publish, place";

const PLACES: &str = places!(
    ", d.publish, d.content_id",
    "JOIN dependency d ON d.content_id = i.content_id JOIN publish p ON p.id = d.publish
     JOIN item o ON o.id = p.item AND o.owner = i.owner AND o.environment = i.environment
     WHERE d.publish = ANY($1)"
);

/// What publishes depend on that is there without being an item.
const NOTED: &str = "SELECT d.publish, d.content_id FROM dependency d JOIN publish p ON p.id = d.publish JOIN item o ON o.id = p.item
    JOIN noted n ON n.content_id = d.content_id AND n.owner = o.owner AND n.environment = o.environment AND n.is_there = 1
    WHERE d.publish = ANY($1)";

/// Publishes that wait, with what they depend on.
pub(crate) async fn waiters(
    session: &Session,
    publishes: &[i64],
) -> Done<BTreeMap<PublishId, Waiter>> {
    let sql = format!("{SELECT} WHERE p.id = ANY($1)");
    let [found, destinations, needs, standing, noted] = session
        .each([
            call(&sql, &[&publishes]),
            call(DESTINATIONS, &[&publishes]),
            call(NEEDS, &[&publishes]),
            call(PLACES, &[&publishes]),
            call(NOTED, &[&publishes]),
        ])
        .await?;
    let mut places = BTreeMap::<(PublishId, String), Vec<Place>>::new();
    for row in &standing {
        let of = places.entry((row.read(4)?, row.read(5)?)).or_default();
        of.push(waiter::place(row)?);
    }
    for row in &noted {
        let of = places.entry((row.read(0)?, row.read(1)?)).or_default();
        of.push(Place::at_its_source());
    }
    let found = found.iter().map(waiter::read).collect::<Done<Vec<_>>>()?;
    let mut waiters: BTreeMap<PublishId, Waiter> =
        found.into_iter().map(|one| (one.publish, one)).collect();
    for row in &destinations {
        if let Some(waiter) = waiters.get_mut(&row.read(0)?) {
            waiter.destinations.push(row.read(1)?);
        }
    }
    for row in &needs {
        let (publish, content_id): (PublishId, String) = (row.read(0)?, row.read(1)?);
        let places = places.remove(&(publish, content_id.clone()));
        if let Some(waiter) = waiters.get_mut(&publish) {
            waiter.needs.push((content_id, places.unwrap_or_default()));
        }
    }
    Ok(waiters)
}

/// The cycles that publishes close, each by the publish that closes it.
pub(crate) async fn cycles(
    session: &Session,
    publishes: &[i64],
) -> Done<BTreeMap<PublishId, Vec<String>>> {
    session.rows(SNAPSHOT, &[]).await?;
    let mut waiters = waiters(session, publishes).await?;
    waiters.retain(|_, waiter| !waiter.unmet().is_empty());
    let search = |waiter: &Waiter| CycleSearch::from(&waiter.key.content_id);
    let mut searches: Vec<(&Waiter, CycleSearch)> = waiters
        .values()
        .map(|waiter| (waiter, search(waiter)))
        .collect();
    let mut known = BTreeMap::new();
    loop {
        let mut wanted = BTreeSet::new();
        for (waiter, search) in &mut searches {
            wanted.extend(missing(search, waiter, &known));
        }
        if wanted.is_empty() {
            break;
        }
        known.extend(coming(session, wanted.into_iter().collect()).await?);
    }
    session.rows(COMMIT, &[]).await?;
    let closed = searches.iter().filter_map(|(waiter, search)| {
        let cycle = search.closed_by(waiter.publish)?;
        Some((waiter.publish, cycle))
    });
    Ok(closed.collect())
}

/// A content: owner, environment, content id.
type Content = (String, String, String);

/// Goes as far with a search as what is known allows; what it needs to go on.
fn missing(
    search: &mut CycleSearch,
    waiter: &Waiter,
    known: &BTreeMap<Content, Coming>,
) -> Vec<Content> {
    loop {
        let (mut missing, mut learnt) = (Vec::new(), false);
        for content_id in search.wanted() {
            let (owner, environment) = (waiter.key.owner.clone(), waiter.key.environment.clone());
            let content = (owner, environment, content_id.clone());
            match known.get(&content) {
                Some(coming) => {
                    search.learn(content_id, coming.clone());
                    learnt = true;
                }
                None => missing.push(content),
            }
        }
        if !learnt {
            return missing;
        }
    }
}

/// Which of the contents have something under way: removals (1, 2) bring nothing; queued jobs (1) and
/// those in delivery (2) wait for no other content.
const UNDER_WAY: &str = "SELECT DISTINCT c.place
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS c (owner, environment, content_id, place)
    JOIN item i ON i.content_id = c.content_id AND i.owner = c.owner AND i.environment = c.environment
    JOIN desired w ON w.item = i.id AND w.action NOT IN (1, 2) JOIN job j ON j.id = w.job AND j.state IN (1, 2)";

const WAITING: &str = "SELECT c.place, p.id, p.waits
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS c (owner, environment, content_id, place)
    JOIN item i ON i.content_id = c.content_id AND i.owner = c.owner AND i.environment = c.environment
    JOIN publish p ON p.item = i.id AND p.waits <> 0 AND p.action NOT IN (1, 2)";

/// How contents may go live.
async fn coming(session: &Session, contents: Vec<Content>) -> Done<BTreeMap<Content, Coming>> {
    let part = |of: fn(&Content) -> &String| -> Vec<String> {
        contents.iter().map(|content| of(content).clone()).collect()
    };
    let (owners, environments, ids) = (part(|c| &c.0), part(|c| &c.1), part(|c| &c.2));
    let [under_way, waiting] = session
        .each([
            call(UNDER_WAY, &[&owners, &environments, &ids]),
            call(WAITING, &[&owners, &environments, &ids]),
        ])
        .await?;
    let mut found: BTreeMap<i64, Coming> = BTreeMap::new();
    for row in &under_way {
        found.entry(row.read(0)?).or_default().unhindered = true;
    }
    let mut dependent = Vec::new();
    for row in &waiting {
        let (place, publish, waits): (i64, i64, Waits) = (row.read(0)?, row.read(1)?, row.read(2)?);
        match waits.has(PendingReason::Dependency) {
            true => dependent.push((place, publish)),
            false => found.entry(place).or_default().unhindered = true,
        }
    }
    let publishes: Vec<i64> = dependent.iter().map(|(_, publish)| *publish).collect();
    let waiters = waiters(session, &publishes).await?;
    for (place, publish) in dependent {
        let unmet = waiters.get(&PublishId(publish)).map(Waiter::unmet);
        let waiting = &mut found.entry(place).or_default().waiting;
        waiting.push((PublishId(publish), unmet.unwrap_or_default()));
    }
    let with_places = (1..).zip(contents);
    let all =
        with_places.map(|(place, content)| (content, found.remove(&place).unwrap_or_default()));
    Ok(all.collect())
}

/// The places of contents by their places in the list, with the numbers of item and destination.
pub(crate) const PLACES_OF: &str = places!(
    ", c.place, i.id, w.destination",
    "JOIN unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS c (owner, environment, content_id, place)
     ON i.content_id = c.content_id AND i.owner = c.owner AND i.environment = c.environment"
);

/// Which of contents are there without being items, by their places in the list, from 1.
pub(crate) const NOTED_OF: &str = "SELECT c.place
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS c (owner, environment, content_id, place)
    JOIN noted n ON n.content_id = c.content_id AND n.owner = c.owner AND n.environment = c.environment AND n.is_there = 1";

/// A place with the numbers of its item and destination.
pub(crate) struct Numbered {
    pub(crate) item: i64,
    pub(crate) destination: Option<i64>,
    pub(crate) place: Place,
}

/// A row of [`NOTED_OF`].
pub(crate) fn noted(row: &Row) -> Done<(usize, Numbered)> {
    let place: i64 = row.read(0)?;
    let numbered = Numbered {
        item: 0,
        destination: None,
        place: Place::at_its_source(),
    };
    Ok((usize::try_from(place).unwrap_or(0), numbered))
}

/// A row of [`PLACES_OF`]: the place in the list, from 1, and what is there.
pub(crate) fn numbered(row: &Row) -> Done<(usize, Numbered)> {
    let place: i64 = row.read(4)?;
    let numbered = Numbered {
        item: row.read(5)?,
        destination: row.read(6)?,
        place: waiter::place(row)?,
    };
    Ok((usize::try_from(place).unwrap_or(0), numbered))
}

/// The statement that writes what new publishes depend on, if any do.
pub(crate) fn insert(publishes: &[NewPublish<'_>]) -> Option<Write<'static>> {
    let sql = "INSERT INTO dependency (publish, place, content, content_id)
               SELECT * FROM unnest($1::bigint[], $2::int[], $3::bytea[], $4::text[])";
    let (mut ids, mut places, mut names, mut contents) = (vec![], vec![], vec![], vec![]);
    for publish in publishes {
        let ItemKey {
            owner, environment, ..
        } = &publish.prepared.submission.item;
        for (place, content_id) in (0_i32..).zip(&publish.accept.depends_on) {
            ids.push(publish.id.0);
            places.push(place);
            names.push(content_name(owner, environment, content_id).to_vec());
            contents.push(content_id.clone());
        }
    }
    (!ids.is_empty()).then(|| write(sql, columns![ids, places, names, contents]))
}

/// The statement that forgets what publishes depend on that wait for nothing any more, and will not again.
pub(crate) fn forget(publishes: Vec<i64>) -> Option<Write<'static>> {
    let sql = "DELETE FROM dependency d USING publish p WHERE d.publish = ANY($1) AND p.id = d.publish AND p.waits = 0 AND p.held = 0";
    (!publishes.is_empty()).then(|| write(sql, columns![publishes]))
}

/// The statement that notes which contents show something new, where somebody waits for them.
pub(crate) fn arrive(contents: BTreeSet<ShortName>) -> Option<Write<'static>> {
    let sql = "INSERT INTO arrival (content) SELECT DISTINCT content FROM dependency WHERE content = ANY($1)";
    let contents: Vec<Vec<u8>> = contents.iter().map(|name| name.to_vec()).collect();
    (!contents.is_empty()).then(|| write(sql, columns![contents]))
}

const ARRIVALS: &str = "SELECT id, content FROM arrival ORDER BY id LIMIT $1";

/// When publish `p` sleeps: it is not looked at as soon as its time has come.
macro_rules! sleeps {
    ($now:literal) => {
        concat!(
            "p.waits <> 0 AND p.ready_at > greatest(p.publish_at, ",
            store_now!($now),
            ")"
        )
    };
}

const SLEEPING: &str = concat!(
    "SELECT DISTINCT p.id, p.item FROM dependency d JOIN publish p ON p.id = d.publish
     WHERE d.content = ANY($2) AND ",
    sleeps!("$1"),
    " LIMIT $3"
);

const WAKE: &str = concat!(
    "UPDATE publish p SET ready_at = greatest(p.publish_at, ",
    store_now!("$1"),
    ") WHERE p.id = ANY($2) AND ",
    sleeps!("$1")
);

/// Has publishes looked at again that wait for what arrived. Those beyond the limit are left for the
/// next pass, with the arrivals.
pub(crate) async fn wake(session: &Session, times: &Times, limit: i64) -> Done<()> {
    let arrivals = session.rows(ARRIVALS, &[&limit]).await?;
    if arrivals.is_empty() {
        return Ok(());
    }
    let mut dealt_with: Vec<i64> = arrivals
        .iter()
        .map(|row| row.read(0))
        .collect::<Done<_>>()?;
    let contents: Vec<Vec<u8>> = arrivals
        .iter()
        .map(|row| row.read(1))
        .collect::<Done<_>>()?;
    let given = times.given();
    let sleeping = session.rows(SLEEPING, &[&given, &contents, &limit]).await?;
    let publishes: Vec<i64> = sleeping
        .iter()
        .map(|row| row.read(0))
        .collect::<Done<_>>()?;
    let items: Vec<i64> = sleeping
        .iter()
        .map(|row| row.read(1))
        .collect::<Done<_>>()?;
    if i64::try_from(publishes.len()).unwrap_or(limit) >= limit {
        dealt_with.clear();
    }
    let done = "DELETE FROM arrival WHERE id = ANY($1)";
    session
        .each([
            call(BEGIN, &[]),
            call(items::LOCK_BY_ID, &[&items]),
            call(WAKE, &[&given, &publishes]),
            call(done, &[&dealt_with]),
            call(COMMIT, &[]),
        ])
        .await
        .map(drop)
}
