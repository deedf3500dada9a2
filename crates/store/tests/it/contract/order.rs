//! The order of generations: supersession, schedules, removals, P4.

use std::time::Duration;

use slugline_core::item::Action;
use slugline_core::lifecycle::{JobState, PendingReason, Verdict};
use slugline_core::version::Generation;

use crate::bench::{Bench, ended, failure, live, post};

pub(crate) async fn a_newer_generation_takes_the_place_of_a_queued_one(bench: &Bench) {
    let first = bench.accept(&post("a", 1)).await;
    let second = bench.accept(&post("a", 2)).await;
    assert_eq!(bench.state(&first).await, JobState::Superseded);
    let replaced = bench.job(first.answer.jobs[0].job_id).await;
    assert_eq!(replaced.replaced_by, Some(second.answer.jobs[0].job_id));
    assert_eq!(bench.claim_one("blog").await.generation, Generation(2));
}

pub(crate) async fn a_run_in_flight_ends_and_the_newer_one_follows(bench: &Bench) {
    let first = bench.accept(&post("a", 1)).await;
    let running = bench.claim_one("blog").await;
    bench.accept(&post("a", 2)).await;
    assert!(bench.claim("blog").await.is_empty(), "the lane is taken");
    bench.live(&running).await;
    let shown = bench.content("a").await.destinations.remove(0);
    assert_eq!(
        (shown.desired_generation, shown.shown_generation),
        (Generation(2), Some(Generation(1)))
    );
    let next = bench.claim_one("blog").await;
    assert_eq!(next.generation, Generation(2));
    bench.live(&next).await;
    let job = bench.job(first.answer.jobs[0].job_id).await;
    assert_eq!(
        (job.state, job.replaced_by),
        (JobState::Live, Some(next.job)),
        "once live, it stays so"
    );
    assert!(bench.content("a").await.destinations[0].in_sync);
}

pub(crate) async fn a_replaced_run_is_not_queued_again(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let running = bench.claim_one("blog").await;
    bench.accept(&post("a", 2)).await;
    let at = bench.now();
    assert!(
        bench
            .settle(ended(
                &running,
                Verdict::Retry {
                    at,
                    failure: failure()
                }
            ))
            .await
    );
    assert_eq!(bench.job(running.job).await.state, JobState::Superseded);
    let next = bench.claim_one("blog").await;
    assert_eq!((next.generation, next.undisturbed), (Generation(2), false));
    assert_eq!(bench.store.pressure().open_jobs, 1);
}

pub(crate) async fn what_is_shown_never_goes_back(bench: &Bench) {
    // Two destinations of one item: each has its own mark, and a late report does not lower it.
    bench.accept(&post("a", 1)).await;
    let first = bench.claim_one("blog").await;
    bench.accept(&post("a", 2)).await;
    bench.live(&first).await;
    let second = bench.claim_one("blog").await;
    bench.live(&second).await;
    assert!(!bench.settle(live(&first)).await, "the first run is over");
    let at = bench.content("a").await.destinations.remove(0);
    assert_eq!(at.shown_generation, Some(Generation(2)));
    bench
        .accept(&post("a", 2).key("shop").to(&["blog", "shop"]))
        .await;
    let claimed = bench.claim_one("shop").await;
    assert_eq!((claimed.shown, claimed.newest), (None, Generation(2)));
    assert_eq!(
        bench.content("a").await.destinations[0].shown_generation,
        Some(Generation(2))
    );
}

pub(crate) async fn a_removal_knows_what_it_removes(bench: &Bench) {
    bench.published(&post("a", 1).slug("here")).await;
    bench.accept(&post("a", 1).action("unpublish")).await;
    let removal = bench.claim_one("blog").await;
    assert_eq!(
        (removal.action, removal.generation),
        (Action::Unpublish, Generation(2))
    );
    assert_eq!(
        (removal.slug.as_str(), removal.payload.title.as_str()),
        ("here", "a 1")
    );
    bench.live(&removal).await;
    let content = bench.content("a").await;
    assert_eq!((content.action, content.slug), (Action::Unpublish, None));
    assert!(content.destinations[0].in_sync);
    bench.accept(&post("unknown", 3).action("delete")).await;
    let blind = bench.claim_one("blog").await;
    assert_eq!(
        (blind.slug.as_str(), blind.payload.title.as_str()),
        ("", ""),
        "there never was a body"
    );
}

