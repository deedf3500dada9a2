//! What people oversee the rest with, and who is signed in.

use std::time::Duration;

use slugline_core::event::EventType;
use slugline_core::lifecycle::{JobState, Verdict};
use slugline_engine::store::{
    ContentFilter, ContentState, EventFilter, Listed, Page, RUNS_A_SPAN, Span, Standing,
};

use crate::bench::{Bench, ended, failure, post};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn page(limit: usize, cursor: Option<i64>) -> Page {
    Page { limit, cursor }
}

fn of_default() -> ContentFilter {
    ContentFilter {
        owner: "default".into(),
        ..ContentFilter::default()
    }
}

async fn listed(bench: &Bench, filter: ContentFilter) -> Vec<Listed> {
    let found = bench.store.contents(filter, page(10, None)).await.unwrap();
    assert_eq!(found.next_cursor, None);
    found.items
}

async fn ids(bench: &Bench, filter: ContentFilter) -> Vec<String> {
    let found = listed(bench, filter).await;
    found.into_iter().map(|item| item.content_id).collect()
}

pub(crate) async fn items_are_listed_newest_first_and_filtered(bench: &Bench) {
    bench.published(&post("a", 1).slug("first")).await;
    bench
        .accept(&post("b_1", 1).to(&["shop"]).locale("de"))
        .await;
    bench.accept(&post("b%1", 1)).await;
    let mut other = post("a", 1);
    other.owner = "other";
    bench.accept(&other).await;
    let all = listed(bench, of_default()).await;
    let places = |item: &Listed| {
        item.destinations
            .iter()
            .map(|at| (at.destination.clone(), at.state))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        all.iter()
            .map(|item| item.content_id.as_str())
            .collect::<Vec<_>>(),
        ["b%1", "b_1", "a"]
    );
    assert_eq!(places(&all[2]), [("blog".to_owned(), JobState::Live)]);
    assert_eq!(places(&all[1]), [("shop".to_owned(), JobState::Queued)]);

    let search = async |text: &str| {
        ids(
            bench,
            ContentFilter {
                search: Some(text.into()),
                ..of_default()
            },
        )
        .await
    };
    assert_eq!(search("B%").await, ["b%1"]);
    assert_eq!(search("irs").await, ["a"]);
    assert!(search("%").await.is_empty());
    let stand = async |state| {
        ids(
            bench,
            ContentFilter {
                state: Some(state),
                ..of_default()
            },
        )
        .await
    };
    assert_eq!(stand(ContentState::Live).await, ["a"]);
    assert_eq!(stand(ContentState::OnTheWay).await, ["b%1", "b_1"]);
    assert!(stand(ContentState::Failed).await.is_empty());
    assert!(stand(ContentState::Drifted).await.is_empty());
    let german = ContentFilter {
        locale: Some("de".into()),
        environment: Some("production".into()),
        ..of_default()
    };
    assert_eq!(ids(bench, german).await, ["b_1"]);

    let first = bench
        .store
        .contents(of_default(), page(2, None))
        .await
        .unwrap();
    let rest = bench
        .store
        .contents(of_default(), page(2, first.next_cursor))
        .await
        .unwrap();
    assert_eq!(
        (first.items.len(), rest.items.len(), rest.next_cursor),
        (2, 1, None)
    );
}

pub(crate) async fn the_newest_job_says_how_an_item_stands(bench: &Bench) {
    bench.published(&post("a", 1)).await;
    bench.accept(&post("a", 2)).await;
    let state = async || listed(bench, of_default()).await[0].destinations[0].state;
    assert_eq!(state().await, JobState::Queued);
    let at = bench.now().plus(HOUR);
    bench.accept(&post("a", 3).at(at)).await;
    assert_eq!(state().await, JobState::Pending);
}

pub(crate) async fn it_is_counted_how_items_stand(bench: &Bench) {
    bench.published(&post("a", 1)).await;
    bench.published(&post("b", 1)).await;
    bench.published(&post("b", 2).action("unpublish")).await;
    bench.accept(&post("c", 1)).await;
    let job = bench.claim_one("blog").await;
    bench.settle(ended(&job, Verdict::Dead(failure()))).await;
    bench.accept(&post("d", 1)).await;
    let at = bench.now().plus(HOUR);
    bench.accept(&post("e", 1).at(at)).await;
    let expected = Standing {
        environment: "production".into(),
        destination: "blog".into(),
        live: 1,
        removed: 1,
        on_the_way: 1,
        pending: 1,
        failed: 1,
        drifted: 0,
    };
    assert_eq!(bench.store.standing("default").await.unwrap(), [expected]);
    assert!(bench.store.standing("other").await.unwrap().is_empty());
}

