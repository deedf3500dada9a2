//! Replays: what they are about, what each event is worth, and that nothing newer is overwritten.

use std::collections::BTreeMap;
use std::time::Duration;

use slugline_core::connector::Repeat;
use slugline_core::ids::ReplayId;
use slugline_core::item::Class;
use slugline_core::lifecycle::{JobState, Verdict};
use slugline_core::reason::Reason;
use slugline_core::replay::{Mode, Receiver, Relevance};
use slugline_core::version::Generation;
use slugline_engine::store::{
    ClaimedJob, EventFilter, NewReplay, Page, ReplayBegun, ReplayDecision, ReplayFilter,
    ReplayProgress, ReplayState, ReplayTargetView, ReplayTask, ReplayView, Rerun, RerunOutcome,
};

use crate::bench::{Bench, LEASE, Post, ended, failure, post, want};

const HOUR: Duration = Duration::from_secs(3_600);
const OWNER: &str = "default";

fn page(limit: usize, cursor: Option<i64>) -> Page {
    Page { limit, cursor }
}

fn receivers() -> BTreeMap<String, Receiver> {
    let readable = Receiver {
        readable: true,
        repeat: Repeat::LooksUp,
    };
    let signal = Receiver {
        readable: false,
        repeat: Repeat::MayDuplicate,
    };
    let names = [("blog", readable), ("shop", readable), ("build", signal)];
    let names = names.map(|(name, receiver)| (name.to_owned(), receiver));
    names.into()
}

fn of(filter: ReplayFilter) -> NewReplay {
    NewReplay {
        owner: OWNER.into(),
        actor: "token:ops".into(),
        filter,
        mode: Mode::Current,
        dry_run: false,
        limit: 1_000,
        rate: 60,
        receivers: receivers(),
    }
}

fn dry(filter: ReplayFilter) -> NewReplay {
    NewReplay {
        dry_run: true,
        ..of(filter)
    }
}

fn failed() -> ReplayFilter {
    ReplayFilter {
        state: Some(JobState::Failed),
        ..ReplayFilter::default()
    }
}

async fn begun(bench: &Bench, new: NewReplay) -> ReplayView {
    match bench.store.begin_replay(new).await.unwrap() {
        ReplayBegun::New(view) => view,
        other => panic!("{other:?}"),
    }
}

async fn targets(bench: &Bench, id: ReplayId) -> Vec<ReplayTargetView> {
    let all = page(1_000, None);
    let found = bench.store.replay_targets(OWNER, id, None, all).await;
    found.unwrap().items
}

/// What each event of a dry run is worth: content, generation and destination.
async fn worth(bench: &Bench, filter: ReplayFilter) -> Vec<(String, Relevance)> {
    let view = begun(bench, dry(filter)).await;
    let targets = targets(bench, view.replay_id).await;
    assert_eq!(view.record.total, targets.len() as u64);
    let named = |target: ReplayTargetView| {
        let (content, generation) = (target.content_id, target.generation);
        let name = format!("{content} {generation} {}", target.destination);
        (name, target.relevance)
    };
    targets.into_iter().map(named).collect()
}

async fn take(bench: &Bench, limit: usize) -> Option<ReplayTask> {
    bench.store.take_replay(LEASE, limit).await.unwrap()
}

async fn dead(bench: &Bench, post: &Post) -> ClaimedJob {
    bench.accept(post).await;
    let job = bench.claim_one(post.targets[0]).await;
    bench.settle(ended(&job, Verdict::Dead(failure()))).await;
    job
}

/// Queues what a step of a replay has in hand, as a node does.
async fn run(bench: &Bench, task: &ReplayTask) -> Vec<RerunOutcome> {
    let rerun = |target: &slugline_engine::store::ReplayTarget| Rerun {
        item: target.item.clone(),
        destination: target.destination.clone(),
        generation: target.generation,
        class: Class::Reconcile,
        overwrites: false,
        if_relevant: Some((task.record.mode, receivers()[&target.destination])),
        actor: task.record.actor.clone(),
        cause: task.id.to_string(),
    };
    let reruns = task.targets.iter().map(rerun).collect();
    bench.store.rerun(reruns).await.unwrap()
}

fn progress(task: &ReplayTask, outcomes: &[RerunOutcome]) -> ReplayProgress {
    let pairs = task.targets.iter().zip(outcomes);
    ReplayProgress {
        id: task.id,
        fence: task.fence,
        decided: pairs
            .map(|(target, outcome)| ReplayDecision::of(target, outcome))
            .collect(),
        next: Duration::ZERO,
    }
}

async fn keep(bench: &Bench, progress: ReplayProgress) -> bool {
    bench.store.keep_replay(progress).await.unwrap()
}