pub(crate) async fn a_removal_goes_wherever_the_item_is(bench: &Bench) {
    bench.accept(&post("a", 1).to(&["blog", "shop"])).await;
    let removal = bench
        .accept(&post("a", 2).action("delete").to(&["blog"]))
        .await;
    let mut targets: Vec<_> = removal
        .answer
        .jobs
        .iter()
        .map(|job| job.destination.as_str())
        .collect();
    targets.sort_unstable();
    assert_eq!(targets, ["blog", "shop"]);
}

pub(crate) async fn a_scheduled_publish_is_released_at_its_time(bench: &Bench) {
    let at = bench.now().plus(Duration::from_secs(60));
    let scheduled = bench.accept(&post("a", 1).at(at)).await;
    assert_eq!(scheduled.answer.state, Some(JobState::Pending));
    assert_eq!(
        scheduled.answer.jobs[0].pending_reason,
        Some(PendingReason::Scheduled)
    );
    assert!(
        bench.content("a").await.destinations.is_empty(),
        "nothing is desired before release"
    );
    assert_eq!(bench.release(10).await.released, 0);
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.release(10).await.released, 1);
    assert_eq!(bench.release(10).await.released, 0);
    let publish = bench.publish("a-1").await;
    assert_eq!(
        (publish.released_at, publish.publish_at),
        (Some(at), Some(at))
    );
    assert_eq!(publish.jobs[0].pending_reason, None);
    assert_eq!(bench.claim_one("blog").await.released_at, at);
}

pub(crate) async fn a_newer_version_replaces_a_scheduled_one(bench: &Bench) {
    let at = bench.now().plus(Duration::from_secs(60));
    let scheduled = bench.accept(&post("a", 1).at(at)).await;
    let newer = bench.accept(&post("a", 2)).await;
    assert_eq!(
        newer.answer.supersedes,
        [scheduled.answer.publish_id.unwrap()]
    );
    assert_eq!(bench.state(&scheduled).await, JobState::Superseded);
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.release(10).await.released, 0);
    assert_eq!(bench.claim_one("blog").await.generation, Generation(2));
    assert_eq!(bench.store.pressure().open_jobs, 1);
}

pub(crate) async fn a_lower_generation_released_later_is_superseded(bench: &Bench) {
    // The first waits for its media; the second has none and is released at once, elsewhere too.
    let media = r#"[{"role": "hero", "url": "https://cdn.example/a.png"}]"#;
    let first = bench
        .accept(&post("a", 1).media(media).to(&["blog", "shop"]))
        .await;
    let second = bench.accept(&post("a", 2).to(&["blog"])).await;
    let states = bench.publish("a-1").await.jobs;
    assert_eq!(
        (states[0].state, states[1].state),
        (JobState::Superseded, JobState::Pending)
    );
    assert_eq!(states[0].replaced_by, Some(second.answer.jobs[0].job_id));
    let wanted = bench.store.wanted_media(10).await.unwrap();
    assert_eq!(wanted.len(), 1, "the shop still wants the first generation");
    bench.live(&bench.claim_one("blog").await).await;
    let resolved = crate::contract::media::stored(first.answer.publish_id.unwrap(), &[]);
    bench.store.resolve_media(vec![resolved]).await.unwrap();
    assert_eq!(bench.claim_one("shop").await.generation, Generation(1));
    let at = bench.content("a").await.destinations.remove(0);
    assert_eq!(
        (at.destination.as_str(), at.desired_generation),
        ("blog", Generation(2))
    );
}
