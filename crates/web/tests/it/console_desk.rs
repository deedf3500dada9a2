//! What operators do from pages: edits, notes, pauses, probes. A form that is older than what it is about changes nothing.

use serde_json::json;
use slugline_core::lifecycle::{Evidence, Verdict};

use crate::console::mark;
use crate::house::{House, Seen};
use crate::operator::{dead, post};
use crate::pauses;

/// The value of a hidden field on a page, the first of this name.
fn hidden<'a>(seen: &'a Seen, name: &str) -> &'a str {
    let before = format!("name=\"{name}\" value=\"");
    let rest = seen.text().split(&before).nth(1).unwrap();
    rest.split('"').next().unwrap()
}

#[tokio::test]
async fn a_dead_letter_is_edited_and_published_and_a_late_form_keeps_what_was_typed() {
    let house = House::open().await;
    house.publish("r-1", post(1, "too long")).await.ok(202);
    let job = house.run(dead()).await.job;
    let cookie = house.signed_in("operator").await;
    let path = format!("/jobs/{job}/edit");
    let page = house.page(&cookie, &path).await;
    assert!(
        page.text().contains("value=\"too long\""),
        "{}",
        page.text()
    );
    let csrf = mark(&page);
    let form = |title: &str, rest: &str| {
        format!(
            "csrf={csrf}&seen=1&title={title}&slug=&excerpt=&body=one%0D%0Atwo&rest={rest}&note=shorter"
        )
    };
    for (title, rest, says) in [
        ("", "%7B%7D", "title"),
        ("short", "%7B", "it is no JSON object"),
        ("short", "%7B%22hero%22%3A1%7D", "unknown field"),
        (
            "short",
            "%7B%22title%22%3A%22x%22%7D",
            "has a field of its own",
        ),
    ] {
        let seen = house.form(&cookie, &path, &form(title, rest)).await;
        assert_eq!(seen.status, 422, "{rest}");
        assert!(
            seen.text().contains(says) && seen.text().contains("one\ntwo"),
            "{}",
            seen.text()
        );
    }
    let rest = "%7B%22tags%22%3A%5B%22t%22%5D%7D";
    let seen = house.form(&cookie, &path, &form("short", rest)).await;
    assert!(
        seen.header("location").ends_with("said=edited"),
        "{}",
        seen.text()
    );
    let run = house.live().await;
    assert_eq!(
        (run.payload.title.as_str(), run.payload.body.as_str()),
        ("short", "one\ntwo")
    );
    assert_eq!(run.payload.tags, ["t"]);
    // The second tab has the form of before, with other words in it.
    let late = house.form(&cookie, &path, &form("mine", rest)).await;
    assert_eq!(late.status, 409);
    assert!(late.text().contains("Nothing was changed") && late.text().contains("value=\"mine\""));
    assert!(!late.text().contains("Publish it so"));
    let again = house.page(&cookie, &path).await;
    assert!(
        again.header("location").ends_with("said=stale"),
        "{}",
        again.text()
    );
    let notes = house.page(&cookie, "/content/a").await;
    assert!(notes.text().contains("shorter"));
}

#[tokio::test]
async fn notes_and_escalations_stand_where_they_belong() {
    let house = House::open().await;
    house.publish("r-1", post(1, "one")).await.ok(202);
    let job = house.run(dead()).await.job;
    let cookie = house.signed_in("operator").await;
    let page = house.page(&cookie, &format!("/jobs/{job}")).await;
    let csrf = mark(&page);
    let note =
        format!("csrf={csrf}&content=a&environment=production&locale=en&note=%3Cb%3Ecalled+them");
    let seen = house.form(&cookie, "/notes", &note).await;
    assert_eq!(seen.header("location"), "/slugline/content/a?said=noted");
    let seen = house
        .form(&cookie, "/notes", &format!("{note}&job={job}"))
        .await;
    assert_eq!(
        seen.header("location"),
        format!("/slugline/jobs/{job}?said=noted")
    );
    let escalate = format!("csrf={csrf}&do=escalate&runs=1&note=who+knows+the+blog");
    let seen = house
        .form(&cookie, &format!("/jobs/{job}/act"), &escalate)
        .await;
    assert!(seen.header("location").ends_with("said=escalated"));
    for path in ["/content/a".to_owned(), format!("/jobs/{job}")] {
        let text = house.page(&cookie, &path).await.text().to_owned();
        assert!(
            text.contains("called them") && text.contains("who knows the blog"),
            "{path}"
        );
        assert!(
            !text.contains("<b>called") && text.contains("escalated"),
            "{path}"
        );
    }
    for (body, status) in [
        (note.replace("content=a", "content=b"), 404),
        (note.replace("called", &"x".repeat(2_001)), 422),
        (
            format!("csrf={csrf}&content=a&environment=production&locale=en&note=+"),
            422,
        ),
    ] {
        assert_eq!(house.form(&cookie, "/notes", &body).await.status, status);
    }
    let viewer = house.signed_in("viewer").await;
    let seen = house.page(&viewer, "/content/a").await;
    assert!(seen.text().contains("called them") && !seen.text().contains("Write a note"));
    let own = note.replace(&csrf, &mark(&seen));
    assert_eq!(house.form(&viewer, "/notes", &own).await.status, 403);
}

