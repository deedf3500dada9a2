//! Erasing an item's words: what goes, what stays, and what is refused.

use std::time::Duration;

use bytes::Bytes;
use slugline_core::event::EventType;
use slugline_core::exchange::{Exchange, Message};
use slugline_core::failure::Failure;
use slugline_core::ids::WebhookId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::Verdict;
use slugline_core::payload::StoredMedia;
use slugline_core::port::EffectKey;
use slugline_core::problem::{Code, Problem};
use slugline_core::reason::Reason;
use slugline_core::source::What;
use slugline_engine::store::{
    ChangeStatus, Changed, DecidedKind, EffectChange, Envelope, Erased, Erasure, EventFilter, Kept,
    MediaOutcome, NewMedia, NewNote, NewWebhook, Outcome, Page, Proof, ResolvedMedia, Settlement,
    Unreadable, WebhookDetail, WebhookEnd, WebhookState,
};

use crate::bench::{Bench, Post, ended, live, post, shown};

/// In all words of the item, and in nothing else.
pub(crate) const MARKER: &str = "zanzibarquetzal";
const SLUG: &str = "zanzibarquetzal-bio";
const MEDIA: &str = r#"[{"role": "hero", "url": "https://cdn.example/zanzibarquetzal.png"}]"#;
const HOUR: Duration = Duration::from_secs(3_600);

fn erasure(content_id: &str) -> Erasure {
    Erasure {
        item: ItemKey {
            owner: "default".into(),
            environment: "production".into(),
            content_id: content_id.into(),
            locale: "en".into(),
        },
        actor: "token:ops".into(),
        reason: "asked for in letter 7".into(),
    }
}

async fn erase(bench: &Bench, content_id: &str) -> Result<Erased, Problem> {
    bench.store.erase(erasure(content_id)).await.unwrap()
}

fn bio(version: i64) -> Post {
    let mut bio = post("bio", version).slug(SLUG);
    bio.title = format!("{MARKER} {version} {}", MARKER.repeat(400));
    bio
}

fn complaint() -> Failure {
    let mut failure = Failure::new(Reason::InvalidContent, format!("{MARKER} is too long"));
    failure.fields = vec![format!("payload.fields.{MARKER}")];
    failure
}

/// A webhook that says something of the bio, and what became of it.
async fn webhook(bench: &Bench) -> WebhookId {
    let change = Changed {
        what: What::Published,
        content_id: "bio".into(),
        locale: Some("en".into()),
        status: ChangeStatus::Refused,
        version: None,
        publish_id: None,
        generation: None,
        code: Some(Code::SlugTaken),
        reason: Some(format!("the slug {SLUG} is claimed")),
    };
    let outcome = Outcome {
        changes: vec![change],
        ..Outcome::default()
    };
    webhook_that_ended(bench, outcome).await
}

async fn webhook_that_ended(bench: &Bench, outcome: Outcome) -> WebhookId {
    let webhook = NewWebhook {
        source: "cms".into(),
        owner: "default".into(),
        repeat_key: None,
        keep_for: HOUR * 24,
        known_for_ever: false,
        due_after: HOUR,
        ended: None,
        proof: Proof::default(),
        envelope: Envelope {
            method: "POST".into(),
            url: "https://a.example/hooks/cms".into(),
            headers: vec![("x-title".into(), MARKER.into())],
        },
        body: Bytes::from(format!("{{\"title\": \"{MARKER}\"}}")),
    };
    let kept = bench.store.keep_webhooks(vec![webhook]).await.unwrap();
    let Kept::New(id) = kept[0] else {
        panic!("it is new");
    };
    end_webhook(bench, id, outcome).await;
    id
}

async fn end_webhook(bench: &Bench, id: WebhookId, outcome: Outcome) {
    let end = WebhookEnd {
        id,
        state: WebhookState::Done,
        outcome,
        noted: Vec::new(),
    };
    bench.store.end_webhooks(vec![end]).await.unwrap();
}

async fn kept_webhook(bench: &Bench, id: WebhookId) -> WebhookDetail {
    let found = bench.store.webhook("default", id).await.unwrap();
    found.expect("it is there")
}

async fn fetch_media(bench: &Bench) -> String {
    let bytes = format!("a picture of {MARKER}");
    let sha256 = slugline_core::media::sha256(bytes.as_bytes());
    let medium = NewMedia {
        sha256: sha256.clone(),
        content_type: "image/png".into(),
        bytes: bytes.into(),
    };
    bench.store.put_media(medium).await.unwrap();
    for wanted in bench.store.wanted_media(9).await.unwrap() {
        let medium = StoredMedia {
            role: "hero".into(),
            sha256: sha256.clone(),
            filename: format!("{MARKER}.png"),
            content_type: "image/png".into(),
            size: 3,
            alt: Some(MARKER.into()),
            url: None,
        };
        let outcome = MediaOutcome::Stored(vec![medium]);
        let publish = wanted.publish;
        let resolved = vec![ResolvedMedia { publish, outcome }];
        bench.store.resolve_media(resolved).await.unwrap();
    }
    sha256
}

