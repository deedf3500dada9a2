//! Media: kept bytes, waiting publishes, orphans.

use std::time::Duration;

use bytes::Bytes;
use slugline_core::failure::Failure;
use slugline_core::ids::PublishId;
use slugline_core::lifecycle::{JobState, PendingReason};
use slugline_core::payload::StoredMedia;
use slugline_core::port::EffectKey;
use slugline_core::problem::Code;
use slugline_core::reason::Reason;
use slugline_engine::store::{EffectChange, MediaOutcome, NewMedia, ResolvedMedia, Retention};

use crate::bench::{Bench, post};

const HERO: &str = r#"[{"role": "hero", "url": "https://cdn.example/a.png"}]"#;
const DAY: Duration = Duration::from_secs(86_400);

/// Keeps bytes; their name.
async fn keep(bench: &Bench, bytes: &'static [u8]) -> String {
    let sha256 = slugline_core::media::sha256(bytes);
    let medium = NewMedia {
        sha256: sha256.clone(),
        content_type: "image/png".into(),
        bytes: Bytes::from_static(bytes),
    };
    bench.store.put_media(medium).await.unwrap();
    sha256
}

fn described(sha256: &str) -> StoredMedia {
    StoredMedia {
        role: "hero".into(),
        sha256: sha256.into(),
        filename: "a.png".into(),
        content_type: "image/png".into(),
        size: 3,
        alt: None,
        url: None,
    }
}

/// Media of a publish that were fetched.
pub(crate) fn stored(publish: PublishId, sha256: &[&str]) -> ResolvedMedia {
    ResolvedMedia {
        publish,
        outcome: MediaOutcome::Stored(sha256.iter().map(|sha256| described(sha256)).collect()),
    }
}

pub(crate) async fn bytes_are_kept_by_their_hash(bench: &Bench) {
    let sha256 = keep(bench, b"png").await;
    keep(bench, b"png").await;
    let info = bench.store.media_info(&sha256).await.unwrap().unwrap();
    assert_eq!((info.size, info.content_type.as_str()), (3, "image/png"));
    assert_eq!(
        bench.store.media(&sha256).await.unwrap(),
        Some(Bytes::from_static(b"png"))
    );
    assert_eq!(bench.store.media(&"0".repeat(64)).await.unwrap(), None);
    assert_eq!(
        bench.store.media_info("../../etc/passwd").await.unwrap(),
        None
    );
}

pub(crate) async fn a_publish_waits_for_its_media(bench: &Bench) {
    let decided = bench.accept(&post("a", 1).media(HERO)).await;
    assert_eq!(
        decided.answer.jobs[0].pending_reason,
        Some(PendingReason::Media)
    );
    let wanted = bench.store.wanted_media(10).await.unwrap().remove(0);
    assert_eq!((wanted.attempts, wanted.payload.media.len()), (0, 1));
    let later = MediaOutcome::Later(
        bench.now().plus(Duration::from_secs(5)),
        Failure::new(Reason::MediaUnreachable, "timed out"),
    );
    bench
        .store
        .resolve_media(vec![ResolvedMedia {
            publish: wanted.publish,
            outcome: later,
        }])
        .await
        .unwrap();
    assert!(bench.store.wanted_media(10).await.unwrap().is_empty());
    assert_eq!(
        bench.publish("a-1").await.jobs[0].reason_code,
        Some(Reason::MediaUnreachable),
        "it is seen why it waits"
    );
    bench.clock.advance(Duration::from_secs(5));
    assert_eq!(bench.store.wanted_media(10).await.unwrap()[0].attempts, 1);
    let sha256 = keep(bench, b"png").await;
    bench
        .store
        .resolve_media(vec![stored(wanted.publish, &[&sha256])])
        .await
        .unwrap();
    let job = bench.claim_one("blog").await;
    assert_eq!(job.media, [described(&sha256)]);
    assert!(bench.store.wanted_media(10).await.unwrap().is_empty());
}

