//! The log: one line per request, with what it was about, and never a secret.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::house::{House, SECRET, request};

thread_local! {
    /// What was logged on this thread: a test runs on one.
    static PAPER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Pen;

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        PAPER.with_borrow_mut(|paper| paper.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Logs for all tests of this program: a subscriber for one test only would depend on which test
/// met a line of the code first.
pub(crate) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(|| Pen)
            .init();
    });
}

fn written() -> String {
    PAPER.with_borrow(|paper| String::from_utf8(paper.clone()).unwrap())
}

/// The lines that the doors wrote.
fn lines() -> Vec<Value> {
    let all = written();
    let parsed = all
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ours = |line: &Value| {
        line["target"]
            .as_str()
            .is_some_and(|target| target.starts_with("slugline_web"))
    };
    parsed.filter(ours).collect()
}

#[tokio::test]
async fn a_request_is_one_line_with_its_ids() {
    let house = House::open().await;
    house
        .publish(
            "r-1",
            json!({ "content_id": "post-42", "version": 1, "payload": { "title": "T" } }),
        )
        .await
        .ok(202);
    house
        .publish(
            "r-2",
            json!({ "content_id": "post-42", "version": 1, "payload": { "title": "B" } }),
        )
        .await
        .problem(409, "version_conflict");
    house.get("/livez").await.ok(200);

    let lines = lines();
    // What was answered is for those who look closely.
    let levels: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["level"].as_str())
        .collect();
    assert_eq!(levels, ["DEBUG", "INFO", "DEBUG"], "{lines:?}");
    for (line, key) in lines.iter().zip(["r-1", "r-2"]) {
        assert_eq!(
            (
                line["span"]["content_id"].as_str(),
                line["span"]["request_id"].as_str()
            ),
            (Some("post-42"), Some(key))
        );
        assert!(
            line["span"]["http_request_id"]
                .as_str()
                .is_some_and(|id| !id.is_empty())
        );
    }
    assert_eq!(
        (
            lines[0]["fields"]["status"].as_u64(),
            lines[0]["fields"]["route"].as_str()
        ),
        (Some(202), Some("/v1/publish"))
    );
    assert_eq!(lines[1]["fields"]["code"], "version_conflict");
}

#[tokio::test]
async fn no_secret_is_written() {
    let house = House::open().await;
    for token in ["admin", "s3cr3t-that-is-wrong"] {
        let request = request("POST", "/v1/tokens?token=s3cr3t-in-query", token)
            .header("cookie", "s3cr3t-cookie");
        house
            .send(
                request
                    .body(Body::from(r#"{"name":"ci","role":"admin"}"#))
                    .unwrap(),
            )
            .await;
    }
    let written = written();
    assert_eq!(lines().len(), 3);
    assert!(
        !written.contains("s3cr3t") && !written.contains("slt_"),
        "{written}"
    );
}

/// Wherever it stands in a path, and whether it is right or wrong.
#[tokio::test]
async fn a_token_in_a_path_is_nowhere_but_there() {
    let house = House::open().await;
    let send = async |path: &str| {
        let body =
            r#"{"event":"items.create","collection":"posts","key":1,"payload":{"title":"T"}}"#;
        house
            .send(Request::post(path).body(Body::from(body)).unwrap())
            .await
    };
    let wrong = "another-secret-of-that-length";
    let taken = send(&format!("/hooks/bare/{SECRET}?x=1")).await.ok(202);
    for (path, status, code) in [
        (format!("/hooks/bare/{wrong}"), 401, "not_genuine"),
        (format!("/hooks/bare?{SECRET}"), 401, "not_genuine"),
        (format!("/hooks/cms/{SECRET}"), 404, "not_found"),
        (format!("/hooks/bare/{SECRET}/"), 404, "not_found"),
        (format!("/hooks/bare/{SECRET}/more"), 404, "not_found"),
    ] {
        let problem = send(&path).await.problem(status, code).to_string();
        assert!(
            !problem.contains(SECRET) && !problem.contains(wrong),
            "{problem}"
        );
    }
    // The same with one character written otherwise would be kept as it is written.
    let spelt = SECRET.replacen('s', "%73", 1);
    send(&format!("/hooks/bare/{spelt}"))
        .await
        .problem(401, "not_genuine");

    let path = format!("/v1/webhooks/{}", taken["webhook_id"].as_str().unwrap());
    let kept = house.get(&path).await.ok(200);
    let url = "https://cms.example/slugline/hooks/bare/[env:CMS]?x=1";
    assert_eq!(
        (&kept["url"], &kept["secret"]),
        (&json!(url), &json!("env:CMS"))
    );
    let sources = house.get("/v1/sources").await.ok(200).to_string();
    let (written, lines) = (written(), lines());
    for text in [&kept.to_string(), &sources, &written] {
        assert!(
            !text.contains(SECRET) && !text.contains(&spelt) && !text.contains(wrong),
            "{text}"
        );
    }
    let span = &lines[0]["span"];
    assert_eq!(
        (&span["path"], &span["webhook_secret"]),
        (&json!("/hooks/bare/[hidden]"), &json!("env:CMS"))
    );
}
