//! What a publish depends on: waiting for it, and when that ends.

use std::time::Duration;

use slugline_core::item::Class;
use slugline_core::lifecycle::{JobState, PendingReason};
use slugline_core::reason::{Reason, SuggestedAction};
use slugline_engine::store::{Deadline, Decided, JobView, Released};

use crate::bench::{Bench, Post, post};
use crate::contract::media;

const HOUR: Duration = Duration::from_secs(3_600);

/// A release pass in which standard publishes are given up after an hour.
async fn pass(bench: &Bench) -> Released {
    let deadline = Deadline {
        class: Class::Standard,
        after: HOUR,
    };
    bench.store.release(vec![deadline], 100).await.unwrap()
}

/// Passes that let a publish sleep as long as it may.
async fn tire(bench: &Bench) {
    for _ in 0..20 {
        pass(bench).await;
        bench.clock.advance(Duration::from_secs(100));
    }
}

async fn job(bench: &Bench, decided: &Decided) -> JobView {
    bench.job(decided.answer.jobs[0].job_id).await
}

async fn why(bench: &Bench, decided: &Decided) -> (Option<PendingReason>, Vec<String>) {
    let job = job(bench, decided).await;
    (job.pending_reason, job.waits_for)
}

const DEPENDENCY: Option<PendingReason> = Some(PendingReason::Dependency);

pub(crate) async fn what_is_not_live_is_waited_for(bench: &Bench) {
    bench.published(&post("tag", 1)).await;
    let waiting = bench.accept(&post("b", 1).after(&["a", "tag"])).await;
    assert_eq!(waiting.answer.state, Some(JobState::Pending));
    assert_eq!(waiting.answer.jobs[0].pending_reason, DEPENDENCY);
    assert_eq!(why(bench, &waiting).await, (DEPENDENCY, vec!["a".into()]));
    assert_eq!(bench.publish("b-1").await.waits_for, ["a"]);
    assert_eq!(bench.release(10).await, Released::default());
    bench.accept(&post("a", 1)).await;
    assert_eq!(bench.release(10).await, Released::default(), "on its way");
    bench.live(&bench.claim_one("blog").await).await;
    assert_eq!(bench.release(10).await.released, 1);
    let publish = bench.publish("b-1").await;
    assert_eq!(publish.state, JobState::Queued);
    assert!(publish.waits_for.is_empty());
    assert_eq!(bench.claim_one("blog").await.item.content_id, "b");
}

pub(crate) async fn what_is_live_is_not_waited_for(bench: &Bench) {
    bench.published(&post("a", 1)).await;
    let first = bench.accept(&post("b", 1).after(&["a"])).await;
    assert_eq!(first.answer.state, Some(JobState::Queued));
    bench.live(&bench.claim_one("blog").await).await;
    bench.accept(&post("a", 2)).await;
    let second = bench.accept(&post("c", 1).after(&["a"])).await;
    assert_eq!(
        second.answer.state,
        Some(JobState::Queued),
        "an update does not take it away"
    );
    let removal = post("c", 2).action("unpublish").after(&["nobody"]);
    assert_eq!(
        bench.accept(&removal).await.answer.state,
        Some(JobState::Queued)
    );
}

pub(crate) async fn whoever_sleeps_is_woken(bench: &Bench) {
    bench.accept(&post("b", 1).after(&["a"])).await;
    for _ in 0..10 {
        bench.release(10).await;
        bench.clock.advance(Duration::from_secs(100));
    }
    bench.release(10).await;
    bench.accept(&post("a", 1)).await;
    bench.live(&bench.claim_one("blog").await).await;
    assert_eq!(bench.release(10).await.released, 1, "without waiting");
}

pub(crate) async fn all_who_sleep_are_woken_whatever_the_limit(bench: &Bench) {
    for sleeper in ["b", "c", "d", "e", "f"] {
        bench.accept(&post(sleeper, 1).after(&["a"])).await;
    }
    bench.release(10).await;
    bench.published(&post("a", 1)).await;
    let mut released = 0;
    for _ in 0..4 {
        released += bench.release(2).await.released;
    }
    assert_eq!(released, 5);
}

