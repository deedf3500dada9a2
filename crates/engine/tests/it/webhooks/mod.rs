//! Webhooks: kept before anything is made of them, decided on once, whatever comes twice, late or never.

mod asks;
mod echoes;
mod noted;
mod order;
mod parts;
mod plain;
mod repeats;
mod slugs;
mod sweeps;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use slugline_core::ids::WebhookId;
use slugline_core::item::Action;
use slugline_core::problem::Code;
use slugline_core::secret::Secret;
use slugline_core::source::{Change, Locales, Repeats, What};
use slugline_core::version::Version;
use slugline_core::webhook::Incoming;
use slugline_engine::intake::{Intake, IntakeSettings};
use slugline_engine::ports::Clock;
use slugline_engine::store::*;
use slugline_engine::webhooks::{Receipt, ReceiptStatus, SourceSettings, SweepSettings, Webhooks};

use crate::house::{House, settings};
use asks::Shelf;
use plain::Plain;

const MAX_BODY: usize = 8 * 1024 * 1024;
const TOLERANCE: Duration = Duration::from_secs(300);

fn source(name: &str) -> SourceSettings {
    SourceSettings {
        name: name.into(),
        kind: "plain".into(),
        owner: "default".into(),
        environment: "production".into(),
        environments: Default::default(),
        locale: "en".into(),
        secrets: ["new", "old"]
            .map(|name| (format!("env:{name}"), Secret::new(name)))
            .into(),
        tolerance: TOLERANCE,
        max_body: MAX_BODY,
        keep_for: Duration::from_secs(86_400),
        allows: None,
        client_certificates: Vec::new(),
        news_only: false,
        poll: None,
        sweep: None,
        same_as: Vec::new(),
        source: Arc::new(Plain {
            repeats: Repeats::SameBytes,
            shelf: None,
        }),
    }
}

fn doors(house: &House, source: SourceSettings, settings: IntakeSettings) -> Webhooks {
    let intake = Arc::new(Intake::new(Arc::clone(&house.store), settings));
    Webhooks::new(&house.shared(), intake, vec![source])
}

fn change(what: What, entry: &str, version: i64, locales: Locales) -> Change {
    let payload = (what == What::Published)
        .then(|| json!({"title": format!("{entry} {version}"), "slug": entry}));
    Change {
        what,
        entry: entry.into(),
        locales,
        environment: None,
        version: Some(Version::Number(version)),
        depends_on: Vec::new(),
        payload: payload.map(|payload| serde_json::from_value(payload).unwrap()),
    }
}

fn published(entry: &str, version: i64) -> Change {
    change(What::Published, entry, version, Locales::Unsaid)
}

fn one(locale: &str) -> Locales {
    Locales::One(locale.into())
}

fn incoming(changes: &[Change], id: Option<&str>) -> Incoming {
    let body = serde_json::to_vec(changes).unwrap();
    let headers = [("Authorization", "new")];
    let id = id.map(|id| ("X-Id", id));
    Incoming::new(
        "POST",
        "https://a.example/hooks/cms",
        headers.into_iter().chain(id),
        body,
    )
}

async fn send(doors: &Webhooks, changes: &[Change]) -> Receipt {
    doors
        .receive("cms", None, incoming(changes, None))
        .await
        .unwrap()
}

/// The process dies after the webhook was kept and answered, and before it was dealt with.
async fn left(house: &House, changes: &[Change]) -> WebhookId {
    let new = NewWebhook {
        source: "cms".into(),
        owner: "default".into(),
        repeat_key: None,
        keep_for: Duration::from_secs(60),
        known_for_ever: false,
        due_after: Duration::from_secs(10),
        ended: None,
        proof: Proof {
            secret: "env:new".into(),
            signed_at: None,
            delivery_id: None,
            found_by_poll: false,
            word: None,
            resembles: None,
        },
        envelope: Envelope {
            method: "POST".into(),
            url: "/hooks/cms".into(),
            headers: Vec::new(),
        },
        body: incoming(changes, None).body,
    };
    match house.store.keep_webhooks(vec![new]).await.unwrap()[..] {
        [Kept::New(id)] => id,
        ref kept => panic!("it is new, yet {kept:?}"),
    }
}

fn statuses(receipt: &Receipt) -> Vec<ChangeStatus> {
    receipt
        .outcome
        .changes
        .iter()
        .map(|change| change.status)
        .collect()
}

async fn items(house: &House, entry: &str) -> Vec<(String, Action, Version)> {
    let content = house
        .store
        .content("default", &format!("cms:{entry}"))
        .await
        .unwrap();
    let item = |item: ContentView| (item.locale, item.action, item.version);
    let mut items: Vec<_> = content.into_iter().map(item).collect();
    items.sort_by(|a, b| a.0.cmp(&b.0));
    items
}

