//! Webhooks that came in: kept once, dealt with in the end, forgotten in time.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use slugline_core::ids::WebhookId;
use slugline_engine::store::{
    Envelope, Kept, NewWebhook, Outcome, Page, Poll, Proof, RepeatKey, Retention, WebhookEnd,
    WebhookFilter, WebhookState,
};

use crate::bench::Bench;

const KEEP: Duration = Duration::from_secs(86_400);
const GRACE: Duration = Duration::from_secs(10);
const LATER: Duration = Duration::from_secs(60);

fn webhook(source: &str, repeat_key: Option<RepeatKey>) -> NewWebhook {
    NewWebhook {
        source: source.into(),
        owner: "default".into(),
        repeat_key,
        keep_for: KEEP,
        known_for_ever: false,
        due_after: GRACE,
        ended: None,
        proof: Proof {
            secret: "env:SECRET".into(),
            signed_at: None,
            delivery_id: Some("one".into()),
            found_by_poll: false,
            word: None,
            resembles: None,
        },
        envelope: Envelope {
            method: "POST".into(),
            url: "https://a.example/hooks/cms".into(),
            headers: vec![("x-signature".into(), "ab".into())],
        },
        body: Bytes::from_static(b"{\"a\": \xff}"),
    }
}

async fn keep(bench: &Bench, webhook: NewWebhook) -> Kept {
    let mut kept = bench.store.keep_webhooks(vec![webhook]).await.unwrap();
    assert_eq!(kept.len(), 1);
    kept.remove(0)
}

pub(crate) async fn new(bench: &Bench, repeat_key: Option<RepeatKey>) -> WebhookId {
    match keep(bench, webhook("cms", repeat_key)).await {
        Kept::New(id) => id,
        Kept::Before(view) => panic!("it is new, yet {view:?}"),
    }
}

async fn end(bench: &Bench, id: WebhookId, state: WebhookState) {
    let outcome = Outcome {
        reason: Some("because".into()),
        changes: Vec::new(),
        ..Outcome::default()
    };
    let end = WebhookEnd {
        id,
        state,
        outcome,
        noted: Vec::new(),
    };
    bench.store.end_webhooks(vec![end]).await.unwrap();
}

async fn taken(bench: &Bench) -> Vec<WebhookId> {
    let taken = bench.store.take_webhooks(10, LATER).await.unwrap();
    taken.iter().map(|webhook| webhook.id).collect()
}

async fn listed(bench: &Bench, filter: WebhookFilter) -> Vec<WebhookId> {
    let page = Page {
        limit: 10,
        cursor: None,
    };
    let found = bench.store.webhooks(filter, page).await.unwrap();
    found.items.iter().map(|view| view.webhook_id).collect()
}

pub(crate) async fn one_is_kept_once(bench: &Bench) {
    let first = new(bench, Some([1; 16])).await;
    let Kept::Before(view) = keep(bench, webhook("cms", Some([1; 16]))).await else {
        panic!("it came before");
    };
    assert_eq!(
        (view.webhook_id, view.state),
        (first, WebhookState::Received)
    );
    assert_ne!(new(bench, Some([2; 16])).await, first);
    assert!(matches!(
        keep(bench, webhook("shop", Some([1; 16]))).await,
        Kept::New(_)
    ));
    assert_ne!(new(bench, None).await, new(bench, None).await);
    end(bench, first, WebhookState::Done).await;
    let both = vec![
        webhook("cms", Some([1; 16])),
        webhook("cms", Some([3; 16])),
        webhook("cms", Some([3; 16])),
    ];
    let kept = bench.store.keep_webhooks(both).await.unwrap();
    let [Kept::Before(known), Kept::New(third), Kept::Before(again)] = &kept[..] else {
        panic!("each for itself, in order: {kept:?}");
    };
    assert_eq!(known.outcome.reason.as_deref(), Some("because"));
    assert_eq!(again.webhook_id, *third);
}

