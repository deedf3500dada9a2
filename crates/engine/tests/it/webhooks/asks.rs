//! Sources that can be asked: entries that a webhook only names, and what no webhook told of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use slugline_core::failure::Failure;
use slugline_core::port::BoxFuture;
use slugline_core::reason::Reason;
use slugline_core::source::{Found, Library, Wire};
use tokio::sync::Notify;

use super::*;
use crate::house::request;

/// How often it is asked what it has.
const EVERY: Duration = Duration::from_secs(300);

/// A CMS with a shelf of entries; it tells what it is told to tell, and can be asked.
#[derive(Default)]
pub(super) struct Shelf {
    /// Versions of what is public, by entry.
    entries: Mutex<BTreeMap<String, i64>>,
    pub(super) away: Mutex<bool>,
    asked: Mutex<usize>,
    /// Entries that are there and that its list leaves out.
    pub(super) unlisted: Mutex<BTreeSet<String>>,
    /// Entries that were looked up.
    pub(super) looked_up: Mutex<Vec<String>>,
    /// Where its answers are slow: that it was asked, and that it may answer what was so then.
    pub(super) slow: Mutex<Option<[Arc<Notify>; 2]>>,
}

/// Entries of a page of all that it has.
const PAGE: usize = 2;

impl Shelf {
    pub(super) fn put(&self, entry: &str, version: i64) {
        self.entries.lock().unwrap().insert(entry.into(), version);
    }

    pub(super) fn take(&self, entry: &str) {
        self.entries.lock().unwrap().remove(entry);
    }

    /// A page of all that it has; the cursor is the last entry of the one before.
    fn page(&self, after: Option<&str>) -> Result<Found, Failure> {
        self.ask()?;
        let (entries, unlisted) = (self.entries.lock().unwrap(), self.unlisted.lock().unwrap());
        let listed = entries.iter().filter(|(entry, _)| {
            !unlisted.contains(*entry) && after.is_none_or(|after| entry.as_str() > after)
        });
        let listed: Vec<_> = listed.collect();
        let page = listed.iter().take(PAGE);
        Ok(Found {
            cursor: page
                .clone()
                .next_back()
                .map_or(String::new(), |(entry, _)| (*entry).clone()),
            changes: page
                .map(|(entry, version)| published(entry, **version))
                .collect(),
            more: listed.len() > PAGE,
        })
    }

    fn ask(&self) -> Result<(), Failure> {
        *self.asked.lock().unwrap() += 1;
        match *self.away.lock().unwrap() {
            true => Err(Failure::new(Reason::Unreachable, "it is away")),
            false => Ok(()),
        }
    }
}

impl Library for Shelf {
    fn look_up<'a>(
        &'a self,
        named: &'a Change,
        _: &'a dyn Wire,
    ) -> BoxFuture<'a, Result<Vec<Change>, Failure>> {
        Box::pin(async move {
            self.ask()?;
            self.looked_up.lock().unwrap().push(named.entry.clone());
            let version = self.entries.lock().unwrap().get(&named.entry).copied();
            let slow = self.slow.lock().unwrap().clone();
            if let Some([asked, go]) = slow {
                asked.notify_one();
                go.notified().await;
            }
            Ok(vec![match version {
                Some(version) => published(&named.entry, version),
                None => Change {
                    version: None,
                    ..change(What::Unpublished, &named.entry, 0, Locales::Unsaid)
                },
            }])
        })
    }

    fn since<'a>(
        &'a self,
        cursor: Option<&'a str>,
        _: &'a dyn Wire,
    ) -> BoxFuture<'a, Result<Found, Failure>> {
        Box::pin(async move {
            self.ask()?;
            let entries = self.entries.lock().unwrap();
            let news = entries
                .iter()
                .map(|(entry, version)| published(entry, *version));
            Ok(Found {
                changes: cursor.map_or(Vec::new(), |_| news.collect()),
                cursor: "now".into(),
                more: false,
            })
        })
    }

    fn all<'a>(
        &'a self,
        cursor: Option<&'a str>,
        _: &'a dyn Wire,
    ) -> Option<BoxFuture<'a, Result<Found, Failure>>> {
        Some(Box::pin(async move { self.page(cursor) }))
    }
}

pub(super) fn asked(shelf: &Arc<Shelf>) -> SourceSettings {
    SourceSettings {
        source: Arc::new(Plain {
            repeats: Repeats::SameBytes,
            shelf: Some(Arc::clone(shelf)),
        }),
        ..source("cms")
    }
}

fn polled(shelf: &Arc<Shelf>) -> SourceSettings {
    SourceSettings {
        poll: Some(EVERY),
        ..asked(shelf)
    }
}

