//! Every row of DESIGN §4 that an API client can meet.

use super::*;
use crate::dependency::Place;
use crate::ids::PublishId;
use crate::item::ItemKey;
use crate::request::decode;
use crate::time::Timestamp;
use proptest::prelude::*;

fn submission(version: Option<i64>, action: &str, title: &str) -> Submission {
    let version = version.map_or("null".to_owned(), |version| version.to_string());
    let body = format!(
        r#"{{"request_id":"k","content_id":"post","version":{version},"action":"{action}","payload":{{"title":"{title}"}}}}"#
    );
    let request = decode(body.as_bytes()).unwrap();
    let fingerprints = request.fingerprints("en");
    Submission {
        item: ItemKey {
            owner: "default".into(),
            environment: "production".into(),
            content_id: "post".into(),
            locale: "en".into(),
        },
        key: "k".into(),
        fingerprint: fingerprints.request,
        body: fingerprints.payload,
        source: "api".into(),
        actor: "token:test".into(),
        targets: vec!["blog".into()],
        media: Some(Vec::new()),
        payload_place: None,
        raw: bytes::Bytes::new(),
        headers: Vec::new(),
        received_at: Timestamp(0),
        key_ttl: std::time::Duration::from_secs(86_400),
        origin: Origin::Producer,
        offers: Vec::new(),
        request,
    }
}

fn stored(version: i64, action: Action, title: &str) -> Found {
    let item = ItemRecord {
        source: "api".into(),
        version: Version::Number(version),
        generation: Generation(3),
        action,
        body: submission(None, "publish", title).body,
        publish: PublishId(1),
        slug: Some("hello".into()),
        targets: vec!["blog".into()],
        desired_at: vec!["blog".into()],
        scheduled: Vec::new(),
        revised: false,
    };
    Found {
        item: Some(item),
        ..Found::default()
    }
}

fn refused(intake: Intake) -> Code {
    match intake {
        Intake::Refuse(problem) => problem.code,
        other => panic!("not refused: {other:?}"),
    }
}

fn accepted(intake: Intake) -> Accept {
    match intake {
        Intake::Accept(accept) => accept,
        other => panic!("not accepted: {other:?}"),
    }
}

#[test]
fn a_newer_version_is_a_new_generation() {
    let accept = accepted(decide(
        &submission(Some(8), "publish", "b"),
        &stored(7, Action::Publish, "a"),
    ));
    assert_eq!(
        (accept.version, accept.generation),
        (Version::Number(8), Generation(4))
    );
    assert_eq!(
        accept.slug.as_deref(),
        Some("hello"),
        "the slug stays when the title changes"
    );
}

#[test]
fn a_key_means_one_request() {
    let first = submission(Some(7), "publish", "a");
    let answer = Answer::new(Status::Ok, "k", "post");
    let found = Found {
        key: Some(KeyRecord {
            fingerprint: first.fingerprint,
            answer,
        }),
        ..Found::default()
    };
    assert!(
        matches!(decide(&first, &found), Intake::Replay(answer) if answer.status == Status::Duplicate)
    );
    assert_eq!(
        refused(decide(&submission(Some(7), "publish", "b"), &found)),
        Code::IdempotencyKeyReused
    );
}

#[test]
fn an_older_version_is_ignored_and_told_what_would_do() {
    let Intake::Stale(answer) = decide(
        &submission(Some(12), "publish", "b"),
        &stored(14, Action::Publish, "a"),
    ) else {
        panic!()
    };
    assert_eq!(
        answer.reason.as_deref(),
        Some("stale version; incoming 12 < stored 14")
    );
    assert_eq!(
        (answer.current_version, answer.next_version),
        (Some(Version::Number(14)), Some(Version::Number(15)))
    );
}