pub(crate) async fn it_must_be_live_wherever_both_go(bench: &Bench) {
    let both = &["blog", "shop"];
    bench.accept(&post("a", 1).to(both)).await;
    let waiting = bench.accept(&post("b", 1).to(both).after(&["a"])).await;
    bench.live(&bench.claim_one("blog").await).await;
    assert_eq!(bench.release(10).await.released, 0);
    let elsewhere = bench
        .accept(&post("c", 1).to(&["blog"]).after(&["a"]))
        .await;
    assert_eq!(elsewhere.answer.state, Some(JobState::Queued));
    let neither = bench
        .accept(&post("d", 1).to(&["merged"]).after(&["a"]))
        .await;
    assert_eq!(neither.answer.state, Some(JobState::Queued), "any will do");
    bench.live(&bench.claim_one("shop").await).await;
    assert_eq!(bench.release(10).await.released, 1);
    assert_eq!(bench.state(&waiting).await, JobState::Queued);
}

pub(crate) async fn another_locale_will_do_where_its_own_is_not(bench: &Bench) {
    bench.published(&post("a", 1).locale("de")).await;
    let other = bench.accept(&post("b", 1).after(&["a"])).await;
    assert_eq!(other.answer.state, Some(JobState::Queued));
    bench.accept(&post("a", 1)).await;
    let own = bench.accept(&post("c", 1).after(&["a"])).await;
    assert_eq!(why(bench, &own).await.0, DEPENDENCY);
}

pub(crate) async fn another_owners_content_is_another(bench: &Bench) {
    bench.published(&post("a", 1)).await;
    let mut theirs = post("b", 1).after(&["a"]);
    theirs.owner = "other";
    let mut staged = post("c", 1).after(&["a"]);
    staged.environment = "staging";
    for post in [theirs, staged] {
        let waiting = bench.accept(&post).await;
        assert_eq!(waiting.answer.jobs[0].pending_reason, DEPENDENCY);
    }
    assert_eq!(bench.release(10).await.released, 0);
}

pub(crate) async fn what_went_away_again_is_waited_for(bench: &Bench) {
    bench.published(&post("a", 1)).await;
    let at = bench.now().plus(Duration::from_secs(60));
    let waiting = bench.accept(&post("b", 1).at(at).after(&["a"])).await;
    let scheduled = (Some(PendingReason::Scheduled), Vec::new());
    assert_eq!(why(bench, &waiting).await, scheduled);
    bench.published(&post("a", 2).action("unpublish")).await;
    assert_eq!(why(bench, &waiting).await, (DEPENDENCY, vec!["a".into()]));
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.release(10).await.released, 0);
    bench.accept(&post("a", 3)).await;
    assert_eq!(bench.release(10).await.released, 0, "not back yet");
    bench.live(&bench.claim_one("blog").await).await;
    assert_eq!(bench.release(10).await.released, 1);
}

pub(crate) async fn an_arrival_does_not_hasten_a_schedule(bench: &Bench) {
    let at = bench.now().plus(Duration::from_secs(60));
    let waiting = bench.accept(&post("b", 1).at(at).after(&["a"])).await;
    bench.published(&post("a", 1)).await;
    assert_eq!(bench.release(10).await.released, 0);
    assert_eq!(bench.state(&waiting).await, JobState::Pending);
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.release(10).await.released, 1);
}

pub(crate) async fn what_waited_too_long_is_a_dead_letter(bench: &Bench) {
    let at = bench.now().plus(HOUR);
    let late = bench.accept(&post("c", 1).at(at).after(&["a"])).await;
    let waiting = bench.accept(&post("b", 1).after(&["a"])).await;
    tire(bench).await;
    assert_eq!(bench.state(&waiting).await, JobState::Pending);
    bench.clock.advance(HOUR);
    assert_eq!(pass(bench).await.given_up, 1);
    let dead = job(bench, &waiting).await;
    assert_eq!(
        (dead.state, dead.reason_code, dead.suggested_action),
        (
            JobState::Failed,
            Some(Reason::DependencyNotLive),
            Some(SuggestedAction::Retry)
        )
    );
    assert!(dead.last_error.unwrap().ends_with("not live: a"));
    assert!(dead.waits_for.is_empty() && dead.pending_reason.is_none());
    assert_eq!(
        bench.state(&late).await,
        JobState::Pending,
        "its patience begins with its time"
    );
    bench.clock.advance(HOUR);
    assert_eq!(pass(bench).await.given_up, 1);
    assert_eq!(bench.store.pressure().open_jobs, 0);
    bench.published(&post("a", 1)).await;
    assert_eq!(pass(bench).await, Released::default());
}

