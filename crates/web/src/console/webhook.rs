//! `/webhooks/{id}`: a webhook as it came, and what became of it; `POST …/retry` deals with it again.
//!
//! Ensures that what came is shown as text, whatever it is, and that one which was dealt with since the page was made is
//! left as it is.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use slugline_core::ids::WebhookId;
use slugline_engine::store::{Unreadable, WebhookView};

use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, Trouble, go, segment};
use super::post::Posted;
use super::session;
use super::sources::{Came, came};
use super::words::plain;
use crate::app::Doors;
use crate::door::role::Role;
use crate::router::Endpoint;

/// Bytes of a body that are shown; the API has all.
const SHOWN: usize = 20_000;

#[derive(Template)]
#[template(path = "webhook.html")]
struct Page {
    frame: Frame,
    came: Came,
    secret: String,
    attempts: u32,
    seen: String,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    cut: bool,
    /// Its words were erased.
    erased: bool,
    changes: Vec<Change>,
    unreadable: Vec<Unreadable>,
}

/// What became of one change.
struct Change {
    content_id: String,
    content_path: String,
    what: String,
    status: String,
    publish_id: Option<String>,
    reason: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/webhooks/{id}", None, webhook)
}

pub(super) fn retry_endpoint() -> Endpoint {
    Endpoint::open_post("/webhooks/{id}/retry", retry)
}

fn parse(id: &str) -> Result<WebhookId, Trouble> {
    id.parse()
        .map_err(|_| Trouble::absent(&format!("webhook {id:?}")))
}

async fn webhook(visit: Visit, Path(id): Path<String>) -> Shown {
    let known = parse(&id)?;
    let found = visit.doors.store.webhook(visit.owner(), known).await?;
    let found = found.ok_or_else(|| Trouble::absent(&format!("webhook {id:?}")))?;
    let frame = visit.frame(Room::Sources, format!("Webhook {known}"));
    let changes = found.view.outcome.changes.iter().map(|change| Change {
        content_path: segment(&change.content_id),
        content_id: change.content_id.clone(),
        what: plain(&change.what),
        status: plain(&change.status),
        publish_id: change.publish_id.map(|id| id.to_string()),
        reason: change.reason.clone(),
    });
    page::show(&Page {
        changes: changes.collect(),
        unreadable: found.view.outcome.unreadable.clone(),
        secret: found.view.proof.secret.clone(),
        attempts: found.view.attempts,
        seen: seen(&found.view),
        body: body(&found.body),
        cut: found.body.len() > SHOWN,
        came: came(found.view, &frame),
        erased: found.envelope.is_erased(),
        method: found.envelope.method,
        url: found.envelope.url,
        headers: found.envelope.headers,
        frame,
    })
}

/// The body's beginning; JSON with a line for each member.
fn body(bytes: &[u8]) -> String {
    let parsed = serde_json::from_slice::<serde_json::Value>(bytes).ok();
    let pretty = parsed.and_then(|value| serde_json::to_string_pretty(&value).ok());
    let text = pretty.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    text.chars().take(SHOWN).collect()
}

/// What tells whether it stands as it did when the page was made.
fn seen(webhook: &WebhookView) -> String {
    format!("{}.{}", plain(&webhook.state), webhook.attempts)
}

async fn retry(State(doors): State<Arc<Doors>>, Path(id): Path<String>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let known = parse(&id)?;
    let caller = &posted.signed.principal.caller;
    let absent = || Trouble::absent(&format!("webhook {id:?}"));
    let found = doors
        .store
        .webhook(&caller.owner, known)
        .await?
        .ok_or_else(absent)?;
    let environment = doors
        .webhooks
        .environment(&found.view.source)
        .unwrap_or_default();
    posted.signed.may_change(environment)?;
    let base = session::base(&doors);
    if posted.fields.one("seen") != Some(&seen(&found.view)) {
        return Ok(go(&base, &format!("/webhooks/{known}?said=stale")));
    }
    if !doors.store.redo_webhook(&caller.owner, known).await? {
        // Its words were erased, as the page says now.
        return Ok(go(&base, &format!("/webhooks/{known}?said=stale")));
    }
    tracing::info!(webhook = %known, by = posted.signed.principal.name, "a webhook is dealt with again");
    Ok(go(&base, &format!("/webhooks/{known}?said=webhook_redone")))
}
