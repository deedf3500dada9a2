//! Publishes and their requests as they came.
//!
//! Ensures that a publish and its raw bytes are written in the same transaction (P1).

use slugline_core::lifecycle::PendingReason;
use slugline_core::time::Timestamp;

use super::dependencies;
use super::jobs::small;
use super::new::NewPublish;
use super::write::{Write, columns, write};
use crate::accepting::waits;

const INSERT: &str = "INSERT INTO publish (id, item, generation, version_kind, version, action, class, request_id, actor,
                                           accepted_at, released_at, publish_at, waits, ready_at, fetch_at, slug_key, restores)
    SELECT c.id, c.item, c.generation, c.version_kind, c.version, c.action, c.class, c.request_id, c.actor,
           $15, c.released_at, c.publish_at, c.waits, c.ready_at, c.fetch_at, c.slug_key, c.restores
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::smallint[], $7::smallint[],
                $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::int[], $13::bigint[], $14::bigint[], $16::bytea[], $17::bigint[])
         AS c (id, item, generation, version_kind, version, action, class, request_id, actor, released_at, publish_at,
               waits, ready_at, fetch_at, slug_key, restores)";

const INSERT_RAW: &str = "INSERT INTO raw_request (publish, received_at, salt, bytes, headers)
    SELECT c.publish, $4, c.salt, c.bytes, c.headers
    FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $5::text[]) AS c (publish, salt, bytes, headers)";

/// The statements that write publishes with their raw bytes.
pub(crate) fn insert<'a>(publishes: &[NewPublish<'a>], now: Timestamp) -> Vec<Write<'a>> {
    if publishes.is_empty() {
        return Vec::new();
    }
    let ids: Vec<i64> = publishes.iter().map(|publish| publish.id.0).collect();
    let rows = write(INSERT, publish_columns(publishes, &ids, now));
    let bytes: Vec<&[u8]> = publishes
        .iter()
        .map(|publish| &publish.prepared.submission.raw[..])
        .collect();
    let salts: Vec<&[u8]> = publishes
        .iter()
        .map(|publish| &publish.prepared.salt[..])
        .collect();
    let headers: Vec<Option<&str>> = publishes
        .iter()
        .map(|publish| publish.prepared.headers.as_deref())
        .collect();
    let raw = write(INSERT_RAW, columns![ids, salts, bytes, now.0, headers]);
    let depended = dependencies::insert(publishes);
    [rows, raw].into_iter().chain(depended).collect()
}

fn publish_columns<'a>(
    publishes: &[NewPublish<'a>],
    ids: &[i64],
    now: Timestamp,
) -> Vec<super::write::Column<'a>> {
    let requests = || {
        publishes
            .iter()
            .map(|publish| &publish.prepared.submission.request)
    };
    let accepts = || publishes.iter().map(|publish| &publish.accept);
    let waiting = || {
        publishes
            .iter()
            .map(|publish| (publish, waits(&publish.accept)))
    };
    let items: Vec<i64> = publishes.iter().map(|publish| publish.item).collect();
    let generations: Vec<i64> = accepts().map(|accept| accept.generation.0).collect();
    let kinds: Vec<i16> = accepts()
        .map(|accept| small(accept.version.kind()))
        .collect();
    let versions: Vec<i64> = accepts().map(|accept| accept.version.ordinal()).collect();
    let actions: Vec<i16> = requests().map(|request| small(request.action)).collect();
    let classes: Vec<i16> = requests().map(|request| small(request.class)).collect();
    let request_ids: Vec<&'a str> = publishes
        .iter()
        .map(|publish| publish.prepared.submission.key.as_str())
        .collect();
    let actors: Vec<&'a str> = publishes
        .iter()
        .map(|publish| publish.prepared.submission.actor.as_str())
        .collect();
    let released: Vec<Option<i64>> = accepts()
        .map(|accept| accept.waits.is_empty().then_some(now.0))
        .collect();
    let publish_at: Vec<Option<i64>> = requests()
        .map(|request| request.publish_at.map(|at| at.0))
        .collect();
    let bits: Vec<i32> = waiting()
        .map(|(_, waits)| i32::try_from(waits.0).unwrap_or(0))
        .collect();
    let ready: Vec<i64> = waiting()
        .map(|(publish, waits)| {
            let at = publish.prepared.submission.request.publish_at;
            at.filter(|_| waits.has(PendingReason::Scheduled))
                .map_or(now.0, |at| at.0)
        })
        .collect();
    let fetch: Vec<Option<i64>> = waiting()
        .map(|(_, waits)| waits.has(PendingReason::Media).then_some(now.0))
        .collect();
    let slugs: Vec<Option<Vec<u8>>> = waiting()
        .map(|(publish, waits)| {
            let slug = publish
                .slug_key
                .filter(|_| waits.has(PendingReason::SlugRelease));
            slug.map(|slug| slug.to_vec())
        })
        .collect();
    let restores: Vec<Option<i64>> = publishes
        .iter()
        .map(|publish| {
            publish
                .prepared
                .submission
                .restores()
                .map(|generation| generation.0)
        })
        .collect();
    columns![
        ids.to_vec(),
        items,
        generations,
        kinds,
        versions,
        actions,
        classes,
        request_ids,
        actors,
        released,
        publish_at,
        bits,
        ready,
        fetch,
        now.0,
        slugs,
        restores
    ]
}
