//! Reconciliations: what they note, compare and count; what has drifted, and what is adopted.

use std::time::Duration;

use slugline_core::connector::Listed;
use slugline_core::drift::Drift;
use slugline_core::lifecycle::Verdict;
use slugline_core::port::ENTRY;
use slugline_engine::store::{
    Begun, ClaimedJob, Compared, Comparison, DriftFilter, DriftedView, EffectChange, EventFilter,
    Found, NewReconciliation, Page, Progress, ReconciliationState, ReconciliationTask,
    ReconciliationView, Settlement,
};

use crate::bench::{Bench, LEASE, ended, post};

const LATER: Duration = Duration::from_secs(60);

fn page(limit: usize, cursor: Option<i64>) -> Page {
    Page { limit, cursor }
}

fn new(destination: &str) -> NewReconciliation {
    NewReconciliation {
        destination: destination.into(),
        actor: "token:ops".into(),
        dry_run: false,
        believe_listing: false,
        unless_since: None,
    }
}

async fn begin(bench: &Bench, new: NewReconciliation) -> Begun {
    bench.store.begin_reconciliation(new).await.unwrap()
}

async fn begun(bench: &Bench) -> ReconciliationView {
    match begin(bench, new("blog")).await {
        Begun::New(view) => view,
        other => panic!("{other:?}"),
    }
}

async fn take(bench: &Bench) -> Option<ReconciliationTask> {
    let at = vec!["shop".to_owned(), "blog".to_owned()];
    bench.store.take_reconciliation(at, LEASE).await.unwrap()
}

async fn taken(bench: &Bench) -> ReconciliationTask {
    bench.clock.advance(LATER);
    begun(bench).await;
    take(bench).await.unwrap()
}

fn progress(task: &ReconciliationTask, state: ReconciliationState) -> Progress {
    let mut record = task.record.clone();
    record.counts.listed += 7;
    Progress {
        id: task.id,
        fence: task.fence,
        state,
        record,
        next: Duration::ZERO,
    }
}

async fn keep(bench: &Bench, progress: Progress) -> bool {
    bench.store.keep_reconciliation(progress).await.unwrap()
}

async fn compare(bench: &Bench, task: &ReconciliationTask, what: Comparison) -> Compared {
    bench.store.compare(task, what).await.unwrap().unwrap()
}

fn listed(entries: &[(&str, &str)]) -> Comparison {
    let entry = |(name, fingerprint): &(&str, &str)| Listed {
        name: (*name).into(),
        fingerprint: Some((*fingerprint).into()),
    };
    Comparison::Listed(entries.iter().map(entry).collect())
}

/// Brings an item live as an entry of this name.
async fn live_as(bench: &Bench, content: &str, version: i64, name: &str) -> ClaimedJob {
    bench.accept(&post(content, version)).await;
    let job = bench.claim_one("blog").await;
    let change = EffectChange {
        job: job.job,
        fence: job.fence,
        key: ENTRY,
        result_ref: Some(name.to_owned()),
    };
    assert_eq!(bench.store.record(vec![change]).await.unwrap(), [true]);
    bench.live(&job).await;
    job
}

/// Ends the looks that are due: each item has drifted so.
async fn looks_find(bench: &Bench, drift: &[(&str, Option<Drift>)]) {
    let looks = bench.claim_looks("blog").await;
    assert_eq!(looks.len(), drift.len());
    for look in &looks {
        let of_it = |(content, _): &&(&str, _)| *content == look.item.content_id;
        let (_, kind) = drift.iter().find(of_it).unwrap();
        let found = Settlement {
            wrote: false,
            drift: kind.map(|kind| Found {
                kind,
                fingerprint: (kind != Drift::Missing).then(|| "by hand".into()),
            }),
            ..ended(look, Verdict::Superseded)
        };
        assert!(bench.settle(found).await);
    }
}

async fn drifted(bench: &Bench, filter: DriftFilter) -> Vec<DriftedView> {
    let found = bench.store.drifted(filter, page(10, None)).await;
    found.unwrap().items
}