/// Publishes the bio three times, with everything that can carry its words; the last is a dead letter. Answers its
/// medium's name and its webhook.
pub(crate) async fn write_everywhere(bench: &Bench) -> (String, WebhookId) {
    bench.published(&post("other", 1)).await;
    bench.accept(&bio(1).media(MEDIA)).await;
    let medium = fetch_media(bench).await;
    let job = bench.claim_one("blog").await;
    let effect = |key: &str, result: &str| EffectChange {
        job: job.job,
        fence: job.fence,
        key: EffectKey::Item(match key {
            "files" => "files",
            _ => "entry",
        }),
        result_ref: Some(result.into()),
    };
    let path = format!("en/{SLUG}.html");
    let changes = vec![
        effect("files", &path),
        effect("entry", &path),
        effect("entry", "17"),
    ];
    assert_eq!(bench.store.record(changes).await.unwrap(), [true; 3]);
    let mut seen = shown(&job);
    seen.downstream_ids.insert("file".into(), path);
    seen.url = Some(format!("https://blog.example/{SLUG}"));
    let settled = Settlement {
        shown: Some(seen),
        ..live(&job)
    };
    assert!(bench.settle(settled).await);
    bench.published(&bio(2)).await;
    bench.accept(&bio(3)).await;
    let job = bench.claim_one("blog").await;
    let (at, failure) = (bench.now(), complaint());
    bench
        .settle(ended(&job, Verdict::Retry { at, failure }))
        .await;
    let job = bench.claim_one("blog").await;
    let sent = Exchange {
        at,
        took_ms: 1,
        method: "POST".into(),
        url: format!("https://blog.example/{MARKER}"),
        request: Message {
            body: Some(MARKER.into()),
            ..Message::default()
        },
        status: None,
        response: None,
        error: Some(MARKER.into()),
    };
    let settled = Settlement {
        exchanges: vec![sent],
        ..ended(&job, Verdict::Dead(complaint()))
    };
    bench.settle(settled).await;
    let note = NewNote {
        item: erasure("bio").item,
        job: None,
        actor: "token:ops".into(),
        text: format!("{MARKER} has called"),
    };
    assert!(bench.store.write_note(note).await.unwrap());
    bench.clock.advance(HOUR);
    assert_eq!(bench.store.seal(HOUR).await.unwrap(), 1);
    (medium, webhook(bench).await)
}

/// Unpublishes the bio and erases it.
pub(crate) async fn remove_and_erase(bench: &Bench) -> Erased {
    bench.published(&bio(4).action("unpublish")).await;
    bench.release(10).await;
    erase(bench, "bio").await.unwrap()
}

pub(crate) async fn what_is_removed_everywhere_is_erased(bench: &Bench) {
    let (medium, webhook) = write_everywhere(bench).await;
    let erased = remove_and_erase(bench).await;
    let expected = Erased {
        generation: erased.generation,
        bodies: 3,
        requests: 4,
        webhooks: 1,
        messages: 3,
        exchanges: 1,
        entries: erased.entries,
        notes: 1,
        media: 1,
    };
    assert_eq!(erased, expected);
    assert!(
        erased.entries >= 5,
        "what failed, what was written where, the slug"
    );
    let check = bench.store.verify_log().await.unwrap();
    assert_eq!((check.faults, check.segments), (Vec::new(), 1));
    assert_eq!(bench.store.media(&medium).await.unwrap(), None);
    let came = kept_webhook(bench, webhook).await;
    assert_eq!(came.view.outcome.changes[0].content_id, "bio");

    let item = bench.content("bio").await;
    let mark = item.erased.unwrap();
    assert_eq!((mark.at, mark.generation), (bench.now(), erased.generation));
    let page = Page {
        limit: 9,
        cursor: None,
    };
    let revisions = bench
        .store
        .revisions("default", "bio", page)
        .await
        .unwrap()
        .items;
    assert_eq!(revisions.len(), 4);
    assert!(
        revisions
            .iter()
            .all(|revision| revision.erased && revision.payload.is_none())
    );
    assert_eq!(bench.content("other").await.erased, None);

    let filter = EventFilter {
        kind: Some("erased".into()),
        ..EventFilter::default()
    };
    let page = Page {
        limit: 9,
        cursor: None,
    };
    let told = bench.store.events(filter, page).await.unwrap().items;
    assert_eq!((told.len(), told[0].kind), (1, EventType::Erased));
    assert_eq!(
        (told[0].actor.as_str(), &told[0].detail["bodies"]),
        ("token:ops", &3.into())
    );
    let notes = bench.store.notes("default", "bio", 9).await.unwrap();
    let texts: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(
        texts,
        ["asked for in letter 7", ""],
        "why, and that somebody wrote"
    );
}

