//! What webhooks tell of drafts, media and terms: in the log once, found like everything else.

use std::time::Duration;

use slugline_core::event::{EventType, LogEntry};
use slugline_core::ids::WebhookId;
use slugline_core::lifecycle::JobState;
use slugline_core::source::What;
use slugline_core::version::Version;
use slugline_engine::store::{
    ChangeStatus, Changed, EventFilter, Noted, Outcome, Page, WebhookEnd, WebhookState,
};

use crate::bench::{Bench, post};
use crate::contract::webhooks;

fn noted(id: WebhookId, number: usize, kind: EventType, entry: &str) -> Noted {
    Noted {
        kind,
        is_there: true,
        version: None,
        source: "cms".into(),
        owner: "default".into(),
        environment: "production".into(),
        locale: None,
        entry: entry.into(),
        content_id: format!("cms:{entry}"),
        request_id: format!("{id}.{number}"),
    }
}

/// The end of a webhook that told of a medium and of a term.
fn both(id: WebhookId) -> WebhookEnd {
    let noted = vec![
        noted(id, 0, EventType::AssetChanged, "12"),
        noted(id, 1, EventType::TaxonomyChanged, "3"),
    ];
    let told = [What::Asset, What::Taxonomy];
    let changed = noted.iter().zip(told).map(|(noted, what)| Changed {
        what,
        content_id: noted.content_id.clone(),
        locale: None,
        status: ChangeStatus::Noted,
        version: None,
        publish_id: None,
        generation: None,
        code: None,
        reason: None,
    });
    let outcome = Outcome {
        reason: None,
        changes: changed.collect(),
        ..Outcome::default()
    };
    WebhookEnd {
        id,
        state: WebhookState::Done,
        outcome,
        noted,
    }
}

async fn log(bench: &Bench, filter: EventFilter) -> Vec<LogEntry> {
    let page = Page {
        limit: 100,
        cursor: None,
    };
    bench.store.events(filter, page).await.unwrap().items
}

pub(crate) async fn each_is_in_the_log_with_who_told_it(bench: &Bench) {
    let id = webhooks::new(bench, None).await;
    bench.store.end_webhooks(vec![both(id)]).await.unwrap();
    let found = log(bench, EventFilter::default()).await;
    let [asset, term] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        (asset.kind, term.kind),
        (EventType::AssetChanged, EventType::TaxonomyChanged)
    );
    assert_eq!(asset.at, bench.now());
    assert_eq!(asset.actor, "source:cms");
    assert_eq!(asset.outcome, "noted");
    assert_eq!(asset.content_id, "cms:12");
    assert_eq!(asset.request_id, format!("{id}.0"));
    for (name, value) in [
        ("source", "cms"),
        ("entry", "12"),
        ("owner", "default"),
        ("environment", "production"),
        ("webhook_id", &id.to_string()),
    ] {
        assert_eq!(asset.detail[name], value, "{name}");
    }
    assert_eq!(asset.detail.get("locale"), None, "it belongs to none");
}

pub(crate) async fn each_is_found_by_every_filter(bench: &Bench) {
    let id = webhooks::new(bench, None).await;
    bench.accept(&post("cms:12", 1)).await;
    bench.store.end_webhooks(vec![both(id)]).await.unwrap();
    let seqs = async |filter: EventFilter| -> Vec<String> {
        let found = log(bench, filter).await;
        let noted = found.iter().filter(|entry| entry.outcome == "noted");
        noted.map(|entry| entry.content_id.clone()).collect()
    };
    let any = EventFilter::default;
    let kind = Some("asset_changed".to_owned());
    assert_eq!(seqs(EventFilter { kind, ..any() }).await, ["cms:12"]);
    let content_id = Some("cms:12".to_owned());
    let of_content = EventFilter {
        content_id,
        ..any()
    };
    assert_eq!(seqs(of_content.clone()).await, ["cms:12"]);
    assert!(
        log(bench, of_content).await.len() > 1,
        "with what is said of the item that is called so"
    );
    let request_id = Some(format!("{id}.1"));
    assert_eq!(
        seqs(EventFilter {
            request_id,
            ..any()
        })
        .await,
        ["cms:3"]
    );
    let actor = Some("source:cms".to_owned());
    assert_eq!(
        seqs(EventFilter { actor, ..any() }).await,
        ["cms:12", "cms:3"]
    );
    let of = |owner: &str| EventFilter {
        owner: Some(owner.to_owned()),
        ..any()
    };
    assert_eq!(seqs(of("default")).await, ["cms:12", "cms:3"]);
    assert_eq!(seqs(of("other")).await, [""; 0]);
}

pub(crate) async fn each_is_said_once_however_often_its_webhook_ends(bench: &Bench) {
    let id = webhooks::new(bench, None).await;
    let end = || bench.store.end_webhooks(vec![both(id)]);
    let (first, second) = futures_util::join!(end(), end());
    first.and(second).unwrap();
    assert!(bench.store.redo_webhook("default", id).await.unwrap());
    bench.clock.advance(Duration::from_secs(60));
    end().await.unwrap();
    assert_eq!(log(bench, EventFilter::default()).await.len(), 2);

    // Another webhook about the same things is other news.
    let next = webhooks::new(bench, None).await;
    bench.store.end_webhooks(vec![both(next)]).await.unwrap();
    assert_eq!(log(bench, EventFilter::default()).await.len(), 4);

    let gone = both(WebhookId(4_711));
    bench.store.end_webhooks(vec![gone]).await.unwrap();
    assert_eq!(log(bench, EventFilter::default()).await.len(), 4);
}

