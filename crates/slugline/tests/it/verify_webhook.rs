//! `verify-webhook`.

use std::path::Path;

use serde_json::{Value, json};

use super::harness::{Ended, run};

/// Signed for Webflow with this secret, as its SDK does.
const SECRET: &str = "3a1b5c7d9e0f2a4b6c8d0e1f3a5b7c9d1e3f5a7b9c0d2e4f6a8b0c1d3e5f7a9b";

fn request(body: &str) -> Value {
    json!({
        "method": "POST",
        "url": "https://slugline.example/hooks/webflow",
        "headers": {
            "X-Webflow-Timestamp": "1767225600000",
            "X-Webflow-Signature": "7190c4c22ff25d84bf084c46405e8ceb6ee2fbb926a76161534a8130b1f4abc7",
        },
        "body": body,
    })
}

fn verify(folder: &Path, request: &str, arguments: &[&str]) -> Ended {
    std::fs::write(folder.join("request.json"), request).unwrap();
    std::fs::write(folder.join("secret.txt"), format!("{SECRET}\n")).unwrap();
    let mut all = vec![
        "verify-webhook",
        "--type",
        "webflow",
        "--secret",
        "file:secret.txt",
    ];
    all.extend(arguments);
    all.push("request.json");
    run(folder, &all)
}

#[test]
fn it_says_whether_a_webhook_is_taken_and_which_part_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (genuine, altered) = (request("").to_string(), request("\n").to_string());
    let at = |millis| ["--at", millis, "--json"];
    let taken = verify(folder.path(), &genuine, &at("1767225601000"))
        .with(0)
        .json();
    assert_eq!(
        (&taken["accepted"], &taken["type"]),
        (&json!(true), &json!("webflow"))
    );
    assert_eq!(taken["signed_at"], "2026-01-01T00:00:00Z");

    let late = verify(folder.path(), &genuine, &at("1767225901000"))
        .with(1)
        .json();
    assert_eq!(
        (&late["accepted"], &late["part"]),
        (&json!(false), &json!("timestamp"))
    );
    let tolerated = [&at("1767225901000")[..], &["--tolerance", "10m"]].concat();
    verify(folder.path(), &genuine, &tolerated).with(0);

    let refused = verify(folder.path(), &altered, &at("1767225601000"))
        .with(1)
        .json();
    assert_eq!(refused["part"], "signature");
    assert_eq!(refused["header"], "x-webflow-signature");
    assert!(
        refused["hint"]
            .as_str()
            .unwrap()
            .contains("end of the body"),
        "{refused}"
    );

    let shown = verify(folder.path(), &altered, &["--at", "1767225601000"])
        .with(1)
        .out();
    assert!(
        shown.contains("Refused") && !shown.contains(SECRET),
        "{shown}"
    );
}

#[test]
fn what_is_no_request_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    for (request, complaint) in [
        ("{", "request.json is not a request as JSON"),
        (
            r#"{"headers": {"a": 1}}"#,
            "request.json is not a request as JSON",
        ),
        (r#"{"body": "", "body_base64": ""}"#, "one is enough"),
        (r#"{"body_base64": "%"}"#, "not base64"),
    ] {
        let said = verify(folder.path(), request, &[]).with(2).err();
        assert!(said.contains(complaint), "{said}");
    }
    let legacy = verify(folder.path(), "{}", &["--legacy"]).with(2).err();
    assert!(legacy.contains("ghost"), "{legacy}");
    let secret = run(
        folder.path(),
        &[
            "verify-webhook",
            "--type",
            "webflow",
            "--secret",
            "env:NO_SUCH",
            "request.json",
        ],
    );
    assert!(secret.with(2).err().contains("NO_SUCH"));
}

#[test]
fn a_header_that_stands_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let twice = r#"{"headers": {"x-webflow-signature": "a", "X-Webflow-Signature": "b"}}"#;
    let same = r#"{"headers": {"x-webflow-signature": "a", "x-webflow-signature": "b"}}"#;
    let list = r#"{"headers": {"x-webflow-signature": ["a", "b"]}}"#;
    for request in [twice, same, list] {
        let refused = verify(folder.path(), request, &["--json"]).with(1).json();
        assert_eq!(refused["part"], "header");
        assert!(
            refused["detail"]
                .as_str()
                .unwrap()
                .contains("more than once")
        );
    }
}

