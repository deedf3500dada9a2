//! What webhooks say of items: which state wins, in which locales, in which environment.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_removal_without_a_locale_reaches_all_and_wins_over_what_is_late() {
    let house = House::open(3).await;
    let doors = doors(&house, source("cms"), settings());
    let localised = |version, locale: &str| change(What::Published, "a", version, one(locale));
    let two = [localised(1, "de"), localised(1, "fr")];
    assert_eq!(statuses(&send(&doors, &two).await), [ChangeStatus::Ok; 2]);
    let gone = change(What::Unpublished, "a", 3, Locales::All);
    let removed = send(&doors, &[gone]).await;
    assert_eq!(
        (removed.status, removed.outcome.changes.len()),
        (ReceiptStatus::Ok, 3)
    );
    // One was on its way, in a locale that nobody had heard of.
    let late = send(&doors, &[localised(2, "it"), localised(3, "de")]).await;
    assert_eq!(statuses(&late), [ChangeStatus::StaleUpdateIgnored; 2]);
    let three = Version::Number(3);
    let expected = ["*", "de", "fr"].map(|locale| (locale.to_owned(), Action::Unpublish, three));
    assert_eq!(items(&house, "a").await, expected);
    assert_eq!(
        send(&doors, &[localised(4, "it")]).await.status,
        ReceiptStatus::Ok
    );

    // A removal that does not say its version is one of what there is.
    let unsaid = |locales| Change {
        version: None,
        ..change(What::Deleted, "a", 0, locales)
    };
    let receipt = send(&doors, &[unsaid(one("it"))]).await;
    assert_eq!(receipt.outcome.changes[0].version, Some(Version::Number(4)));
    assert_eq!(
        send(&doors, &[localised(4, "it")]).await.status,
        ReceiptStatus::Duplicate,
        "the same bytes"
    );
    assert_eq!(
        send(&doors, &[localised(5, "it")]).await.status,
        ReceiptStatus::Ok
    );
    assert_eq!(
        send(&doors, &[unsaid(Locales::All)]).await.status,
        ReceiptStatus::Ok
    );
    assert!(
        items(&house, "a")
            .await
            .iter()
            .all(|(_, action, _)| action.removes())
    );
    let unknown = Change {
        entry: "nobody".into(),
        ..unsaid(Locales::Unsaid)
    };
    assert_eq!(
        send(&doors, &[unknown]).await.status,
        ReceiptStatus::Ok,
        "its publish may be on its way"
    );
}