/// Each locale of an entry has its own, and the other one may be told when the webhook is dealt with again.
pub(crate) async fn a_draft_is_one_in_each_locale(bench: &Bench) {
    let id = webhooks::new(bench, None).await;
    let draft = |number: usize, locale: &str| Noted {
        locale: Some(locale.into()),
        version: Some(Version::Number(7)),
        ..noted(id, number, EventType::DraftReady, "a")
    };
    let end = |drafts: Vec<Noted>| {
        let changed = drafts.iter().map(|noted| Changed {
            what: What::Draft,
            content_id: noted.content_id.clone(),
            locale: noted.locale.clone(),
            status: ChangeStatus::Noted,
            version: noted.version,
            publish_id: None,
            generation: None,
            code: None,
            reason: None,
        });
        WebhookEnd {
            outcome: Outcome {
                changes: changed.collect(),
                ..Outcome::default()
            },
            noted: drafts,
            ..both(id)
        }
    };
    let both = || vec![draft(0, "de"), draft(1, "en")];
    for drafts in [vec![draft(1, "en")], both(), both()] {
        bench.store.end_webhooks(vec![end(drafts)]).await.unwrap();
    }
    let found = log(bench, EventFilter::default()).await;
    let said: Vec<_> = found
        .iter()
        .map(|entry| {
            (
                entry.kind,
                entry.detail["locale"].as_str(),
                &entry.detail["version"],
            )
        })
        .collect();
    let seven = serde_json::json!(7);
    assert_eq!(
        said,
        [
            (EventType::DraftReady, Some("en"), &seven),
            (EventType::DraftReady, Some("de"), &seven)
        ]
    );
}

/// Has a webhook tell whether the medium 12 is there, in the sender's order.
async fn tell(bench: &Bench, is_there: bool, version: Option<i64>) -> WebhookId {
    let id = webhooks::new(bench, None).await;
    say(bench, id, is_there, version).await;
    id
}

async fn say(bench: &Bench, id: WebhookId, is_there: bool, version: Option<i64>) {
    let one = Noted {
        is_there,
        version: version.map(Version::Number),
        ..noted(id, 0, EventType::AssetChanged, "12")
    };
    let end = WebhookEnd {
        noted: vec![one],
        ..both(id)
    };
    bench.store.end_webhooks(vec![end]).await.unwrap();
}

/// What a publish that depends on the medium 12 waits for; each has a name of its own.
async fn waits(bench: &Bench, name: &str) -> Vec<String> {
    bench.accept(&post(name, 1).after(&["cms:12"])).await;
    bench.publish(format!("{name}-1")).await.waits_for
}

const WAITS: [&str; 1] = ["cms:12"];

pub(crate) async fn what_is_there_is_not_waited_for(bench: &Bench) {
    assert_eq!(waits(bench, "a").await, WAITS);
    assert_eq!(bench.release(10).await.released, 0);
    tell(bench, true, None).await;
    assert_eq!(bench.release(10).await.released, 1, "it is woken");
    assert_eq!(bench.publish("a-1").await.state, JobState::Queued);
    assert_eq!(waits(bench, "b").await, [""; 0]);
    tell(bench, false, None).await;
    assert_eq!(waits(bench, "c").await, WAITS, "it is gone");
    assert_eq!(bench.release(10).await.released, 0);
    tell(bench, true, None).await;
    assert_eq!(bench.release(10).await.released, 1);
}

pub(crate) async fn the_newest_news_of_a_thing_counts(bench: &Bench) {
    tell(bench, true, Some(3)).await;
    tell(bench, false, Some(2)).await;
    assert_eq!(waits(bench, "a").await, [""; 0], "it is older");
    tell(bench, false, Some(3)).await;
    tell(bench, true, Some(3)).await;
    assert_eq!(waits(bench, "b").await, WAITS, "a removal wins the tie");
    let told = tell(bench, true, Some(4)).await;
    assert_eq!(waits(bench, "c").await, [""; 0]);
    // Where the sender tells no order, that in which they came counts, however late one is dealt with.
    tell(bench, false, None).await;
    assert_eq!(waits(bench, "d").await, WAITS);
    say(bench, told, true, None).await;
    assert_eq!(waits(bench, "e").await, WAITS, "it came before");
}

/// At WordPress a term may have the number of a post.
pub(crate) async fn an_item_of_its_name_comes_first(bench: &Bench) {
    bench.accept(&post("cms:12", 1)).await;
    tell(bench, true, None).await;
    assert_eq!(waits(bench, "a").await, WAITS, "the item is not live");
    bench.live(&bench.claim_one("blog").await).await;
    assert_eq!(bench.release(10).await.released, 1);
}
