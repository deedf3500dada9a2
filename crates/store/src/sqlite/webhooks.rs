//! Webhooks that came in, as they came.
//!
//! Ensures that of two with the same repeat key one is kept, and that one which nobody has dealt with
//! comes up again. Does not read what they say.

use std::time::Duration;

use bytes::Bytes;
use rusqlite::{Connection, params, params_from_iter};
use slugline_core::ids::WebhookId;
use slugline_core::time::Timestamp;
use slugline_engine::store::{
    Envelope, Kept, NewWebhook, Outcome, Page, Paged, Webhook, WebhookDetail, WebhookEnd,
    WebhookFilter, WebhookState, WebhookView,
};

use super::column::{Col, Json};
use super::fault::{Done, Fault};
use super::log;
use super::rows::{Writing, at_once};
use super::statements::Statements;
use super::tx::Tx;
use crate::noted;
use crate::views::list::{paged, rows};
use crate::views::webhooks as views;

/// Keeps webhooks; one outcome each, in order.
pub(crate) fn keep(tx: &Tx<'_>, webhooks: &[NewWebhook]) -> Done<Vec<Kept>> {
    webhooks.iter().map(|one| keep_one(tx, one)).collect()
}

fn keep_one(tx: &Tx<'_>, webhook: &NewWebhook) -> Done<Kept> {
    let sql = "INSERT INTO webhook (source, owner, repeat_key, received_at, keep_until, state, due, proof, outcome, envelope, body,
                                    known_for_ever)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";
    let (keep_until, due) = (
        tx.now.plus(webhook.keep_for),
        tx.now.plus(webhook.due_after),
    );
    let (state, outcome) = webhook.at_first();
    let values = params![
        webhook.source,
        webhook.owner,
        webhook.repeat_key,
        tx.now.0,
        keep_until.0,
        Col(state),
        due.0,
        Json(&webhook.proof),
        Json(outcome),
        Json(&webhook.envelope),
        Bytes::as_ref(&webhook.body),
        webhook.known_for_ever,
    ];
    if tx.run(sql, values)? > 0 {
        return Ok(Kept::New(WebhookId(tx.last_insert_rowid())));
    }
    let sql = format!(
        "{} WHERE w.source = ?1 AND w.repeat_key = ?2",
        views::SELECT
    );
    let named = params![webhook.source, webhook.repeat_key];
    let before = tx.one(&sql, named, |row| views::read(row))?;
    let gone = || Fault::Unreadable("a webhook that was kept before is missing".into());
    before
        .map(|view| Kept::Before(Box::new(view)))
        .ok_or_else(gone)
}

/// Webhooks whose time has come.
pub(crate) fn due(connection: &Connection, now: Timestamp, limit: usize) -> Done<Vec<WebhookId>> {
    let sql = "SELECT id FROM webhook WHERE state = 0 AND due <= ?1 ORDER BY due, id LIMIT ?2";
    connection.all(sql, params![now.0, limit], |row| row.get(0).map(WebhookId))
}

/// Takes those of them that are still due.
pub(crate) fn take(tx: &Tx<'_>, due: &[WebhookId], again_after: Duration) -> Done<Vec<Webhook>> {
    let sql = "UPDATE webhook SET due = ?2, attempts = attempts + 1 WHERE id = ?1 AND state = 0 AND due <= ?3
               RETURNING id, source, received_at, envelope, body, proof";
    let again = tx.now.plus(again_after);
    let mut taken = Vec::with_capacity(due.len());
    for id in due {
        let values = params![id.0, again.0, tx.now.0];
        taken.extend(tx.one(sql, values, |row| views::due(row))?);
    }
    Ok(taken)
}

/// Keeps what became of webhooks; one whose words were erased meanwhile stays as it is.
pub(crate) fn end(tx: &Tx<'_>, ends: &[WebhookEnd]) -> Done<()> {
    let sql = "UPDATE webhook SET state = ?2, outcome = ?3 WHERE id = ?1 AND envelope <> ?4";
    for end in ends {
        note(tx, end)?;
        let (state, outcome, nothing) = (Col(end.state), Json(&end.outcome), erased());
        tx.run(sql, params![end.id.0, state, outcome, nothing])?;
    }
    Ok(())
}

/// The envelope of one whose words were erased.
fn erased() -> Json<Envelope> {
    Json(Envelope::default())
}

/// Writes what is noted into the log, as long as what became of the webhook before is still there.
fn note(tx: &Tx<'_>, end: &WebhookEnd) -> Done<()> {
    if end.noted.is_empty() {
        return Ok(());
    }
    let sql = "SELECT outcome FROM webhook WHERE id = ?1 AND envelope <> ?2";
    let which = params![end.id.0, erased()];
    let before = tx.one(sql, which, |row| row.get::<_, Json<Outcome>>(0))?;
    let Some(Json(before)) = before else {
        return Ok(());
    };
    at_once(noted::keep(&Writing(tx), end.id, &end.noted))?;
    let entries = noted::entries(tx, end.id, &end.noted, &before);
    entries
        .into_iter()
        .try_for_each(|entry| log::write(tx, entry))
}

/// Has a webhook dealt with again, unless its words were erased.
pub(crate) fn redo(tx: &Tx<'_>, owner: &str, id: WebhookId) -> Done<bool> {
    let sql =
        "UPDATE webhook SET state = ?3, due = ?4 WHERE id = ?1 AND owner = ?2 AND envelope <> ?5";
    let received = Col(WebhookState::Received);
    let values = params![id.0, owner, received, tx.now.0, erased()];
    Ok(tx.run(sql, values)? > 0)
}

/// Forgets those that nobody has to know any more; of what can come again for ever, that it came stays.
/// What is not dealt with stays, and so does the last one: its number would be given again.
pub(crate) fn prune(tx: &Tx<'_>, limit: usize) -> Done<usize> {
    let sql = "DELETE FROM webhook WHERE id IN
               (SELECT id FROM webhook WHERE keep_until <= ?1 AND state <> 0 AND id < (SELECT max(id) FROM webhook)
                  AND NOT known_for_ever ORDER BY keep_until LIMIT ?2)";
    let deleted = tx.run(sql, params![tx.now.0, limit])?;
    let sql = "UPDATE webhook SET keep_until = ?3, outcome = '{}', envelope = ?4, body = x'' WHERE id IN
               (SELECT id FROM webhook WHERE keep_until <= ?1 AND state <> 0 AND known_for_ever ORDER BY keep_until LIMIT ?2)";
    let erased = tx.run(sql, params![tx.now.0, limit, i64::MAX, erased()])?;
    Ok(deleted + erased)
}

/// A webhook as it came.
pub(crate) fn one(
    connection: &Connection,
    owner: &str,
    id: WebhookId,
) -> Done<Option<WebhookDetail>> {
    let wanted = views::one(owner, id);
    let sql = format!("{} {}", views::SELECT_WHOLE, wanted.clause());
    connection.one(&sql, params_from_iter(wanted.values()), |row| {
        views::detail(row)
    })
}

/// Webhooks, newest first.
pub(crate) fn list(
    connection: &Connection,
    filter: &WebhookFilter,
    page: &Page,
) -> Done<Paged<WebhookView>> {
    let wanted = views::wanted(filter, page);
    let (clause, limit) = (wanted.clause(), rows(page));
    let sql = format!(
        "{} {clause} ORDER BY w.id DESC LIMIT {limit}",
        views::SELECT
    );
    let found = connection.all(&sql, params_from_iter(wanted.values()), |row| {
        views::read(row)
    })?;
    Ok(paged(found, page, |view| view.webhook_id.0))
}
