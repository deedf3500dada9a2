//! What webhooks tell of drafts, media and terms: in the log once, found like everything else.

use std::time::Duration;

use slugline_core::event::{EventType, LogEntry};
use slugline_core::ids::WebhookId;
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
        source: "cms".into(),
        owner: "default".into(),
        environment: "production".into(),
        locale: None,
        version: None,
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
