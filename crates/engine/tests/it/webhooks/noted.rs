//! News of drafts, media and terms: said in the log, published never.

use slugline_core::event::{EventType, LogEntry};

use super::*;

async fn log(house: &House) -> Vec<LogEntry> {
    let page = Page {
        limit: 100,
        cursor: None,
    };
    let found = house.store.events(EventFilter::default(), page).await;
    found.unwrap().items
}

fn asset(entry: &str) -> Change {
    change(What::Asset, entry, 1, Locales::Unsaid)
}

#[tokio::test(start_paused = true)]
async fn a_medium_and_a_term_are_noted_with_who_told_of_them() {
    let house = House::open(1).await;
    let doors = doors(&house, source("cms"), settings());
    let term = change(What::Taxonomy, "3", 1, one("de"));
    let receipt = send(&doors, &[asset("12"), term]).await;
    assert_eq!(receipt.status, ReceiptStatus::Noted);
    assert_eq!(receipt.state, WebhookState::Done);
    let told: Vec<_> = receipt
        .outcome
        .changes
        .iter()
        .map(|change| (change.status, change.reason.clone().unwrap()))
        .collect();
    assert!(told[0].1.contains("asset_changed"), "{told:?}");
    assert!(told[1].1.contains("taxonomy_changed"), "{told:?}");
    let log = log(&house).await;
    let kinds: Vec<_> = log.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [EventType::AssetChanged, EventType::TaxonomyChanged]);
    assert_eq!(log[0].content_id, "cms:12");
    assert_eq!(log[0].actor, "source:cms");
    assert_eq!(log[0].detail["entry"], "12");
    assert_eq!(log[1].detail["locale"], "de");
}

#[tokio::test(start_paused = true)]
async fn dealing_with_it_again_says_nothing_new() {
    let house = House::open(2).await;
    let doors = doors(&house, source("cms"), settings());
    let told = [asset("12"), published("a", 1)];
    let receipt = send(&doors, &told).await;
    assert_eq!(receipt.status, ReceiptStatus::Ok, "the publish is the news");
    let before = log(&house).await;
    assert_eq!(before[before.len() - 1].kind, EventType::AssetChanged);
    assert_eq!(
        send(&doors, &told).await.status,
        ReceiptStatus::Duplicate,
        "it came before"
    );
    let again = house.store.redo_webhook("default", receipt.webhook_id);
    assert!(again.await.unwrap());
    doors.catch_up(10).await.unwrap();
    assert_eq!(log(&house).await, before);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_taken_is_not_noted() {
    let house = House::open(3).await;
    let doors = doors(&house, source("cms"), settings());
    let elsewhere = Change {
        environment: Some("staging".into()),
        ..asset("12")
    };
    let nameless = asset(&"x".repeat(1_000));
    for told in [elsewhere, nameless] {
        let receipt = send(&doors, &[told]).await;
        assert_eq!(receipt.status, ReceiptStatus::Ignored, "{receipt:?}");
    }
    assert_eq!(log(&house).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_draft_is_ready_and_what_is_public_stays() {
    let house = House::open(4).await;
    let doors = doors(&house, source("cms"), settings());
    send(&doors, &[published("a", 1)]).await;
    let before = log(&house).await.len();
    let drafts = [
        change(What::Draft, "a", 2, Locales::Unsaid),
        change(What::Draft, "a", 2, one("de")),
    ];
    let receipt = send(&doors, &drafts).await;
    assert_eq!(receipt.status, ReceiptStatus::Noted);
    assert_eq!(receipt.outcome.changes[0].locale.as_deref(), Some("en"));
    assert_eq!(send(&doors, &drafts).await.status, ReceiptStatus::Duplicate);
    let again = house.store.redo_webhook("default", receipt.webhook_id);
    assert!(again.await.unwrap());
    doors.catch_up(10).await.unwrap();
    let log = log(&house).await;
    let said: Vec<_> = log[before..]
        .iter()
        .map(|entry| (entry.kind, &*entry.content_id, &entry.detail["locale"]))
        .collect();
    assert_eq!(
        said,
        [
            (EventType::DraftReady, "cms:a", &json!("en")),
            (EventType::DraftReady, "cms:a", &json!("de")),
        ],
        "each once, with the item that it is a draft of"
    );
    assert_eq!(log[before].detail["version"], 2);
    assert_eq!(log[before].detail.get("generation"), None);
    assert_eq!(
        items(&house, "a").await,
        [("en".to_owned(), Action::Publish, Version::Number(1))]
    );
    // It is no version of what is published: the publish of the same state may have its number.
    let published = send(&doors, &[published("a", 2)]).await;
    assert_eq!(published.status, ReceiptStatus::Ok);
}
