//! The console as a browser meets it: who is let in, what a form must carry, and what a page never does.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::house::{House, SECRET, Seen, request};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                   form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The house is known as <https://cms.example/slugline>.
const COOKIE: &str = "__Host-slugline";

impl House {
    pub(crate) async fn page(&self, cookie: &str, path: &str) -> Seen {
        let request = Request::get(path).header("cookie", cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn form(&self, cookie: &str, path: &str, body: &str) -> Seen {
        let request = Request::post(path).header("cookie", cookie);
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    /// The cookie of somebody who signed in with a token.
    pub(crate) async fn signed_in(&self, token: &str) -> String {
        let seen = self.form("", "/sign-in", &format!("token={token}")).await;
        assert_eq!(
            (seen.status.as_u16(), seen.header("location")),
            (303, "/slugline/")
        );
        let cookie = seen
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        assert!(cookie.starts_with(&format!("{COOKIE}=")), "{cookie}");
        cookie
    }
}

/// What the forms of a page carry.
pub(crate) fn mark(seen: &Seen) -> String {
    let text = seen.text();
    let begin = text.find("name=\"csrf\" value=\"").unwrap() + 19;
    text[begin..begin + 64].to_owned()
}

const PAGES: [&str; 8] = [
    "/",
    "/content",
    "/dead-letters",
    "/drift",
    "/calendar",
    "/destinations",
    "/sources",
    "/activity",
];

#[tokio::test]
async fn a_stranger_sees_no_page() {
    let house = House::open().await;
    for path in PAGES.iter().chain(&[
        "/content/a",
        "/publishes/a",
        "/jobs/a",
        "/jobs/a/edit",
        "/dead-letters/act",
        "/webhooks/a",
        "/diff",
        "/live",
    ]) {
        for cookie in [
            "",
            "__Host-slugline=",
            "__Host-slugline=0000",
            "slugline=0000",
        ] {
            let seen = house.page(cookie, path).await;
            assert_eq!(seen.status, 303, "{path}");
            assert!(
                seen.header("location").starts_with("/slugline/sign-in"),
                "{path}"
            );
            assert_eq!(seen.text(), "");
        }
    }
    let back = house.page("", "/content?q=a%26b").await;
    assert_eq!(
        back.header("location"),
        "/slugline/sign-in?next=%2Fcontent%3Fq%3Da%2526b"
    );
}

#[tokio::test]
async fn a_token_opens_all_pages_and_they_run_nothing_strange() {
    let house = House::open().await;
    let cookie = house.signed_in("viewer").await;
    for path in PAGES {
        let seen = house.page(&cookie, path).await;
        assert_eq!(seen.status, 200, "{path}: {}", seen.text());
        assert_eq!(seen.header("content-security-policy"), CSP);
        assert_eq!(
            (seen.header("cache-control"), seen.header("x-frame-options")),
            ("no-store", "DENY")
        );
        assert_eq!(seen.header("referrer-policy"), "same-origin");
        assert_eq!(seen.header("x-content-type-options"), "nosniff");
        for inline in ["<style", " style=", "onclick", "javascript:"] {
            assert!(!seen.text().contains(inline), "{path} has {inline}");
        }
        assert!(
            seen.text().contains("href=\"/slugline/activity\""),
            "links lead to where the world knows it"
        );
    }
}

#[tokio::test]
async fn a_sessions_cookie_is_for_this_place_only() {
    let house = House::open().await;
    let seen = house
        .form("", "/sign-in", "token=viewer&next=%2Fcontent")
        .await;
    assert_eq!(seen.header("location"), "/slugline/content");
    let cookie = seen.header("set-cookie");
    for part in [
        "Path=/",
        "HttpOnly",
        "SameSite=Strict",
        "Secure",
        "Max-Age=604800",
    ] {
        assert!(cookie.split("; ").any(|own| own == part), "{cookie}");
    }
    let away = house
        .form("", "/sign-in", "token=viewer&next=https%3A%2F%2Fa.example")
        .await;
    assert_eq!(away.header("location"), "/slugline/");
}

#[tokio::test]
async fn who_tries_many_tokens_waits() {
    let house = House::open().await;
    for _ in 0..10 {
        let seen = house.form("", "/sign-in", "token=wrong").await;
        assert_eq!((seen.status.as_u16(), seen.header("set-cookie")), (401, ""));
        assert!(seen.text().contains("not known here") && !seen.text().contains("value=\"wrong"));
    }
    let seen = house.form("", "/sign-in", "token=viewer").await;
    assert_eq!(seen.status, 429);
    assert_ne!(seen.header("retry-after"), "");
    house.clock.advance(Duration::from_secs(60));
    house.signed_in("viewer").await;
}

#[tokio::test]
async fn a_session_ends_with_its_token_with_time_and_when_told() {
    let house = House::open().await;
    let body = json!({ "name": "temp", "role": "viewer" }).to_string();
    let made = request("POST", "/v1/tokens", "admin").header("content-type", "application/json");
    let made = house
        .send(made.body(Body::from(body)).unwrap())
        .await
        .ok(201);
    let cookie = house.signed_in(made["token"].as_str().unwrap()).await;
    assert_eq!(house.page(&cookie, "/content").await.status, 200);
    let gone = request("DELETE", "/v1/tokens/temp", "admin");
    house.send(gone.body(Body::empty()).unwrap()).await;
    assert_eq!(
        house.page(&cookie, "/content").await.status,
        303,
        "its token is revoked"
    );

    let cookie = house.signed_in("viewer").await;
    let csrf = mark(&house.page(&cookie, "/content").await);
    let out = house
        .form(&cookie, "/sign-out", &format!("csrf={csrf}"))
        .await;
    assert_eq!(out.header("location"), "/slugline/sign-in?said=signed_out");
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(
        house.page(&cookie, "/content").await.status,
        303,
        "it is signed out"
    );

    let cookie = house.signed_in("viewer").await;
    house.clock.advance(Duration::from_secs(12 * 3_600));
    assert_eq!(
        house.page(&cookie, "/content").await.status,
        303,
        "nobody used it"
    );
}

pub(crate) async fn webhook(house: &House) -> String {
    let body = json!({
        "event": "entry.publish", "createdAt": "2026-11-21T09:10:00.000Z", "model": "article", "uid": "api::article.article",
        "entry": {"id": 1, "documentId": "a", "title": "<script>alert(1)</script>", "locale": "de"}
    });
    let hook = Request::post("/hooks/cms").header("authorization", format!("Bearer {SECRET}"));
    let seen = house
        .send(hook.body(Body::from(body.to_string())).unwrap())
        .await
        .ok(202);
    seen["webhook_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_must_come_from_a_page_of_the_session() {
    let house = House::open().await;
    let retry = format!("/webhooks/{}/retry", webhook(&house).await);
    let cookie = house.signed_in("operator").await;
    let csrf = mark(&house.page(&cookie, "/sources").await);
    let other = house.signed_in("operator").await;
    let others = mark(&house.page(&other, "/sources").await);
    assert_ne!(csrf, others);
    for body in [
        String::new(),
        "csrf=".into(),
        format!("csrf={others}"),
        format!("csrf={csrf}0"),
    ] {
        let seen = house.form(&cookie, &retry, &body).await;
        assert_eq!(seen.status, 403, "{body}");
        assert!(seen.header("content-type").starts_with("text/html"));
    }
    let from = async |name: &str, value: &str| {
        let request = Request::post(&retry)
            .header("cookie", &cookie)
            .header("host", "127.0.0.1:8420")
            .header(name, value);
        let seen = house
            .send(request.body(Body::from(format!("csrf={csrf}"))).unwrap())
            .await;
        seen.status.as_u16()
    };
    for (name, value, status) in [
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "none", 403),
        ("origin", "https://a.example", 403),
        ("origin", "null", 403),
        ("origin", "http://127.0.0.1:8420", 303),
        ("origin", "https://cms.example", 303),
        ("sec-fetch-site", "same-origin", 303),
    ] {
        assert_eq!(from(name, value).await, status, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_role_is_shown_and_accepted_what_it_may() {
    let house = House::open().await;
    let page = format!("/webhooks/{}", webhook(&house).await);
    for (token, may) in [
        ("viewer", false),
        ("editor", false),
        ("operator", true),
        ("admin", true),
    ] {
        let cookie = house.signed_in(token).await;
        let seen = house.page(&cookie, &page).await;
        assert_eq!(seen.text().contains("Deal with it again"), may, "{token}");
        let body = format!("csrf={}", mark(&seen));
        let seen = house.form(&cookie, &format!("{page}/retry"), &body).await;
        assert_eq!(seen.status, if may { 303 } else { 403 }, "{token}");
    }
    let cookie = house.signed_in("other").await;
    assert_eq!(
        house.page(&cookie, &page).await.status,
        404,
        "another owner's"
    );
}

#[tokio::test]
async fn whatever_comes_is_shown_as_text() {
    let house = House::open().await;
    let strange = "<script>alert(1)</script>";
    let body = json!({ "content_id": strange, "version": 1, "payload": { "title": "<img src=x onerror=alert(1)>", "slug": "s", "body": strange } });
    house.publish(strange, body).await.ok(202);
    let body = json!({ "content_id": strange, "version": 2, "payload": { "title": "T\"'>", "slug": "s", "body": "<svg onload=alert(1)>" } });
    house.publish("r-2", body).await.ok(202);
    let hook = webhook(&house).await;
    let cookie = house.signed_in("admin").await;
    let id = "%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for path in [
        "/".to_owned(),
        "/content".into(),
        "/activity".into(),
        format!("/content/{id}"),
        format!("/publishes/{id}"),
        format!("/diff?content={id}&environment=production&locale=en&from=1&to=2"),
        format!("/webhooks/{hook}"),
        format!("/content?q={id}"),
        format!("/activity?actor=%22%3E%3Cscript%3E&content={id}"),
    ] {
        let seen = house.page(&cookie, &path).await;
        assert_eq!(seen.status, 200, "{path}: {}", seen.text());
        assert!(
            !seen.text().contains("<script>") && !seen.text().contains("<img"),
            "{path}"
        );
        assert!(!seen.text().contains("<svg onload"), "{path}");
    }
    let wrong = house.page(&cookie, "/content/%3Cscript%3E").await;
    assert_eq!(wrong.status, 404);
    assert!(!wrong.text().contains("<script>"));
    let said = house.page(&cookie, "/?said=%3Cb%3Eyou%20won").await;
    assert!(
        !said.text().contains("you won"),
        "a link puts no words into our mouth"
    );
}

#[tokio::test]
async fn owners_do_not_see_each_other_here_either() {
    let house = House::open().await;
    house
        .publish(
            "r-1",
            json!({ "content_id": "ours", "payload": { "title": "T" } }),
        )
        .await
        .ok(202);
    let cookie = house.signed_in("other").await;
    for path in ["/", "/content", "/activity", "/dead-letters"] {
        assert!(
            !house.page(&cookie, path).await.text().contains("ours"),
            "{path}"
        );
    }
    for path in ["/content/ours", "/publishes/r-1", "/jobs/job_00000001"] {
        assert_eq!(house.page(&cookie, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_said_on_a_page() {
    let house = House::open().await;
    let cookie = house.signed_in("viewer").await;
    for path in [
        "/?range=year",
        "/content?state=happy",
        "/content?cursor=x",
        "/activity?type=party",
        "/diff?content=a",
    ] {
        let seen = house.page(&cookie, path).await;
        assert_eq!(seen.status, 422, "{path}");
        assert!(
            seen.header("content-type").starts_with("text/html"),
            "{path}"
        );
        assert_eq!(seen.header("content-security-policy"), CSP);
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_the_name_of_their_bytes() {
    let house = House::open().await;
    let page = house.page("", "/sign-in").await;
    let text = page.text();
    let begin = text.find("/slugline/assets/").unwrap() + "/slugline".len();
    let end = begin + text[begin..].find('"').unwrap();
    let path = &text[begin..end];
    let seen = house.page("", path).await;
    assert_eq!(
        (seen.status.as_u16(), seen.header("cache-control")),
        (200, "public, max-age=31536000, immutable")
    );
    let digits = path.split('/').nth(2).unwrap();
    let old = house
        .page("", &path.replace(digits, "0000000000000000"))
        .await;
    assert_eq!(
        (old.status.as_u16(), old.header("cache-control")),
        (404, "no-store")
    );
}

#[tokio::test]
async fn a_page_of_a_busy_house_says_what_is_there() {
    let house = House::open().await;
    for (key, body) in [
        (
            "r-1",
            json!({ "content_id": "a", "version": 1, "payload": { "title": "One", "body": "<p>x</p><p>old words</p>" } }),
        ),
        (
            "r-2",
            json!({ "content_id": "a", "version": 2, "payload": { "title": "Two", "body": "<p>x</p><p>new words</p>" } }),
        ),
        (
            "r-3",
            json!({ "content_id": "later", "version": 1, "publish_at": "2026-11-23T10:00:00Z", "payload": { "title": "L" } }),
        ),
    ] {
        house.publish(key, body).await.ok(202);
    }
    let cookie = house.signed_in("viewer").await;
    for (path, says) in [
        ("/content?q=A", "/slugline/content/a"),
        ("/content/a", "What changed"),
        ("/publishes/r-2", "queued"),
        ("/calendar", "Monday 23 November 2026"),
        ("/calendar", "in 2 d"),
        (
            "/diff?content=a&environment=production&locale=en&from=1&to=2",
            "<mark>new</mark>",
        ),
        ("/activity?content=a", "Publish accepted"),
        ("/jobs/job_00000001", "superseded"),
        ("/?range=day", "Last day"),
    ] {
        let seen = house.page(&cookie, path).await;
        assert!(
            seen.text().contains(says),
            "{path} does not say {says:?}: {}",
            seen.text()
        );
    }
}
