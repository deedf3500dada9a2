//! Reading what a group of submissions is decided against.
//!
//! Ensures that items are locked before anything of them is read, each read being a later statement
//! than the locks: under READ COMMITTED it sees what the holder before us has committed.

use std::collections::{BTreeMap, BTreeSet};

use slugline_core::canonical::hex;
use slugline_core::ids::PublishId;
use slugline_core::intake::{ItemRecord, KeyRecord, wanted_slug};
use slugline_core::item::ItemKey;
use slugline_core::time::Timestamp;
use slugline_core::version::Version;
use tokio_postgres::Row;

use super::changes::Changes;
use super::facts::{Claim, Ids, Item, Known, World};
use super::fault::{Done, Fault};
use super::new::New;
use super::session::{BEGIN, Session, call};
use super::times::{Times, store_now};
use super::{dependencies, desired, items, jobs, pauses, release};
use crate::accepting::slug_name;
use crate::entry::Dated;
use crate::pause;
use crate::prepare::Prepared;
use crate::record::{Json, Record};
use crate::short_name::ShortName;
use crate::words::Waits;

const KEYS: &str =
    "SELECT k.key, k.fingerprint, k.answer, k.expires_at FROM key_record k WHERE k.key = ANY($1)";

/// For each name the number that its locales share, and the item itself where it is known.
const ITEMS: &str = "SELECT c.place, s.content, i.id, i.slug_key, i.source, i.version_kind, i.version, i.generation, i.action,
           i.body, i.publish, i.slug, i.revised
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
         WITH ORDINALITY AS c (owner, environment, content_id, locale, place)
    CROSS JOIN LATERAL (SELECT i.content FROM item i WHERE i.content_id = c.content_id AND i.owner = c.owner
                                                       AND i.environment = c.environment LIMIT 1) s
    LEFT JOIN LATERAL (SELECT i.* FROM item i WHERE i.content_id = c.content_id AND i.owner = c.owner
                                                AND i.environment = c.environment AND i.locale = c.locale LIMIT 1) i ON TRUE";

const DESTINATIONS: &str =
    "SELECT id, name, lane, pace IS NULL FROM destination WHERE name = ANY($1)";

const CLAIMS: &str = "SELECT c.key, c.item, i.content_id, c.leaving IS NOT NULL
    FROM slug_claim c JOIN item i ON i.id = c.item WHERE c.key = ANY($1)";

/// Keeps them until the revisions that name them are there.
pub(crate) const MEDIA: &str =
    "SELECT sha256 FROM media WHERE sha256 = ANY($1) ORDER BY sha256 FOR KEY SHARE";

/// The time, and numbers for items and publishes (`$2` of each) and for jobs (`$3`).
const NUMBERS: &str = concat!(
    "SELECT ",
    store_now!("$1"),
    ", ARRAY(SELECT nextval('item_id') FROM generate_series(1, $2::bigint)),
       ARRAY(SELECT nextval('publish_id') FROM generate_series(1, $2::bigint)),
       ARRAY(SELECT nextval('job_id') FROM generate_series(1, $3::bigint))"
);

/// Where the newest generation of each item has jobs.
const TARGETS: &str = "SELECT DISTINCT i.id, d.name FROM item i JOIN publish p ON p.item = i.id AND p.generation = i.generation
    JOIN job j ON j.publish = p.id JOIN destination d ON d.id = j.destination WHERE i.id = ANY($1)";

/// Where items are desired; with a number for a job there, as a removal may want one.
const DESIRED_AT: &str = "SELECT d.id, d.name, d.lane, d.pace IS NULL, nextval('job_id') FROM desired w JOIN destination d ON d.id = w.destination
    WHERE w.item = ANY($1)";

const WAITING: &str =
    "SELECT p.id, p.item, p.waits FROM publish p WHERE p.item = ANY($1) AND p.waits <> 0";

