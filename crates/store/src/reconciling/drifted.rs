//! What has drifted, and taking what is there for the new baseline.
//!
//! Ensures that only what was seen is adopted, and that the list walks what has drifted and not all that
//! is desired.

use slugline_core::connector::Shown;
use slugline_core::event::EventType;
use slugline_core::time::Timestamp;
use slugline_engine::store::{DriftFilter, DriftedView, Page, Paged};

use super::{Plain, Rows, Writes};
use crate::entry::{Dated, Entry};
use crate::job::{self, select_jobs};
use crate::record::{Json, Record, Unreadable, Value};
use crate::views::list::{Where, paged, rows};
use crate::words::Word;

/// Destinations that a place has room for: far more than anybody configures.
const DESTINATIONS: i64 = 65_536;

const SELECT: &str = "SELECT w.item * 65536 + w.destination, i.content_id, i.owner, i.environment, i.locale, d.name, w.drift,
           w.drift_at, w.action, w.generation, w.shown_generation, w.job, s.shown, w.drift_seen
    FROM desired w JOIN item i ON i.id = w.item JOIN destination d ON d.id = w.destination
                   LEFT JOIN job s ON s.id = w.shown_job";

const ADOPT: &str = "UPDATE desired SET adopted = drift_seen, drift = NULL, drift_at = NULL, drift_seen = NULL
    WHERE item = $1 AND destination = $2 AND drift IS NOT NULL AND drift_seen = $3 RETURNING job, adopted";

struct At(Timestamp);

impl Dated for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn view(row: &Plain) -> Result<DriftedView, Unreadable> {
    let shown = row.read::<Option<Json<Shown>>>(12)?;
    let verified = shown.as_ref().map(|shown| shown.0.fingerprint.clone());
    let shown = shown.map(|shown| shown.0).unwrap_or_default();
    Ok(DriftedView {
        place: row.read(0)?,
        content_id: row.read(1)?,
        owner: row.read(2)?,
        environment: row.read(3)?,
        locale: row.read(4)?,
        destination: row.read(5)?,
        kind: row.read(6)?,
        found_at: row.read(7)?,
        desired_action: row.read(8)?,
        desired_generation: row.read(9)?,
        shown_generation: row.read(10)?,
        job_id: row.read(11)?,
        downstream_ids: shown.downstream_ids,
        url: shown.url,
        verified_fingerprint: verified,
        seen_fingerprint: row.read(13)?,
    })
}

/// A page of what has drifted, in the order of the items.
pub(crate) async fn page<D: Rows>(
    db: &D,
    filter: &DriftFilter,
    page: &Page,
) -> Result<Paged<DriftedView>, D::Fault> {
    let mut wanted = Where::default();
    wanted.and_plain("w.drift IS NOT NULL");
    wanted.and_some("w.item * 65536 + w.destination > ?", page.cursor);
    wanted.and_some("i.owner = ?", filter.owner.clone());
    wanted.and_some("d.name = ?", filter.destination.clone());
    wanted.and_some("i.environment = ?", filter.environment.clone());
    wanted.and_some("i.content_id = ?", filter.content_id.clone());
    let kind = filter.kind.map(Word::number);
    wanted.and_some("w.drift = CAST(? AS BIGINT)", kind);
    let met = "EXISTS (SELECT 1 FROM sighting m WHERE m.reconciliation = ? AND m.item = w.item AND m.suspect = 1)";
    wanted.and_some(met, filter.reconciliation.map(|id| id.0));
    let (clause, limit) = (wanted.clause(), rows(page));
    let sql = format!("{SELECT} {clause} ORDER BY w.item, w.destination LIMIT {limit}");
    let found = db.rows(&sql, wanted.values().to_vec()).await?;
    let views = found.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    Ok(paged(views, page, |view| view.place))
}

/// Takes what is there for the new baseline; one answer each, in order.
pub(crate) async fn adopt<D: Writes>(
    db: &D,
    now: Timestamp,
    seen: &[DriftedView],
    actor: &str,
) -> Result<Vec<bool>, D::Fault> {
    let mut adopted = Vec::with_capacity(seen.len());
    for one in seen {
        adopted.push(match &one.seen_fingerprint {
            Some(there) => adopt_one(db, now, (one.place, there), actor).await?,
            None => false,
        });
    }
    Ok(adopted)
}

async fn adopt_one<D: Writes>(
    db: &D,
    now: Timestamp,
    (place, there): (i64, &str),
    actor: &str,
) -> Result<bool, D::Fault> {
    let mut values = [place / DESTINATIONS, place % DESTINATIONS]
        .map(Value::Int)
        .to_vec();
    values.push(Value::Text(there.to_owned()));
    let found = db.rows(ADOPT, values).await?;
    let Some(row) = found.first() else {
        return Ok(false);
    };
    let fingerprint: String = row.read(1)?;
    let sql = select_jobs!("WHERE j.id = $1");
    let jobs = db.rows(sql, vec![Value::Int(row.read(0)?)]).await?;
    if let Some(row) = jobs.first() {
        let job = job::read(row)?;
        let entry = Entry::of_job(&At(now), EventType::DriftEnded, "adopted", &job);
        let entry = entry.actor(actor).detail("fingerprint", fingerprint);
        db.log(entry.finish())?;
    }
    Ok(true)
}
