//! What readers see, what retention keeps, tokens.

use std::time::Duration;

use slugline_core::item::Class;
use slugline_core::lifecycle::{JobState, Verdict};
use slugline_core::version::Generation;
use slugline_engine::store::{Page, PublishFilter, Retention, TokenRecord};

use crate::bench::{Bench, ended, failure, post};

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) async fn lists_are_pages_and_filters(bench: &Bench) {
    for content in ["a", "b", "c"] {
        bench.accept(&post(content, 1)).await;
    }
    bench.accept(&post("d", 1).to(&["shop"]).locale("de")).await;
    let page = bench
        .store
        .publishes(
            PublishFilter::default(),
            Page {
                limit: 3,
                cursor: None,
            },
        )
        .await
        .unwrap();
    assert_eq!(
        page.items
            .iter()
            .map(|view| view.content_id.as_str())
            .collect::<Vec<_>>(),
        ["d", "c", "b"]
    );
    let rest = bench
        .store
        .publishes(
            PublishFilter::default(),
            Page {
                limit: 3,
                cursor: page.next_cursor,
            },
        )
        .await
        .unwrap();
    assert_eq!(
        (rest.items[0].content_id.as_str(), rest.next_cursor),
        ("a", None)
    );
    bench.claim("blog").await;
    let find = async |filter| bench.publishes(filter).await.len();
    assert_eq!(
        find(PublishFilter {
            state: Some(JobState::Delivering),
            ..Default::default()
        })
        .await,
        3
    );
    assert_eq!(
        find(PublishFilter {
            destination: Some("shop".into()),
            ..Default::default()
        })
        .await,
        1
    );
    assert_eq!(
        find(PublishFilter {
            locale: Some("de".into()),
            environment: Some("production".into()),
            ..Default::default()
        })
        .await,
        1
    );
    assert_eq!(
        find(PublishFilter {
            content_id: Some("a".into()),
            owner: Some("default".into()),
            ..Default::default()
        })
        .await,
        1
    );
    assert_eq!(
        find(PublishFilter {
            request_id: Some("b-1".into()),
            state: Some(JobState::Queued),
            ..Default::default()
        })
        .await,
        0
    );
}

pub(crate) async fn revisions_are_listed_newest_first(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    bench.accept(&post("a", 2)).await;
    bench.accept(&post("a", 2).action("unpublish")).await;
    let page = bench
        .store
        .revisions(
            "default",
            "a",
            Page {
                limit: 2,
                cursor: None,
            },
        )
        .await
        .unwrap();
    let titles: Vec<_> = page
        .items
        .iter()
        .map(|view| (view.generation, view.payload.is_some()))
        .collect();
    assert_eq!(titles, [(Generation(3), false), (Generation(2), true)]);
    let rest = bench
        .store
        .revisions(
            "default",
            "a",
            Page {
                limit: 2,
                cursor: page.next_cursor,
            },
        )
        .await
        .unwrap();
    assert_eq!(rest.items[0].payload.as_ref().unwrap().title, "a 1");
    assert_eq!(
        (rest.items[0].request_id.as_str(), rest.next_cursor),
        ("a-1", None)
    );
}

pub(crate) async fn counts_show_what_there_is_to_do(bench: &Bench) {
    let began = bench.now();
    bench.accept(&post("a", 1)).await;
    bench.accept(&post("b", 1)).await;
    bench.accept(&post("c", 1).at(began.plus(DAY))).await;
    let job = bench
        .store
        .claim(vec![slugline_engine::store::Want {
            limit: 1,
            ..crate::bench::want("blog", Class::Standard)
        }])
        .await;
    bench
        .settle(ended(&job.unwrap().jobs[0], Verdict::Dead(failure())))
        .await;
    let counts = bench.store.counts().await.unwrap();
    let of = |state| {
        counts
            .jobs
            .get(&("blog".to_owned(), Class::Standard, state))
            .copied()
    };
    assert_eq!(
        [JobState::Pending, JobState::Queued, JobState::Failed].map(of),
        [Some(1); 3]
    );
    assert_eq!((of(JobState::Delivering), of(JobState::Live)), (None, None));
    assert_eq!(counts.oldest_due, Some(began));
}