pub(crate) async fn nobody_deals_with_a_webhook_without_words(bench: &Bench) {
    let (_, webhook) = write_everywhere(bench).await;
    let said = kept_webhook(bench, webhook).await.view.outcome;
    assert!(bench.store.redo_webhook("default", webhook).await.unwrap());
    assert_eq!(remove_and_erase(bench).await.webhooks, 1);
    let taken = bench.store.take_webhooks(9, HOUR).await.unwrap();
    assert_eq!(taken, [], "it was to be dealt with again");
    assert!(!bench.store.redo_webhook("default", webhook).await.unwrap());
    // A node that had begun with it says what it has read.
    end_webhook(bench, webhook, said).await;
    let came = kept_webhook(bench, webhook).await;
    assert_eq!(came.view.state, WebhookState::Done);
    assert_eq!(came.view.outcome.changes[0].reason, None);
}

pub(crate) async fn a_webhook_that_could_not_be_read_loses_its_words_too(bench: &Bench) {
    write_everywhere(bench).await;
    let part = Unreadable {
        path: "data.items[0]".into(),
        content_id: Some("bio".into()),
        reason: format!("{MARKER} is no title"),
    };
    let outcome = Outcome {
        unreadable: vec![part],
        ..Outcome::default()
    };
    let unread = webhook_that_ended(bench, outcome).await;
    assert_eq!(remove_and_erase(bench).await.webhooks, 2);
    let came = kept_webhook(bench, unread).await;
    assert!(came.body.is_empty());
    let told = format!("{came:?}");
    assert!(told.contains("bio") && !told.contains(MARKER), "{told}");
}

pub(crate) async fn keys_and_versions_stay_when_words_go(bench: &Bench) {
    write_everywhere(bench).await;
    remove_and_erase(bench).await;
    assert_eq!(bench.accept(&bio(2)).await.kind, DecidedKind::Replayed);
    let late = bio(3).key("another");
    assert_eq!(bench.accept(&late).await.kind, DecidedKind::Stale);
    let again = bench.published(&post("bio", 5)).await;
    assert_eq!(again.payload.title, "bio 5");
    assert_eq!(
        again.effects["entry"], "17",
        "the entry that there was is found"
    );
    let refused = erase(bench, "bio").await.unwrap_err();
    assert_eq!(refused.code, Code::IllegalState);
    let item = bench.content("bio").await;
    assert!(item.erased.unwrap().generation < item.generation);
}

pub(crate) async fn erasing_twice_is_erasing_once(bench: &Bench) {
    write_everywhere(bench).await;
    let first = remove_and_erase(bench).await;
    let end = bench.store.log_end().await.unwrap();
    // Why it was erased is a note as well, and stays.
    let again = erase(bench, "bio").await.unwrap();
    assert_eq!(
        (again.generation, again.bodies, again.entries),
        (first.generation, 0, 0)
    );
    assert!(!again.any());
    assert_eq!(bench.store.log_end().await.unwrap(), end);
}

pub(crate) async fn what_is_needed_is_not_erased(bench: &Bench) {
    let unknown = erase(bench, "nobody").await.unwrap_err();
    assert_eq!(unknown.code, Code::NotFound);
    let refused = async |what: &str| {
        let refused = erase(bench, "a").await.unwrap_err();
        assert_eq!(refused.code, Code::IllegalState);
        assert!(refused.detail.contains(what), "{}", refused.detail);
    };
    bench.accept(&post("a", 1)).await;
    refused("is not unpublished").await;
    bench.live(&bench.claim_one("blog").await).await;
    refused("(at blog)").await;
    bench.accept(&post("a", 2).action("unpublish")).await;
    refused("have not ended").await;
    let job = bench.claim_one("blog").await;
    refused("have not ended").await;
    bench.settle(ended(&job, Verdict::Dead(complaint()))).await;
    refused("skip them").await;
    assert_eq!(bench.content("a").await.erased, None);
    bench.published(&post("a", 3).action("delete")).await;
    assert_eq!(erase(bench, "a").await.unwrap().bodies, 1);
}

pub(crate) async fn media_that_others_name_stay(bench: &Bench) {
    bench.accept(&bio(1).media(MEDIA)).await;
    let mut other = post("other", 1).media(MEDIA);
    other.title = "another".into();
    bench.accept(&other).await;
    let medium = fetch_media(bench).await;
    for job in bench.claim("blog").await {
        bench.live(&job).await;
    }
    assert_eq!(remove_and_erase(bench).await.media, 0);
    assert!(bench.store.media(&medium).await.unwrap().is_some());
}
