//! Sweeps: removals that nobody told are found, and nothing is removed that its source still has.

use tokio::sync::Notify;

use super::asks::{asked, marked};
use super::*;

const EVERY: Duration = Duration::from_secs(3_600);
/// What was accepted so long ago is looked for, and whatever a step waits for has come.
const LATER: Duration = Duration::from_secs(600);

fn swept(shelf: &Arc<Shelf>, max_removals: u64) -> SourceSettings {
    SourceSettings {
        sweep: Some(SweepSettings {
            every: EVERY,
            max_removals,
            settles: Duration::from_secs(300),
        }),
        ..asked(shelf)
    }
}

/// A source whose entries were published, each at version 3, a while ago.
async fn published_all(house: &mut House, entries: &[&str]) -> (Arc<Shelf>, Webhooks) {
    house.halt().await;
    let shelf = Arc::new(Shelf::default());
    let doors = doors(house, swept(&shelf, 2), settings());
    for entry in entries {
        shelf.put(entry, 3);
        send(&doors, &[published(entry, 3)]).await;
    }
    house.clock.sleep(LATER).await;
    (shelf, doors)
}

/// Takes steps, by one node and another, until a sweep has ended and what it found is dealt with.
async fn sweep(house: &House, nodes: &[&Webhooks]) -> usize {
    let mut found = 0;
    for step in 0..60 {
        found += nodes[step % nodes.len()].sweep().await.unwrap();
        house.clock.sleep(Duration::from_secs(61)).await;
    }
    nodes[0].catch_up(100).await.unwrap();
    found
}

async fn state(house: &House, entry: &str) -> (Action, Version) {
    let item = items(house, entry).await.remove(0);
    (item.1, item.2)
}

const THERE: (Action, Version) = (Action::Publish, Version::Number(3));
const GONE: (Action, Version) = (Action::Unpublish, Version::Number(3));

#[tokio::test(start_paused = true)]
async fn a_removal_that_nobody_told_is_found() {
    let mut house = House::open(30).await;
    let (shelf, doors) = published_all(&mut house, &["a", "b", "c", "d", "e"]).await;
    let other_node = super::doors(&house, swept(&shelf, 2), settings());
    shelf.take("b");
    // It is there all the same: it moved while the list was read.
    shelf.unlisted.lock().unwrap().insert("d".into());
    assert_eq!(sweep(&house, &[&doors, &other_node]).await, 1);
    assert_eq!(*shelf.looked_up.lock().unwrap(), ["b", "d"]);
    assert_eq!(state(&house, "b").await, GONE);
    for entry in ["a", "c", "d", "e"] {
        assert_eq!(state(&house, entry).await, THERE, "{entry}");
    }
    assert_eq!(marked(&house).await, ["cms:b"]);
    let counts = [&doors, &other_node].map(|node| node.sources("default")[0].counts.clone());
    assert_eq!(
        counts
            .iter()
            .map(|counts| counts.found_by_poll)
            .sum::<u64>(),
        1
    );
    assert!(counts.iter().all(|counts| counts.sweep_failure.is_none()));
    assert_eq!(sweep(&house, &[&doors]).await, 0, "it is known by now");
    // An older state that comes late does not bring it back; a newer one does.
    let late = send(&doors, &[published("b", 2)]).await;
    assert_eq!(late.status, ReceiptStatus::StaleUpdateIgnored);
    assert_eq!(
        send(&doors, &[published("b", 4)]).await.status,
        ReceiptStatus::Ok
    );
}