#[tokio::test(start_paused = true)]
async fn a_webhook_becomes_a_publish_and_its_repeat_does_not() {
    let house = House::open(1).await;
    let doors = doors(&house, source("cms"), settings());
    let first = send(&doors, &[published("a", 1)]).await;
    assert_eq!(
        (first.status, first.state),
        (ReceiptStatus::Ok, WebhookState::Done)
    );
    let publish = first.outcome.changes[0].publish_id.unwrap().to_string();
    house.surely_live(&publish).await;
    let view = house.view(&publish).await;
    assert_eq!(
        (view.content_id.as_str(), view.locale.as_str()),
        ("cms:a", "en")
    );

    let again = send(&doors, &[published("a", 1)]).await;
    assert_eq!(
        (again.status, again.webhook_id),
        (ReceiptStatus::Duplicate, first.webhook_id)
    );
    assert_eq!(again.outcome, first.outcome, "it says what became of it");
    // Signed as another delivery, it says what is known.
    let other = doors
        .receive("cms", None, incoming(&[published("a", 1)], Some("2")))
        .await
        .unwrap();
    assert_eq!(
        (other.status, statuses(&other)),
        (ReceiptStatus::Duplicate, vec![ChangeStatus::Duplicate])
    );
    send(&doors, &[published("a", 3)]).await;
    let late = send(&doors, &[published("a", 2)]).await;
    assert_eq!(late.status, ReceiptStatus::StaleUpdateIgnored);
    assert_eq!(
        late.outcome.changes[0].reason.as_deref(),
        Some("stale version; incoming 2 < stored 3")
    );
    // The same name for other bytes is the same delivery.
    let named = doors
        .receive("cms", None, incoming(&[published("b", 9)], Some("2")))
        .await
        .unwrap();
    assert_eq!(
        (named.status, named.webhook_id),
        (ReceiptStatus::Duplicate, other.webhook_id)
    );
    assert!(items(&house, "b").await.is_empty());
    let counts = &doors.sources("default")[0].counts;
    assert_eq!(
        (counts.received, counts.duplicates, counts.refused),
        (4, 2, 0)
    );
    assert!(doors.sources("other").is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_genuine_is_counted_and_never_kept() {
    let house = House::open(2).await;
    let mut settings_of_source = source("cms");
    let home = IpAddr::from(Ipv4Addr::LOCALHOST);
    settings_of_source.allows = Some(Arc::new(move |address| address == home));
    let doors = doors(&house, settings_of_source, settings());
    let forged = Incoming::new("POST", "/hooks/cms", [("Authorization", "guess")], "[]");
    let code = async |name: &str, from, incoming| {
        doors.receive(name, from, incoming).await.unwrap_err().code
    };
    assert_eq!(
        code("cms", Some(home), forged.clone()).await,
        Code::NotGenuine
    );
    assert_eq!(
        code("shop", Some(home), forged.clone()).await,
        Code::NotFound
    );
    let good = incoming(&[published("a", 1)], None);
    let away = IpAddr::from([10, 0, 0, 1]);
    assert_eq!(
        code("cms", Some(away), good.clone()).await,
        Code::AddressNotAllowed
    );
    assert_eq!(
        code("cms", None, good.clone()).await,
        Code::AddressNotAllowed
    );
    for _ in 0..50 {
        code("cms", Some(home), forged.clone()).await;
    }
    let view = &doors.sources("default")[0];
    assert_eq!(
        (view.counts.refused, view.counts.last_refused.len()),
        (53, 20)
    );
    let page = Page {
        limit: 10,
        cursor: None,
    };
    let kept = house
        .store
        .webhooks(WebhookFilter::default(), page)
        .await
        .unwrap();
    assert_eq!(kept.items, []);

    // An old secret is as good, and is named; no secret is kept.
    let old = Incoming::new(
        "POST",
        "/hooks/cms",
        [("Authorization", "old"), ("X-Other", "1")],
        "[]",
    );
    let receipt = doors.receive("cms", Some(home), old).await.unwrap();
    assert_eq!(receipt.status, ReceiptStatus::Ignored);
    let kept = house
        .store
        .webhook("default", receipt.webhook_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.view.proof.secret, "env:old");
    let headers = [("authorization", "[env:old]"), ("x-other", "1")];
    assert_eq!(
        kept.envelope.headers,
        headers.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_and_left_is_caught_up_with_once() {
    let house = House::open(4).await;
    let doors = doors(&house, source("cms"), settings());
    let id = left(&house, &[published("a", 1), published("b", 1)]).await;
    assert_eq!(
        doors.catch_up(10).await,
        Ok(0),
        "whoever brought it has its time"
    );
    house.clock.sleep(Duration::from_secs(10)).await;
    assert_eq!(doors.catch_up(10).await, Ok(1));
    assert_eq!(
        (
            items(&house, "a").await.len(),
            items(&house, "b").await.len()
        ),
        (1, 1)
    );
    house.clock.sleep(Duration::from_secs(600)).await;
    assert_eq!(doors.catch_up(10).await, Ok(0));
    // Done again, it finds what was done.
    assert!(house.store.redo_webhook("default", id).await.unwrap());
    assert_eq!(doors.catch_up(10).await, Ok(1));
    assert_eq!(
        items(&house, "a").await,
        [("en".to_owned(), Action::Publish, Version::Number(1))]
    );
    let again = house
        .store
        .webhook("default", id)
        .await
        .unwrap()
        .unwrap()
        .view;
    assert_eq!(again.state, WebhookState::Done);
    assert!(
        again
            .outcome
            .changes
            .iter()
            .all(|change| change.status == ChangeStatus::Duplicate)
    );
}

#[tokio::test(start_paused = true)]
async fn a_sender_does_not_wait_for_a_store_that_is_slow() {
    let house = House::open(5).await;
    let doors = doors(&house, source("cms"), settings());
    house
        .steady
        .suspend_after("accept", Duration::from_secs(30));
    let began = house.clock.monotonic();
    let receipt = send(&doors, &[published("a", 1)]).await;
    assert_eq!(
        (receipt.status, receipt.state),
        (ReceiptStatus::Received, WebhookState::Received)
    );
    assert!(house.clock.monotonic() - began < Duration::from_secs(2));
    let again = send(&doors, &[published("a", 1)]).await;
    assert_eq!(
        (again.status, again.state),
        (ReceiptStatus::Duplicate, WebhookState::Received)
    );
    house.clock.sleep(Duration::from_secs(10)).await;
    assert_eq!(doors.catch_up(10).await, Ok(1));
    assert_eq!(items(&house, "a").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_done_waits_for_a_person() {
    let house = House::open(6).await;
    let nowhere = IntakeSettings {
        routes: Default::default(),
        ..settings()
    };
    let closed = doors(&house, source("cms"), nowhere);
    let receipt = send(&closed, &[published("a", 1)]).await;
    assert_eq!(
        (receipt.status, receipt.state),
        (ReceiptStatus::Failed, WebhookState::Failed)
    );
    assert_eq!(receipt.outcome.changes[0].code, Some(Code::NoDestination));
    let open = doors(&house, source("cms"), settings());
    assert!(
        house
            .store
            .redo_webhook("default", receipt.webhook_id)
            .await
            .unwrap()
    );
    assert_eq!(open.catch_up(10).await, Ok(1));
    assert_eq!(items(&house, "a").await.len(), 1);

    let thin = Change {
        payload: None,
        ..published("b", 1)
    };
    assert_eq!(send(&open, &[thin]).await.status, ReceiptStatus::Failed);
    let odd = Incoming::new("POST", "/hooks/cms", [("Authorization", "new")], "{");
    let receipt = open.receive("cms", None, odd).await.unwrap();
    assert_eq!(receipt.status, ReceiptStatus::Failed);
    assert!(receipt.outcome.reason.is_some());
}

/// Whoever has read a webhook can send it again with other headers and to another path.
#[tokio::test(start_paused = true)]
async fn a_captured_webhook_never_acts_again() {
    let house = House::open(9).await;
    let doors = doors(&house, source("cms"), settings());
    let body = serde_json::to_vec(&[published("a", 1)]).unwrap();
    let with = |url: &str, word: &str| {
        let headers = [("Authorization", "new"), ("X-Word", word)];
        Incoming::new("POST", url, headers, body.clone())
    };
    let first = doors.receive("cms", None, with("/hooks/cms", "create"));
    let first = first.await.unwrap();
    assert_eq!(first.status, ReceiptStatus::Ok);
    for url in ["/hooks/cms?x", "/hooks/c%6Ds", "/"] {
        let again = doors
            .receive("cms", None, with(url, "create"))
            .await
            .unwrap();
        assert_eq!(
            (again.status, again.webhook_id),
            (ReceiptStatus::Duplicate, first.webhook_id)
        );
    }
    // Another word may be genuine: it is neither done nor lost.
    let doubtful = doors.receive("cms", None, with("/hooks/cms", "delete"));
    let doubtful = doubtful.await.unwrap();
    assert_eq!(doubtful.status, ReceiptStatus::Failed);
    assert!(
        doubtful
            .outcome
            .reason
            .as_ref()
            .is_some_and(|why| why.contains("\"delete\""))
    );
    let again = doors
        .receive("cms", None, with("/hooks/cms", "delete"))
        .await
        .unwrap();
    assert_eq!(
        (again.status, again.webhook_id),
        (ReceiptStatus::Duplicate, doubtful.webhook_id)
    );
    let kept = house
        .store
        .webhook("default", first.webhook_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.view.proof.word.as_deref(), Some("create"));
}
