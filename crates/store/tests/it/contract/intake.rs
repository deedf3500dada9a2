//! Acceptance: keys, versions, groups.

use std::time::Duration;

use futures_util::future::join_all;
use slugline_core::answer::Status;
use slugline_core::intake::Submission;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::Code;
use slugline_core::version::{Generation, Version};
use slugline_engine::store::{DecidedKind, PublishFilter, RawRequest};

use crate::bench::{Bench, post};

pub(crate) async fn an_accepted_post_is_queued_and_shown(bench: &Bench) {
    let decided = bench.accept(&post("a", 7).to(&["blog", "shop"])).await;
    let answer = &decided.answer;
    assert_eq!(
        (decided.kind, answer.status),
        (DecidedKind::Accepted, Status::Ok)
    );
    assert_eq!(
        (answer.version, answer.generation),
        (Some(Version::Number(7)), Some(Generation(1)))
    );
    assert_eq!(answer.result_ref.as_deref(), Some("content:a:v7"));
    assert_eq!(answer.state, Some(JobState::Queued));
    let by_id = bench.publish(answer.publish_id.unwrap()).await;
    assert_eq!(by_id, bench.publish("a-7").await);
    assert_eq!(
        by_id
            .jobs
            .iter()
            .map(|job| job.destination.as_str())
            .collect::<Vec<_>>(),
        ["blog", "shop"]
    );
    assert_eq!(
        by_id.jobs.iter().map(|job| job.job_id).collect::<Vec<_>>(),
        answer.jobs.iter().map(|job| job.job_id).collect::<Vec<_>>()
    );
    assert_eq!(by_id.released_at, Some(bench.now()));
    let content = bench.content("a").await;
    assert_eq!(
        (content.slug.as_deref(), content.next_version),
        (Some("a-7"), Version::Number(8))
    );
    assert_eq!(content.destinations.len(), 2);
    assert!(
        content
            .destinations
            .iter()
            .all(|at| at.desired_generation == Generation(1) && !at.in_sync)
    );
}

pub(crate) async fn a_repeated_key_gets_its_answer(bench: &Bench) {
    let first = bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    bench.live(&job).await;
    let again = bench.accept(&post("a", 1)).await;
    assert_eq!(again.kind, DecidedKind::Replayed);
    assert_eq!(
        again.answer,
        first.answer.clone().replayed(),
        "the stored answer, as it was given"
    );
    let mut other = post("a", 2);
    other.key = "a-1".into();
    assert_eq!(bench.refused(&other).await, Code::IdempotencyKeyReused);
    assert_eq!(bench.publishes(PublishFilter::default()).await.len(), 1);
}

pub(crate) async fn a_key_expires_and_the_version_guard_stays(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    bench.clock.advance(Duration::from_secs(86_401));
    let again = bench.accept(&post("a", 1)).await;
    assert_eq!(
        again.kind,
        DecidedKind::Duplicate,
        "the version says that it was seen"
    );
    assert_eq!(bench.publishes(PublishFilter::default()).await.len(), 1);
    let replayed = bench.accept(&post("a", 1)).await;
    assert_eq!(
        replayed.kind,
        DecidedKind::Replayed,
        "the key is remembered anew"
    );
}

pub(crate) async fn the_key_of_an_assigned_version_does_not_expire(bench: &Bench) {
    let mut unversioned = post("a", 1).key("k");
    unversioned.version = None;
    assert_eq!(
        bench.accept(&unversioned).await.answer.version,
        Some(Version::Number(1))
    );
    bench.clock.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(bench.accept(&unversioned).await.kind, DecidedKind::Replayed);
}

pub(crate) async fn older_and_equal_versions_change_nothing(bench: &Bench) {
    bench.accept(&post("a", 7)).await;
    let stale = bench.accept(&post("a", 6)).await;
    assert_eq!(
        (stale.kind, stale.answer.status),
        (DecidedKind::Stale, Status::StaleUpdateIgnored)
    );
    assert_eq!(
        bench.accept(&post("a", 6)).await.kind,
        DecidedKind::Replayed
    );
    assert_eq!(
        bench.accept(&post("a", 7).key("other")).await.kind,
        DecidedKind::Duplicate
    );
    let mut conflicting = post("a", 7).key("third");
    conflicting.title = "another".into();
    assert_eq!(bench.refused(&conflicting).await, Code::VersionConflict);
    assert_eq!(bench.content("a").await.generation, Generation(1));
}