pub(crate) async fn retention_keeps_what_is_needed(bench: &Bench) {
    let policy = Retention {
        revisions: DAY,
        attempts: DAY,
        log: 365 * DAY,
        media: DAY,
    };
    let mut unversioned = post("a", 1).key("assigned");
    unversioned.version = None;
    bench.published(&unversioned).await;
    bench.published(&post("a", 2)).await;
    bench.accept(&post("a", 3).action("unpublish")).await;
    bench.clock.advance(2 * DAY);
    assert!(bench.store.prune(policy, 100).await.unwrap() > 0);
    let revisions = bench
        .store
        .revisions(
            "default",
            "a",
            Page {
                limit: 10,
                cursor: None,
            },
        )
        .await
        .unwrap()
        .items;
    let kept: Vec<_> = revisions
        .iter()
        .map(|view| view.payload.is_some())
        .collect();
    assert_eq!(
        kept,
        [false, true, false],
        "the removal works with the last body"
    );
    assert_eq!(bench.claim_one("blog").await.slug, "a-1");
    let detail = bench.publish("a-2").await;
    assert!(
        bench
            .store
            .job("default", detail.jobs[0].job_id)
            .await
            .unwrap()
            .unwrap()
            .attempts
            .is_empty()
    );
    assert!(
        bench.store.verify_log().await.unwrap().faults.is_empty(),
        "erased bodies leave the log whole"
    );
    bench.clock.advance(DAY);
    bench.store.prune(policy, 100).await.unwrap();
    assert_eq!(bench.store.prune(policy, 100).await.unwrap(), 0);
}

pub(crate) async fn tokens_are_added_once_and_revoked(bench: &Bench) {
    let token = TokenRecord {
        name: "ops".into(),
        hash: "ab".repeat(32),
        role: "admin".into(),
        owner: "default".into(),
        environments: vec!["staging".into()],
        created_at: bench.now(),
    };
    assert!(bench.store.add_token(token.clone()).await.unwrap());
    assert!(
        !bench
            .store
            .add_token(TokenRecord {
                role: "viewer".into(),
                ..token.clone()
            })
            .await
            .unwrap()
    );
    assert_eq!(bench.store.tokens().await.unwrap(), [token]);
    assert!(bench.store.revoke_token("ops").await.unwrap());
    assert!(!bench.store.revoke_token("ops").await.unwrap());
}

pub(crate) async fn a_request_id_names_its_newest_publish_of_its_owner(bench: &Bench) {
    let first = bench.accept(&post("a", 1).key("again")).await;
    bench.clock.advance(2 * DAY);
    let second = bench.accept(&post("a", 2).key("again")).await;
    let mut foreign = post("a", 1).key("again");
    foreign.owner = "other";
    bench.accept(&foreign).await;
    let named = bench.publish("again").await;
    assert_eq!(Some(named.publish_id), second.answer.publish_id);
    let older = first.answer.publish_id.unwrap();
    assert_eq!(bench.publish(older).await.publish_id, older);
    for unknown in ["never", "pub_zzzzzzzz", ""] {
        let found = bench.store.publish("default", unknown).await.unwrap();
        assert_eq!(found, None, "{unknown:?}");
    }
    let theirs = bench.store.publish("other", &older.to_string()).await;
    assert_eq!(theirs.unwrap(), None, "another owner's is not shown");
}

pub(crate) async fn an_item_is_shown_in_all_environments_and_locales(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    bench.accept(&post("a", 1).locale("de")).await;
    let mut staged = post("a", 1).key("staged");
    staged.environment = "staging";
    bench.accept(&staged).await;
    bench.accept(&post("b", 1)).await;
    let mut shown: Vec<_> = bench
        .store
        .content("default", "a")
        .await
        .unwrap()
        .into_iter()
        .map(|view| (view.environment, view.locale))
        .collect();
    shown.sort();
    let expected = [
        ("production", "de"),
        ("production", "en"),
        ("staging", "en"),
    ];
    let expected = expected.map(|(one, other)| (one.to_owned(), other.to_owned()));
    assert_eq!(shown, expected);
    assert!(bench.store.content("other", "a").await.unwrap().is_empty());
}