/// Accepts posts of which each depends on another.
async fn chain(bench: &Bench, links: &[(&str, &'static str)]) -> Vec<Decided> {
    let mut accepted = Vec::new();
    for (own, other) in links {
        accepted.push(bench.accept(&post(own, 1).after(&[other])).await);
        pass(bench).await;
    }
    accepted
}

pub(crate) async fn who_closes_a_cycle_is_a_dead_letter_at_once(bench: &Bench) {
    let links = chain(bench, &[("a", "b"), ("b", "c"), ("c", "a")]).await;
    let dead = job(bench, &links[2]).await;
    assert_eq!(
        (dead.state, dead.reason_code, dead.suggested_action),
        (
            JobState::Failed,
            Some(Reason::DependencyCycle),
            Some(SuggestedAction::EditThenRetry)
        )
    );
    let error = dead.last_error.unwrap();
    assert!(error.ends_with("c → a → b → c"), "{error}");
    assert_eq!(why(bench, &links[0]).await, (DEPENDENCY, vec!["b".into()]));
    // Corrected, it goes, and they follow one by one.
    bench.accept(&post("c", 2)).await;
    for follower in ["c", "b", "a"] {
        let job = bench.claim_one("blog").await;
        assert_eq!(job.item.content_id, follower);
        bench.live(&job).await;
        pass(bench).await;
    }
}

pub(crate) async fn what_is_on_its_way_is_in_no_cycle(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let newer = bench.accept(&post("a", 2).after(&["b"])).await;
    let other = bench.accept(&post("b", 1).after(&["a"])).await;
    assert_eq!(pass(bench).await, Released::default());
    let first = bench.claim_one("blog").await;
    bench.live(&first).await;
    assert_eq!(pass(bench).await.released, 1);
    assert_eq!(bench.state(&other).await, JobState::Queued);
    bench.live(&bench.claim_one("blog").await).await;
    assert_eq!(pass(bench).await.released, 1);
    assert_eq!(bench.state(&newer).await, JobState::Queued);
}

pub(crate) async fn a_newer_generation_takes_the_place_of_one_that_waits(bench: &Bench) {
    let waiting = bench.accept(&post("b", 1).after(&["a"])).await;
    bench.release(10).await;
    bench.accept(&post("b", 2)).await;
    assert_eq!(bench.state(&waiting).await, JobState::Superseded);
    bench.published(&post("a", 1).to(&["shop"])).await;
    assert_eq!(bench.release(10).await, Released::default());
    assert_eq!(bench.store.pressure().open_jobs, 1);
}

pub(crate) async fn all_that_holds_it_back_must_pass(bench: &Bench) {
    bench.published(&post("holder", 1).slug("here")).await;
    bench.accept(&post("holder", 2).slug("moved")).await;
    let wanted = r#"[{"role": "hero", "url": "https://cdn.example/a.png"}]"#;
    let held: Post = post("b", 1).slug("here").media(wanted).after(&["a"]);
    let held = bench.accept(&held).await;
    let stored = media::stored(held.answer.publish_id.unwrap(), &[]);
    bench.store.resolve_media(vec![stored]).await.unwrap();
    assert_eq!(why(bench, &held).await.0, Some(PendingReason::SlugRelease));
    bench.live(&bench.claim_one("blog").await).await;
    assert_eq!(bench.release(10).await.released, 0);
    assert_eq!(why(bench, &held).await.1, ["a"]);
    bench.published(&post("a", 1).to(&["shop"])).await;
    assert_eq!(bench.release(10).await.released, 1);
}

pub(crate) async fn submissions_of_one_call_see_what_is_removed(bench: &Bench) {
    bench.published(&post("a", 1)).await;
    let now = bench.now();
    let calls = vec![
        post("a", 2).action("unpublish").submission(now),
        post("b", 1).after(&["a"]).submission(now),
    ];
    let decided = bench.store.accept(calls).await.unwrap().remove(1).unwrap();
    assert_eq!(decided.answer.jobs[0].pending_reason, DEPENDENCY);
}