/// The same thirty webhooks three times over, some singly and some in lists, each in another order.
pub(crate) async fn of_those_that_come_at_once_each_is_kept_once(bench: &Bench) {
    const KEYS: u8 = 30;
    let keys: Vec<u8> = (0..KEYS).collect();
    let singly = keys.iter().map(std::slice::from_ref);
    let forwards = keys.chunks(7);
    let reversed: Vec<u8> = keys.iter().rev().copied().collect();
    let backwards = reversed.chunks(11);
    let keep = |keys: &[u8]| {
        let webhooks = keys.iter().map(|key| webhook("cms", Some([*key; 16])));
        let webhooks: Vec<NewWebhook> = webhooks.collect();
        bench.store.keep_webhooks(webhooks)
    };
    let asked: Vec<&[u8]> = singly.chain(forwards).chain(backwards).collect();
    let answers = join_all(asked.iter().map(|keys| keep(keys))).await;
    let mut kept: BTreeMap<u8, Vec<WebhookId>> = BTreeMap::new();
    let mut new = 0;
    for (keys, answer) in asked.into_iter().zip(answers) {
        let answer = answer.unwrap();
        assert_eq!(answer.len(), keys.len());
        for (key, one) in keys.iter().zip(answer) {
            let id = match one {
                Kept::New(id) => {
                    new += 1;
                    id
                }
                Kept::Before(view) => view.webhook_id,
            };
            kept.entry(*key).or_default().push(id);
        }
    }
    assert_eq!(new, usize::from(KEYS));
    for (key, ids) in kept {
        assert!(ids.iter().all(|id| *id == ids[0]), "{key}: {ids:?}");
    }
}

pub(crate) async fn one_that_has_ended_when_it_is_kept_does_not_come_up(bench: &Bench) {
    let outcome = Outcome {
        reason: Some("in doubt".into()),
        changes: Vec::new(),
        ..Outcome::default()
    };
    let doubtful = NewWebhook {
        ended: Some((WebhookState::Failed, outcome.clone())),
        ..webhook("cms", None)
    };
    let Kept::New(id) = keep(bench, doubtful).await else {
        panic!("it is new");
    };
    bench.clock.advance(LATER);
    assert_eq!(taken(bench).await, []);
    let kept = bench.store.webhook("default", id).await.unwrap().unwrap();
    assert_eq!(
        (kept.view.state, kept.view.outcome),
        (WebhookState::Failed, outcome)
    );
    assert!(bench.store.redo_webhook("default", id).await.unwrap());
    assert_eq!(taken(bench).await, [id], "a person has it dealt with");
}

pub(crate) async fn one_that_nobody_dealt_with_comes_up_again(bench: &Bench) {
    let id = new(bench, None).await;
    assert_eq!(taken(bench).await, [], "whoever brought it has its time");
    bench.clock.advance(GRACE);
    let found = bench.store.take_webhooks(10, LATER).await.unwrap();
    let [one] = &found[..] else {
        panic!("it is due: {found:?}");
    };
    let came = webhook("cms", None);
    assert_eq!((one.id, &one.body), (id, &came.body));
    assert_eq!((&*one.source, &one.envelope), ("cms", &came.envelope));
    assert_eq!(one.proof, came.proof);
    assert_eq!(one.received_at.plus(GRACE), bench.now());
    assert_eq!(taken(bench).await, [], "somebody has it");
    bench.clock.advance(LATER);
    assert_eq!(taken(bench).await, [id], "who had it is gone");
    end(bench, id, WebhookState::Done).await;
    bench.clock.advance(LATER);
    assert_eq!(taken(bench).await, []);
    let (first, second) = (new(bench, None).await, new(bench, None).await);
    bench.clock.advance(GRACE);
    let limited = bench.store.take_webhooks(1, LATER).await.unwrap();
    assert_eq!(limited.len(), 1);
    let rest = taken(bench).await;
    assert_eq!([limited[0].id, rest[0]], [first, second]);
}