pub(crate) async fn media_that_cannot_be_had_end_the_jobs(bench: &Bench) {
    let decided = bench
        .accept(&post("a", 1).media(HERO).to(&["blog", "shop"]))
        .await;
    let outcome = MediaOutcome::Failed(Failure::new(Reason::MediaInvalid, "is text/html"));
    let publish = decided.answer.publish_id.unwrap();
    bench
        .store
        .resolve_media(vec![ResolvedMedia { publish, outcome }])
        .await
        .unwrap();
    let view = bench.publish(publish).await;
    assert_eq!((view.state, view.released_at), (JobState::Failed, None));
    assert!(
        view.jobs
            .iter()
            .all(|job| job.reason_code == Some(Reason::MediaInvalid))
    );
    assert_eq!(bench.release(10).await.released, 0);
    assert_eq!(bench.store.pressure().open_jobs, 0);
}

pub(crate) async fn uploads_that_nothing_uses_are_orphans(bench: &Bench) {
    let (first, second) = (keep(bench, b"one").await, keep(bench, b"two").await);
    for (version, sha256) in [(1, &first), (2, &second)] {
        let mut submission = post("a", version).submission(bench.now());
        submission.media = Some(vec![described(sha256)]);
        bench.store.accept(vec![submission]).await.unwrap()[0]
            .as_ref()
            .unwrap();
        let job = bench.claim_one("blog").await;
        let key = EffectKey::Shared("media", sha256.clone());
        let upload = EffectChange {
            job: job.job,
            fence: job.fence,
            key,
            result_ref: Some(version.to_string()),
        };
        bench.store.record(vec![upload]).await.unwrap();
        bench.live(&job).await;
    }
    bench.clock.advance(2 * DAY);
    assert!(
        bench.store.orphan_media(DAY, 10).await.unwrap().is_empty(),
        "both bodies are kept"
    );
    bench
        .store
        .prune(
            Retention {
                revisions: DAY,
                attempts: DAY,
                log: DAY,
                media: 30 * DAY,
            },
            10,
        )
        .await
        .unwrap();
    let orphan = bench.store.orphan_media(DAY, 10).await.unwrap().remove(0);
    assert_eq!(
        (orphan.destination.as_str(), orphan.result_ref.as_str()),
        ("blog", "1")
    );
    assert_eq!(orphan.key, format!("media:{first}"));
    assert!(
        bench
            .store
            .orphan_media(3 * DAY, 10)
            .await
            .unwrap()
            .is_empty(),
        "not before the grace time"
    );
    bench.store.forget_orphan(orphan).await.unwrap();
    assert!(bench.store.orphan_media(DAY, 10).await.unwrap().is_empty());
}

pub(crate) async fn bytes_that_nothing_names_go(bench: &Bench) {
    let (used, unused) = (keep(bench, b"one").await, keep(bench, b"two").await);
    let mut submission = post("a", 1).submission(bench.now());
    submission.media = Some(vec![described(&used)]);
    bench.store.accept(vec![submission]).await.unwrap()[0]
        .as_ref()
        .unwrap();
    bench.clock.advance(2 * DAY);
    bench
        .store
        .prune(
            Retention {
                revisions: DAY,
                attempts: DAY,
                log: DAY,
                media: DAY,
            },
            10,
        )
        .await
        .unwrap();
    assert!(bench.store.media(&used).await.unwrap().is_some());
    assert_eq!(bench.store.media(&unused).await.unwrap(), None);
}

pub(crate) async fn media_that_went_away_are_asked_for_again(bench: &Bench) {
    let mut submission = post("a", 1).submission(bench.now());
    submission.media = Some(vec![described(&"0".repeat(64))]);
    let problem = bench
        .store
        .accept(vec![submission])
        .await
        .unwrap()
        .remove(0)
        .unwrap_err();
    assert_eq!(
        (problem.code, problem.errors[0].path.as_str()),
        (Code::InvalidRequest, "payload.media[0]")
    );
}