#[tokio::test]
async fn a_page_pauses_and_resumes_and_nobody_ends_a_pause_unseen() {
    let house = pauses::house().await;
    house.publish("r-1", post(1, "one")).await.ok(202);
    let cookie = house.signed_in("operator").await;
    let page = house.page(&cookie, "/destinations").await;
    let csrf = mark(&page);
    let ask = async |body: &str| {
        let seen = house
            .form(&cookie, "/pause", &format!("csrf={csrf}&{body}"))
            .await;
        (seen.status.as_u16(), seen.header("location").to_owned())
    };
    let went = |place: &str| (303, format!("/slugline{place}"));
    let blog = "what=destination&name=blog";
    let pause = format!("do=pause&{blog}&seen=-&note=upgrade");
    assert_eq!(ask(&pause).await, went("/destinations?said=held"));
    assert_eq!(ask(&pause).await, went("/destinations?said=stale"));
    let page = house.page(&cookie, "/destinations").await;
    assert!(page.text().contains("upgrade") && page.text().contains("token:operator"));
    let first = format!("do=resume&{blog}&seen={}", hidden(&page, "seen"));
    assert_eq!(ask(&first).await, went("/destinations?said=resumed"));
    house.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(ask(&pause).await, went("/destinations?said=held"));
    // The other tab would end a pause that it has not seen.
    assert_eq!(ask(&first).await, went("/destinations?said=stale"));
    assert_eq!(
        ask("do=pause&what=class%3Abulk&seen=-").await,
        went("/destinations?said=held")
    );
    assert_eq!(
        ask("do=pause&what=everything&seen=-&note=fire").await,
        went("/destinations?said=held")
    );
    let page = house.page(&cookie, "/").await;
    assert!(page.text().contains("Everything is paused") && page.text().contains("fire"));
    let seen = hidden(&page, "seen");
    let resume = format!("do=resume&what=everything&from=overview&seen={seen}");
    assert_eq!(ask(&resume).await, went("/?said=resumed"));
    let content = "what=content&name=a&environment=production&locale=en";
    assert_eq!(
        ask(&format!("do=pause&{content}&seen=-")).await,
        went("/content/a?said=held")
    );
    let page = house.page(&cookie, "/content/a").await;
    assert!(
        page.text().contains("<strong>Paused</strong>") && !page.text().contains("Pause it here")
    );
    let resume = format!("do=resume&{content}&seen={}", hidden(&page, "seen"));
    assert_eq!(ask(&resume).await, went("/content/a?said=resumed"));
    for (body, status) in [
        ("do=pause&what=destination&name=theirs&seen=-", 404),
        ("do=pause&what=class&name=happy&seen=-", 404),
        ("do=pause&what=the+world&seen=-", 422),
        ("do=dance&what=everything&seen=-", 422),
        (
            "do=pause&what=content&name=zzz&environment=production&seen=-",
            404,
        ),
    ] {
        assert_eq!(ask(body).await.0, status, "{body}");
    }
    let viewer = house.signed_in("viewer").await;
    let seen = house.page(&viewer, "/destinations").await;
    assert!(seen.text().contains("upgrade") && !seen.text().contains("Resume"));
    let body = format!("csrf={}&{pause}", mark(&seen));
    assert_eq!(house.form(&viewer, "/pause", &body).await.status, 403);
}