async fn whole(bench: &Bench, id: ReplayId) -> ReplayView {
    bench.store.replay(OWNER, id).await.unwrap().unwrap()
}

pub(crate) async fn a_dry_run_says_what_each_event_is_worth(bench: &Bench) {
    bench.published(&post("applied", 1)).await;
    bench.published(&post("newer", 1)).await;
    bench.published(&post("newer", 2)).await;
    dead(bench, &post("dead", 1)).await;
    dead(bench, &post("hook", 1).to(&["build"])).await;
    dead(bench, &post("gone", 1).to(&["merged"])).await;
    bench.accept(&post("queued", 1)).await;
    let later = bench.now().plus(HOUR * 9);
    bench.accept(&post("waits", 1).at(later)).await;
    let before = bench.store.pressure().open_jobs;
    let all = ReplayFilter {
        since: Some(bench.now().minus(HOUR)),
        ..ReplayFilter::default()
    };
    // What is desired does not count with what was accepted at this very moment.
    bench.clock.advance(HOUR);
    let found = worth(bench, all).await;
    let expected = [
        ("applied 1 blog", Relevance::AlreadyApplied),
        ("newer 1 blog", Relevance::Superseded),
        ("newer 2 blog", Relevance::AlreadyApplied),
        ("dead 1 blog", Relevance::Relevant),
        ("hook 1 build", Relevance::UnsafeType),
        ("gone 1 merged", Relevance::NoDestination),
        ("queued 1 blog", Relevance::OnItsWay),
        ("waits 1 blog", Relevance::NotDesired),
    ];
    let expected = expected.map(|(name, relevance)| (name.to_owned(), relevance));
    assert_eq!(found, expected);
    assert_eq!(bench.store.pressure().open_jobs, before);
    assert_eq!(take(bench, 10).await, None, "it has ended");
    let view = bench.store.replays(OWNER, page(1, None)).await.unwrap();
    let view = &view.items[0];
    assert_eq!(view.state, ReplayState::Done);
    assert_eq!(view.record.ended_at, Some(bench.now()));
    assert_eq!(view.record.counts[&Relevance::AlreadyApplied], 2);
    assert_eq!(view.record.counts[&Relevance::Relevant], 1);
}

pub(crate) async fn a_replay_is_about_what_fits_when_it_starts(bench: &Bench) {
    dead(bench, &post("a", 1)).await;
    bench.clock.advance(HOUR);
    let first = bench.now();
    dead(bench, &post("b", 1).said_by("cms")).await;
    bench.clock.advance(HOUR);
    let second = bench.now();
    dead(bench, &post("c", 1).to(&["shop"])).await;
    bench.published(&post("d", 1)).await;
    let mut other = post("e", 1).key("of another");
    other.owner = "other";
    dead(bench, &other).await;
    bench.clock.advance(HOUR);
    let names = |filter| async move {
        let found = worth(bench, filter).await;
        let first = |(name, _): (String, _)| name[..1].to_owned();
        found.into_iter().map(first).collect::<String>()
    };
    assert_eq!(names(failed()).await, "abc");
    let whatever = ReplayFilter::default();
    for (filter, expected) in [
        (
            ReplayFilter {
                since: Some(first),
                until: Some(second),
                ..whatever.clone()
            },
            "b",
        ),
        (
            ReplayFilter {
                content_id: Some("c".into()),
                ..whatever.clone()
            },
            "c",
        ),
        (
            ReplayFilter {
                destination: Some("blog".into()),
                ..whatever.clone()
            },
            "abd",
        ),
        (
            ReplayFilter {
                source: Some("cms".into()),
                ..whatever.clone()
            },
            "b",
        ),
        (
            ReplayFilter {
                reason: Some(Reason::ServerError),
                environment: Some("production".into()),
                ..whatever.clone()
            },
            "abc",
        ),
        (
            ReplayFilter {
                environment: Some("staging".into()),
                ..whatever
            },
            "",
        ),
    ] {
        assert_eq!(names(filter.clone()).await, expected, "{filter:?}");
    }
    let capped = NewReplay {
        limit: 2,
        ..of(failed())
    };
    let view = begun(bench, capped).await;
    assert_eq!((view.record.total, view.record.more), (2, true));
    assert_eq!(view.record.filter.until, Some(bench.now()));
    dead(bench, &post("f", 1)).await;
    let id = view.replay_id;
    let list = |cursor| bench.store.replay_targets(OWNER, id, None, page(1, cursor));
    let one = list(None).await.unwrap();
    let two = list(one.next_cursor).await.unwrap();
    assert_eq!(
        (&*one.items[0].content_id, &*two.items[0].content_id),
        ("a", "b")
    );
    assert_eq!(two.next_cursor, None, "nothing joins it");
    let none = bench.store.replay_targets("other", id, None, page(9, None));
    assert!(none.await.unwrap().items.is_empty());
    assert_eq!(bench.store.replay("other", id).await.unwrap(), None);
    let relevant = Some(Relevance::Superseded);
    let some = bench
        .store
        .replay_targets(OWNER, id, relevant, page(9, None));
    assert!(some.await.unwrap().items.is_empty());
}

