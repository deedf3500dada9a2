//! `sources` and `webhooks`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::harness::{CONFIGURATION, Server, TOKEN};
use super::hooks::{SOURCE, exchange};

fn serve() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let configuration = format!("{CONFIGURATION}{SOURCE}");
    std::fs::write(folder.path().join("slugline.toml"), configuration).unwrap();
    Server::start_in(folder)
}

/// Sends a webhook with this secret; the status of the answer.
fn tell(url: &str, secret: &str, body: &str) -> u16 {
    let length = body.len();
    let request = format!(
        "POST /hooks/cms HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {secret}\r\nx-odd: \u{9b}31m\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    exchange(url, &request).unwrap()[9..12].parse().unwrap()
}

const PUBLISH: &str = r#"{"event":"entry.publish","createdAt":"2026-03-01T10:00:00Z","model":"post","uid":"api::post.post","entry":{"documentId":"e1","title":"One","slug":"one","publishedAt":"2026-03-01T10:00:00Z"}}"#;

#[test]
fn what_came_is_listed_shown_and_dealt_with_again() {
    let server = serve();
    let url = &server.url;
    let none = server.run(&["webhooks", "list"]).with(0);
    assert!(none.err().contains("No webhooks"), "{}", none.err());
    assert_eq!(tell(url, TOKEN, PUBLISH), 202);
    assert_eq!(tell(url, TOKEN, "{\u{1b}[31m"), 200);
    assert_eq!(tell(url, "guess", PUBLISH), 401);

    let listed = server.run(&["webhooks", "list"]).with(0).out();
    let lines: Vec<&str> = listed.lines().collect();
    assert!(
        lines[0].starts_with("failed") && lines[1].starts_with("done"),
        "{listed}"
    );
    assert!(lines[1].ends_with("cms  published cms:e1"), "{listed}");
    let wanted = [
        "webhooks", "list", "--source", "cms", "--state", "failed", "--json",
    ];
    let failed = server.run(&wanted).with(0).json();
    assert_eq!(failed["items"].as_array().unwrap().len(), 1);
    let id = failed["items"][0]["webhook_id"].as_str().unwrap();
    let page = server.run(&["webhooks", "list", "--limit", "1"]).with(0);
    assert!(
        page.err().contains("There are more: --cursor "),
        "{}",
        page.err()
    );
    server.run(&["webhooks", "list", "--state", "lost"]).with(2);

    let shown = server.run(&["webhooks", "show", id]).with(0).out();
    assert!(
        shown.contains("authorization: [env:SLUGLINE_TOKEN]"),
        "{shown}"
    );
    assert!(
        !shown.contains(['\u{1b}', '\u{9b}']) && !shown.contains(TOKEN),
        "{shown:?}"
    );
    let again = ["webhooks", "retry", id, "--server", &server.url];
    assert!(
        server
            .run_through("http://127.0.0.1:1", &again)
            .with(0)
            .out()
            .contains(id)
    );
    for what in ["show", "retry"] {
        let absent = server.run(&["webhooks", what, "whk_00000099"]).with(1);
        assert!(
            absent.err().contains("there is no webhook"),
            "{}",
            absent.err()
        );
    }
}

/// Both count while there are two, so that no webhook is refused on the way from one to the other.
#[test]
fn a_secret_is_replaced_without_a_gap() {
    const NEXT: &str = "the-next-secret-of-this-source";
    let server = serve();
    let url = &*server.url;
    std::fs::write(server.path().join("next"), NEXT).unwrap();
    let with = |secrets: &str| {
        let source = SOURCE.replace("\"env:SLUGLINE_TOKEN\"", secrets);
        let configuration = format!("{CONFIGURATION}{source}");
        std::fs::write(server.path().join("slugline.toml"), configuration).unwrap();
        let told = AtomicUsize::new(0);
        let taken = AtomicBool::new(false);
        // The sender has changed over at some time between the two changes here.
        let sent_with = if secrets.contains("env:") {
            TOKEN
        } else {
            NEXT
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !taken.load(Ordering::SeqCst) || told.load(Ordering::SeqCst) < 3 {
                    let status = tell(url, sent_with, PUBLISH);
                    assert!(status < 300, "{status}");
                    told.fetch_add(1, Ordering::SeqCst);
                }
            });
            server.signal("HUP");
            server.until_logged("counts from now on");
            taken.store(true, Ordering::SeqCst);
        });
    };
    assert_eq!(tell(url, NEXT, PUBLISH), 401);
    with("\"file:next\", \"env:SLUGLINE_TOKEN\"");
    assert!(tell(url, TOKEN, PUBLISH) < 300 && tell(url, NEXT, PUBLISH) < 300);
    with("\"file:next\"");
    assert_eq!(tell(url, TOKEN, PUBLISH), 401);
    assert!(tell(url, NEXT, PUBLISH) < 300);
}

#[test]
fn sources_are_counted_with_what_was_refused_and_why() {
    let server = serve();
    let url = &server.url;
    for _ in 0..2 {
        tell(url, TOKEN, PUBLISH);
    }
    tell(url, "guess", PUBLISH);
    let shown = server.run(&["sources"]).with(0).out();
    let lines: Vec<Vec<&str>> = shown
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let counts = ["cms", "strapi", "production", "1", "1", "0", "1", "0"];
    assert_eq!(lines[1][..8], counts, "{shown}");
    assert!(
        lines[1][8].parse::<f64>().unwrap() > 24.0 && lines[1][9] == "h",
        "{shown}"
    );
    assert_eq!(lines[2][0], "refused", "{shown}");
    assert!(
        shown.contains("127.0.0.1  not_genuine") && !shown.contains("guess"),
        "{shown}"
    );
    let json = server.run(&["sources", "--json"]).with(0).json();
    assert_eq!(json["items"][0]["last_refused"][0]["code"], "not_genuine");
}