#[tokio::test]
async fn a_destination_is_asked_and_what_it_says_is_shown() {
    let house = pauses::house().await;
    let cookie = house.signed_in("operator").await;
    let page = house.page(&cookie, "/destinations").await;
    let csrf = format!("csrf={}", mark(&page));
    let probe = async |name: &str| {
        house
            .form(&cookie, &format!("/destinations/{name}/probe"), &csrf)
            .await
    };
    let blog = probe("blog").await;
    assert!(
        blog.text().contains("lets us in") && blog.text().contains("all is well"),
        "{}",
        blog.text()
    );
    let locked = probe("locked").await;
    assert!(
        locked.text().contains("What to do:") && locked.text().contains("credentials"),
        "{}",
        locked.text()
    );
    assert_eq!(probe("theirs").await.status, 404);
    let viewer = house.signed_in("viewer").await;
    let seen = house.page(&viewer, "/destinations").await;
    assert!(!seen.text().contains("Ask whether"));
    let body = format!("csrf={}", mark(&seen));
    let refused = house.form(&viewer, "/destinations/blog/probe", &body).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_job_that_waits_is_held_resumed_and_taken_back_from_its_page() {
    let house = House::open().await;
    house.publish("r-1", post(1, "one")).await.ok(202);
    let later = json!({ "content_id": "b", "version": 1, "destinations": ["blog"], "publish_at": "2026-12-01T00:00:00Z", "payload": { "title": "b" } });
    let later = house.publish("r-2", later).await.ok(202);
    let later = later["jobs"][0]["job_id"].as_str().unwrap().to_owned();
    let cookie = house.signed_in("operator").await;
    let act = async |job: &str, word: &str| {
        let path = format!("/jobs/{job}");
        let page = house.page(&cookie, &path).await;
        assert!(
            page.text().contains(&format!("value=\"{word}\"")),
            "{word}: {}",
            page.text()
        );
        let body = format!(
            "csrf={}&do={word}&runs={}",
            mark(&page),
            hidden(&page, "runs")
        );
        let first = house.form(&cookie, &format!("{path}/act"), &body).await;
        let second = house.form(&cookie, &format!("{path}/act"), &body).await;
        assert!(second.header("location").ends_with("said=stale"), "{word}");
        first
            .header("location")
            .split("said=")
            .nth(1)
            .unwrap()
            .to_owned()
    };
    assert_eq!(act("job_00000001", "pause").await, "paused");
    assert_eq!(act("job_00000001", "resume").await, "resumed");
    assert_eq!(act(&later, "cancel").await, "cancelled");
}

#[tokio::test]
async fn a_webhook_that_was_dealt_with_since_is_left_alone() {
    let house = House::open().await;
    let path = format!("/webhooks/{}", crate::console::webhook(&house).await);
    let cookie = house.signed_in("operator").await;
    let page = house.page(&cookie, &path).await;
    let body = format!("csrf={}&seen={}", mark(&page), hidden(&page, "seen"));
    let retry = format!("{path}/retry");
    let first = house.form(&cookie, &retry, &body).await;
    assert!(
        first.header("location").ends_with("said=webhook_redone"),
        "{}",
        first.text()
    );
    let second = house.form(&cookie, &retry, &body).await;
    assert!(
        second.header("location").ends_with("said=stale"),
        "{}",
        second.text()
    );
}

#[tokio::test]
async fn it_goes_back_at_one_destination_and_stays_at_the_others() {
    let house = House::open().await;
    let cookie = house.signed_in("operator").await;
    let live = || Verdict::Live(Evidence::ReadBack);
    for (version, title) in [(1, "good"), (2, "bad at the hook")] {
        let body = json!({ "content_id": "a", "version": version, "destinations": ["blog", "hook"], "payload": { "title": title } });
        house.publish(&format!("r-{version}"), body).await.ok(202);
        for destination in ["blog", "hook"] {
            house.run_at(destination, live()).await;
        }
    }
    let page = house.page(&cookie, "/content/a").await;
    assert!(
        page.text()
            .contains("<option value=\"hook\">at hook</option>")
    );
    let form = format!(
        "csrf={}&content=a&environment=production&locale=en&seen=2&to=1&at=hook",
        mark(&page)
    );
    let said = house.form(&cookie, "/content-rollback", &form).await;
    assert!(said.header("location").ends_with("said=rolling_back"));
    assert_eq!(house.run_at("hook", live()).await.payload.title, "good");
    assert_eq!(house.claim().await.len(), 0, "the blog keeps what it has");
}

#[tokio::test]
async fn going_back_is_offered_where_there_may_be_something_to_go_back_to() {
    let house = House::open().await;
    let cookie = house.signed_in("operator").await;
    for (version, offered) in [(1, false), (2, true)] {
        let key = format!("r-{version}");
        house.publish(&key, post(version, "too long")).await.ok(202);
        let path = format!("/jobs/{}", house.run(dead()).await.job);
        let page = house.page(&cookie, &path).await;
        let button = page.text().contains("value=\"revert\"");
        assert_eq!(button, offered, "{}", page.text());
        let body = format!("csrf={}&do=revert&runs=1", mark(&page));
        let said = house.form(&cookie, &format!("{path}/act"), &body).await;
        let place = said.header("location");
        assert!(
            place.ends_with(&format!("{path}?said=nothing_older")),
            "{place}"
        );
    }
}

#[tokio::test]
async fn what_went_live_since_is_not_reverted_by_an_old_form() {
    let house = House::open().await;
    let cookie = house.signed_in("operator").await;
    house.publish("r-1", post(1, "good")).await.ok(202);
    house.live().await;
    house.publish("r-2", post(2, "better")).await.ok(202);
    let path = format!("/jobs/{}", house.run(dead()).await.job);
    let page = house.page(&cookie, &path).await;
    let form = |word: &str| format!("csrf={}&do={word}&runs=1", mark(&page));
    let act = async |word: &str| {
        let seen = house
            .form(&cookie, &format!("{path}/act"), &form(word))
            .await;
        seen.header("location")
            .rsplit('=')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(act("retry").await, "retried");
    assert_eq!(act("revert").await, "stale", "it is queued");
    assert_eq!(house.live().await.payload.title, "better");
    assert_eq!(act("revert").await, "stale", "it is live");
    let item = house.get("/v1/content/a").await.ok(200);
    assert_eq!(item["items"][0]["generation"], 2, "{item}");
}