/// Each version of each item once, a third of them twice, in any order: the newest of each stays.
#[tokio::test(start_paused = true)]
async fn in_any_order_the_newest_state_stays() {
    let house = House::open(8).await;
    let doors = doors(&house, source("cms"), settings());
    let mut dice = fastrand::Rng::with_seed(8);
    let mut sent: Vec<Change> = Vec::new();
    let mut newest = Vec::new();
    for entry in 0..25 {
        let entry = format!("e{entry}");
        for version in 1..=8 {
            let what = match dice.u8(..5) {
                0 => What::Unpublished,
                _ => What::Published,
            };
            let made = change(what, &entry, version, Locales::Unsaid);
            if version == 8 {
                newest.push((entry.clone(), what));
            }
            for _ in 0..1 + usize::from(dice.u8(..10) < 3) {
                sent.push(made.clone());
            }
        }
    }
    dice.shuffle(&mut sent);
    let total = sent.len();
    for change in sent {
        send(&doors, &[change]).await;
    }
    for (entry, what) in newest {
        let action = match what {
            What::Published => Action::Publish,
            _ => Action::Unpublish,
        };
        assert_eq!(
            items(&house, &entry).await,
            [("en".to_owned(), action, Version::Number(8))]
        );
    }
    let counts = doors.sources("default")[0].counts.clone();
    assert_eq!(
        (
            counts.received,
            counts.received + counts.duplicates,
            counts.failed
        ),
        (200, total as u64, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn only_environments_that_are_meant_are_taken() {
    let house = House::open(7).await;
    let of = |environment: &str, entry: &str| Change {
        environment: Some(environment.into()),
        ..published(entry, 1)
    };
    let plain = doors(&house, source("cms"), settings());
    let theirs = ["production", "main", "staging"].map(|theirs| of(theirs, theirs));
    let receipt = send(&plain, &theirs).await;
    assert_eq!(
        statuses(&receipt),
        [ChangeStatus::Ok, ChangeStatus::Ok, ChangeStatus::Ignored]
    );
    let mut named = source("cms");
    named.environments.insert("stage".into(), "staging".into());
    let named = doors(&house, named, settings());
    let receipt = send(&named, &[of("stage", "c"), of("production", "d")]).await;
    assert_eq!(
        statuses(&receipt),
        [ChangeStatus::Ok, ChangeStatus::Ignored]
    );
    let content = house.store.content("default", "cms:c").await.unwrap();
    assert_eq!(content[0].environment, "staging");
}

pub(super) fn unversioned(what: What, entry: &str) -> Change {
    let change = change(what, entry, 1, Locales::Unsaid);
    Change {
        version: None,
        ..change
    }
}

/// What an entry depends on is named as its own items are, and waited for.
#[tokio::test(start_paused = true)]
async fn an_entry_waits_for_those_that_it_depends_on() {
    let house = House::open(10).await;
    let doors = doors(&house, source("cms"), settings());
    let dependent = Change {
        depends_on: ["author", "a", "author"].map(str::to_owned).into(),
        ..published("a", 1)
    };
    let receipt = send(&doors, &[dependent]).await;
    let publish = receipt.outcome.changes[0].publish_id.unwrap().to_string();
    let view = house.store.publish("default", &publish).await.unwrap();
    assert_eq!(view.unwrap().waits_for, ["cms:author"]);
}

/// What has no version counts as of when it came, whenever it is dealt with; its webhooks may read alike.
#[tokio::test(start_paused = true)]
async fn without_versions_the_order_of_arrival_counts() {
    let house = House::open(10).await;
    let silent = SourceSettings {
        source: Arc::new(Plain {
            repeats: Repeats::None,
            shelf: None,
        }),
        ..source("cms")
    };
    let open = doors(&house, silent, settings());
    // The publish waits, and the removal overtakes it.
    left(&house, &[unversioned(What::Published, "a")]).await;
    house.clock.sleep(Duration::from_secs(1)).await;
    assert_eq!(
        send(&open, &[unversioned(What::Deleted, "a")]).await.status,
        ReceiptStatus::Ok
    );
    house.clock.sleep(Duration::from_secs(10)).await;
    assert_eq!(open.catch_up(10).await, Ok(1));
    assert_eq!(items(&house, "a").await[0].1, Action::Delete);
    // A removal that is dealt with again does not reach what came after it.
    house.clock.sleep(Duration::from_secs(1)).await;
    assert_eq!(
        send(&open, &[unversioned(What::Published, "a")])
            .await
            .status,
        ReceiptStatus::Ok
    );
    let removal = left(&house, &[unversioned(What::Deleted, "b")]).await;
    house.clock.sleep(Duration::from_secs(1)).await;
    assert_eq!(
        send(&open, &[unversioned(What::Published, "b")])
            .await
            .status,
        ReceiptStatus::Ok
    );
    assert!(house.store.redo_webhook("default", removal).await.unwrap());
    assert_eq!(open.catch_up(10).await, Ok(1));
    for entry in ["a", "b"] {
        assert_eq!(items(&house, entry).await[0].1, Action::Publish, "{entry}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_sender_speaks_of_all_locales_by_name() {
    let house = House::open(11).await;
    let doors = doors(&house, source("cms"), settings());
    let named = |locale: &str| change(What::Published, "a", 1, one(locale));
    for locale in ["*", "", "a b"] {
        let receipt = send(&doors, &[named(locale)]).await;
        assert_eq!(receipt.status, ReceiptStatus::Failed, "{locale}");
    }
    assert!(items(&house, "a").await.is_empty());
}

/// A slug that another entry is about to give up: its webhook comes later.
#[tokio::test(start_paused = true)]
async fn a_slug_that_is_taken_is_waited_for() {
    let house = House::open(12).await;
    let doors = doors(&house, source("cms"), settings());
    let with_slug = |entry: &str, version, slug: &str| {
        let mut change = change(What::Published, entry, version, Locales::Unsaid);
        change.payload.as_mut().unwrap().slug = Some(slug.into());
        change
    };
    send(&doors, &[with_slug("a", 1, "x")]).await;
    let waits = send(&doors, &[with_slug("b", 1, "x")]).await;
    assert_eq!(waits.status, ReceiptStatus::Received);
    send(&doors, &[with_slug("a", 2, "y")]).await;
    house.clock.sleep(Duration::from_secs(60)).await;
    assert_eq!(doors.catch_up(10).await, Ok(1));
    assert_eq!(items(&house, "b").await.len(), 1);
    // Not for ever.
    let waits = send(&doors, &[with_slug("c", 1, "y")]).await;
    house.clock.sleep(Duration::from_secs(700)).await;
    assert_eq!(doors.catch_up(10).await, Ok(1));
    let view = house
        .store
        .webhook("default", waits.webhook_id)
        .await
        .unwrap()
        .unwrap()
        .view;
    assert_eq!(view.state, WebhookState::Failed);
    assert_eq!(view.outcome.changes[0].code, Some(Code::SlugTaken));
}

/// A removal that tells no version, and a publish from before that comes after it.
#[tokio::test(start_paused = true)]
async fn a_publish_from_before_a_removal_does_not_come_back() {
    let house = House::open(13).await;
    let doors = doors(&house, source("cms"), settings());
    let begun = house.store.now();
    let timed = |entry: &str, minute: u64| Change {
        version: Some(Version::Time(begun.plus(Duration::from_secs(60 * minute)))),
        ..published(entry, 1)
    };
    let status = async |change: Change| send(&doors, &[change]).await.status;
    assert_eq!(status(timed("known", 0)).await, ReceiptStatus::Ok);
    house.clock.sleep(Duration::from_secs(600)).await;
    for entry in ["known", "unknown"] {
        let gone = unversioned(What::Unpublished, entry);
        assert_eq!(status(gone).await, ReceiptStatus::Ok, "{entry}");
        let late = status(timed(entry, 5)).await;
        assert_eq!(late, ReceiptStatus::StaleUpdateIgnored, "{entry}");
        assert_eq!(items(&house, entry).await[0].1, Action::Unpublish);
        let next = status(timed(entry, 11)).await;
        assert_eq!(next, ReceiptStatus::Ok, "{entry}");
    }
    // Whoever counts goes on counting.
    let gone = unversioned(What::Deleted, "counted");
    assert_eq!(status(gone).await, ReceiptStatus::Ok);
    assert_eq!(status(published("counted", 1)).await, ReceiptStatus::Ok);
    let one = ("en".to_owned(), Action::Publish, Version::Number(1));
    assert_eq!(items(&house, "counted").await, [one]);
    let gone = |what| Change {
        version: None,
        ..change(what, "all", 0, Locales::All)
    };
    assert_eq!(status(gone(What::Unpublished)).await, ReceiptStatus::Ok);
    assert_eq!(status(published("all", 7)).await, ReceiptStatus::Ok);
    house.clock.sleep(Duration::from_secs(60)).await;
    assert_eq!(status(gone(What::Deleted)).await, ReceiptStatus::Ok);
    let seven = Version::Number(7);
    let removed = ["*", "en"].map(|locale| (locale.to_owned(), Action::Delete, seven));
    assert_eq!(items(&house, "all").await, removed);
}
