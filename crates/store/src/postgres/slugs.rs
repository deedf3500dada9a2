//! Slug claims.
//!
//! Ensures that a slug has one claim that is not being given up (the schema's unique index says so
//! too), that a claim that is being given up lasts until no destination shows it, and that it is not
//! removed while its item takes it up again.

use std::collections::BTreeMap;

use slugline_core::event::EventType;
use slugline_core::item::ItemKey;
use slugline_core::version::Generation;

use super::changes::Changes;
use super::fault::Done;
use super::gauges::Effected;
use super::items;
use super::rows::Reading;
use super::session::{BEGIN, Session, call};
use super::times::{NOW, Times};
use super::write::{Write, columns, commit, write};
use crate::change::Ledger;
use crate::entry::Entry;
use crate::giving_back;
use crate::record::Record;
use crate::short_name::ShortName;

/// When a claim that is being given up has ended: every destination that the item goes to shows the
/// generation that dropped it, or the item never got to one and no longer tries. 0: none could show it.
macro_rules! has_ended {
    () => {
        "c.leaving IS NOT NULL AND (c.leaving = 0 OR NOT EXISTS (SELECT 1 FROM desired d WHERE d.item = c.item
                         AND (d.shown_generation IS NULL OR d.shown_generation < c.leaving))
         AND (EXISTS (SELECT 1 FROM desired d WHERE d.item = c.item)
              OR NOT EXISTS (SELECT 1 FROM publish p JOIN job j ON j.publish = p.id WHERE p.item = c.item AND j.state < 3)))"
    };
}

const ENDED: &str = concat!(
    "SELECT c.key, c.item FROM slug_claim c WHERE ",
    has_ended!(),
    " LIMIT $1"
);

const FREE: &str = concat!(
    "DELETE FROM slug_claim c USING unnest($1::bytea[], $2::bigint[]) AS e (key, item), item i
     WHERE c.key = e.key AND c.item = e.item AND i.id = c.item AND ",
    has_ended!(),
    " RETURNING c.item, c.slug, i.owner, i.environment, i.content_id, i.locale"
);

/// Removes claims that have ended and are not taken up again; how many.
pub(crate) async fn free(session: &Session, times: &Times, limit: i64) -> Done<(usize, Effected)> {
    let ended = session.rows(ENDED, &[&limit]).await?;
    if ended.is_empty() {
        return Ok((0, Effected::default()));
    }
    let keys: Vec<Vec<u8>> = ended.iter().map(|row| row.read(0)).collect::<Done<_>>()?;
    let items: Vec<i64> = ended.iter().map(|row| row.read(1)).collect::<Done<_>>()?;
    let [_, _, freed, now] = session
        .each([
            call(BEGIN, &[]),
            call(items::LOCK_BY_ID, &[&items]),
            call(FREE, &[&keys, &items]),
            call(NOW, &[&times.given()]),
        ])
        .await?;
    let mut changes = Changes::at(times.read(&now)?);
    for row in &freed {
        let key = ItemKey {
            owner: row.read(2)?,
            environment: row.read(3)?,
            content_id: row.read(4)?,
            locale: row.read(5)?,
        };
        let entry = Entry::new(
            &changes,
            EventType::SlugReleased,
            "released",
            row.read(0)?,
            &key,
        );
        changes.log(entry.detail("slug", row.read::<String>(1)?))?;
        changes.nudge();
    }
    let effected = changes.effected();
    commit(session, &changes.writes()?).await?;
    Ok((freed.len(), effected))
}

/// Has an item's slug be that of the generation which holds, after its newest was taken back; not where another item
/// waits for it. Within a transaction that has locked the item.
pub(crate) async fn give_back(session: &Session, item: i64) -> Done<()> {
    let Some(back) = giving_back::plan(&Reading(session), item).await? else {
        return Ok(());
    };
    let (slug, key) = back.taken.unzip();
    let key = key.map(|key| key.to_vec());
    let others = "SELECT 1 FROM slug_claim WHERE key = $1 AND item <> $2";
    if session.one(others, &[&key, &item]).await?.is_some() {
        return Ok(());
    }
    let change = "UPDATE slug_claim SET leaving = $3 WHERE key = $1 AND item = $2";
    let left = back.left.map(|left| left.to_vec());
    session
        .rows(change, &[&left, &item, &Some(back.leaving.0)])
        .await?;
    session.rows(change, &[&key, &item, &None::<i64>]).await?;
    let sql = "UPDATE item SET slug = $2, slug_key = $3 WHERE id = $1";
    session.rows(sql, &[&item, &slug, &key]).await.map(drop)
}

/// A slug's name and the item that claims it.
type Place = (ShortName, i64);

/// Claims that change.
#[derive(Default)]
pub(crate) struct Slugs(BTreeMap<Place, Change>);

struct Change {
    /// `None` where the claim has a row.
    slug: Option<String>,
    leaving: Option<i64>,
}

impl Slugs {
    /// An item claims a slug, again where it has a row.
    pub(crate) fn claim(&mut self, place: Place, slug: &str, has_row: bool) {
        let change = self.0.entry(place).or_insert_with(|| Change {
            slug: (!has_row).then(|| slug.to_owned()),
            leaving: None,
        });
        change.leaving = None;
    }

    /// An item gives its slug up with this generation.
    pub(crate) fn leave(&mut self, place: Place, generation: Generation) {
        let change = self.0.entry(place).or_insert(Change {
            slug: None,
            leaving: None,
        });
        change.leaving = Some(generation.0);
    }

    /// The statements that write it: what becomes free first.
    pub(crate) fn save(self) -> Vec<Write<'static>> {
        let update = "UPDATE slug_claim c SET leaving = n.leaving FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS n (key, item, leaving)
                      WHERE c.key = n.key AND c.item = n.item";
        let insert = "INSERT INTO slug_claim (key, item, leaving, slug)
                      SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::text[])";
        let (mut left, mut taken, mut new) = (Rows::default(), Rows::default(), Rows::default());
        for (place, change) in self.0 {
            let rows = match (&change.slug, change.leaving) {
                (Some(_), _) => &mut new,
                (None, Some(_)) => &mut left,
                (None, None) => &mut taken,
            };
            rows.push(place, change);
        }
        let updates = [left, taken]
            .into_iter()
            .filter(|rows| !rows.keys.is_empty());
        let mut writes: Vec<Write<'static>> = updates
            .map(|rows| write(update, columns![rows.keys, rows.items, rows.leaving]))
            .collect();
        if !new.keys.is_empty() {
            writes.push(write(
                insert,
                columns![new.keys, new.items, new.leaving, new.slugs],
            ));
        }
        writes
    }
}

#[derive(Default)]
struct Rows {
    keys: Vec<Vec<u8>>,
    items: Vec<i64>,
    leaving: Vec<Option<i64>>,
    slugs: Vec<String>,
}

impl Rows {
    fn push(&mut self, (key, item): Place, change: Change) {
        self.keys.push(key.to_vec());
        self.items.push(item);
        self.leaving.push(change.leaving);
        self.slugs.extend(change.slug);
    }
}