#[test]
fn the_same_version_is_a_duplicate_a_conflict_or_goes_further() {
    let found = stored(7, Action::Publish, "a");
    assert!(matches!(
        decide(&submission(Some(7), "publish", "a"), &found),
        Intake::Duplicate(_)
    ));
    assert_eq!(
        refused(decide(&submission(Some(7), "publish", "b"), &found)),
        Code::VersionConflict
    );
    let mut wider = submission(Some(7), "publish", "a");
    wider.targets = vec!["blog".into(), "shop".into()];
    let Intake::Extend(accept) = decide(&wider, &found) else {
        panic!()
    };
    assert_eq!(
        (accept.generation, accept.targets),
        (Generation(3), vec!["shop".to_owned()])
    );
}

#[test]
fn a_removal_wins_the_tie_and_leaves_a_tombstone() {
    let found = stored(7, Action::Publish, "a");
    let accept = accepted(decide(&submission(Some(7), "unpublish", "a"), &found));
    assert_eq!(accept.slug, None);
    let tombstone = stored(7, Action::Unpublish, "a");
    let Intake::Stale(answer) = decide(&submission(Some(7), "publish", "a"), &tombstone) else {
        panic!()
    };
    assert_eq!(answer.reason.as_deref(), Some("unpublished at 7; send 8"));
    accepted(decide(&submission(Some(8), "publish", "a"), &tombstone));
    accepted(decide(&submission(Some(7), "delete", "a"), &tombstone));
    accepted(decide(
        &submission(Some(3), "unpublish", "a"),
        &Found::default(),
    ));
}

#[test]
fn a_removal_goes_wherever_the_item_is_desired() {
    let mut found = stored(7, Action::Publish, "a");
    found.item.as_mut().unwrap().desired_at.push("shop".into());
    assert_eq!(
        accepted(decide(&submission(Some(8), "delete", "a"), &found)).targets,
        ["blog", "shop"]
    );
}

#[test]
fn another_kind_or_source_is_refused() {
    let found = stored(7, Action::Publish, "a");
    let mut timed = submission(Some(8), "publish", "b");
    timed.request.version = Some(Version::Time(Timestamp(9)));
    assert_eq!(refused(decide(&timed, &found)), Code::VersionKindMismatch);
    let removed = stored(7, Action::Unpublish, "a");
    assert_eq!(
        accepted(decide(&timed, &removed)).version,
        Version::Time(Timestamp(9))
    );
    let other = Submission {
        source: "cms".into(),
        ..submission(Some(8), "publish", "b")
    };
    assert_eq!(refused(decide(&other, &found)), Code::OwnedByOtherSource);
}

#[test]
fn a_missing_version_is_assigned() {
    let accept = accepted(decide(
        &submission(None, "publish", "b"),
        &stored(7, Action::Publish, "a"),
    ));
    assert_eq!(
        (accept.version, accept.assigned),
        (Version::Number(8), true)
    );
    assert_eq!(
        accepted(decide(&submission(None, "publish", "b"), &Found::default())).version,
        Version::Number(1)
    );
}

#[test]
fn a_slug_is_refused_while_held_and_waited_for_while_given_up() {
    let holder = |leaving| Found {
        slug_holders: vec![SlugHolder {
            content_id: "other".into(),
            leaving,
        }],
        ..Found::default()
    };
    assert_eq!(
        refused(decide(&submission(Some(1), "publish", "a"), &holder(false))),
        Code::SlugTaken
    );
    assert_eq!(
        accepted(decide(&submission(Some(1), "publish", "a"), &holder(true))).waits,
        [PendingReason::SlugRelease]
    );
}

#[test]
fn what_is_not_live_is_waited_for_and_what_is_live_is_not() {
    let depending = |publish_at| {
        let mut depending = submission(Some(1), "publish", "a");
        depending.request.depends_on = Some(vec!["parent".into()]);
        depending.request.publish_at = publish_at;
        depending
    };
    let found = |shown| {
        let standing = crate::dependency::Standing {
            destination: "blog".into(),
            desired: Action::Publish,
            shown,
        };
        let place = Place {
            locale: "en".into(),
            at: Some(standing),
        };
        Found {
            dependencies: vec![("parent".into(), vec![place])],
            ..Found::default()
        }
    };
    let waiting = accepted(decide(&depending(None), &found(None)));
    assert_eq!(waiting.waits, [PendingReason::Dependency]);
    assert_eq!(waiting.depends_on, ["parent"]);
    let live = found(Some(Action::Publish));
    let at_once = accepted(decide(&depending(None), &live));
    assert_eq!((at_once.waits.len(), at_once.depends_on.len()), (0, 0));
    let scheduled = accepted(decide(&depending(Some(Timestamp(9))), &live));
    assert_eq!(scheduled.waits, [PendingReason::Scheduled]);
    assert_eq!(scheduled.depends_on, ["parent"], "it may be gone by then");
}

