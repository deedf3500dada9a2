//! What comes after people acted: waiting again, running again, looks at what they ended.

use std::time::Duration;

use slugline_core::item::Class;
use slugline_core::lifecycle::{JobState, PendingReason, Verdict};
use slugline_core::operator::JobAction;
use slugline_core::version::Generation;
use slugline_engine::store::{Deadline, Rerun, RerunOutcome, Settlement};

use super::operator::{act, by_person, order};
use crate::bench::{Bench, ended, failure, post};

const HOUR: Duration = Duration::from_secs(3_600);

async fn given_up(bench: &Bench) -> usize {
    let deadline = Deadline {
        class: Class::Standard,
        after: HOUR,
    };
    bench
        .store
        .release(vec![deadline], 9)
        .await
        .unwrap()
        .given_up
}

pub(crate) async fn a_retry_has_its_patience_again(bench: &Bench) {
    let waiting = post("b", 1).after(&["a"]);
    let job = bench.accept(&waiting).await.answer.jobs[0].job_id;
    bench.clock.advance(HOUR * 2);
    assert_eq!(given_up(bench).await, 1);
    act(bench, order(job, JobAction::Retry)).await.unwrap();
    assert_eq!(given_up(bench).await, 0, "it has just begun to wait");
    bench.clock.advance(HOUR * 2);
    assert_eq!(given_up(bench).await, 1);
    assert_eq!(bench.job(job).await.state, JobState::Failed);
}

pub(crate) async fn a_dead_letter_never_jumps_the_queue(bench: &Bench) {
    let waiting = post("b", 1).to(&["blog", "shop"]).after(&["a"]);
    let jobs = bench.accept(&waiting).await.answer.jobs;
    let (one, other) = (jobs[0].job_id, jobs[1].job_id);
    bench.clock.advance(HOUR * 2);
    assert_eq!(given_up(bench).await, 1);
    act(bench, order(one, JobAction::Retry)).await.unwrap();
    act(bench, order(one, JobAction::Cancel)).await.unwrap();
    let retried = act(bench, order(other, JobAction::Retry)).await;
    assert_eq!(
        retried,
        Ok(JobState::Pending),
        "what it depends on is not live"
    );
    let reason = bench.job(other).await.pending_reason;
    assert_eq!(reason, Some(PendingReason::Dependency));
    bench.clock.advance(HOUR / 2);
    assert_eq!(bench.release(9).await.released, 0);
    bench.published(&post("a", 1).to(&["blog", "shop"])).await;
    let there = bench.claim_one("shop").await;
    bench.live(&there).await;
    bench.clock.advance(HOUR);
    assert_eq!(bench.release(9).await.released, 1);
    assert_eq!(bench.claim_one(&jobs[1].destination).await.job, other);
}

pub(crate) async fn a_rollback_that_runs_again_takes_nobodys_place(bench: &Bench) {
    let good = post("a", 1);
    bench.published(&good).await;
    bench.published(&post("a", 2)).await;
    let rollback = by_person(bench, &good, 2, Some(1));
    let item = rollback.item.clone();
    bench
        .store
        .accept(vec![rollback])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    let run = bench.claim_one("blog").await;
    bench.live(&run).await;
    let rerun = Rerun {
        item,
        destination: "blog".into(),
        generation: Generation(3),
        class: Class::Standard,
        overwrites: true,
        actor: "token:ops".into(),
        cause: "drift_repair".into(),
        if_relevant: None,
    };
    let queued = bench.store.rerun(vec![rerun]).await.unwrap().remove(0);
    assert!(matches!(queued, RerunOutcome::Queued(_)), "{queued:?}");
    let again = bench.claim_one("blog").await;
    bench.live(&again).await;
    assert_eq!(bench.job(run.job).await.state, JobState::Live);
}

pub(crate) async fn what_a_person_ended_stays_ended(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let run = bench.claim_one("blog").await;
    let in_doubt = Settlement {
        look_after: Some(HOUR),
        ..ended(&run, Verdict::Dead(failure()))
    };
    assert!(bench.settle(in_doubt).await);
    act(bench, order(run.job, JobAction::Skip)).await.unwrap();
    bench.clock.advance(HOUR);
    let look = bench.claim_looks("blog").await.remove(0);
    let in_vain = Settlement {
        looked: true,
        ..ended(&look, Verdict::Dead(failure()))
    };
    assert!(bench.settle(in_vain).await);
    assert_eq!(bench.job(run.job).await.state, JobState::Skipped);
    assert_eq!(bench.store.pressure().open_jobs, 0);
}
