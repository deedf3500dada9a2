//! Sets: answers in the order of what was asked, each for itself, and no more than was asked for.

use std::time::Duration;

use futures_util::future::join;
use slugline_core::item::Class;
use slugline_core::lane::LaneScope;
use slugline_core::lifecycle::{JobState, Verdict};
use slugline_core::port::EffectKey;
use slugline_core::problem::Code;
use slugline_engine::store::{
    ClaimedJob, Deadline, EffectChange, Hold, Lease, Registration, StoreError, Want,
};

use crate::bench::{Bench, LEASE, TIMEOUT, ended, failure, live, post, want};

const HOUR: Duration = Duration::from_secs(3_600);

/// A run that was lost, and one that has its lease.
async fn lost_and_held(bench: &Bench) -> (ClaimedJob, ClaimedJob) {
    bench.accept(&post("a", 1)).await;
    let lost = bench.claim_one("blog").await;
    bench.clock.advance(LEASE + TIMEOUT);
    assert_eq!(bench.store.rescue(10).await.unwrap(), 1);
    bench.accept(&post("b", 1)).await;
    let mut claimed = bench.claim("blog").await;
    let is_b = |job: &ClaimedJob| job.item.content_id == "b";
    let place = claimed.iter().position(is_b).unwrap();
    (lost, claimed.remove(place))
}

pub(crate) async fn answers_come_in_order_and_each_for_itself(bench: &Bench) {
    let (lost, held) = lost_and_held(bench).await;
    let both = [&lost, &held, &lost];
    let leases = both.map(|run| Lease {
        job: run.job,
        fence: run.fence,
        lease: LEASE,
    });
    let renewed = bench.store.renew(leases.into()).await.unwrap();
    assert_eq!(renewed, [false, true, false]);
    let changes = both.map(|run| EffectChange {
        job: run.job,
        fence: run.fence,
        key: EffectKey::Item("entry"),
        result_ref: Some("17".into()),
    });
    let recorded = bench.store.record(changes.into()).await.unwrap();
    assert_eq!(recorded, [false, true, false]);
    let holds = both.map(|run| Hold {
        job: run.job,
        fence: run.fence,
        key: EffectKey::Shared("media", "x".into()),
    });
    let held_now = bench.store.hold(holds.into()).await.unwrap();
    assert_eq!(held_now, [false, true, false]);
    let ends = vec![live(&lost), live(&held), live(&held)];
    let settled = bench.store.settle(ends).await.unwrap();
    assert_eq!(settled, [false, true, false], "a run ends once");
    assert_eq!(bench.job(lost.job).await.state, JobState::Delivering);
    assert!(bench.job(lost.job).await.effects.is_empty());
}

pub(crate) async fn a_refused_submission_does_not_harm_its_neighbours(bench: &Bench) {
    let posts = [
        post("a", 1),
        post("b", 1).to(&["nowhere"]),
        post("c", 1).slug("taken"),
        post("d", 1).slug("taken"),
        post("e", 1),
    ];
    let submissions = posts.iter().map(|post| post.submission(bench.now()));
    let decided = bench.store.accept(submissions.collect()).await.unwrap();
    let refused: Vec<_> = decided
        .iter()
        .map(|one| one.as_ref().err().map(|problem| problem.code))
        .collect();
    assert_eq!(refused[0], None);
    assert!(refused[1].is_some() && refused[2].is_none());
    assert_eq!(refused[3], Some(Code::SlugTaken));
    assert_eq!(refused[4], None);
    assert_eq!(bench.claim("blog").await.len(), 3);
    assert_eq!(bench.store.pressure().open_jobs, 3);
}

pub(crate) async fn a_pass_takes_no_more_than_its_limit(bench: &Bench) {
    for content in ["a", "b", "c"] {
        bench.accept(&post(content, 1)).await;
    }
    assert_eq!(bench.claim("blog").await.len(), 3);
    bench.clock.advance(LEASE + TIMEOUT);
    assert_eq!(bench.store.rescue(2).await.unwrap(), 2);
    assert_eq!(bench.store.rescue(2).await.unwrap(), 1);
    assert_eq!(bench.store.rescue(2).await.unwrap(), 0);
    let deadlines = vec![Deadline {
        class: Class::Standard,
        after: TIMEOUT,
    }];
    bench.clock.advance(TIMEOUT);
    let expire = || bench.store.expire(deadlines.clone(), 2);
    assert_eq!(expire().await.unwrap(), 2);
    assert_eq!(expire().await.unwrap(), 1);
    assert_eq!(expire().await.unwrap(), 0);
    let at = bench.now().plus(HOUR);
    for content in ["d", "e", "f"] {
        bench.accept(&post(content, 1).at(at)).await;
    }
    bench.clock.advance(HOUR);
    assert_eq!(bench.release(2).await.released, 2);
    assert_eq!(bench.release(2).await.released, 1);
    assert_eq!(bench.release(2).await.released, 0);
}