/// As Ghost before July 2024 signed: the body alone.
#[test]
fn an_older_ghost_is_recognised_but_not_taken_unasked() {
    let folder = tempfile::tempdir().unwrap();
    // HMAC-SHA256("s", "{}"), by Python's hmac.
    let signature = "143ca8d517ba1b181025d732b1cf275d90104fca57bb02a565542978aa18c4b6";
    let headers = json!({ "X-Ghost-Signature": format!("sha256={signature}, t=1767225600000") });
    let request = json!({ "url": "https://a.example/", "headers": headers, "body": "{}" });
    std::fs::write(folder.path().join("r.json"), request.to_string()).unwrap();
    let verify = |more: &[&str]| {
        let arguments = [
            "verify-webhook",
            "--type",
            "ghost",
            "--secret",
            "s",
            "--json",
            "r.json",
        ];
        run(folder.path(), &[&arguments[..], more].concat())
    };
    let refused = verify(&[]).with(1).json();
    assert!(
        refused["hint"].as_str().unwrap().contains("--legacy"),
        "{refused}"
    );
    verify(&["--legacy"]).with(0);
}

#[test]
fn a_token_in_the_path_is_the_proof_where_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let judge = |path: &str, arguments: &[&str]| {
        let url = format!("https://slugline.example/hooks/cms{path}");
        let request = json!({"url": url, "headers": {}, "body": "{}"}).to_string();
        std::fs::write(folder.path().join("request.json"), request).unwrap();
        let all = [
            "verify-webhook",
            "--secret",
            SECRET,
            "request.json",
            "--json",
        ];
        run(folder.path(), &[&all, arguments].concat())
    };
    let strapi = ["--type", "strapi", "--token-in-path"];
    let right = format!("/{SECRET}?a=b");
    assert_eq!(judge(&right, &strapi).with(0).json()["accepted"], true);
    assert_eq!(judge("/guess", &strapi).with(1).json()["part"], "signature");
    assert_eq!(judge(&right, &strapi[..2]).with(1).json()["part"], "header");
    // From its dashboard it signs nothing.
    let webflow = judge(&right, &["--type", "webflow", "--token-in-path"]).with(0);
    assert_eq!(webflow.json()["accepted"], true);
}

const OWN_TEMPLATE: &str = r#"
[[source]]
name = "shop"
type = "hmac"
secrets = ["file:new.txt", "file:old.txt"]
tolerance = "10m"
signature = { header = "X-Own", signed = "{timestamp}|{body}", timestamp_header = "X-At" }
mapping = { id = "article.id", event = "happened", version = "article.version", fields = "article" }
"#;

/// No `--type` knows how it signs.
#[test]
fn a_configured_source_judges_with_its_secrets_its_template_and_its_tolerance() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("own.toml", OWN_TEMPLATE);
    write("new.txt", "new-secret");
    write("old.txt", "old-secret");
    // HMAC-SHA256("old-secret", "1767225600|" + body), by Python's hmac.
    let signature = "9a06db847154c0830e516aaa113c8f933a6d91eb20623364adfccb0196fd19d1";
    let judge = |body: &str, arguments: &[&str]| {
        let headers = json!({ "X-Own": signature, "X-At": "1767225600" });
        write(
            "r.json",
            &json!({ "url": "https://a.example/hooks/shop", "headers": headers, "body": body })
                .to_string(),
        );
        let all = ["verify-webhook", "--config", "own.toml", "--source", "shop"];
        run(folder.path(), &[&all, arguments, &["r.json"]].concat())
    };
    let body = r#"{"happened":"published","article":{"id":"a1","title":"T","version":3}}"#;
    let nine_minutes_later = ["--at", "1767226140000"];
    let json_too = [&nine_minutes_later[..], &["--json"]].concat();
    let taken = judge(body, &json_too).with(0).json();
    assert_eq!(
        (&taken["accepted"], &taken["type"], &taken["source"]),
        (&json!(true), &json!("hmac"), &json!("shop"))
    );
    assert_eq!(taken["proved_by"], "file:old.txt");
    let change = &taken["changes"][0];
    assert_eq!(
        (&change["what"], &change["entry"]),
        (&json!("published"), &json!("a1"))
    );
    let shown = judge(body, &nine_minutes_later).with(0).out();
    assert!(
        shown.contains("published a1") && shown.contains("{timestamp}|{body}"),
        "{shown}"
    );
    let late = ["--at", "1767226260000", "--json"];
    assert_eq!(judge(body, &late).with(1).json()["part"], "timestamp");
    let altered = format!("{body}\n");
    let refused = judge(&altered, &json_too).with(1).json();
    assert!(
        refused["hint"]
            .as_str()
            .unwrap()
            .contains("end of the body"),
        "with any of its secrets: {refused}"
    );

    let other = ["verify-webhook", "--config", "own.toml", "--source", "cms"];
    let other = run(folder.path(), &[&other[..], &["r.json"]].concat()).with(2);
    assert!(other.err().contains("shop"), "{}", other.err());
    let both = ["--type", "hmac", "--secret", "s"];
    judge(body, &both).with(2);
    run(folder.path(), &["verify-webhook", "r.json"]).with(2);
    let secretless = ["verify-webhook", "--type", "hmac", "r.json"];
    run(folder.path(), &secretless).with(2);
}
