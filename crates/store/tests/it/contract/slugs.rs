//! Slug claims.

use slugline_core::lifecycle::{JobState, PendingReason};
use slugline_core::problem::Code;

use crate::bench::{Bench, post};

pub(crate) async fn a_slug_has_one_claim(bench: &Bench) {
    bench.accept(&post("a", 1).slug("here")).await;
    let problem = bench.submit(&post("b", 1).slug("here")).await.unwrap_err();
    assert_eq!(
        (problem.code, problem.extra["held_by"].as_str()),
        (Code::SlugTaken, Some("a"))
    );
    bench.accept(&post("a", 2).slug("here")).await;
    bench.accept(&post("b", 1).slug("there")).await;
}

pub(crate) async fn a_slug_that_is_given_up_is_waited_for(bench: &Bench) {
    bench.published(&post("a", 1).slug("here")).await;
    bench.accept(&post("a", 2).slug("moved")).await;
    let waiting = bench.accept(&post("b", 1).slug("here")).await;
    assert_eq!(
        waiting.answer.jobs[0].pending_reason,
        Some(PendingReason::SlugRelease)
    );
    assert_eq!(
        bench.refused(&post("c", 1).slug("here")).await,
        Code::SlugTaken,
        "it is promised to b"
    );
    assert_eq!(
        bench.release(10).await,
        Default::default(),
        "the destination still shows it"
    );
    bench.live(&bench.claim_one("blog").await).await;
    let pass = bench.release(10).await;
    assert_eq!((pass.slugs_freed, pass.released), (1, 1));
    assert_eq!(bench.claim_one("blog").await.item.content_id, "b");
}

pub(crate) async fn a_slug_that_is_taken_up_again_is_not_free(bench: &Bench) {
    bench.published(&post("a", 1).slug("here")).await;
    bench.accept(&post("a", 2).slug("moved")).await;
    bench.accept(&post("a", 3).slug("here")).await;
    bench.live(&bench.claim_one("blog").await).await;
    assert_eq!(bench.release(10).await.slugs_freed, 1, "the one in between");
    assert_eq!(
        bench.refused(&post("b", 1).slug("here")).await,
        Code::SlugTaken
    );
    bench.accept(&post("c", 1).slug("moved")).await;
}

pub(crate) async fn a_removed_item_gives_its_slug_up(bench: &Bench) {
    bench
        .accept(&post("a", 1).slug("here").to(&["blog", "shop"]))
        .await;
    bench.live(&bench.claim_one("blog").await).await;
    bench.live(&bench.claim_one("shop").await).await;
    bench.accept(&post("a", 2).action("unpublish")).await;
    let waiting = bench.accept(&post("b", 1).slug("here")).await;
    bench.live(&bench.claim_one("blog").await).await;
    bench.release(10).await;
    assert_eq!(
        bench.state(&waiting).await,
        JobState::Pending,
        "the shop still shows it"
    );
    bench.live(&bench.claim_one("shop").await).await;
    bench.release(10).await;
    assert_eq!(bench.state(&waiting).await, JobState::Queued);
}

pub(crate) async fn scopes_do_not_share_slugs(bench: &Bench) {
    bench.accept(&post("a", 1).slug("here")).await;
    bench.accept(&post("b", 1).slug("here").locale("de")).await;
    let mut elsewhere = post("c", 1).slug("here");
    elsewhere.environment = "staging";
    bench.accept(&elsewhere).await;
    let mut page = post("d", 1).slug("here").submission(bench.now());
    let fields = [("content_type".to_owned(), "page".into())];
    page.request.payload.as_mut().unwrap().fields = fields.into();
    assert!(
        bench.store.accept(vec![page]).await.unwrap()[0].is_ok(),
        "pages have their own paths"
    );
}
