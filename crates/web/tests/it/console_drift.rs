//! Drift in the console: what is mended is what was shown.

use slugline_core::drift::Drift;

use crate::console::mark;
use crate::house::Seen;
use crate::reconciling;

/// The fields of a form that a page has, as a browser would send them.
fn form_of(seen: &Seen) -> String {
    let form = seen.text().rsplit("<form").next().unwrap();
    let inputs = form
        .split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|input| {
            let (name, rest) = input.split_once("\" value=\"").unwrap();
            format!(
                "{name}={}",
                rest.split('"').next().unwrap().replace(':', "%3A")
            )
        });
    inputs.collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn drift_is_mended_as_it_was_shown_or_not_at_all() {
    let house = reconciling::open().await;
    reconciling::drifted(&house, "edited", Drift::Diverged).await;
    let cookie = house.signed_in("operator").await;
    let list = house.page(&cookie, "/drift").await;
    assert!(list.text().contains("diverged") && list.text().contains("Somebody changed it"));
    let begin = list.text().find("/slugline/drift/mend?do=adopt").unwrap() + "/slugline".len();
    let path = list.text()[begin..]
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&")
        .replace("&#38;", "&");
    let first = house.page(&cookie, &path).await;
    assert!(
        first.text().contains("counts as verified"),
        "{}",
        first.text()
    );
    let repair = house
        .page(&cookie, &path.replace("do=adopt", "do=repair"))
        .await;
    assert!(repair.text().contains("what somebody did there is lost"));

    let strange = form_of(&first).replace("diverged", "missing");
    let seen = house.form(&cookie, "/drift/mend", &strange).await;
    assert_eq!(seen.header("location"), "/slugline/drift?said=stale");
    let viewer = house.signed_in("viewer").await;
    assert_eq!(house.page(&viewer, &path).await.status, 403);
    let body = format!(
        "{}&x",
        form_of(&first).replace(&mark(&first), &mark(&house.page(&viewer, "/drift").await))
    );
    assert_eq!(house.form(&viewer, "/drift/mend", &body).await.status, 403);
    assert!(
        !house
            .page(&viewer, "/drift")
            .await
            .text()
            .contains("Repair")
    );

    let seen = house.form(&cookie, "/drift/mend", &form_of(&first)).await;
    assert_eq!(seen.header("location"), "/slugline/drift?said=adopted");
    // The second tab still has the form of before.
    for form in [&first, &repair] {
        let seen = house.form(&cookie, "/drift/mend", &form_of(form)).await;
        assert_eq!(seen.header("location"), "/slugline/drift?said=stale");
    }
    let told = house.page(&cookie, "/drift?said=stale").await;
    assert!(told.text().contains("Nothing was changed"));
    let other = house.signed_in("other").await;
    assert!(!house.page(&other, "/drift").await.text().contains("edited"));
}

#[tokio::test]
async fn a_destination_is_compared_when_an_operator_says_so() {
    let house = reconciling::open().await;
    let cookie = house.signed_in("operator").await;
    let csrf = mark(&house.page(&cookie, "/drift").await);
    let ask = async |destination: &str| {
        let body = format!("csrf={csrf}&destination={destination}");
        let seen = house.form(&cookie, "/drift/reconcile", &body).await;
        (seen.status.as_u16(), seen.header("location").to_owned())
    };
    assert_eq!(
        ask("blog").await,
        (303, "/slugline/drift?said=reconciling".into())
    );
    assert_eq!(
        ask("blog").await,
        (303, "/slugline/drift?said=reconciling_already".into())
    );
    assert_eq!(ask("hook").await.0, 422);
    assert_eq!(ask("theirs").await.0, 404);
    let page = house.page(&cookie, "/drift").await;
    assert!(page.text().contains("running") && page.text().contains("token:operator"));
}

#[tokio::test]
async fn a_reconciliation_has_a_page_and_is_ended_there_once() {
    let house = reconciling::open().await;
    let cookie = house.signed_in("operator").await;
    let csrf = mark(&house.page(&cookie, "/drift").await);
    let ask = format!("csrf={csrf}&destination=blog&dry_run=yes");
    house.form(&cookie, "/drift/reconcile", &ask).await;
    let list = house.page(&cookie, "/drift").await;
    let begin = list.text().find("/slugline/reconciliations/").unwrap() + "/slugline".len();
    let path = list.text()[begin..].split('"').next().unwrap().to_owned();
    let page = house.page(&cookie, &path).await;
    for said in [
        "Reconciliation of blog",
        "only reports",
        "Step 1 of 4: it goes through what is there.",
        "token:operator",
        "not yet",
        "What it has found and queued stays.",
    ] {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    let abort = format!("{path}/abort");
    let viewer = house.signed_in("viewer").await;
    let theirs = house.page(&viewer, &path).await;
    assert!(!theirs.text().contains("abort"), "{}", theirs.text());
    let form = format!("csrf={}", mark(&theirs));
    assert_eq!(house.form(&viewer, &abort, &form).await.status, 403);
    let strange = house.form(&cookie, &abort, &form).await;
    assert_eq!(strange.status, 403);
    assert!(house.page(&cookie, &path).await.text().contains("running"));

    let form = format!("csrf={csrf}");
    for said in ["reconciliation_aborted", "stale"] {
        let seen = house.form(&cookie, &abort, &form).await;
        assert_eq!(
            seen.header("location"),
            format!("/slugline{path}?said={said}")
        );
    }
    let page = house.page(&cookie, &path).await;
    assert!(
        page.text().contains("aborted by token:operator")
            && !page.text().contains("<button class=\"grave\">"),
        "{}",
        page.text()
    );
    let nobody = house.page(&cookie, "/reconciliations/rec_zzz").await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn a_destination_says_what_is_configured() {
    let house = reconciling::open().await;
    let cookie = house.signed_in("viewer").await;
    let page = house.page(&cookie, "/destinations").await;
    for said in [
        "600 a minute",
        "24 a day: one every 1 h",
        "every 24 h; at most 100 repairs at a time",
        "repaired if missing or stale; only reported if extra or diverged",
        "4 <span class=\"quiet\">of 8</span>",
    ] {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
}