pub(crate) async fn one_runs_at_a_time_and_one_node_has_it(bench: &Bench) {
    assert_eq!(begin(bench, new("nowhere")).await, Begun::Unknown);
    let view = begun(bench).await;
    assert_eq!(
        begin(bench, new("blog")).await,
        Begun::Running(view.clone())
    );
    assert!(matches!(begin(bench, new("shop")).await, Begun::New(_)));
    let first = take(bench).await.unwrap();
    let second = take(bench).await.unwrap();
    assert!(first.destination != second.destination);
    assert_eq!(take(bench).await, None, "both are in hand");
    let lost = [first, second]
        .into_iter()
        .find(|task| task.id == view.reconciliation_id);
    let lost = lost.unwrap();
    bench.clock.advance(LEASE);
    let again = [take(bench).await.unwrap(), take(bench).await.unwrap()];
    let has = again.into_iter().find(|task| task.id == lost.id).unwrap();
    assert!(has.fence > lost.fence);
    let compared = bench.store.compare(&lost, listed(&[])).await.unwrap();
    assert_eq!(compared, None);
    assert!(!keep(bench, progress(&lost, ReconciliationState::Done)).await);
    assert!(keep(bench, progress(&has, ReconciliationState::Running)).await);
    let next = take(bench).await.unwrap();
    assert_eq!((next.id, next.record.counts.listed), (has.id, 7));
    assert!(keep(bench, progress(&next, ReconciliationState::Done)).await);
    let done = bench.store.reconciliation(has.id).await.unwrap().unwrap();
    assert_eq!(done.state, ReconciliationState::Done);
    assert_eq!((done.counts.listed, done.ended_at), (14, Some(bench.now())));
    let recent = NewReconciliation {
        believe_listing: false,
        unless_since: Some(done.started_at),
        ..new("blog")
    };
    assert_eq!(begin(bench, recent).await, Begun::Recent);
    let newest = begun(bench).await;
    let list = |destination: Option<&str>, limit, cursor| {
        let destination = destination.map(str::to_owned);
        let found = bench
            .store
            .reconciliations(destination, page(limit, cursor));
        async move { found.await.unwrap() }
    };
    assert_eq!(list(None, 10, None).await.items.len(), 3);
    let at_blog = list(Some("blog"), 1, None).await;
    assert_eq!(at_blog.items, [newest]);
    let older = list(Some("blog"), 1, at_blog.next_cursor).await;
    assert_eq!((older.items, older.next_cursor), (vec![done], None));
    bench.store.seal(Duration::MAX).await.unwrap();
    let filter = EventFilter {
        kind: Some("reconciliation_ended".into()),
        owner: Some("default".into()),
        ..EventFilter::default()
    };
    let logged = bench.store.events(filter, page(10, None)).await.unwrap();
    assert_eq!(logged.items.len(), 1);
    assert_eq!(logged.items[0].detail["destination"], "blog");
    assert_eq!(logged.items[0].detail["counts"]["listed"], 14);
}

pub(crate) async fn a_person_can_end_it(bench: &Bench) {
    let task = taken(bench).await;
    let abort = || bench.store.abort_reconciliation(task.id, "token:ops");
    let aborted = abort().await.unwrap().unwrap();
    assert_eq!(aborted.state, ReconciliationState::Aborted);
    assert_eq!(aborted.why.as_deref(), Some("aborted by token:ops"));
    assert!(!keep(bench, progress(&task, ReconciliationState::Running)).await);
    assert_eq!(take(bench).await, None);
    assert_eq!(abort().await.unwrap(), Some(aborted), "once");
    begun(bench).await;
}

pub(crate) async fn what_is_there_is_compared_with_what_should_be(bench: &Bench) {
    for (content, name) in [("a", "posts/1"), ("b", "posts/2"), ("c", "posts/3")] {
        live_as(bench, content, 1, name).await;
    }
    let task = taken(bench).await;
    let entries = [("posts/1", "g1"), ("posts/2", "by hand"), ("posts/9", "x")];
    for _ in 0..2 {
        let compared = compare(bench, &task, listed(&entries)).await;
        assert_eq!((compared.unmanaged, compared.suspects), (1, 1));
    }
    let tally = || async { bench.store.tally(task.id).await.unwrap() };
    let at_first = tally().await;
    assert_eq!((at_first.expected, at_first.met), (3, 2));
    assert_eq!((at_first.waiting, at_first.in_sync), (1, 1));
    looks_find(bench, &[("b", Some(Drift::Diverged))]).await;
    let then = tally().await;
    assert_eq!((then.waiting, then.in_sync), (0, 1));
    assert_eq!(then.drift, [(Drift::Diverged, 1)].into());
    let counts = bench.store.counts().await.unwrap();
    assert_eq!(counts.drift, [(("blog".into(), Drift::Diverged), 1)].into());
    // What is there again as it should be is looked at, because it had drifted.
    let compared = compare(bench, &task, listed(&[("posts/2", "g1")])).await;
    assert_eq!(compared.suspects, 1);
    looks_find(bench, &[("b", None)]).await;
    assert_eq!(tally().await.in_sync, 2);
}

pub(crate) async fn what_is_on_its_way_is_left_alone(bench: &Bench) {
    live_as(bench, "a", 1, "posts/1").await;
    live_as(bench, "b", 1, "posts/2").await;
    live_as(bench, "c", 1, "posts/3").await;
    let task = taken(bench).await;
    live_as(bench, "b", 2, "posts/2").await;
    bench.accept(&post("a", 2)).await;
    let entries = [("posts/1", "x"), ("posts/2", "x"), ("posts/3", "g1")];
    let compared = compare(bench, &task, listed(&entries)).await;
    assert_eq!((compared.unmanaged, compared.suspects), (0, 0));
    let tally = bench.store.tally(task.id).await.unwrap();
    assert_eq!((tally.expected, tally.met, tally.in_sync), (1, 1, 1));
    assert!(bench.claim_looks("blog").await.is_empty());
}

