//! Revisions: the bodies of accepted generations, and the media that they name.
//!
//! Ensures that what a run delivers is what was accepted.

use slugline_core::payload::StoredMedia;
use slugline_core::time::Timestamp;

use super::fault::Done;
use super::load::unhex;
use super::new::{NewPublish, NewRevision};
use super::write::{Write, columns, write};

const INSERT: &str = "INSERT INTO revision (item, generation, publish, accepted_at, key, slug, checksum, salt, media, payload)
    SELECT c.item, c.generation, c.publish, $10, c.key, c.slug, c.checksum, c.salt, c.media, c.payload
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::text[], $6::bytea[], $7::bytea[], $8::text[], $9::text[])
         AS c (item, generation, publish, key, slug, checksum, salt, media, payload)";

/// Says which media revisions use; one may name a medium twice.
pub(crate) const INSERT_MEDIA: &str = "INSERT INTO revision_media (sha256, item, generation)
    SELECT DISTINCT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[])";

/// The statements that write the revisions of publishes.
pub(crate) fn insert<'a>(publishes: &[NewPublish<'a>], now: Timestamp) -> Done<Vec<Write<'a>>> {
    let new = publishes
        .iter()
        .filter_map(|publish| Some((publish, publish.revision.as_ref()?)));
    let new: Vec<(&NewPublish<'a>, &NewRevision<'a>)> = new.collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let items: Vec<i64> = new.iter().map(|(publish, _)| publish.item).collect();
    let generations: Vec<i64> = new
        .iter()
        .map(|(publish, _)| publish.accept.generation.0)
        .collect();
    let ids: Vec<i64> = new.iter().map(|(publish, _)| publish.id.0).collect();
    let keys: Vec<Option<Vec<u8>>> = new
        .iter()
        .map(|(_, revision)| revision.key.map(|key| key.to_vec()))
        .collect();
    let slugs: Vec<Option<String>> = new
        .iter()
        .map(|(publish, _)| publish.accept.slug.clone())
        .collect();
    let checksums: Vec<Vec<u8>> = new
        .iter()
        .map(|(publish, _)| publish.prepared.submission.body.0.to_vec())
        .collect();
    let salts: Vec<&[u8]> = new
        .iter()
        .map(|(publish, _)| &publish.prepared.salt[..])
        .collect();
    let payloads: Vec<Option<&str>> = new.iter().map(|(_, revision)| revision.payload).collect();
    let mut media = Vec::<Option<String>>::with_capacity(new.len());
    let mut uses = Uses::default();
    for (publish, revision) in &new {
        let named = named_media(publish, revision);
        uses.add(publish, named);
        media.push(
            (!named.is_empty())
                .then(|| serde_json::to_string(named))
                .transpose()?,
        );
    }
    let columns = columns![
        items,
        generations,
        ids,
        keys,
        slugs,
        checksums,
        salts,
        media,
        payloads,
        now.0
    ];
    let mut writes = vec![write(INSERT, columns)];
    writes.extend(uses.insert());
    Ok(writes)
}

fn named_media<'p>(publish: &NewPublish<'p>, revision: &NewRevision<'_>) -> &'p [StoredMedia] {
    let media = publish.prepared.submission.media.as_deref();
    media
        .filter(|_| revision.payload.is_some())
        .unwrap_or_default()
}

/// Which revision uses which medium.
#[derive(Default)]
struct Uses {
    media: Vec<Vec<u8>>,
    items: Vec<i64>,
    generations: Vec<i64>,
}

impl Uses {
    fn add(&mut self, publish: &NewPublish<'_>, media: &[StoredMedia]) {
        for digest in media.iter().filter_map(|medium| unhex(&medium.sha256)) {
            self.media.push(digest);
            self.items.push(publish.item);
            self.generations.push(publish.accept.generation.0);
        }
    }

    fn insert(self) -> Option<Write<'static>> {
        let uses = !self.media.is_empty();
        uses.then(|| {
            write(
                INSERT_MEDIA,
                columns![self.media, self.items, self.generations],
            )
        })
    }
}
