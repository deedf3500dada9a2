//! Webhooks that came in, as they came.
//!
//! Ensures that one which nobody has dealt with comes up again at one node, and that what one says goes
//! into the log once. Does not read what they say; how they are kept is in `inbox`.

use std::time::Duration;

use slugline_core::ids::WebhookId;
use slugline_core::time::Timestamp;
use slugline_engine::store::{
    Outcome, Page, Paged, Webhook, WebhookDetail, WebhookEnd, WebhookFilter, WebhookView,
};

use super::destinations::micros;
use super::fault::Done;
use super::jobs::small;
use super::log;
use super::read;
use super::rows::Reading;
use super::session::{BEGIN, Session};
use super::times::store_now;
use super::write::commit;
use crate::entry::Dated;
use crate::noted;
use crate::record::{Json, Record};
use crate::views::list::{paged, rows};
use crate::views::webhooks as views;

/// The envelope of a webhook whose words were erased, as SQL.
macro_rules! wordless {
    () => {
        r#"'{"method":"","url":"","headers":[]}'"#
    };
}

/// Found first and once: within the update it could be looked for again, and each time find others.
const TAKE: &str = concat!(
    "WITH t AS (SELECT ",
    store_now!("$3"),
    " AS now), due AS MATERIALIZED (
         SELECT d.id FROM webhook d, t WHERE d.state = 0 AND d.due <= t.now ORDER BY d.due, d.id LIMIT $1
         FOR UPDATE OF d SKIP LOCKED)
     UPDATE webhook w SET due = t.now + $2, attempts = w.attempts + 1 FROM due, t WHERE w.id = due.id
     RETURNING w.id, w.source, w.received_at, w.envelope, w.body, w.proof"
);

/// One whose words were erased meanwhile stays as it is.
pub(crate) const END: &str = concat!(
    "UPDATE webhook SET state = $2, outcome = $3 WHERE id = $1 AND envelope <> ",
    wordless!(),
    " RETURNING id"
);

/// What became of it before.
const BEFORE: &str = concat!(
    "SELECT outcome, ",
    store_now!("$2"),
    " FROM webhook WHERE id = $1 AND envelope <> ",
    wordless!(),
    " FOR UPDATE"
);

const REDO: &str = concat!(
    "UPDATE webhook SET state = 0, due = ",
    store_now!("$3"),
    " WHERE id = $1 AND owner = $2 AND envelope <> ",
    wordless!(),
    " RETURNING id"
);

/// What nobody has to know any more. What is not dealt with stays, and so does the last one, as in
/// SQLite, where its number would be given again.
pub(crate) const PRUNE: &str = "DELETE FROM webhook WHERE id IN
    (SELECT id FROM webhook WHERE keep_until <= $1 AND state <> 0 AND id < (SELECT max(id) FROM webhook)
       AND NOT known_for_ever ORDER BY keep_until LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1";

/// Of what can come again for ever, only that it came stays.
pub(crate) const ERASE: &str = concat!(
    "UPDATE webhook SET keep_until = 9223372036854775807, outcome = '{}', body = '', envelope = ",
    wordless!(),
    " WHERE id IN (SELECT id FROM webhook WHERE keep_until <= $1 AND state <> 0 AND known_for_ever
                   ORDER BY keep_until LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1"
);

/// Takes webhooks whose time has come.
pub(crate) async fn take(
    session: &Session,
    given: Option<i64>,
    limit: i64,
    again_after: Duration,
) -> Done<Vec<Webhook>> {
    let again_after = micros(again_after);
    let rows = session.rows(TAKE, &[&limit, &again_after, &given]).await?;
    let mut taken = rows.iter().map(views::due).collect::<Done<Vec<_>>>()?;
    taken.sort_by_key(|webhook| webhook.id);
    Ok(taken)
}

/// Ends one whose webhook says what goes into the log: both in one transaction, and whoever ends it at the same
/// time waits and sees what was said.
pub(crate) async fn note(session: &Session, given: Option<i64>, end: &WebhookEnd) -> Done<()> {
    session.rows(BEGIN, &[]).await?;
    let before = session.one(BEFORE, &[&end.id.0, &given]).await?;
    let entries = match before {
        None => Vec::new(),
        Some(row) => {
            let before = row.read::<Json<Outcome>>(0)?.0;
            noted::keep(&Reading(session), end.id, &end.noted).await?;
            noted::entries(&At(row.read(1)?), end.id, &end.noted, &before)
        }
    };
    keep_end(session, end).await?;
    let written = log::append(entries, 0)?;
    commit(session, written.as_slice()).await
}

async fn keep_end(session: &Session, end: &WebhookEnd) -> Done<()> {
    let (state, outcome) = (small(end.state), serde_json::to_string(&end.outcome)?);
    session.rows(END, &[&end.id.0, &state, &outcome]).await?;
    Ok(())
}

/// When it is said.
struct At(Timestamp);

impl Dated for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Has a webhook dealt with again, unless its words were erased.
pub(crate) async fn redo(
    session: &Session,
    given: Option<i64>,
    owner: &str,
    id: WebhookId,
) -> Done<bool> {
    let found = session.one(REDO, &[&id.0, &owner, &given]).await?;
    Ok(found.is_some())
}

/// A webhook as it came.
pub(crate) async fn one(
    session: &Session,
    owner: &str,
    id: WebhookId,
) -> Done<Option<WebhookDetail>> {
    let wanted = views::one(owner, id);
    let found = read::list(
        session,
        (views::SELECT_WHOLE, &wanted, "w.id"),
        1,
        views::detail,
    );
    Ok(found.await?.pop())
}

/// Webhooks, newest first.
pub(crate) async fn list(
    session: &Session,
    filter: &WebhookFilter,
    page: &Page,
) -> Done<Paged<WebhookView>> {
    let wanted = views::wanted(filter, page);
    let found = read::list(
        session,
        (views::SELECT, &wanted, "w.id DESC"),
        rows(page),
        views::read,
    );
    Ok(paged(found.await?, page, |view| view.webhook_id.0))
}

#[cfg(test)]
mod tests {
    use slugline_engine::store::Envelope;

    #[test]
    fn an_envelope_without_words_reads_the_same_in_sql() {
        let nothing = serde_json::to_string(&Envelope::default()).unwrap();
        assert_eq!(wordless!(), format!("'{nothing}'"));
    }
}