/// Opens a transaction, locks the items of the submissions, and reads what is known of them.
pub(crate) async fn load<'a>(
    session: &Session,
    times: &Times,
    submissions: &[&Prepared],
) -> Done<World<'a>> {
    let asked = Asked::of(submissions);
    let given = times.given();
    let [_, _, _, numbers, keys, known, destinations, claims, paused] = session
        .each([
            call(BEGIN, &[]),
            // What is paused while it is held is seen below, or waits for its end.
            call(pauses::SHARE, &[]),
            call(
                items::LOCK,
                &[&asked.owners, &asked.environments, &asked.contents],
            ),
            call(NUMBERS, &[&given, &asked.count, &asked.jobs]),
            call(KEYS, &[&asked.keys]),
            call(
                ITEMS,
                &[
                    &asked.owners,
                    &asked.environments,
                    &asked.contents,
                    &asked.locales,
                ],
            ),
            call(DESTINATIONS, &[&asked.targets]),
            call(CLAIMS, &[&asked.slugs]),
            call(pause::ANY, &[]),
        ])
        .await?;
    let now = times.read(&numbers)?;
    let media = match asked.media.is_empty() {
        true => Vec::new(),
        false => session.rows(MEDIA, &[&asked.media]).await?,
    };
    let mut world = World {
        changes: Changes::at(now),
        keys: BTreeMap::new(),
        items: BTreeMap::new(),
        contents: BTreeMap::new(),
        destinations: BTreeMap::new(),
        names: BTreeMap::new(),
        slugs: BTreeMap::new(),
        places: BTreeMap::new(),
        media: media
            .iter()
            .map(|row| Ok(hex(&row.read::<Vec<u8>>(0)?)))
            .collect::<Done<_>>()?,
        waiting: BTreeMap::new(),
        paused: !paused.is_empty(),
        ids: ids(&numbers)?,
        new: New::default(),
    };
    world.add_keys(&keys)?;
    world.add_items(&known, &asked)?;
    world.add_destinations(&destinations)?;
    world.add_claims(&claims)?;
    if !world.items.is_empty() {
        world
            .add_history(session, submissions, &asked.slugs)
            .await?;
    }
    if !asked.needed.is_empty() {
        world.add_places(session, &asked.needed).await?;
    }
    Ok(world)
}

/// What is looked up, as columns.
#[derive(Default)]
struct Asked {
    owners: Vec<String>,
    environments: Vec<String>,
    contents: Vec<String>,
    locales: Vec<String>,
    keys: Vec<Vec<u8>>,
    slugs: Vec<Vec<u8>>,
    media: Vec<Vec<u8>>,
    targets: Vec<String>,
    /// What submissions depend on, each once.
    needed: BTreeSet<(String, String, String)>,
    count: i64,
    jobs: i64,
}

impl Asked {
    fn of(submissions: &[&Prepared]) -> Self {
        let (mut asked, mut targets) = (Self::default(), BTreeSet::new());
        for prepared in submissions {
            let submission = &prepared.submission;
            let item = &submission.item;
            asked.item(item);
            if let Some(whole) = submission.whole() {
                asked.item(&whole);
            }
            asked.keys.push(prepared.key.to_vec());
            // The slug of an item that has one is only known with the item.
            let slug = wanted_slug(submission, None);
            asked
                .slugs
                .extend(slug.map(|slug| slug_name(submission, &slug).to_vec()));
            let media = submission.media.iter().flatten();
            asked
                .media
                .extend(media.filter_map(|medium| unhex(&medium.sha256)));
            targets.extend(submission.targets.iter().cloned());
            asked.needed.extend(
                submission
                    .request
                    .dependencies()
                    .iter()
                    .map(|id| (item.owner.clone(), item.environment.clone(), id.clone())),
            );
            asked.count += 1;
            asked.jobs += i64::try_from(submission.targets.len()).unwrap_or(0);
        }
        asked.targets = targets.into_iter().collect();
        asked
    }

