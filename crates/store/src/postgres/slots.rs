//! Slots: when publishes may begin at destinations that have a pace.
//!
//! Ensures that nodes give out one slot each, under the destination's lock; that a job which must wait
//! is due when its slot comes, so that it is met once and not by each claim; and that a newer generation
//! takes over the slot of the one whose place it takes.

use std::collections::BTreeMap;

use slugline_core::item::Class;
use slugline_core::pace::{Pace, Slots};
use slugline_core::time::Timestamp;
use tokio_postgres::Row;

use super::fault::Done;
use super::session::{Session, call};
use crate::job::JobRow;
use crate::record::{Json, Record};

/// Locks destinations that have a pace, with how far their slots are given out.
const LOCK: &str = "SELECT d.id, d.pace, d.next_slot_at, d.began_at FROM destination d
     WHERE d.pace IS NOT NULL AND d.id = ANY($1) ORDER BY d.id FOR NO KEY UPDATE";

/// The slots that jobs have. Only who has the destination's lock gives them.
const RESERVED: &str = "SELECT j.id, w.slot_at FROM job j JOIN desired w ON w.item = j.item AND w.destination = j.destination
     WHERE j.id = ANY($1) AND w.slot_at IS NOT NULL";

const RESERVE: &str = "UPDATE desired w SET slot_at = c.at FROM unnest($1::bigint[], $2::bigint[]) AS c (job, at)
     JOIN job j ON j.id = c.job WHERE w.item = j.item AND w.destination = j.destination RETURNING w.item";

/// Their deadline counts from their slot.
const POSTPONE: &str = "UPDATE job j SET due = c.at, released_at = c.at
     FROM unnest($1::bigint[], $2::bigint[]) AS c (id, at) WHERE j.id = c.id RETURNING j.id";

const BEGUN: &str = "UPDATE desired w SET slot_at = NULL FROM job j
     WHERE j.id = ANY($1) AND w.item = j.item AND w.destination = j.destination RETURNING w.item";

const SAVE: &str = "UPDATE destination d SET next_slot_at = c.next, began_at = c.began
     FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS c (id, next, began) WHERE d.id = c.id RETURNING d.id";

/// Whether it waits for slots at all: what is urgent and what removes does not.
fn waits(job: &JobRow) -> bool {
    job.class != Class::Urgent && !job.action.removes()
}

/// The slots of destinations that are locked.
#[derive(Default)]
pub(crate) struct Given(BTreeMap<i64, (Pace, Slots)>);

impl Given {
    /// Whether no destination is locked: then there is nothing to give.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Locks those of jobs that were found.
    pub(crate) async fn lock(session: &Session, due: &[JobRow]) -> Done<Self> {
        let destinations: Vec<i64> = due.iter().map(|job| job.destination).collect();
        let found = session.rows(LOCK, &[&destinations]).await?;
        found.iter().map(Self::read).collect::<Done<_>>().map(Self)
    }

    fn read(row: &Row) -> Done<(i64, (Pace, Slots))> {
        let slots = Slots {
            next: row.read(2)?,
            began: row.read(3)?,
        };
        Ok((row.read(0)?, (row.read::<Json<Pace>>(1)?.0, slots)))
    }

