//! Second looks after writes whose outcome is unknown.

use std::time::Duration;

use slugline_core::lifecycle::{Evidence, JobState, Verdict};
use slugline_core::version::Generation;
use slugline_engine::store::{ClaimedJob, Settlement};

use crate::bench::{Bench, LEASE, TIMEOUT, ended, failure, live, post};

const WINDOW: Duration = Duration::from_secs(90);

fn doubtful(settlement: Settlement) -> Settlement {
    Settlement {
        look_after: Some(WINDOW),
        ..settlement
    }
}

/// Brings a post live after a write whose answer was lost.
async fn live_in_doubt(bench: &Bench) -> ClaimedJob {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    assert!(bench.settle(doubtful(live(&job))).await);
    job
}

async fn look(bench: &Bench) -> ClaimedJob {
    let mut looks = bench.claim_looks("blog").await;
    assert_eq!(looks.len(), 1);
    looks.remove(0)
}

pub(crate) async fn an_unknown_write_is_looked_at_again(bench: &Bench) {
    let job = live_in_doubt(bench).await;
    assert_eq!(
        bench.job(job.job).await.evidence.as_deref(),
        Some("second look due")
    );
    let early = bench
        .store
        .claim_looks(vec![crate::bench::want("blog", job.class)])
        .await
        .unwrap();
    assert_eq!(
        (early.jobs.len(), early.next_due),
        (0, Some(bench.now().plus(WINDOW)))
    );
    assert_eq!(bench.store.counts().await.unwrap().looks_owed, 1);
    bench.clock.advance(WINDOW);
    let look = look(bench).await;
    assert_eq!(
        (look.job, look.ended, look.owes_look),
        (job.job, Some(JobState::Live), true)
    );
    assert!(look.fence > job.fence);
    assert_eq!(
        bench.job(job.job).await.state,
        JobState::Live,
        "a look does not undo what is known"
    );
    bench.live(&look).await;
    assert_eq!(
        bench.job(job.job).await.evidence.as_deref(),
        Some("read_back")
    );
    assert!(bench.claim_looks("blog").await.is_empty());
    assert_eq!(bench.store.counts().await.unwrap().looks_owed, 0);
}

pub(crate) async fn a_look_keeps_the_state_of_its_job(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    assert!(
        bench
            .settle(doubtful(ended(&job, Verdict::Dead(failure()))))
            .await
    );
    bench.clock.advance(WINDOW);
    let look = look(bench).await;
    assert_eq!(look.ended, Some(JobState::Failed));
    assert!(
        bench.settle(ended(&look, Verdict::Superseded)).await,
        "tidied"
    );
    let dead = bench.job(job.job).await;
    assert_eq!(
        (dead.state, dead.reason_code),
        (JobState::Failed, Some(failure().reason))
    );
    assert!(bench.claim_looks("blog").await.is_empty());
    assert_eq!(bench.store.pressure().open_jobs, 0);
}

pub(crate) async fn a_look_that_fails_comes_again(bench: &Bench) {
    let job = live_in_doubt(bench).await;
    bench.clock.advance(WINDOW);
    let first = look(bench).await;
    let at = bench.now().plus(Duration::from_secs(10));
    let failed = Settlement {
        looked: false,
        ..ended(
            &first,
            Verdict::Retry {
                at,
                failure: failure(),
            },
        )
    };
    assert!(bench.settle(failed).await);
    assert_eq!(bench.job(job.job).await.state, JobState::Live);
    assert!(bench.claim_looks("blog").await.is_empty());
    bench.clock.advance(Duration::from_secs(10));
    bench.live(&look(bench).await).await;
    let detail = bench.store.job("default", job.job).await.unwrap().unwrap();
    let outcomes: Vec<_> = detail
        .attempts
        .iter()
        .map(|run| run.outcome.as_str())
        .collect();
    assert_eq!(outcomes, ["live", "second_look", "second_look"]);
    assert_eq!(detail.job.attempt_count, 1);
}

pub(crate) async fn a_look_waits_for_the_lane(bench: &Bench) {
    live_in_doubt(bench).await;
    bench.clock.advance(WINDOW);
    bench.accept(&post("a", 2)).await;
    assert!(
        bench.claim_looks("blog").await.is_empty(),
        "the newest job has not ended"
    );
    let next = bench.claim_one("blog").await;
    assert!(next.owes_look);
    assert!(bench.claim_looks("blog").await.is_empty());
    bench.live(&next).await;
    let look = look(bench).await;
    assert_eq!(
        (look.job, look.generation),
        (next.job, Generation(2)),
        "the debt passes to the newest job"
    );
    bench.accept(&post("a", 3)).await;
    assert!(
        bench.claim("blog").await.is_empty(),
        "the look has the lane"
    );
    bench.live(&look).await;
    assert_eq!(bench.claim_one("blog").await.generation, Generation(3));
}

pub(crate) async fn the_latest_debt_counts(bench: &Bench) {
    live_in_doubt(bench).await;
    bench.clock.advance(Duration::from_secs(60));
    bench.accept(&post("a", 2)).await;
    let next = bench.claim_one("blog").await;
    assert!(bench.settle(doubtful(live(&next))).await);
    bench.clock.advance(Duration::from_secs(30));
    assert!(
        bench.claim_looks("blog").await.is_empty(),
        "the second write may still come"
    );
    bench.clock.advance(Duration::from_secs(60));
    bench.live(&look(bench).await).await;
}

pub(crate) async fn a_lost_look_is_taken_back(bench: &Bench) {
    let job = live_in_doubt(bench).await;
    bench.clock.advance(WINDOW);
    let lost = look(bench).await;
    bench.clock.advance(LEASE + TIMEOUT);
    assert_eq!(bench.store.rescue(10).await.unwrap(), 1);
    assert!(!bench.settle(live(&lost)).await);
    assert_eq!(bench.job(job.job).await.state, JobState::Live);
    bench.clock.advance(3 * TIMEOUT);
    bench.live(&look(bench).await).await;
}

pub(crate) async fn a_look_can_find_a_live_job_dead(bench: &Bench) {
    let job = live_in_doubt(bench).await;
    bench.clock.advance(WINDOW);
    let look = look(bench).await;
    assert!(bench.settle(ended(&look, Verdict::Dead(failure()))).await);
    let dead = bench.job(job.job).await;
    assert_eq!(
        (dead.state, dead.reason_code),
        (JobState::Failed, Some(failure().reason))
    );
    assert_eq!(bench.store.pressure().open_jobs, 0);
    let acknowledged = ended(&look, Verdict::Live(Evidence::Acknowledged));
    assert!(!bench.settle(acknowledged).await);
}
