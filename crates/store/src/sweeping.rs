//! What a sweep of a source was shown, and what there is of that source here; alike in all stores.
//!
//! Ensures that no step of it is longer than its caller says, whatever there is: items are walked by their
//! numbers, which costs who accepts them no index, and what is of no use any more is forgotten by and by.
//! Judges nothing: what was not listed may be there all the same.

use slugline_core::version::Version;
use slugline_engine::store::{ListedEntry, Sweep, Swept, SweptItem};

use crate::reconciling::{Plain, Rows};
use crate::record::{Record, Unreadable, Value};

/// Rows of sweeps that have ended which are forgotten at once: many times what is noted at once.
const FORGOTTEN: i64 = 1_000;

const NOTE: &str = "INSERT INTO listing (source, sweep, environment, content_id, locale) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING";

const FORGET: &str = "DELETE FROM listing WHERE (source, sweep, environment, content_id, locale) IN
    (SELECT source, sweep, environment, content_id, locale FROM listing WHERE source = $1 AND sweep < $2 LIMIT $3)";

/// A step through all items; of those that are meant, whether they were listed. `0`: published.
const WALK: &str = "SELECT i.id, i.content_id, i.environment, i.locale, i.version_kind, i.version,
        i.owner = $1 AND i.source = $2 AND i.action = 0 AND coalesce(p.accepted_at, 0) < $4,
        EXISTS (SELECT 1 FROM listing l WHERE l.source = $2 AND l.sweep = $3 AND l.environment = i.environment
                AND l.content_id = i.content_id AND l.locale IN (i.locale, '*'))
    FROM (SELECT * FROM item WHERE id > $5 ORDER BY id LIMIT $6) i LEFT JOIN publish p ON p.id = i.publish
    ORDER BY i.id";

/// Notes what was listed.
pub(crate) async fn note<D: Rows>(
    db: &D,
    sweep: &Sweep,
    entries: &[ListedEntry],
) -> Result<(), D::Fault> {
    let source = || Value::Text(sweep.source.clone());
    let began_at = || Value::Int(sweep.began_at.0);
    let forget = vec![source(), began_at(), Value::Int(FORGOTTEN)];
    db.rows(FORGET, forget).await?;
    for entry in entries {
        let names = [&entry.environment, &entry.content_id, &entry.locale];
        let names = names.map(|name| Value::Text(name.clone()));
        let values = [source(), began_at()].into_iter().chain(names);
        db.rows(NOTE, values.collect()).await?;
    }
    Ok(())
}

/// A step through the items.
pub(crate) async fn walk<D: Rows>(
    db: &D,
    sweep: &Sweep,
    after: i64,
    limit: usize,
) -> Result<Swept, D::Fault> {
    let values = vec![
        Value::Text(sweep.owner.clone()),
        Value::Text(sweep.source.clone()),
        Value::Int(sweep.began_at.0),
        Value::Int(sweep.settled_by.0),
        Value::Int(after),
        Value::Int(i64::try_from(limit).unwrap_or(i64::MAX)),
    ];
    let mut swept = Swept::default();
    for row in db.rows(WALK, values).await? {
        swept.last = Some(row.read(0)?);
        if row.read(6)? {
            swept.items.push(item(&row)?);
        }
    }
    Ok(swept)
}

fn item(row: &Plain) -> Result<SweptItem, Unreadable> {
    Ok(SweptItem {
        number: row.read(0)?,
        content_id: row.read(1)?,
        environment: row.read(2)?,
        locale: row.read(3)?,
        version: Version::from_ordinal(row.read(4)?, row.read(5)?),
        is_listed: row.read(7)?,
    })
}