pub(crate) async fn what_is_not_listed_is_searched_for(bench: &Bench) {
    for (content, name) in [("a", "posts/1"), ("b", "posts/2"), ("c", "posts/3")] {
        live_as(bench, content, 1, name).await;
    }
    bench.accept(&post("d", 1)).await;
    let dead = bench.claim_one("blog").await;
    bench.live(&dead).await;
    bench.accept(&post("d", 2).action("unpublish")).await;
    bench.live(&bench.claim_one("blog").await).await;
    let task = taken(bench).await;
    compare(bench, &task, listed(&[("posts/2", "g1")])).await;
    let unseen = |after| Comparison::Unseen { after, limit: 1 };
    let first = compare(bench, &task, unseen(0)).await;
    assert_eq!(first.suspects, 1);
    let second = compare(bench, &task, unseen(first.last.unwrap())).await;
    assert_eq!(second.suspects, 1);
    let none = compare(bench, &task, unseen(second.last.unwrap())).await;
    assert_eq!(
        none,
        Compared::default(),
        "what should be gone is not missed"
    );
    let found = [("a", Some(Drift::Missing)), ("c", Some(Drift::Missing))];
    looks_find(bench, &found).await;
    let missing = |destination: &str| DriftFilter {
        kind: Some(Drift::Missing),
        destination: Some(destination.into()),
        owner: Some("default".into()),
        environment: Some("production".into()),
        reconciliation: Some(task.id),
        ..DriftFilter::default()
    };
    let at_blog = drifted(bench, missing("blog")).await;
    assert_eq!(at_blog.len(), 2);
    assert_eq!(
        (&*at_blog[0].content_id, &*at_blog[1].content_id),
        ("a", "c")
    );
    assert_eq!(at_blog[0].seen_fingerprint, None);
    assert_eq!(at_blog[0].verified_fingerprint.as_deref(), Some("g1"));
    assert!(drifted(bench, missing("shop")).await.is_empty());
    let one = page(1, None);
    let first = bench.store.drifted(missing("blog"), one).await.unwrap();
    let next = page(1, first.next_cursor);
    let second = bench.store.drifted(missing("blog"), next).await.unwrap();
    assert_eq!(second.items, at_blog[1..]);
    assert_eq!(second.next_cursor, None);
}

pub(crate) async fn where_nothing_can_be_listed_each_item_is_looked_at(bench: &Bench) {
    live_as(bench, "a", 1, "posts/1").await;
    live_as(bench, "b", 1, "posts/2").await;
    bench.accept(&post("b", 2).action("delete")).await;
    bench.live(&bench.claim_one("blog").await).await;
    let task = taken(bench).await;
    let each = Comparison::Each {
        after: 0,
        limit: 10,
    };
    assert_eq!(compare(bench, &task, each).await.suspects, 2);
    looks_find(bench, &[("a", None), ("b", Some(Drift::Extra))]).await;
    let tally = bench.store.tally(task.id).await.unwrap();
    assert_eq!((tally.in_sync, tally.waiting), (1, 0));
    assert_eq!(tally.drift, [(Drift::Extra, 1)].into());
}

pub(crate) async fn what_was_adopted_is_the_baseline(bench: &Bench) {
    live_as(bench, "a", 1, "posts/1").await;
    live_as(bench, "b", 1, "posts/2").await;
    let task = taken(bench).await;
    let entries = [("posts/1", "by hand")];
    compare(bench, &task, listed(&entries)).await;
    compare(
        bench,
        &task,
        Comparison::Unseen {
            after: 0,
            limit: 10,
        },
    )
    .await;
    let found = [("a", Some(Drift::Diverged)), ("b", Some(Drift::Missing))];
    looks_find(bench, &found).await;
    let seen = drifted(bench, DriftFilter::default()).await;
    let older = DriftedView {
        seen_fingerprint: Some("by another hand".into()),
        ..seen[0].clone()
    };
    let stale = bench.store.adopt(vec![older], "token:ops").await;
    assert_eq!(stale.unwrap(), [false], "nobody has seen what is there now");
    let adopted = bench.store.adopt(seen.clone(), "token:ops").await;
    assert_eq!(adopted.unwrap(), [true, false], "what has gone is nothing");
    let again = bench.store.adopt(seen, "token:ops").await;
    assert_eq!(again.unwrap(), [false, false]);
    assert_eq!(drifted(bench, DriftFilter::default()).await.len(), 1);
    let compared = compare(bench, &task, listed(&entries)).await;
    assert_eq!(compared.suspects, 0, "it is as it was adopted");
    assert!(bench.content("a").await.destinations[0].in_sync);
    bench.accept(&post("a", 2)).await;
    let next = bench.claim_one("blog").await;
    assert_eq!(next.adopted.as_deref(), Some("by hand"));
    bench.live(&next).await;
    bench.accept(&post("a", 3)).await;
    assert_eq!(bench.claim_one("blog").await.adopted, None);
}
