//! Replays in the console: tried first, started from what was shown, ended by a button.

use crate::console::mark;
use crate::reconciling;
use crate::replays::dead;

#[tokio::test]
async fn a_replay_is_tried_started_and_ended_from_its_pages() {
    let house = reconciling::open().await;
    for content in ["a", "b"] {
        dead(&house, content).await;
    }
    let cookie = house.signed_in("operator").await;
    let empty = house.page(&cookie, "/replays").await;
    assert!(empty.text().contains("There are no replays"));
    let csrf = mark(&empty);
    let form = format!(
        "csrf={csrf}&destination=blog&state=failed&since=2020-01-01T00%3A00&limit=10&rate=60"
    );
    let viewer = house.signed_in("viewer").await;
    let page = house.page(&viewer, "/replays").await;
    assert!(!page.text().contains("Try it"));
    let theirs = form.replace(&csrf, &mark(&page));
    assert_eq!(house.form(&viewer, "/replays", &theirs).await.status, 403);
    let nothing = format!("csrf={csrf}");
    let refused = house.form(&cookie, "/replays", &nothing).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().contains("name at least one"),
        "{}",
        refused.text()
    );
    let unclear = form.replace("2020", "long ago 2020");
    assert_eq!(house.form(&cookie, "/replays", &unclear).await.status, 422);

    let tried = house.form(&cookie, "/replays", &form).await;
    let path = tried.header("location").to_owned();
    let path = path.strip_prefix("/slugline").unwrap().to_owned();
    let dry = house.page(&cookie, &path).await;
    assert!(
        dry.text().contains("2 of 2 would run again"),
        "{}",
        dry.text()
    );
    assert!(dry.text().contains("Run 2 again") && dry.text().contains("/content/b"));
    assert_eq!(house.store.pressure().open_jobs, 0, "it only looked");
    let only = house
        .page(&cookie, &format!("{path}?relevance=superseded"))
        .await;
    assert!(only.text().contains("No event of this kind"));
    assert!(
        !house
            .page(&viewer, &path)
            .await
            .text()
            .contains("Run 2 again")
    );
    let other = house.signed_in("other").await;
    assert_eq!(house.page(&other, &path).await.status, 404);

    let start = format!("{path}/start");
    let begun = house.form(&cookie, &start, &nothing).await;
    let running = begun.header("location").to_owned();
    assert!(running.ends_with("?said=replaying"), "{running}");
    let running = running.strip_prefix("/slugline").unwrap().to_owned();
    let twice = house.form(&cookie, &start, &nothing).await;
    assert_eq!(twice.header("location"), format!("/slugline{running}"));
    let page = house.page(&cookie, &running).await;
    assert!(page.text().contains("It runs.") && page.text().contains("Abort"));
    assert!(page.text().contains("0 of 2 events"), "{}", page.text());
    let one = running.split('?').next().unwrap();
    let abort = format!("{one}/abort");
    let done = house.form(&cookie, &abort, &nothing).await;
    assert!(done.header("location").ends_with("?said=replay_aborted"));
    // The second tab still has the button.
    let late = house.form(&cookie, &abort, &nothing).await;
    assert!(late.header("location").ends_with("?said=stale"));
    let again = house.form(&cookie, &format!("{one}/start"), &nothing).await;
    assert_eq!(again.status, 422, "only a dry run is started");
    let list = house.page(&cookie, "/replays").await;
    assert!(list.text().contains("aborted") && list.text().contains("dry run"));
}