    fn item(&mut self, item: &ItemKey) {
        self.owners.push(item.owner.clone());
        self.environments.push(item.environment.clone());
        self.contents.push(item.content_id.clone());
        self.locales.push(item.locale.clone());
    }

    /// The item that was asked for at a place, from 1.
    fn item_at(&self, place: i64) -> Option<ItemKey> {
        let place = usize::try_from(place.checked_sub(1)?).ok()?;
        Some(ItemKey {
            owner: self.owners.get(place)?.clone(),
            environment: self.environments.get(place)?.clone(),
            content_id: self.contents.get(place)?.clone(),
            locale: self.locales.get(place)?.clone(),
        })
    }
}

/// The numbers that [`NUMBERS`] drew.
fn ids(drawn: &[Row]) -> Done<Ids> {
    let none = || Fault::Ours("numbers were asked for and not given".into());
    let row = drawn.first().ok_or_else(none)?;
    Ok(Ids {
        items: row.try_get::<_, Vec<i64>>(1)?.into(),
        publishes: row.try_get::<_, Vec<i64>>(2)?.into(),
        jobs: row.try_get::<_, Vec<i64>>(3)?.into(),
    })
}

fn short(bytes: Vec<u8>) -> Done<ShortName> {
    let wrong = |bytes: Vec<u8>| Fault::Unreadable(format!("a name has {} bytes", bytes.len()));
    bytes.try_into().map_err(wrong)
}

/// A digest in hex as bytes; `None` for what is none, and so is not kept.
pub(crate) fn unhex(sha256: &str) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> = (0..sha256.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(sha256.get(at..at + 2)?, 16).ok())
        .collect();
    bytes.filter(|bytes| bytes.len() == 32)
}