fn thin(entry: &str) -> Change {
    Change {
        version: None,
        payload: None,
        ..published(entry, 1)
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_only_named_is_looked_up_after_the_answer() {
    let (house, shelf) = (House::open(20).await, Arc::new(Shelf::default()));
    let doors = doors(&house, asked(&shelf), settings());
    shelf.put("a", 3);
    let receipt = send(&doors, &[thin("a")]).await;
    assert_eq!(receipt.status, ReceiptStatus::Received);
    assert_eq!(*shelf.asked.lock().unwrap(), 0, "its sender waits");
    assert_eq!(doors.catch_up(10).await, Ok(1), "it is due at once");
    assert_eq!(items(&house, "a").await[0].2, Version::Number(3));
    // What is not there any more is removed, at the version that it had.
    shelf.entries.lock().unwrap().clear();
    let other = incoming(&[thin("a")], Some("2"));
    doors.receive("cms", None, other).await.unwrap();
    assert_eq!(doors.catch_up(10).await, Ok(1));
    assert_eq!(items(&house, "a").await[0].1, Action::Unpublish);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_away_is_asked_again_for_a_day() {
    let (mut house, shelf) = (House::open(21).await, Arc::new(Shelf::default()));
    // Its caretakers would look around hundreds of thousands of times in that day.
    house.halt().await;
    let doors = doors(&house, asked(&shelf), settings());
    shelf.put("a", 1);
    *shelf.away.lock().unwrap() = true;
    let state = async |id| {
        let found = house.store.webhook("default", id).await.unwrap();
        found.unwrap().view.state
    };
    let id = send(&doors, &[thin("a")]).await.webhook_id;
    for _ in 0..3 {
        assert_eq!(doors.catch_up(10).await, Ok(1));
        assert_eq!(state(id).await, WebhookState::Received);
        house.clock.sleep(Duration::from_secs(60)).await;
    }
    *shelf.away.lock().unwrap() = false;
    assert_eq!(doors.catch_up(10).await, Ok(1));
    assert_eq!(state(id).await, WebhookState::Done);
    *shelf.away.lock().unwrap() = true;
    let id = send(&doors, &[thin("b")]).await.webhook_id;
    house.clock.sleep(Duration::from_secs(86_400)).await;
    assert_eq!(doors.catch_up(10).await, Ok(1));
    assert_eq!(state(id).await, WebhookState::Failed);
}

/// Each request to it takes its timeout, and the webhooks of all sources are dealt with one after another.
#[tokio::test(start_paused = true)]
async fn a_source_that_is_away_keeps_no_others_waiting() {
    let (mut house, shelf) = (House::open(27).await, Arc::new(Shelf::default()));
    house.halt().await;
    let doors = doors(&house, asked(&shelf), settings());
    *shelf.away.lock().unwrap() = true;
    let entries = ["a", "b", "c", "d", "e", "f"];
    for entry in entries {
        shelf.put(entry, 1);
        send(&doors, &[thin(entry)]).await;
    }
    assert_eq!(doors.catch_up(10).await, Ok(6));
    assert_eq!(*shelf.asked.lock().unwrap(), 3, "then it was let alone");
    *shelf.away.lock().unwrap() = false;
    house.clock.sleep(Duration::from_secs(60)).await;
    assert_eq!(doors.catch_up(10).await, Ok(6));
    for entry in entries {
        assert_eq!(items(&house, entry).await.len(), 1, "{entry} is not lost");
    }
}

/// Where webhooks are only news, none of them can say what is not so.
#[tokio::test(start_paused = true)]
async fn news_is_not_taken_at_its_word() {
    let (house, shelf) = (House::open(22).await, Arc::new(Shelf::default()));
    let news = SourceSettings {
        news_only: true,
        ..asked(&shelf)
    };
    let doors = doors(&house, news, settings());
    shelf.put("a", 5);
    for told in [
        published("a", 4),
        change(What::Deleted, "a", 9, Locales::Unsaid),
    ] {
        send(&doors, &[told]).await;
        assert_eq!(doors.catch_up(10).await, Ok(1));
        let five = ("en".to_owned(), Action::Publish, Version::Number(5));
        assert_eq!(items(&house, "a").await, [five]);
    }
}

/// A source that is away when it is asked for the first time has not said yet where it begins.
#[tokio::test(start_paused = true)]
async fn a_poll_that_begins_badly_begins_anew() {
    let (house, shelf) = (House::open(24).await, Arc::new(Shelf::default()));
    let doors = doors(&house, polled(&shelf), settings());
    *shelf.away.lock().unwrap() = true;
    assert_eq!(doors.poll().await, Ok(0));
    let failure = || doors.sources("default")[0].counts.poll_failure.clone();
    assert_eq!(failure().unwrap().detail, "it is away");
    *shelf.away.lock().unwrap() = false;
    shelf.put("a", 1);
    house.clock.sleep(EVERY).await;
    assert_eq!(doors.poll().await, Ok(0), "what was there is not news");
    assert_eq!(failure(), None);
    shelf.put("b", 1);
    house.clock.sleep(EVERY).await;
    assert_eq!(doors.poll().await, Ok(2), "it goes on from there");
}

/// The contents whose requests are marked as found by a poll.
pub(super) async fn marked(house: &House) -> Vec<String> {
    house.store.seal(Duration::ZERO).await.unwrap();
    let page = Page {
        limit: 100,
        cursor: None,
    };
    let log = house.store.events(EventFilter::default(), page).await;
    let found = log.unwrap().items.into_iter();
    let found = found.filter(|entry| entry.detail.contains_key("found_by_poll"));
    found.map(|entry| entry.content_id).collect()
}

#[tokio::test(start_paused = true)]
async fn what_no_webhook_told_of_is_found() {
    let (house, shelf) = (House::open(23).await, Arc::new(Shelf::default()));
    let doors = doors(&house, polled(&shelf), settings());
    let other_node = super::doors(&house, polled(&shelf), settings());
    shelf.put("a", 1);
    assert_eq!(doors.poll().await, Ok(0), "what was there is not news");
    assert_eq!(other_node.poll().await, Ok(0));
    assert_eq!(*shelf.asked.lock().unwrap(), 1, "one node asks");
    send(&doors, &[published("b", 2)]).await;
    shelf.put("b", 2);
    shelf.put("c", 7);
    house.clock.sleep(EVERY).await;
    assert_eq!(doors.poll().await, Ok(2));
    assert_eq!(doors.catch_up(10).await, Ok(2));
    assert_eq!(items(&house, "c").await[0].2, Version::Number(7));
    let page = Page {
        limit: 10,
        cursor: None,
    };
    let kept = house.store.webhooks(WebhookFilter::default(), page);
    let found = kept.await.unwrap().items;
    let found = found.iter().filter(|view| view.proof.found_by_poll);
    assert_eq!(found.count(), 2, "it is marked");
    assert_eq!(
        marked(&house).await,
        ["cms:a", "cms:c"],
        "and so is the event"
    );
    assert_eq!(doors.sources("default")[0].counts.found_by_poll, 2);
    house.clock.sleep(EVERY).await;
    assert_eq!(other_node.poll().await, Ok(0), "it is known by now");
    // The same entry, changed again while webhooks were lost.
    shelf.put("c", 8);
    *shelf.away.lock().unwrap() = true;
    house.clock.sleep(EVERY).await;
    assert_eq!(doors.poll().await, Ok(0));
    *shelf.away.lock().unwrap() = false;
    house.clock.sleep(EVERY).await;
    assert_eq!(doors.poll().await, Ok(1));
}

/// The same content may be newer in another environment, where this source has no say.
#[tokio::test(start_paused = true)]
async fn what_is_known_in_another_environment_is_found_all_the_same() {
    let (house, shelf) = (House::open(26).await, Arc::new(Shelf::default()));
    let doors = doors(&house, polled(&shelf), settings());
    assert_eq!(doors.poll().await, Ok(0));
    let mut staged = request("staged", "cms:a", 9);
    staged["environment"] = json!("staging");
    staged["payload"]["slug"] = json!("a");
    house.publish(staged).await;
    shelf.put("a", 1);
    house.clock.sleep(EVERY).await;
    assert_eq!(doors.poll().await, Ok(1));
}

/// What is read by asking may be worded otherwise than what is told of the same version: WordPress has filters for each.
#[tokio::test(start_paused = true)]
async fn what_was_found_and_what_is_told_of_one_version_are_one_change() {
    let (mut house, shelf) = (House::open(25).await, Arc::new(Shelf::default()));
    house.halt().await;
    let doors = doors(&house, polled(&shelf), settings());
    assert_eq!(doors.poll().await, Ok(0));
    shelf.put("a", 7);
    shelf.put("b", 7);
    house.clock.sleep(EVERY).await;
    assert_eq!(doors.poll().await, Ok(2));
    let told = |entry| {
        let mut told = published(entry, 7);
        told.payload.as_mut().unwrap().body = "in other words".into();
        told
    };
    // One is told before what was found is dealt with, the other one after it.
    assert_eq!(send(&doors, &[told("a")]).await.status, ReceiptStatus::Ok);
    assert_eq!(doors.catch_up(10).await, Ok(2));
    let late = send(&doors, &[told("b")]).await;
    assert_eq!(late.status, ReceiptStatus::Received, "it is to be asked");
    assert_eq!(doors.catch_up(10).await, Ok(1));
    let page = Page {
        limit: 10,
        cursor: None,
    };
    let kept = house.store.webhooks(WebhookFilter::default(), page);
    for webhook in kept.await.unwrap().items {
        assert_eq!(webhook.state, WebhookState::Done, "{webhook:?}");
    }
    for entry in ["a", "b"] {
        assert_eq!(items(&house, entry).await[0].2, Version::Number(7));
    }
}
