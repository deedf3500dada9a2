//! Webhooks that came in, as they are kept and shown.

use slugline_core::ids::WebhookId;
use slugline_engine::store::{
    Page, Webhook, WebhookDetail, WebhookFilter, WebhookState, WebhookView,
};

use super::list::Where;
use crate::record::{Json, Record};

/// The columns that [`read`] reads.
pub(crate) const SELECT: &str =
    "SELECT w.id, w.source, w.received_at, w.state, w.proof, w.attempts, w.outcome FROM webhook w";

/// The columns that [`detail`] reads.
pub(crate) const SELECT_WHOLE: &str = "SELECT w.id, w.source, w.received_at, w.state, w.proof, w.attempts, w.outcome, w.envelope, w.body
    FROM webhook w";

/// A webhook without how it came.
pub(crate) fn read<R: Record>(row: &R) -> Result<WebhookView, R::Error> {
    Ok(WebhookView {
        webhook_id: row.read(0)?,
        source: row.read(1)?,
        received_at: row.read(2)?,
        state: row.read(3)?,
        proof: row.read::<Json<_>>(4)?.0,
        attempts: row.read(5)?,
        outcome: row.read::<Json<_>>(6)?.0,
    })
}

/// A webhook as it came.
pub(crate) fn detail<R: Record>(row: &R) -> Result<WebhookDetail, R::Error> {
    Ok(WebhookDetail {
        view: read(row)?,
        envelope: row.read::<Json<_>>(7)?.0,
        body: row.read::<Vec<u8>>(8)?.into(),
    })
}

/// A webhook that is to be dealt with: its id, source, time, envelope, body and proof.
pub(crate) fn due<R: Record>(row: &R) -> Result<Webhook, R::Error> {
    Ok(Webhook {
        id: row.read(0)?,
        source: row.read(1)?,
        received_at: row.read(2)?,
        envelope: row.read::<Json<_>>(3)?.0,
        body: row.read::<Vec<u8>>(4)?.into(),
        proof: row.read::<Json<_>>(5)?.0,
    })
}

/// The condition for one webhook of an owner.
pub(crate) fn one(owner: &str, id: WebhookId) -> Where {
    let mut wanted = Where::default();
    wanted.and_some("w.id = ?", Some(id.0));
    wanted.and_some("w.owner = ?", Some(owner.to_owned()));
    wanted
}

/// Which webhooks a page has; the cursor is a webhook's number.
pub(crate) fn wanted(filter: &WebhookFilter, page: &Page) -> Where {
    let mut wanted = Where::default();
    wanted.and_some("w.id < ?", page.cursor);
    wanted.and_some("w.owner = ?", filter.owner.clone());
    wanted.and_some("w.source = ?", filter.source.clone());
    if let Some(state) = filter.state {
        wanted.and_plain(is_in(state));
    }
    wanted
}

/// Those that wait for somebody are few and have an index, which wants the state spelled out.
fn is_in(state: WebhookState) -> &'static str {
    match state {
        WebhookState::Received => "w.state IN (0, 3) AND w.state = 0",
        WebhookState::Done => "w.state = 1",
        WebhookState::Ignored => "w.state = 2",
        WebhookState::Failed => "w.state IN (0, 3) AND w.state = 3",
    }
}