pub(crate) async fn a_replay_runs_again_what_is_relevant(bench: &Bench) {
    for content in ["a", "b", "c"] {
        dead(bench, &post(content, 1)).await;
    }
    bench.clock.advance(HOUR);
    let view = begun(bench, of(failed())).await;
    assert_eq!(view.state, ReplayState::Running);
    let task = take(bench, 2).await.unwrap();
    assert_eq!(take(bench, 2).await, None, "one node has it");
    let outcomes = run(bench, &task).await;
    assert!(keep(bench, progress(&task, &outcomes)).await);
    assert!(!keep_stale(bench, &task).await);
    let half = whole(bench, view.replay_id).await;
    assert_eq!((half.state, half.record.done), (ReplayState::Running, 2));
    assert_eq!(half.jobs, Some([(JobState::Queued, 2)].into()));
    let task = take(bench, 2).await.unwrap();
    assert_eq!(task.targets.len(), 1);
    let lost = task;
    bench.clock.advance(LEASE);
    let task = take(bench, 2).await.unwrap();
    assert!(task.fence > lost.fence && task.targets == lost.targets);
    assert!(!keep(bench, progress(&lost, &[RerunOutcome::NotDesired])).await);
    let outcomes = run(bench, &task).await;
    assert!(keep(bench, progress(&task, &outcomes)).await);
    let jobs = bench
        .store
        .claim(vec![want("blog", Class::Reconcile)])
        .await;
    let jobs = jobs.unwrap().jobs;
    let order: Vec<&str> = jobs.iter().map(|job| &*job.item.content_id).collect();
    assert_eq!(order, ["a", "b", "c"]);
    assert!(jobs.iter().all(|job| job.overwrites == Some(false)));
    for job in &jobs {
        bench.live(job).await;
    }
    let done = whole(bench, view.replay_id).await;
    assert_eq!((done.state, done.record.done), (ReplayState::Done, 3));
    assert_eq!(done.record.counts, [(Relevance::Relevant, 3)].into());
    assert_eq!(done.jobs, Some([(JobState::Live, 3)].into()));
    assert!(
        bench
            .store
            .replays(OWNER, page(9, None))
            .await
            .unwrap()
            .items[0]
            .jobs
            .is_none()
    );
    let seen = targets(bench, view.replay_id).await;
    assert_eq!(seen[0].job_id, Some(jobs[0].job));
    assert_eq!(seen[0].job_state, Some(JobState::Live));
    bench.store.seal(Duration::MAX).await.unwrap();
    let logged = |kind: &str, owner: &str| {
        let filter = EventFilter {
            kind: Some(kind.into()),
            owner: Some(owner.into()),
            ..EventFilter::default()
        };
        let found = bench.store.events(filter, page(10, None));
        async move { found.await.unwrap().items }
    };
    assert_eq!(logged("replay_started", OWNER).await.len(), 1);
    let end = logged("replay_ended", OWNER).await;
    assert_eq!(end[0].detail["counts"]["relevant"], 3);
    assert_eq!(end[0].detail["replay_id"], view.replay_id.to_string());
    assert!(logged("replay_ended", "other").await.is_empty());
    let queued = logged("rerun_queued", OWNER).await;
    assert_eq!(queued[0].detail["cause"], view.replay_id.to_string());
}

async fn keep_stale(bench: &Bench, task: &ReplayTask) -> bool {
    let stale = ReplayTask {
        fence: slugline_core::ids::Fence(task.fence.0 - 1),
        ..task.clone()
    };
    keep(bench, progress(&stale, &[])).await
}