pub(crate) async fn the_same_version_goes_to_more_destinations(bench: &Bench) {
    let first = bench.accept(&post("a", 1)).await;
    let wider = bench
        .accept(&post("a", 1).key("wider").to(&["blog", "shop"]))
        .await;
    assert_eq!(
        (wider.kind, wider.answer.generation),
        (DecidedKind::Accepted, first.answer.generation)
    );
    assert_eq!(
        wider
            .answer
            .jobs
            .iter()
            .map(|job| job.destination.as_str())
            .collect::<Vec<_>>(),
        ["shop"]
    );
    let job = bench.claim_one("shop").await;
    assert_eq!(
        (job.generation, job.payload.title.as_str()),
        (Generation(1), "a 1")
    );
    let again = bench.accept(&post("a", 1).key("third").to(&["shop"])).await;
    assert_eq!(again.kind, DecidedKind::Duplicate);
}

pub(crate) async fn submissions_of_one_call_see_each_other(bench: &Bench) {
    let now = bench.now();
    let group = [
        post("a", 1),
        post("a", 1),
        post("a", 3),
        post("a", 2),
        post("b", 1).slug("a-1"),
    ];
    let outcomes = bench
        .store
        .accept(group.iter().map(|post| post.submission(now)).collect())
        .await
        .unwrap();
    let kinds: Vec<_> = outcomes
        .iter()
        .map(|outcome| {
            outcome
                .as_ref()
                .map(|decided| decided.kind)
                .map_err(|problem| problem.code)
        })
        .collect();
    let expected = [
        Ok(DecidedKind::Accepted),
        Ok(DecidedKind::Replayed),
        Ok(DecidedKind::Accepted),
        Ok(DecidedKind::Stale),
        Err(Code::SlugTaken),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(
        bench.claim("blog").await.len(),
        1,
        "the third took the first one's place"
    );
}

pub(crate) async fn concurrent_submissions_have_one_outcome_a_key(bench: &Bench) {
    let posts: Vec<_> = (0..40).map(|n| post("a", 1 + n % 4)).collect();
    let decided = join_all(posts.iter().map(|post| bench.accept(post))).await;
    let accepted = decided
        .iter()
        .filter(|decided| decided.kind == DecidedKind::Accepted)
        .count();
    let publishes = bench.publishes(PublishFilter::default()).await;
    assert_eq!(publishes.len(), accepted);
    assert!(
        publishes
            .windows(2)
            .all(|pair| pair[0].version.ordinal() > pair[1].version.ordinal())
    );
    assert_eq!(bench.content("a").await.version, Version::Number(4));
}

pub(crate) async fn a_destination_that_is_not_known_stores_nothing(bench: &Bench) {
    assert_eq!(
        bench.refused(&post("a", 1).to(&["blog", "nowhere"])).await,
        Code::Internal
    );
    assert!(
        bench
            .store
            .content("default", "a")
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        bench.accept(&post("a", 1)).await.kind,
        DecidedKind::Accepted,
        "the key was not used up"
    );
}

pub(crate) async fn owners_do_not_see_each_other(bench: &Bench) {
    let decided = bench.accept(&post("a", 1)).await;
    let mut theirs = post("a", 9);
    theirs.owner = "other";
    theirs.key = "a-1".into();
    assert_eq!(
        bench.accept(&theirs).await.answer.generation,
        Some(Generation(1)),
        "same key, content and slug elsewhere"
    );
    assert_eq!(
        bench
            .store
            .publish("other", &decided.answer.publish_id.unwrap().to_string())
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        bench
            .store
            .job("other", decided.answer.jobs[0].job_id)
            .await
            .unwrap(),
        None
    );
    let filter = PublishFilter {
        owner: Some("other".into()),
        ..PublishFilter::default()
    };
    assert_eq!(bench.publishes(filter).await.len(), 1);
    assert_eq!(
        bench.store.content("other", "a").await.unwrap()[0].version,
        Version::Number(9)
    );
}

pub(crate) async fn pressure_counts_open_jobs(bench: &Bench) {
    bench.accept(&post("a", 1).to(&["blog", "shop"])).await;
    bench
        .accept(&post("b", 1).at(bench.now().plus(Duration::from_secs(60))))
        .await;
    assert_eq!(bench.store.pressure().open_jobs, 3);
    let job = bench.claim_one("blog").await;
    assert_eq!(
        bench.store.pressure().open_jobs,
        3,
        "a run does not end its job"
    );
    bench.live(&job).await;
    assert_eq!(bench.store.pressure().open_jobs, 2);
    bench.accept(&post("a", 2).to(&["shop"])).await;
    assert_eq!(
        bench.store.pressure().open_jobs,
        2,
        "one came, one was superseded"
    );
    assert_eq!(bench.store.pressure().waiting, 0);
    assert!(bench.store.pressure().free_bytes > 0);
}

pub(crate) async fn a_removal_in_all_locales_overtakes_what_is_older(bench: &Bench) {
    let said = |version, locale| post("a", version).locale(locale).said_by("cms");
    let whole = |version| said(version, "*").to(&[]).action("unpublish");
    // Before anything else of it came: what was on its way loses.
    let answer = bench.accept(&whole(5)).await;
    assert_eq!(answer.kind, DecidedKind::Accepted);
    for version in [4, 5] {
        let late = bench.accept(&said(version, "de")).await;
        assert_eq!(late.answer.status, Status::StaleUpdateIgnored, "{version}");
    }
    let reason = bench.accept(&said(3, "fr")).await.answer.reason;
    assert_eq!(reason.as_deref(), Some("unpublished at 5; send 6"));
    assert_eq!(
        bench.accept(&said(6, "de")).await.kind,
        DecidedKind::Accepted
    );
    // A removal in one locale at the version of that in all is that removal carried out.
    assert_eq!(bench.accept(&whole(7)).await.kind, DecidedKind::Accepted);
    let removal = said(7, "de").action("unpublish");
    assert_eq!(bench.accept(&removal).await.kind, DecidedKind::Accepted);
    let older = said(6, "fr").action("unpublish");
    assert_eq!(bench.accept(&older).await.kind, DecidedKind::Stale);
    // In one group too, and only for its own content.
    let group = [
        said(9, "*").to(&[]).action("delete"),
        said(8, "de"),
        post("b", 8).said_by("cms"),
    ];
    let now = bench.now();
    let group = group.iter().map(|post| post.submission(now)).collect();
    let decided = bench.store.accept(group).await.unwrap();
    let kinds: Vec<DecidedKind> = decided
        .into_iter()
        .map(|decided| decided.unwrap().kind)
        .collect();
    assert_eq!(
        kinds,
        [
            DecidedKind::Accepted,
            DecidedKind::Stale,
            DecidedKind::Accepted
        ]
    );
}

pub(crate) async fn a_request_can_be_read_as_it_came(bench: &Bench) {
    for (content_id, headers) in [("a", vec![]), ("b", vec![("user-agent", "newsroom/4")])] {
        let owned = |(name, value): &(&str, &str)| ((*name).into(), (*value).into());
        let headers: Vec<(String, String)> = headers.iter().map(owned).collect();
        let came = Submission {
            headers: headers.clone(),
            ..post(content_id, 1).submission(bench.now())
        };
        let body = came.raw.to_vec();
        let accepted = bench.store.accept(vec![came]).await.unwrap().remove(0);
        let publish = accepted.unwrap().answer.publish_id.unwrap();
        let read = async |owner: &str| bench.store.raw_request(owner, publish).await.unwrap();
        assert_eq!(read("default").await, Some(RawRequest { headers, body }));
        assert_eq!(read("somebody else").await, None);
    }
}