pub(crate) async fn what_became_of_it_is_shown_and_can_be_redone(bench: &Bench) {
    let (failed, done) = (new(bench, None).await, new(bench, None).await);
    let open = new(bench, None).await;
    end(bench, failed, WebhookState::Failed).await;
    end(bench, done, WebhookState::Done).await;
    let of = |state| WebhookFilter {
        owner: Some("default".into()),
        source: Some("cms".into()),
        state: Some(state),
    };
    assert_eq!(
        listed(bench, WebhookFilter::default()).await,
        [open, done, failed]
    );
    assert_eq!(listed(bench, of(WebhookState::Failed)).await, [failed]);
    assert_eq!(listed(bench, of(WebhookState::Received)).await, [open]);
    assert_eq!(listed(bench, of(WebhookState::Ignored)).await, []);
    let page = Page {
        limit: 2,
        cursor: None,
    };
    let first = bench
        .store
        .webhooks(WebhookFilter::default(), page)
        .await
        .unwrap();
    assert_eq!((first.items.len(), first.next_cursor), (2, Some(done.0)));

    let whole = bench.store.webhook("default", failed).await.unwrap();
    let whole = whole.expect("it is there");
    let came = webhook("cms", None);
    assert_eq!((whole.body, whole.envelope), (came.body, came.envelope));
    assert_eq!(whole.view.proof, came.proof);
    assert_eq!(whole.view.received_at, bench.now());
    assert_eq!(bench.store.webhook("other", failed).await.unwrap(), None);

    assert!(!bench.store.redo_webhook("other", failed).await.unwrap());
    assert!(bench.store.redo_webhook("default", failed).await.unwrap());
    assert_eq!(taken(bench).await, [failed]);
}

pub(crate) async fn old_ones_are_forgotten(bench: &Bench) {
    let (old, open) = (
        new(bench, Some([1; 16])).await,
        new(bench, Some([2; 16])).await,
    );
    end(bench, old, WebhookState::Done).await;
    let policy = Retention {
        revisions: KEEP,
        attempts: KEEP,
        log: KEEP,
        media: KEEP,
    };
    let prune = async || bench.store.prune(policy, 10).await.unwrap();
    bench.clock.advance(KEEP - Duration::from_secs(1));
    let last = new(bench, Some([3; 16])).await;
    end(bench, last, WebhookState::Done).await;
    prune().await;
    assert!(matches!(
        keep(bench, webhook("cms", Some([1; 16]))).await,
        Kept::Before(_)
    ));
    bench.clock.advance(Duration::from_secs(1));
    prune().await;
    assert_eq!(
        listed(bench, WebhookFilter::default()).await,
        [last, open],
        "what is not dealt with stays"
    );
    end(bench, open, WebhookState::Ignored).await;
    bench.clock.advance(KEEP);
    prune().await;
    assert!(
        new(bench, Some([1; 16])).await > last,
        "no number is given twice"
    );
    let lasting = NewWebhook {
        known_for_ever: true,
        ..webhook("cms", Some([9; 16]))
    };
    let Kept::New(id) = keep(bench, lasting.clone()).await else {
        panic!("it is new");
    };
    end(bench, id, WebhookState::Done).await;
    bench.clock.advance(KEEP);
    prune().await;
    let Kept::Before(view) = keep(bench, lasting).await else {
        panic!("it is known for ever");
    };
    assert_eq!((view.webhook_id, view.state), (id, WebhookState::Done));
    let whole = bench.store.webhook("default", id).await.unwrap().unwrap();
    assert!(whole.body.is_empty() && whole.envelope.url.is_empty());
}

pub(crate) async fn one_asks_a_source_at_a_time(bench: &Bench) {
    let begin = async || bench.store.begin_poll("cms", LATER).await.unwrap();
    assert_eq!(begin().await, Some(Poll { cursor: None }));
    assert_eq!(begin().await, None, "somebody asks");
    bench.clock.advance(LATER);
    assert_eq!(
        begin().await,
        Some(Poll { cursor: None }),
        "who asked is gone"
    );
    bench
        .store
        .end_poll("cms", "c1".into(), GRACE)
        .await
        .unwrap();
    assert_eq!(begin().await, None, "it is not time yet");
    bench.clock.advance(GRACE);
    let cursor = Some("c1".to_owned());
    assert_eq!(begin().await, Some(Poll { cursor }));
    let other = bench.store.begin_poll("shop", LATER).await.unwrap();
    assert_eq!(other, Some(Poll { cursor: None }));
}