pub(crate) async fn a_replay_overwrites_nothing_newer(bench: &Bench) {
    for content in ["newer", "on its way", "applied", "shown"] {
        dead(bench, &post(content, 1)).await;
    }
    bench.clock.advance(HOUR);
    let view = begun(bench, of(failed())).await;
    assert_eq!(view.record.counts, [(Relevance::Relevant, 4)].into());
    // All of this comes between the start and the step.
    bench.published(&post("newer", 2)).await;
    bench.accept(&post("on its way", 2)).await;
    let retried = bench.store.rerun(vec![rerun_of("applied")]).await.unwrap();
    assert!(matches!(retried[0], RerunOutcome::Queued(_)));
    let wants = vec![want("blog", Class::Reconcile)];
    let job = bench.store.claim(wants).await.unwrap().jobs.remove(0);
    bench.live(&job).await;
    let task = take(bench, 10).await.unwrap();
    let outcomes = run(bench, &task).await;
    assert_eq!(outcomes[0], RerunOutcome::Superseded(Generation(2)));
    assert_eq!(outcomes[1], RerunOutcome::Superseded(Generation(2)));
    assert_eq!(outcomes[2], RerunOutcome::Left(Relevance::AlreadyApplied));
    assert!(matches!(outcomes[3], RerunOutcome::Queued(_)));
    // A node that died before it kept this does it again: nothing is queued twice.
    let again = run(bench, &task).await;
    assert!(matches!(again[3], RerunOutcome::Open(_)));
    assert!(keep(bench, progress(&task, &outcomes)).await);
    let counts = whole(bench, view.replay_id).await.record.counts;
    let expected = [
        (Relevance::Superseded, 2),
        (Relevance::AlreadyApplied, 1),
        (Relevance::Relevant, 1),
    ];
    assert_eq!(counts, expected.into());
    let newer = bench.content("newer").await;
    assert_eq!(newer.destinations[0].desired_generation, Generation(2));
    assert_eq!(newer.destinations[0].shown_generation, Some(Generation(2)));
}

fn rerun_of(content: &str) -> Rerun {
    let post = post(content, 1);
    Rerun {
        item: slugline_core::item::ItemKey {
            owner: post.owner.into(),
            environment: post.environment.into(),
            content_id: post.content_id,
            locale: post.locale.into(),
        },
        destination: "blog".into(),
        generation: Generation(1),
        class: Class::Reconcile,
        overwrites: false,
        if_relevant: None,
        actor: "token:ops".into(),
        cause: "test".into(),
    }
}

pub(crate) async fn one_replay_runs_at_a_time_and_can_be_ended(bench: &Bench) {
    dead(bench, &post("a", 1)).await;
    bench.clock.advance(HOUR);
    let view = begun(bench, of(failed())).await;
    let again = bench.store.begin_replay(of(failed())).await.unwrap();
    assert_eq!(again, ReplayBegun::Running(view.clone()));
    begun(bench, dry(failed())).await;
    let nothing = NewReplay {
        owner: "other".into(),
        ..of(failed())
    };
    let empty = begun(bench, nothing).await;
    assert_eq!((empty.state, empty.record.total), (ReplayState::Done, 0));
    let task = take(bench, 10).await.unwrap();
    let abort = |owner| bench.store.abort_replay(owner, view.replay_id, "token:ops");
    assert_eq!(abort("other").await.unwrap(), None);
    let aborted = abort(OWNER).await.unwrap().unwrap();
    assert_eq!(aborted.state, ReplayState::Aborted);
    assert_eq!(aborted.record.why.as_deref(), Some("aborted by token:ops"));
    assert!(!keep(bench, progress(&task, &[])).await);
    assert_eq!(take(bench, 10).await, None);
    assert_eq!(abort(OWNER).await.unwrap(), Some(aborted), "once");
    begun(bench, of(failed())).await;
}

pub(crate) async fn signals_are_sent_again_as_they_were(bench: &Bench) {
    let first = bench.published(&post("a", 1).to(&["shop"])).await;
    bench.published(&post("a", 2).to(&["shop"])).await;
    bench.clock.advance(HOUR);
    let signal = Receiver {
        readable: false,
        repeat: Repeat::Dedupes(HOUR),
    };
    let recorded = NewReplay {
        mode: Mode::AsRecorded,
        receivers: [("shop".to_owned(), signal)].into(),
        ..of(ReplayFilter {
            destination: Some("shop".into()),
            ..ReplayFilter::default()
        })
    };
    let view = begun(bench, recorded).await;
    let expected = [(Relevance::Superseded, 1), (Relevance::Relevant, 1)];
    assert_eq!(view.record.counts, expected.into());
    let task = take(bench, 10).await.unwrap();
    let rerun = Rerun {
        destination: "shop".into(),
        generation: Generation(2),
        if_relevant: Some((Mode::AsRecorded, signal)),
        ..rerun_of("a")
    };
    let outcome = bench.store.rerun(vec![rerun]).await.unwrap()[0];
    let RerunOutcome::Queued(id) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(task.targets.len(), 2);
    let wants = vec![want("shop", Class::Reconcile)];
    let job = bench.store.claim(wants).await.unwrap().jobs.remove(0);
    assert_eq!((job.job, job.generation), (id, Generation(2)));
    assert!(job.publish > first.publish, "its id is made of the same");
}