pub(crate) async fn one_claim_takes_one_job_of_a_lane_whatever_its_class(bench: &Bench) {
    let to = ["merged"];
    bench.accept(&post("a", 1).to(&to)).await;
    let urgent = post("a", 1).locale("de").class("urgent").to(&to);
    bench.accept(&urgent).await;
    let wants = [Class::Urgent, Class::Standard].map(|class| want("merged", class));
    let first = bench.store.claim(wants.to_vec()).await.unwrap().jobs;
    assert_eq!(first.len(), 1, "the locales share a lane");
    assert_eq!(first[0].class, Class::Urgent);
    bench.live(&first[0]).await;
    let next = bench.store.claim(wants.to_vec()).await.unwrap().jobs;
    assert_eq!(next[0].class, Class::Standard);
}

pub(crate) async fn a_claim_keeps_to_its_limit_and_its_lease(bench: &Bench) {
    for content in ["a", "b"] {
        bench.accept(&post(content, 1)).await;
    }
    let short = Want {
        limit: 1,
        lease: TIMEOUT,
        ..want("blog", Class::Standard)
    };
    let taken = bench.store.claim(vec![short]).await.unwrap().jobs;
    assert_eq!((taken.len(), taken[0].lease), (1, TIMEOUT));
    bench.claim_one("blog").await;
    bench.clock.advance(TIMEOUT * 2);
    assert_eq!(
        bench.store.rescue(10).await.unwrap(),
        1,
        "the other's lease is longer"
    );
    assert_eq!(bench.job(taken[0].job).await.state, JobState::Queued);
}

pub(crate) async fn a_prolonged_lease_counts_from_the_asking(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    bench.clock.advance(LEASE / 2);
    let lease = Lease {
        job: job.job,
        fence: job.fence,
        lease: LEASE,
    };
    assert_eq!(bench.store.renew(vec![lease]).await.unwrap(), [true]);
    bench
        .clock
        .advance(LEASE + TIMEOUT - Duration::from_micros(1));
    assert_eq!(bench.store.rescue(10).await.unwrap(), 0);
    bench.clock.advance(Duration::from_micros(1));
    assert_eq!(bench.store.rescue(10).await.unwrap(), 1);
}

pub(crate) async fn effects_stay_with_their_item_and_destination(bench: &Bench) {
    let both = ["blog", "shop"];
    bench.accept(&post("a", 1).to(&both)).await;
    bench.accept(&post("a", 1).locale("de").to(&both)).await;
    let blog = bench.claim("blog").await;
    let entry = EffectChange {
        job: blog[0].job,
        fence: blog[0].fence,
        key: EffectKey::Item("entry"),
        result_ref: Some("17".into()),
    };
    assert_eq!(bench.store.record(vec![entry]).await.unwrap(), [true]);
    for run in &blog {
        bench.live(run).await;
    }
    for run in bench.claim("shop").await {
        assert!(run.effects.is_empty(), "those are the blog's");
    }
    let newer = [post("a", 2).to(&["blog"]), post("a", 2).locale("de")];
    for post in &newer {
        bench.accept(post).await;
    }
    for run in bench.claim("blog").await {
        let own = run.item.locale == blog[0].item.locale;
        assert_eq!(run.effects.contains_key("entry"), own, "{:?}", run.item);
    }
}

pub(crate) async fn what_may_have_been_written_is_known(bench: &Bench) {
    bench.published(&post("a", 1)).await;
    for wrote in [false, true] {
        bench.accept(&post("a", 2 + i64::from(wrote))).await;
        let run = bench.claim_one("blog").await;
        assert!(run.undisturbed, "nothing was written since it was verified");
        let at = bench.now();
        let failed = slugline_engine::store::Settlement {
            wrote,
            ..ended(
                &run,
                Verdict::Retry {
                    at,
                    failure: failure(),
                },
            )
        };
        assert!(bench.settle(failed).await);
        let again = bench.claim_one("blog").await;
        assert_eq!(again.undisturbed, !wrote);
        bench.live(&again).await;
    }
}

pub(crate) async fn a_destination_may_be_registered_anew(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    bench.accept(&post("a", 1).locale("de")).await;
    assert_eq!(bench.claim("blog").await.len(), 2);
    let slower = Registration {
        pace: None,
        name: "blog".into(),
        lane: LaneScope::ItemLocale,
        request_timeout: TIMEOUT * 3,
        commit_window: Some(TIMEOUT),
    };
    bench.store.register(vec![slower]).await.unwrap();
    bench.clock.advance(LEASE + TIMEOUT);
    assert_eq!(
        bench.store.rescue(10).await.unwrap(),
        0,
        "its requests may take longer now"
    );
    bench.clock.advance(TIMEOUT * 2);
    assert_eq!(bench.store.rescue(10).await.unwrap(), 2);
    for run in bench.claim("blog").await {
        bench.live(&run).await;
    }
    bench.clock.advance(TIMEOUT);
    assert_eq!(bench.claim_looks("blog").await.len(), 2, "and its window");
}

pub(crate) async fn what_was_handed_in_before_the_close_is_done(bench: &Bench) {
    let submissions = vec![post("a", 1).submission(bench.now())];
    let (accepted, ()) = join(bench.store.accept(submissions), bench.store.close()).await;
    assert!(accepted.unwrap()[0].is_ok());
    let late = bench
        .store
        .accept(vec![post("b", 1).submission(bench.now())])
        .await;
    assert!(
        matches!(late, Err(StoreError::Unavailable(_))),
        "it says that it was closed: {late:?}"
    );
}