pub(crate) async fn spans_say_what_runs_came_to(bench: &Bench) {
    let start = bench.now();
    bench.accept(&post("a", 1)).await;
    bench.clock.advance(MINUTE);
    let job = bench.claim_one("blog").await;
    let at = bench.now();
    bench
        .settle(ended(
            &job,
            Verdict::Retry {
                at,
                failure: failure(),
            },
        ))
        .await;
    bench.clock.advance(MINUTE);
    let job = bench.claim_one("blog").await;
    bench.live(&job).await;
    let span = |from: u32, until: u32| Span {
        from: start.plus(MINUTE * from),
        until: start.plus(MINUTE * until),
    };
    let spans = async |owner: &str| {
        let spans = vec![span(0, 1), span(1, 2), span(2, 3)];
        bench.store.spans(owner, spans).await.unwrap()
    };
    let seen = spans("default").await;
    assert_eq!((seen[0].live.len(), seen[0].retried), (0, 0));
    assert_eq!(
        (seen[1].live.len(), seen[1].retried, seen[1].failed),
        (0, 1, 0)
    );
    assert_eq!(
        (seen[2].live.as_slice(), seen[2].more),
        (&[MINUTE * 2][..], false)
    );
    assert!(
        spans("other")
            .await
            .iter()
            .all(|ran| ran.live.is_empty() && ran.retried == 0)
    );
}

pub(crate) async fn a_full_span_is_marked(bench: &Bench) {
    for number in 0..=RUNS_A_SPAN {
        bench.accept(&post(&format!("p{number}"), 1)).await;
    }
    let mut done = 0;
    while done <= RUNS_A_SPAN {
        for job in bench.claim("blog").await {
            bench.live(&job).await;
            done += 1;
        }
    }
    let span = Span {
        from: bench.now().minus(DAY),
        until: bench.now().plus(DAY),
    };
    let seen = bench.store.spans("default", vec![span]).await.unwrap();
    assert_eq!((seen[0].live.len(), seen[0].more), (RUNS_A_SPAN, true));
}

pub(crate) async fn what_comes_up_is_shown_in_its_order(bench: &Bench) {
    let now = bench.now();
    bench.accept(&post("late", 1).at(now.plus(DAY))).await;
    bench.accept(&post("soon", 1).at(now.plus(HOUR))).await;
    bench.accept(&post("now", 1)).await;
    bench.accept(&post("held", 1).after(&["nothing"])).await;
    let upcoming = async |owner: &str, limit| {
        let found = bench.store.upcoming(owner, limit).await.unwrap();
        found
            .into_iter()
            .map(|view| (view.content_id, view.jobs.len()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        upcoming("default", 9).await,
        [("soon".into(), 1), ("late".into(), 1)]
    );
    assert_eq!(upcoming("default", 1).await, [("soon".into(), 1)]);
    assert!(upcoming("other", 9).await.is_empty());
}

pub(crate) async fn the_log_is_read_backwards(bench: &Bench) {
    bench.published(&post("a", 1)).await;
    bench.published(&post("b", 1)).await;
    bench.store.seal(DAY).await.unwrap();
    let read = async |filter: EventFilter, limit, cursor| {
        bench
            .store
            .recent(filter, page(limit, cursor))
            .await
            .unwrap()
    };
    let all = read(EventFilter::default(), 100, None).await;
    let places: Vec<i64> = all.items.iter().map(|entry| entry.seq).collect();
    assert!(
        places.windows(2).all(|two| two[0] == two[1] + 1),
        "{places:?}"
    );
    assert_eq!((places.last(), all.next_cursor), (Some(&1), None));
    let first = read(EventFilter::default(), 3, None).await;
    let next = read(EventFilter::default(), 3, first.next_cursor).await;
    let two: Vec<i64> = first
        .items
        .iter()
        .chain(&next.items)
        .map(|entry| entry.seq)
        .collect();
    assert_eq!(two, places[..6]);
    let of_a = EventFilter {
        content_id: Some("a".into()),
        owner: Some("default".into()),
        ..EventFilter::default()
    };
    let of_a = read(of_a, 100, None).await.items;
    assert!(!of_a.is_empty() && of_a.iter().all(|entry| entry.content_id == "a"));
    let live = EventFilter {
        kind: Some("publish_succeeded".into()),
        ..EventFilter::default()
    };
    let live = read(live, 100, None).await.items;
    assert_eq!(
        live.iter()
            .map(|entry| (entry.kind, entry.content_id.as_str()))
            .collect::<Vec<_>>(),
        [
            (EventType::PublishSucceeded, "b"),
            (EventType::PublishSucceeded, "a")
        ]
    );
}

pub(crate) async fn a_session_ends_when_it_is_told_or_not_used(bench: &Bench) {
    let store = &bench.store;
    store.begin_session("s", "t").await.unwrap();
    store.begin_session("other", "t").await.unwrap();
    let token = async |hash: &str| {
        let found = store.session(hash).await.unwrap();
        found.map(|session| session.token)
    };
    assert_eq!(
        (token("s").await.as_deref(), token("x").await),
        (Some("t"), None)
    );
    store.end_session("other").await.unwrap();
    store.end_session("other").await.unwrap();
    assert_eq!(token("other").await, None);
    // Six days of use, then a week is over however much it is used.
    for _ in 0..16 {
        bench.clock.advance(HOUR * 10);
        assert!(token("s").await.is_some());
        store.use_session("s").await.unwrap();
        assert_eq!(
            store.session("s").await.unwrap().unwrap().seen_at,
            bench.now()
        );
    }
    bench.clock.advance(HOUR * 8);
    assert_eq!(token("s").await, None);
    store.begin_session("idle", "t").await.unwrap();
    bench.clock.advance(HOUR * 12);
    assert_eq!(token("idle").await, None);
    store.use_session("s").await.unwrap();
    assert_eq!(token("s").await, None);
}
