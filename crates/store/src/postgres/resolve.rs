//! What becomes of publishes whose media were fetched.
//!
//! Ensures that a publish whose media are all kept is released with the same commit if nothing else
//! holds it back, and that its media are not removed meanwhile.

use slugline_core::failure::Failure;
use slugline_core::ids::PublishId;
use slugline_core::payload::StoredMedia;
use slugline_core::time::Timestamp;
use slugline_engine::store::{MediaOutcome, ResolvedMedia};

use super::fault::Done;
use super::gauges::Effected;
use super::load::{MEDIA, unhex};
use super::release::{self, Patience};
use super::session::{BEGIN, Session, call};
use super::times::Times;
use super::write::commit;
use super::{items, revisions};
use crate::change::dependency::give_up;
use crate::record::Record;

const WAITING: &str =
    "SELECT id, item, generation FROM publish WHERE id = ANY($1) AND fetch_at IS NOT NULL
    ORDER BY id FOR NO KEY UPDATE";

/// Says what became of fetching.
pub(crate) async fn resolve(
    session: &Session,
    times: &Times,
    resolved: &[ResolvedMedia],
) -> Done<((), Effected)> {
    let ids: Vec<i64> = resolved.iter().map(|resolved| resolved.publish.0).collect();
    let found = session
        .rows("SELECT item FROM publish WHERE id = ANY($1)", &[&ids])
        .await?;
    let of: Vec<i64> = found.iter().map(|row| row.read(0)).collect::<Done<_>>()?;
    let [_, _, waiting] = session
        .each([
            call(BEGIN, &[]),
            call(items::LOCK_BY_ID, &[&of]),
            call(WAITING, &[&ids]),
        ])
        .await?;
    let mut failed = Vec::new();
    for row in &waiting {
        let publish = Waiting {
            id: row.read(0)?,
            item: row.read(1)?,
            generation: row.read(2)?,
        };
        let outcome = resolved
            .iter()
            .find(|resolved| resolved.publish == publish.id);
        match outcome.map(|resolved| &resolved.outcome) {
            Some(MediaOutcome::Stored(media)) => stored(session, &publish, media).await?,
            Some(MediaOutcome::Later(at, failure)) => {
                later(session, publish.id, *at, failure).await?
            }
            Some(MediaOutcome::Failed(failure)) => failed.push((publish.id, failure)),
            None => {}
        }
    }
    let (mut changes, _) = release::release(session, times, &ids, &Patience::default()).await?;
    for (publish, failure) in failed {
        give_up(&mut changes, publish, failure)?;
    }
    let effected = changes.effected();
    commit(session, &changes.writes()?).await?;
    Ok(((), effected))
}

/// A publish that waits for its media.
struct Waiting {
    id: PublishId,
    item: i64,
    generation: i64,
}

async fn stored(session: &Session, publish: &Waiting, media: &[StoredMedia]) -> Done<()> {
    let Waiting {
        id,
        item,
        generation,
    } = publish;
    let named: Vec<Vec<u8>> = media
        .iter()
        .filter_map(|medium| unhex(&medium.sha256))
        .collect();
    let (items, generations) = (vec![*item; named.len()], vec![*generation; named.len()]);
    let text = serde_json::to_string(media)?;
    let set = "UPDATE revision SET media = $3 WHERE item = $1 AND generation = $2";
    let forget = "DELETE FROM revision_media WHERE item = $1 AND generation = $2";
    let fetched = "UPDATE publish SET fetch_at = NULL WHERE id = $1";
    session
        .each([
            call(MEDIA, &[&named]),
            call(set, &[item, generation, &text]),
            call(forget, &[item, generation]),
            call(revisions::INSERT_MEDIA, &[&named, &items, &generations]),
            call(fetched, &[&id.0]),
        ])
        .await
        .map(drop)
}

async fn later(
    session: &Session,
    publish: PublishId,
    at: Timestamp,
    failure: &Failure,
) -> Done<()> {
    let again = "UPDATE publish SET fetch_at = $2, fetches = fetches + 1 WHERE id = $1";
    let why = "UPDATE job SET failure = $2 WHERE publish = $1 AND state = 0";
    let failure = serde_json::to_string(failure)?;
    session
        .each([
            call(again, &[&publish.0, &at.0]),
            call(why, &[&publish.0, &failure]),
        ])
        .await
        .map(drop)
}
