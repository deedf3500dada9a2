//! A webhook that tells of several items, one of which cannot be read.

use serde_json::Value;
use slugline_core::source::Unreadable;

use super::*;

/// What stands at one place of a webhook: nothing, a change, or what is none.
pub(super) fn read(part: Value) -> Result<Option<Change>, Unreadable> {
    let entry = part["entry"].as_str().map(str::to_owned);
    serde_json::from_value(part).map_err(|why| Unreadable {
        path: "items".into(),
        entry,
        reason: why.to_string(),
    })
}

fn mixed(parts: &[Value]) -> Incoming {
    let body = serde_json::to_vec(parts).unwrap();
    Incoming::new("POST", "/hooks/cms", [("Authorization", "new")], body)
}

fn told(entry: &str) -> Value {
    serde_json::to_value(published(entry, 1)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_keeps_nothing_else_from_being_done() {
    let house = House::open(21).await;
    let doors = doors(&house, source("cms"), settings());
    let parts = [
        told("a"),
        json!({"entry": "b", "what": "odd"}),
        json!(7),
        told("c"),
    ];
    let first = doors.receive("cms", None, mixed(&parts)).await.unwrap();
    assert_eq!(
        (first.status, first.state),
        (ReceiptStatus::Failed, WebhookState::Failed)
    );
    assert_eq!(statuses(&first), [ChangeStatus::Ok, ChangeStatus::Ok]);
    let unreadable = &first.outcome.unreadable;
    assert_eq!(unreadable.len(), 2);
    assert_eq!(unreadable[0].content_id.as_deref(), Some("cms:b"));
    assert!(unreadable[0].reason.contains("odd"), "{unreadable:?}");
    assert_eq!(unreadable[1].content_id, None);
    assert!(first.outcome.reason.as_ref().unwrap().contains('2'));
    for entry in ["a", "c"] {
        assert_eq!(items(&house, entry).await.len(), 1, "{entry}");
    }
    let kept = house.store.webhook("default", first.webhook_id);
    assert_eq!(kept.await.unwrap().unwrap().view.outcome, first.outcome);
    let again = doors.receive("cms", None, mixed(&parts)).await.unwrap();
    assert_eq!(
        (again.status, again.webhook_id),
        (ReceiptStatus::Duplicate, first.webhook_id)
    );
    assert_eq!(again.outcome, first.outcome);
    assert_eq!(doors.sources("default")[0].counts.failed, 1);
}

#[tokio::test(start_paused = true)]
async fn dealing_with_it_again_finds_what_was_done() {
    let house = House::open(22).await;
    let doors = doors(&house, source("cms"), settings());
    let parts = [told("a"), Value::Null, json!({"entry": "b"}), told("c")];
    let first = doors.receive("cms", None, mixed(&parts)).await.unwrap();
    let before = house.store.events(EventFilter::default(), all()).await;
    let redone = house.store.redo_webhook("default", first.webhook_id);
    assert!(redone.await.unwrap());
    doors.catch_up(10).await.unwrap();
    let view = house.store.webhook("default", first.webhook_id).await;
    let outcome = view.unwrap().unwrap().view.outcome;
    let again: Vec<_> = outcome.changes.iter().map(|change| change.status).collect();
    assert_eq!(again, [ChangeStatus::Duplicate, ChangeStatus::Duplicate]);
    assert_eq!(outcome.changes[1].content_id, "cms:c");
    assert_eq!(outcome.unreadable, first.outcome.unreadable);
    let after = house.store.events(EventFilter::default(), all()).await;
    assert_eq!(after, before, "the log has it once");
}

fn all() -> Page {
    Page {
        limit: 100,
        cursor: None,
    }
}
