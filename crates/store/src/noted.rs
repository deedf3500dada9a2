//! What sources tell that publishes nothing, such as a draft or a changed medium: how it stands in the log, how it is
//! found, and whether it is there for what depends on it.
//!
//! Ensures that a webhook says each thing once, however often it is dealt with. Entries of items have their
//! item's number; these have one below zero that is made of their content id, so that the same index finds them.

use slugline_core::event::EventType;
use slugline_core::ids::WebhookId;
use slugline_core::item::ItemKey;
use slugline_engine::store::{ChangeStatus, Changed, Noted, Outcome};

use crate::accepting::content_name;
use crate::entry::{Dated, Entry, Written};
use crate::reconciling::Rows;
use crate::record::Value;
use crate::short_name;
use crate::words::Word;

/// What is known already stays where it is newer: by the sender's order, in which a removal wins the tie, or
/// else by the order in which webhooks came.
const KEEP: &str = "INSERT INTO noted (owner, environment, content_id, is_there, version_kind, version, webhook)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (content_id, owner, environment) DO UPDATE
    SET is_there = excluded.is_there, version_kind = excluded.version_kind, version = excluded.version, webhook = excluded.webhook
    WHERE CASE WHEN noted.version_kind = excluded.version_kind AND noted.version <> excluded.version
                   THEN excluded.version > noted.version
               WHEN noted.version_kind = excluded.version_kind THEN excluded.is_there = 0
               ELSE excluded.webhook >= noted.webhook END";

/// Has those looked at who wait for it.
const ARRIVE: &str =
    "INSERT INTO arrival (content) SELECT DISTINCT content FROM dependency WHERE content = $1";

/// Keeps whether things are there, for what depends on them.
pub(crate) async fn keep<D: Rows>(
    db: &D,
    webhook: WebhookId,
    noted: &[Noted],
) -> Result<(), D::Fault> {
    // A draft is not there for what depends on its item.
    let things = noted.iter().filter(|one| one.kind != EventType::DraftReady);
    for one in things {
        let names = [&one.owner, &one.environment, &one.content_id];
        let mut values: Vec<Value> = names.map(|name| Value::Text(name.clone())).into();
        let or_null = |number: Option<i64>| number.map_or(Value::Null, Value::Int);
        values.extend([
            Value::Int(i64::from(one.is_there)),
            or_null(one.version.map(|version| version.kind().number())),
            or_null(one.version.map(|version| version.ordinal())),
            Value::Int(webhook.0),
        ]);
        db.rows(KEEP, values).await?;
        if one.is_there {
            let content = content_name(&one.owner, &one.environment, &one.content_id);
            db.rows(ARRIVE, vec![Value::Bytes(content.to_vec())])
                .await?;
        }
    }
    Ok(())
}

/// The number under which entries about it are found: a hint, whoever follows it looks at the entry.
pub(crate) fn number(content_id: &str) -> i64 {
    let name = short_name::of(&["noted", content_id]);
    let number = name
        .iter()
        .take(8)
        .fold(0_i64, |number, byte| (number << 8) | i64::from(*byte));
    -(number & i64::MAX) - 1
}

/// The entries for what a webhook tells and has not told before. `before`: what became of it the last time.
pub(crate) fn entries(
    at: &impl Dated,
    webhook: WebhookId,
    noted: &[Noted],
    before: &Outcome,
) -> Vec<Written> {
    let new = noted
        .iter()
        .filter(|one| !before.changes.iter().any(|change| says(change, one)));
    new.map(|one| entry(at, webhook, one)).collect()
}

fn says(change: &Changed, noted: &Noted) -> bool {
    change.status == ChangeStatus::Noted
        && change.what.noted_as() == Some(noted.kind)
        && change.content_id == noted.content_id
        && change.locale == noted.locale
}

fn entry(at: &impl Dated, webhook: WebhookId, noted: &Noted) -> Written {
    let key = ItemKey {
        owner: noted.owner.clone(),
        environment: noted.environment.clone(),
        content_id: noted.content_id.clone(),
        locale: noted.locale.clone().unwrap_or_default(),
    };
    let actor = format!("source:{}", noted.source);
    let entry = Entry::new(at, noted.kind, "noted", number(&noted.content_id), &key)
        .actor(&actor)
        .request(&noted.request_id)
        .detail("webhook_id", webhook)
        .detail("source", &noted.source)
        .detail("entry", &noted.entry);
    match noted.version {
        Some(version) => entry.detail("version", version).finish(),
        None => entry.finish(),
    }
}
