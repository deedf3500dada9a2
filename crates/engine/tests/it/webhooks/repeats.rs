//! Webhooks with the bytes of one that came before: that one again, or something new that reads like it.

use super::asks::asked;
use super::order::unversioned;
use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// It is sent with these headers beside the secret.
async fn send_with(doors: &Webhooks, changes: &[Change], headers: &[(&str, &str)]) -> Receipt {
    let secret = [("Authorization", "new")];
    let headers = secret.into_iter().chain(headers.iter().copied());
    let body = incoming(changes, None).body;
    let sent = Incoming::new("POST", "/hooks/cms", headers, body);
    doors.receive("cms", None, sent).await.unwrap()
}

/// Its sender's time of signing, which is a minute later each time.
async fn later(house: &House) -> String {
    house.clock.sleep(MINUTE).await;
    house.store.now().0.to_string()
}

async fn action(house: &House, entry: &str) -> Action {
    items(house, entry).await[0].1
}

/// It is published, removed and published again.
async fn shown_again(house: &House, doors: &Webhooks) -> Receipt {
    send(doors, &[published("a", 1)]).await;
    house.clock.sleep(MINUTE).await;
    let removed = send(doors, &[unversioned(What::Unpublished, "a")]).await;
    assert_eq!(action(house, "a").await, Action::Unpublish);
    house.clock.sleep(MINUTE).await;
    send(doors, &[published("a", 2)]).await;
    house.clock.sleep(MINUTE).await;
    removed
}

/// Nothing proves it to be new, nobody can be asked, and to drop it could leave online what is to go.
#[tokio::test(start_paused = true)]
async fn a_removal_that_reads_like_an_earlier_one_waits_for_a_person() {
    let house = House::open(40).await;
    let doors = doors(&house, source("cms"), settings());
    let gone = [unversioned(What::Unpublished, "a")];
    let first = shown_again(&house, &doors).await;
    let doubtful = send(&doors, &gone).await;
    assert_eq!(doubtful.status, ReceiptStatus::Failed);
    let why = doubtful.outcome.reason.unwrap();
    assert!(why.contains(&first.webhook_id.to_string()), "{why}");
    assert_eq!(action(&house, "a").await, Action::Publish);
    let again = send(&doors, &gone).await;
    assert_eq!(
        (again.status, again.webhook_id),
        (ReceiptStatus::Duplicate, doubtful.webhook_id)
    );
    // Where a person says so, it is done; from then on a repeat could change nothing.
    let redone = house.store.redo_webhook("default", doubtful.webhook_id);
    assert!(redone.await.unwrap());
    assert_eq!(doors.catch_up(10).await, Ok(1));
    assert_eq!(action(&house, "a").await, Action::Unpublish);
    let again = send(&doors, &gone).await;
    assert_eq!(
        (again.status, again.webhook_id),
        (ReceiptStatus::Duplicate, first.webhook_id)
    );
    // Published once more, it is another matter again.
    house.clock.sleep(MINUTE).await;
    send(&doors, &[published("a", 3)]).await;
    let doubtful_too = send(&doors, &gone).await;
    assert_eq!(doubtful_too.status, ReceiptStatus::Failed);
    assert_ne!(doubtful_too.webhook_id, doubtful.webhook_id);
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_is_signed_at_another_time_is_done_once_for_each() {
    let house = House::open(41).await;
    let doors = doors(&house, source("cms"), settings());
    let gone = [unversioned(What::Unpublished, "a")];
    let mut times = Vec::new();
    for version in [1, 2] {
        send(&doors, &[published("a", version)]).await;
        times.push(later(&house).await);
        let receipt = send_with(&doors, &gone, &[("X-At", &times[times.len() - 1])]).await;
        assert_eq!(receipt.status, ReceiptStatus::Ok);
        assert_eq!(action(&house, "a").await, Action::Unpublish);
        house.clock.sleep(MINUTE).await;
    }
    // Whoever has read them has nothing done.
    send(&doors, &[published("a", 3)]).await;
    for time in &times {
        let again = send_with(&doors, &gone, &[("X-At", time)]).await;
        assert_eq!(again.status, ReceiptStatus::Duplicate);
    }
    assert_eq!(action(&house, "a").await, Action::Publish);
}

#[tokio::test(start_paused = true)]
async fn where_the_source_can_be_asked_its_word_counts() {
    let (house, shelf) = (House::open(42).await, Arc::new(Shelf::default()));
    let doors = doors(&house, asked(&shelf), settings());
    let gone = [unversioned(What::Unpublished, "a")];
    shown_again(&house, &doors).await;
    assert!(
        shelf.looked_up.lock().unwrap().is_empty(),
        "it was believed"
    );
    shelf.put("a", 2);
    // Somebody has read it: it is there, and stays.
    for _ in 0..2 {
        let receipt = send(&doors, &gone).await;
        assert_eq!(receipt.status, ReceiptStatus::Received);
        assert_eq!(doors.catch_up(10).await, Ok(1));
        assert_eq!(action(&house, "a").await, Action::Publish);
    }
    shelf.take("a");
    send(&doors, &gone).await;
    assert_eq!(doors.catch_up(10).await, Ok(1));
    assert_eq!(action(&house, "a").await, Action::Unpublish);
    assert_eq!(*shelf.looked_up.lock().unwrap(), ["a"; 3]);
}

/// Its sender says which delivery it is.
#[tokio::test(start_paused = true)]
async fn a_delivery_of_the_same_name_is_the_same_delivery() {
    let house = House::open(43).await;
    let doors = doors(&house, source("cms"), settings());
    let gone = [unversioned(What::Unpublished, "a")];
    for (version, name) in [(1, "one"), (2, "two")] {
        send(&doors, &[published("a", version)]).await;
        house.clock.sleep(MINUTE).await;
        let receipt = send_with(&doors, &gone, &[("X-Id", name)]).await;
        assert_eq!(receipt.status, ReceiptStatus::Ok);
        house.clock.sleep(MINUTE).await;
    }
    send(&doors, &[published("a", 3)]).await;
    let again = send_with(&doors, &gone, &[("X-Id", "one"), ("X-At", "9")]).await;
    assert_eq!(again.status, ReceiptStatus::Duplicate);
    assert_eq!(action(&house, "a").await, Action::Publish);
}

/// The bytes say that something is gone, and a header that nobody signed says what.
#[tokio::test(start_paused = true)]
async fn what_only_a_header_names_is_not_taken_for_another() {
    let house = House::open(44).await;
    let doors = doors(&house, source("cms"), settings());
    let gone = [unversioned(What::Deleted, "")];
    let delete = async |entry, at: &str| {
        let headers = [("X-Word", "delete"), ("X-Entry", entry), ("X-At", at)];
        send_with(&doors, &gone, &headers).await.status
    };
    for entry in ["a", "b", "c"] {
        send(&doors, &[published(entry, 1)]).await;
    }
    let mut time = String::new();
    for entry in ["a", "b"] {
        time = later(&house).await;
        assert_eq!(delete(entry, &time).await, ReceiptStatus::Ok);
        assert_eq!(action(&house, entry).await, Action::Delete);
        assert_eq!(delete(entry, &time).await, ReceiptStatus::Duplicate);
    }
    // Whoever has read it names another one: at a time that was signed, or in place of the first.
    assert_eq!(delete("a", &time).await, ReceiptStatus::Duplicate);
    assert_eq!(delete("c", &time).await, ReceiptStatus::Failed);
    assert_eq!(action(&house, "c").await, Action::Publish);
}
