//! What sources tell that publishes nothing, such as a draft or a changed medium: how it stands in the log, and how it is found.
//!
//! Ensures that a webhook says each thing once, however often it is dealt with. Entries of items have their
//! item's number; these have one below zero that is made of their content id, so that the same index finds them.

use slugline_core::event::EventType;
use slugline_core::ids::WebhookId;
use slugline_core::item::ItemKey;
use slugline_core::source::What;
use slugline_engine::store::{ChangeStatus, Changed, Noted, Outcome};

use crate::entry::{Dated, Entry, Written};
use crate::short_name;

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
    let kind = match change.what {
        What::Draft => Some(EventType::DraftReady),
        What::Asset => Some(EventType::AssetChanged),
        What::Taxonomy => Some(EventType::TaxonomyChanged),
        _ => None,
    };
    change.status == ChangeStatus::Noted
        && kind == Some(noted.kind)
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