impl World<'_> {
    fn add_keys(&mut self, rows: &[Row]) -> Done<()> {
        for row in rows {
            let (name, expires_at) = (row.read::<Vec<u8>>(0)?, row.read::<Option<Timestamp>>(3)?);
            if expires_at.is_some_and(|at| at <= self.changes.now()) {
                self.new.expired_keys.push(name);
                continue;
            }
            let record = KeyRecord {
                fingerprint: row.read(1)?,
                answer: row.read::<Json<_>>(2)?.0,
            };
            self.keys.insert(short(name)?, record);
        }
        Ok(())
    }

    fn add_items(&mut self, rows: &[Row], asked: &Asked) -> Done<()> {
        for row in rows {
            let Some(key) = asked.item_at(row.read(0)?) else {
                continue;
            };
            let content: i64 = row.read(1)?;
            self.contents.insert(content_name(&key), content);
            if let Some(id) = row.read::<Option<i64>>(2)? {
                self.items.insert(key, item(row, id, content)?);
            }
        }
        Ok(())
    }

    fn add_destinations(&mut self, rows: &[Row]) -> Done<()> {
        for row in rows {
            let (id, name): (i64, String) = (row.read(0)?, row.read(1)?);
            self.names.insert(id, name.clone());
            self.destinations.insert(
                name,
                Known {
                    id,
                    lane: row.read(2)?,
                    any_time: row.read(3)?,
                },
            );
        }
        Ok(())
    }

    fn add_claims(&mut self, rows: &[Row]) -> Done<()> {
        for row in rows {
            let place = (short(row.read(0)?)?, row.read(1)?);
            let claim = Claim {
                content_id: row.read(2)?,
                leaving: row.read(3)?,
            };
            self.slugs.insert(place, claim);
        }
        Ok(())
    }

    /// Adds what jobs and desired state say of items that are known, with the rows locked that may
    /// change; and the claims on slugs that are only known with their items.
    async fn add_history(
        &mut self,
        session: &Session,
        submissions: &[&Prepared],
        looked_up: &[Vec<u8>],
    ) -> Done<()> {
        let ids: Vec<i64> = self.items.values().map(|item| item.id).collect();
        let slugs = self.slugs_of_items(submissions, looked_up);
        let [locked, wanted, targets, desired_at, waiting, claims] = session
            .each([
                call(release::LOCK_JOBS, &[&ids]),
                call(desired::LOCK_OF_ITEMS, &[&ids]),
                call(TARGETS, &[&ids]),
                call(DESIRED_AT, &[&ids]),
                call(WAITING, &[&ids]),
                call(CLAIMS, &[&slugs]),
            ])
            .await?;
        self.changes.know(jobs::read_all(&locked)?);
        self.changes.desired = desired::read_all(&wanted)?;
        self.add_targets(&targets)?;
        self.add_destinations(&desired_at)?;
        for row in &desired_at {
            self.ids.jobs.push_back(row.read(4)?);
        }
        for row in &waiting {
            let (id, item, waits): (PublishId, i64, Waits) =
                (row.read(0)?, row.read(1)?, row.read(2)?);
            self.waiting.insert(id, (item, waits));
        }
        self.add_claims(&claims)
    }

    /// Adds where contents are that submissions depend on.
    async fn add_places(
        &mut self,
        session: &Session,
        needed: &BTreeSet<(String, String, String)>,
    ) -> Done<()> {
        let part = |of: fn(&(String, String, String)) -> &String| -> Vec<String> {
            needed.iter().map(|content| of(content).clone()).collect()
        };
        let (owners, environments, ids) = (part(|c| &c.0), part(|c| &c.1), part(|c| &c.2));
        let [found, noted] = session
            .each([
                call(dependencies::PLACES_OF, &[&owners, &environments, &ids]),
                call(dependencies::NOTED_OF, &[&owners, &environments, &ids]),
            ])
            .await?;
        let contents: Vec<_> = needed.iter().collect();
        let found = found.iter().map(dependencies::numbered);
        for numbered in found.chain(noted.iter().map(dependencies::noted)) {
            let (place, numbered) = numbered?;
            if let Some(content) = contents.get(place - 1) {
                let places = self.places.entry((*content).clone()).or_default();
                places.push(numbered);
            }
        }
        Ok(())
    }

    fn slugs_of_items(&self, submissions: &[&Prepared], looked_up: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let wanted = submissions.iter().filter_map(|prepared| {
            let submission = &prepared.submission;
            let item = self.items.get(&submission.item)?;
            let slug = wanted_slug(submission, item.record.slug.as_deref())?;
            Some(slug_name(submission, &slug).to_vec())
        });
        wanted.filter(|slug| !looked_up.contains(slug)).collect()
    }

    fn add_targets(&mut self, rows: &[Row]) -> Done<()> {
        let mut targets = BTreeMap::<i64, Vec<String>>::new();
        for row in rows {
            targets.entry(row.read(0)?).or_default().push(row.read(1)?);
        }
        for item in self.items.values_mut() {
            item.record.targets = targets.remove(&item.id).unwrap_or_default();
        }
        Ok(())
    }
}

fn item(row: &Row, id: i64, content: i64) -> Done<Item> {
    let record = ItemRecord {
        source: row.read(4)?,
        version: Version::from_ordinal(row.read(5)?, row.read(6)?),
        generation: row.read(7)?,
        action: row.read(8)?,
        body: row.read(9)?,
        publish: row.read(10)?,
        slug: row.read(11)?,
        targets: Vec::new(),
        desired_at: Vec::new(),
        scheduled: Vec::new(),
        revised: row.read(12)?,
    };
    Ok(Item {
        id,
        content,
        slug_key: row.read::<Option<Vec<u8>>>(3)?.map(short).transpose()?,
        record,
    })
}

/// What an item is called without its locale.
pub(crate) fn content_name(key: &ItemKey) -> (String, String, String) {
    (
        key.owner.clone(),
        key.environment.clone(),
        key.content_id.clone(),
    )
}
