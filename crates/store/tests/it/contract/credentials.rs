//! Credentials that rotate: one renewal at a time, and what of it is kept.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use slugline_core::ids::Fence;
use slugline_engine::store::{KeptCredential, RefreshEnd, RefreshOutcome, RefreshRight};

use crate::bench::{Bench, LEASE};

const NAME: &str = "blog:5e8d";

async fn begin(bench: &Bench, number: i64) -> RefreshRight {
    bench
        .store
        .begin_refresh(NAME, number, LEASE)
        .await
        .unwrap()
}

/// The fence of a right that nobody else has.
async fn taken(bench: &Bench, number: i64) -> Fence {
    match begin(bench, number).await {
        RefreshRight::Taken(fence) => fence,
        other => panic!("the right is free, yet {other:?}"),
    }
}

async fn end(bench: &Bench, fence: Fence, outcome: RefreshOutcome) -> bool {
    let end = RefreshEnd {
        name: NAME.into(),
        fence,
        outcome,
    };
    bench.store.end_refresh(end).await.unwrap()
}

fn kept(number: i64, sealed: &'static [u8]) -> KeptCredential {
    KeptCredential {
        number,
        sealed: Bytes::from_static(sealed),
    }
}

async fn newest(bench: &Bench) -> Option<KeptCredential> {
    bench.store.credential(NAME).await.unwrap()
}

pub(crate) async fn one_node_renews_and_the_others_find_the_result(bench: &Bench) {
    assert_eq!(newest(bench).await, None);
    let (one, other) = join(begin(bench, 0), begin(bench, 0)).await;
    let fence = match (one, other) {
        (RefreshRight::Taken(fence), RefreshRight::Held)
        | (RefreshRight::Held, RefreshRight::Taken(fence)) => fence,
        both => panic!("of two who ask at once one has the right, yet {both:?}"),
    };
    assert_eq!(newest(bench).await, None, "it is not renewed yet");
    let first = kept(1, b"\0first");
    assert!(end(bench, fence, RefreshOutcome::Renewed(first.clone())).await);
    assert_eq!(newest(bench).await, Some(first));
    assert_eq!(
        begin(bench, 0).await,
        RefreshRight::Renewed,
        "who waited has what it waited for"
    );
    assert!(
        !end(bench, fence, RefreshOutcome::Renewed(kept(2, b"again"))).await,
        "a right is good for one end"
    );
    let next = taken(bench, 1).await;
    assert!(next > fence, "fences only grow");
    assert!(end(bench, next, RefreshOutcome::Renewed(kept(2, b"second"))).await);
    assert_eq!(newest(bench).await, Some(kept(2, b"second")));
}

pub(crate) async fn the_right_of_a_node_that_is_gone_is_taken_over(bench: &Bench) {
    let lost = taken(bench, 0).await;
    bench.clock.advance(LEASE - Duration::from_micros(1));
    assert_eq!(begin(bench, 0).await, RefreshRight::Held);
    bench.clock.advance(Duration::from_micros(1));
    let fence = taken(bench, 0).await;
    assert!(fence > lost);
    for late in [
        RefreshOutcome::Renewed(kept(1, b"late")),
        RefreshOutcome::Refused(LEASE),
        RefreshOutcome::GivenUp,
    ] {
        assert!(!end(bench, lost, late).await);
    }
    assert_eq!(newest(bench).await, None, "a late writer writes nothing");
    assert_eq!(
        begin(bench, 0).await,
        RefreshRight::Held,
        "nor does it end the other's right"
    );
    assert!(end(bench, fence, RefreshOutcome::Renewed(kept(1, b"in time"))).await);
    assert!(!end(bench, lost, RefreshOutcome::Renewed(kept(1, b"late"))).await);
    assert_eq!(newest(bench).await, Some(kept(1, b"in time")));
}

pub(crate) async fn a_late_result_is_kept_while_nobody_else_renews(bench: &Bench) {
    let fence = taken(bench, 0).await;
    bench.clock.advance(LEASE * 2);
    assert!(
        end(bench, fence, RefreshOutcome::Renewed(kept(1, b"late"))).await,
        "the old one may be used up: losing the new one would end the line"
    );
    assert_eq!(newest(bench).await, Some(kept(1, b"late")));
}

pub(crate) async fn after_a_refusal_nobody_tries_for_a_while(bench: &Bench) {
    let fence = taken(bench, 0).await;
    assert!(end(bench, fence, RefreshOutcome::Refused(LEASE)).await);
    assert_eq!(begin(bench, 0).await, RefreshRight::Refused);
    bench.clock.advance(LEASE);
    let again = taken(bench, 0).await;
    assert!(end(bench, again, RefreshOutcome::GivenUp).await);
    let third = taken(bench, 0).await;
    assert!(end(bench, third, RefreshOutcome::Renewed(kept(1, b"good"))).await);
    assert_eq!(newest(bench).await, Some(kept(1, b"good")));
}

pub(crate) async fn lines_of_credentials_are_apart(bench: &Bench) {
    let fence = taken(bench, 0).await;
    let other = bench
        .store
        .begin_refresh("shop:77aa", 0, LEASE)
        .await
        .unwrap();
    assert!(matches!(other, RefreshRight::Taken(_)));
    assert!(end(bench, fence, RefreshOutcome::Renewed(kept(1, b"blog's"))).await);
    assert_eq!(bench.store.credential("shop:77aa").await.unwrap(), None);
}