#[tokio::test(start_paused = true)]
async fn a_removal_never_undoes_a_newer_publish() {
    let mut house = House::open(31).await;
    let (shelf, doors) = published_all(&mut house, &["a", "b"]).await;
    shelf.take("b");
    let [is_asked, go] = [Arc::new(Notify::new()), Arc::new(Notify::new())];
    *shelf.slow.lock().unwrap() = Some([Arc::clone(&is_asked), Arc::clone(&go)]);
    let sweeping = async {
        while doors.sweep().await.unwrap() == 0 {
            house.clock.sleep(Duration::from_secs(5)).await;
        }
    };
    // It is published again while the answer that it is gone is on its way.
    let publishing = async {
        is_asked.notified().await;
        shelf.put("b", 4);
        let newer = send(&doors, &[published("b", 4)]).await;
        assert_eq!(newer.status, ReceiptStatus::Ok);
        go.notify_one();
    };
    tokio::join!(sweeping, publishing);
    assert_eq!(doors.catch_up(10).await, Ok(1));
    let four = (Action::Publish, Version::Number(4));
    assert_eq!(state(&house, "b").await, four);
}

/// News of it may be on its way.
#[tokio::test(start_paused = true)]
async fn what_was_accepted_a_moment_ago_is_not_looked_for() {
    let mut house = House::open(32).await;
    let (shelf, doors) = published_all(&mut house, &["a", "b"]).await;
    send(&doors, &[published("c", 3)]).await;
    assert_eq!(sweep(&house, &[&doors]).await, 0);
    assert!(shelf.looked_up.lock().unwrap().is_empty());
    assert_eq!(sweep(&house, &[&doors]).await, 1, "the next one finds it");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_empty_or_tiny_removes_nothing() {
    for (number, left) in [(33, 0), (34, 5)] {
        let mut house = House::open(number).await;
        let entries = [
            "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p",
        ];
        let (shelf, doors) = published_all(&mut house, &entries).await;
        entries[left..].iter().for_each(|entry| shelf.take(entry));
        assert_eq!(sweep(&house, &[&doors]).await, 0);
        assert!(shelf.looked_up.lock().unwrap().is_empty());
        let failure = doors.sources("default")[0].counts.sweep_failure.clone();
        let said = failure.unwrap().detail;
        let counts = format!("lists {left} entries and only {left} of the 16 items");
        assert!(said.contains(&counts), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_is_removed_than_the_cap_allows() {
    let mut house = House::open(35).await;
    let (shelf, doors) = published_all(&mut house, &["a", "b", "c", "d", "e"]).await;
    ["a", "c", "e"].iter().for_each(|entry| shelf.take(entry));
    assert_eq!(sweep(&house, &[&doors]).await, 2);
    let failure = || doors.sources("default")[0].counts.sweep_failure.clone();
    assert!(failure().unwrap().detail.contains("max_removals = 2"));
    assert_eq!(sweep(&house, &[&doors]).await, 1, "the next one goes on");
    assert_eq!(failure(), None);
    for entry in ["a", "c", "e"] {
        assert_eq!(state(&house, entry).await, GONE, "{entry}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_away_has_lost_nothing() {
    let mut house = House::open(36).await;
    let (shelf, doors) = published_all(&mut house, &["a", "b"]).await;
    shelf.take("b");
    *shelf.away.lock().unwrap() = true;
    assert_eq!(sweep(&house, &[&doors]).await, 0);
    let failure = || doors.sources("default")[0].counts.sweep_failure.clone();
    assert_eq!(failure().unwrap().detail, "it is away");
    assert_eq!(state(&house, "b").await, THERE);
    *shelf.away.lock().unwrap() = false;
    assert_eq!(sweep(&house, &[&doors]).await, 1);
    assert_eq!(failure(), None);
}

/// An API client chooses its content ids as it likes.
#[tokio::test(start_paused = true)]
async fn what_others_publish_under_its_names_is_not_its_own() {
    let mut house = House::open(37).await;
    let (shelf, doors) = published_all(&mut house, &["a"]).await;
    let mut own = crate::house::request("own", "cms:own", 1);
    own["payload"]["slug"] = json!("own");
    house.publish(own).await;
    house.clock.sleep(LATER).await;
    assert_eq!(sweep(&house, &[&doors]).await, 0);
    assert!(shelf.looked_up.lock().unwrap().is_empty());
}