#[test]
fn without_a_destination_nothing_is_accepted() {
    let nowhere = Submission {
        targets: Vec::new(),
        ..submission(Some(1), "publish", "a")
    };
    assert_eq!(
        refused(decide(&nowhere, &Found::default())),
        Code::NoDestination
    );
}

#[test]
fn a_newer_version_replaces_a_scheduled_one() {
    let mut found = stored(7, Action::Publish, "a");
    found.item.as_mut().unwrap().scheduled = vec![PublishId(5)];
    assert_eq!(
        accepted(decide(&submission(Some(8), "publish", "b"), &found)).supersedes,
        [PublishId(5)]
    );
}

proptest! {
    /// Whatever arrives, an accepted version is never below the stored one, and generations grow.
    #[test]
    fn versions_never_go_backwards(incoming in 0_i64..20, stored_version in 0_i64..20, removes in any::<bool>(), tombstone in any::<bool>(), same in any::<bool>()) {
        let action = if removes { "unpublish" } else { "publish" };
        let stored_action = if tombstone { Action::Unpublish } else { Action::Publish };
        let found = stored(stored_version, stored_action, "a");
        let arriving = submission(Some(incoming), action, if same { "a" } else { "b" });
        if let Intake::Accept(accept) = decide(&arriving, &found) {
            prop_assert!(incoming > stored_version || (incoming == stored_version && removes && !tombstone));
            prop_assert_eq!(accept.generation, Generation(4));
        }
    }
}

fn by_person(seen: i64, restores: Option<i64>) -> Submission {
    let mut submission = submission(Some(2), "publish", "older");
    submission.key = "person".into();
    submission.origin = Origin::Person {
        seen: Generation(seen),
        restores: restores.map(Generation),
        slug: Some("older-slug".into()),
    };
    submission
}

#[test]
fn a_rollback_is_a_new_generation_and_leaves_the_producers_mark() {
    let found = stored(5, Action::Publish, "bad");
    let accept = accepted(decide(&by_person(3, Some(1)), &found));
    assert_eq!(accept.generation, Generation(4));
    assert_eq!(accept.version, Version::Number(2));
    assert_eq!(accept.mark, Version::Number(5));
    assert_eq!(Some(accept.body), found.item.map(|item| item.body));
    assert_eq!(accept.slug.as_deref(), Some("older-slug"));
    assert!(accept.revised && accept.waits.is_empty());
}

#[test]
fn who_has_not_seen_the_newest_generation_changes_nothing() {
    let found = stored(5, Action::Publish, "bad");
    for seen in [2, 4] {
        assert_eq!(
            refused(decide(&by_person(seen, None), &found)),
            Code::Superseded
        );
    }
    let unknown = decide(&by_person(1, None), &Found::default());
    assert_eq!(refused(unknown), Code::NotFound);
}

#[test]
fn the_bad_version_comes_late_in_vain_after_a_rollback() {
    let mut found = stored(5, Action::Publish, "bad");
    found.item.as_mut().unwrap().revised = true;
    let mut late = submission(Some(5), "publish", "bad");
    late.targets = vec!["blog".into(), "shop".into()];
    assert!(matches!(decide(&late, &found), Intake::Duplicate(_)));
    let older = submission(Some(4), "publish", "older still");
    assert!(matches!(decide(&older, &found), Intake::Stale(_)));
    let newer = accepted(decide(&submission(Some(6), "publish", "good"), &found));
    assert!(!newer.revised);
}