    /// Has those jobs wait whose slot has not come: they are taken out; how many.
    pub(crate) async fn hold_back(
        &mut self,
        session: &Session,
        due: &mut Vec<JobRow>,
        now: Timestamp,
    ) -> Done<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let ids: Vec<i64> = due.iter().map(|job| job.id.0).collect();
        let found = session.rows(RESERVED, &[&ids]).await?;
        let read = |row: &Row| Ok((row.read(0)?, row.read(1)?));
        let reserved = found
            .iter()
            .map(read)
            .collect::<Done<BTreeMap<i64, Timestamp>>>()?;
        let mut turns = BTreeMap::new();
        // As if all of them began; which of them do is known only later.
        let mut trial: BTreeMap<i64, Slots> = BTreeMap::new();
        for job in due.iter().filter(|job| job.fence.0 == 0 && waits(job)) {
            if let Some((pace, slots)) = self.0.get_mut(&job.destination) {
                let trial = trial.entry(job.destination).or_insert(*slots);
                let at = trial.turn(pace, reserved.get(&job.id.0).copied(), now);
                slots.next = trial.next;
                if at <= now {
                    trial.began = Some(now);
                }
                turns.insert(job.id.0, at.0);
            }
        }
        let waiting: BTreeMap<i64, i64> = turns
            .clone()
            .into_iter()
            .filter(|(_, at)| *at > now.0)
            .collect();
        due.retain(|job| !waiting.contains_key(&job.id.0));
        let columns = |of: &BTreeMap<i64, i64>| -> (Vec<i64>, Vec<i64>) {
            of.iter().map(|(id, at)| (*id, *at)).unzip()
        };
        let ((all, slots), (later, at)) = (columns(&turns), columns(&waiting));
        session
            .each([
                call(POSTPONE, &[&later, &at]),
                call(RESERVE, &[&all, &slots]),
            ])
            .await?;
        Ok(waiting.len())
    }

    /// Notes which jobs have begun, as they were before, and writes how far the slots are given out.
    pub(crate) async fn save(
        mut self,
        session: &Session,
        taken: &[&JobRow],
        now: Timestamp,
    ) -> Done<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut begun = Vec::new();
        for job in taken.iter().filter(|job| job.fence.0 == 0) {
            if let Some((pace, slots)) = self.0.get_mut(&job.destination) {
                begun.push(job.id.0);
                match waits(job) {
                    true => slots.began = Some(now),
                    false => slots.jump(pace, now),
                }
            }
        }
        let time = |at: Option<Timestamp>| at.map(|at| at.0);
        let ids: Vec<i64> = self.0.keys().copied().collect();
        let next: Vec<Option<i64>> = self.0.values().map(|(_, slots)| time(slots.next)).collect();
        let began: Vec<Option<i64>> = self
            .0
            .values()
            .map(|(_, slots)| time(slots.began))
            .collect();
        session
            .each([call(BEGUN, &[&begun]), call(SAVE, &[&ids, &next, &began])])
            .await?;
        Ok(())
    }
}

const CHANGED: &str = "SELECT d.id FROM destination d JOIN unnest($1::text[], $2::text[]) AS n (name, pace) ON n.name = d.name
     WHERE d.pace IS DISTINCT FROM n.pace ORDER BY d.name FOR NO KEY UPDATE OF d";

const ASK_AGAIN: &str = "UPDATE job j SET due = $2, released_at = $2 FROM desired w
     WHERE w.destination = ANY($1) AND w.slot_at IS NOT NULL AND j.id = w.job AND j.state = 1 RETURNING j.id";

const TAKE_BACK: &str = "UPDATE desired SET slot_at = NULL WHERE destination = ANY($1) AND slot_at IS NOT NULL RETURNING item";

const FORGET: &str = "UPDATE destination SET next_slot_at = NULL WHERE id = ANY($1) RETURNING id";

/// Takes all slots of destinations back that get another pace. Who had one asks again. Nobody may claim
/// meanwhile.
pub(crate) async fn take_back(
    session: &Session,
    names: &[&str],
    paces: &[Option<String>],
    now: Timestamp,
) -> Done<()> {
    let changed = session.rows(CHANGED, &[&names, &paces]).await?;
    let changed = changed
        .iter()
        .map(|row| row.read(0))
        .collect::<Done<Vec<i64>>>()?;
    if !changed.is_empty() {
        session
            .each([
                call(ASK_AGAIN, &[&changed, &now.0]),
                call(TAKE_BACK, &[&changed]),
                call(FORGET, &[&changed]),
            ])
            .await?;
    }
    Ok(())
}
