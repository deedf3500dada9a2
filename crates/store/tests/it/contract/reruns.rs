//! Generations that run again at a destination.

use std::time::Duration;

use slugline_core::ids::JobId;
use slugline_core::item::Class;
use slugline_core::lifecycle::{JobState, Verdict};
use slugline_core::version::Generation;
use slugline_engine::store::{ClaimedJob, EventFilter, Page, Rerun, RerunOutcome};

use crate::bench::{Bench, ended, failure, post, want};

const LATER: Duration = Duration::from_secs(3_600);

fn again(job: &ClaimedJob) -> Rerun {
    Rerun {
        item: job.item.clone(),
        destination: job.destination.clone(),
        generation: job.generation,
        class: Class::Reconcile,
        overwrites: false,
        if_relevant: None,
        actor: "token:ops".into(),
        cause: "reconciliation".into(),
    }
}

async fn rerun(bench: &Bench, reruns: Vec<Rerun>) -> Vec<RerunOutcome> {
    bench.store.rerun(reruns).await.unwrap()
}

async fn queued(bench: &Bench, job: &ClaimedJob) -> JobId {
    match rerun(bench, vec![again(job)]).await[..] {
        [RerunOutcome::Queued(job)] => job,
        ref other => panic!("{other:?}"),
    }
}

async fn claim(bench: &Bench) -> Vec<ClaimedJob> {
    let wants = vec![want("blog", Class::Reconcile)];
    bench.store.claim(wants).await.unwrap().jobs
}

pub(crate) async fn a_generation_that_is_desired_runs_again(bench: &Bench) {
    let first = bench.published(&post("a", 1)).await;
    bench.clock.advance(LATER);
    let id = queued(bench, &first).await;
    assert!(id > first.job);
    assert_eq!(bench.store.pressure().open_jobs, 1);
    let publish = bench.publish("a-1").await;
    assert_eq!(publish.state, JobState::Queued);
    assert_eq!(bench.job(first.job).await.replaced_by, Some(id));
    let once_more = rerun(bench, vec![again(&first), again(&first)]).await;
    assert_eq!(once_more, [RerunOutcome::Open(id), RerunOutcome::Open(id)]);
    let job = claim(bench).await.remove(0);
    assert_eq!((job.job, job.generation), (id, Generation(1)));
    assert_eq!((job.publish, &job.payload), (first.publish, &first.payload));
    assert_eq!(
        job.released_at, first.released_at,
        "it is no newer for that"
    );
    assert_eq!(job.queued_at, bench.now());
    assert!(job.shown.is_some() && job.undisturbed);
    assert_eq!((first.overwrites, job.overwrites), (None, Some(false)));
    bench.live(&job).await;
    assert_eq!(bench.publish("a-1").await.state, JobState::Live);
    assert_eq!(bench.store.pressure().open_jobs, 0);
    let content = bench.content("a").await;
    assert_eq!(content.destinations[0].desired_generation, Generation(1));
    bench.store.seal(Duration::MAX).await.unwrap();
    let filter = EventFilter {
        kind: Some("rerun_queued".into()),
        ..EventFilter::default()
    };
    let page = Page {
        limit: 10,
        cursor: None,
    };
    let logged = bench.store.events(filter, page).await.unwrap().items;
    assert_eq!(logged.len(), 1);
    assert_eq!(logged[0].actor, "token:ops");
    assert_eq!(logged[0].detail["cause"], "reconciliation");
}

pub(crate) async fn what_is_not_desired_does_not_run_again(bench: &Bench) {
    let first = bench.published(&post("a", 1)).await;
    bench.accept(&post("a", 2)).await;
    let older = again(&first);
    let newer = Rerun {
        generation: Generation(2),
        ..older.clone()
    };
    let elsewhere = Rerun {
        destination: "shop".into(),
        ..newer.clone()
    };
    let nowhere = Rerun {
        destination: "nowhere".into(),
        ..newer.clone()
    };
    let mut unknown = newer.clone();
    unknown.item.content_id = "b".into();
    let outcomes = rerun(bench, vec![older, newer, elsewhere, nowhere, unknown]).await;
    assert_eq!(outcomes[0], RerunOutcome::Superseded(Generation(2)));
    assert!(matches!(outcomes[1], RerunOutcome::Open(_)));
    assert_eq!(outcomes[2..], [RerunOutcome::NotDesired; 3]);
    assert_eq!(bench.store.pressure().open_jobs, 1);
    assert_eq!(bench.claim_one("blog").await.generation, Generation(2));
}

pub(crate) async fn what_a_person_overwrites_is_said_to_the_run(bench: &Bench) {
    let first = bench.published(&post("a", 1)).await;
    let purposely = Rerun {
        overwrites: true,
        class: Class::Urgent,
        ..again(&first)
    };
    rerun(bench, vec![purposely]).await;
    let wants = vec![want("blog", Class::Urgent)];
    let job = bench.store.claim(wants).await.unwrap().jobs.remove(0);
    assert!(job.overwrites == Some(true) && job.undisturbed);
    assert_eq!(job.class, Class::Urgent);
}

pub(crate) async fn a_newer_generation_takes_the_place_of_a_rerun(bench: &Bench) {
    let first = bench.published(&post("a", 1)).await;
    let id = queued(bench, &first).await;
    bench.accept(&post("a", 2)).await;
    assert_eq!(bench.job(id).await.state, JobState::Superseded);
    assert!(claim(bench).await.is_empty());
    assert_eq!(bench.claim_one("blog").await.generation, Generation(2));
}

pub(crate) async fn a_failed_rerun_can_run_again(bench: &Bench) {
    let first = bench.published(&post("a", 1)).await;
    queued(bench, &first).await;
    let job = claim(bench).await.remove(0);
    let dead = ended(&job, Verdict::Dead(failure()));
    assert!(bench.settle(dead).await);
    assert_eq!(bench.publish("a-1").await.state, JobState::Failed);
    queued(bench, &first).await;
    bench.live(&claim(bench).await[0]).await;
    assert_eq!(bench.publish("a-1").await.state, JobState::Live);
}
