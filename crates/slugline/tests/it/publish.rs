//! `publish` and `status`.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::harness::{Server, run};
use super::stub;

/// The smallest PNG: one transparent pixel.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\nIDATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";

fn write(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

fn statuses(ended: &super::harness::Ended) -> Vec<String> {
    let items = ended.json()["items"].as_array().cloned().unwrap();
    items
        .iter()
        .map(|item| {
            item["answer"]["status"]
                .as_str()
                .unwrap_or("refused")
                .to_owned()
        })
        .collect()
}

#[test]
fn a_file_goes_live_with_its_hero_and_a_repeat_changes_nothing() {
    let server = Server::start();
    write(
        server.path(),
        "posts/a.md",
        "---\ntitle: Hello\nhero: a.png\n---\nText\n",
    );
    std::fs::write(server.path().join("posts/a.png"), PIXEL).unwrap();
    let first = server
        .run(&["publish", "posts/a.md", "--wait", "--json"])
        .with(0);
    assert_eq!(
        first.json()["items"][0]["publish"]["jobs"][0]["state"],
        "live"
    );
    let page = std::fs::read_to_string(server.path().join("site/content/posts/hello.md")).unwrap();
    assert!(page.contains("Text") && page.contains("/media/"), "{page}");
    for again in [
        ["publish", "posts/a.md", "--json"],
        ["publish", "./posts", "--json"],
    ] {
        assert_eq!(statuses(&server.run(&again).with(0)), ["duplicate"]);
    }
}

#[test]
fn going_back_to_an_earlier_text_is_a_new_publish() {
    let server = Server::start();
    for (text, status) in [
        ("one", "ok"),
        ("two", "ok"),
        ("one", "ok"),
        ("one", "duplicate"),
    ] {
        write(server.path(), "a.md", &format!("# Title\n\n{text}\n"));
        assert_eq!(
            statuses(&server.run(&["publish", "a.md", "--json"]).with(0)),
            [status],
            "{text}"
        );
    }
    server.run(&["publish", "a.md", "--wait"]).with(0);
    let page = std::fs::read_to_string(server.path().join("site/content/posts/title.md")).unwrap();
    assert!(page.contains("one"), "{page}");
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_key() {
    let server = Server::start();
    write(
        server.path(),
        "a.md",
        "---\ntitle: A\nversion: 1\n---\nText\n",
    );
    let front = stub::losing_the_first_answer(&server.url);
    let ended = server
        .run_through(&front, &["publish", "a.md", "--json"])
        .with(0);
    assert_eq!(statuses(&ended), ["duplicate"], "the first one had arrived");
    assert!(ended.err().contains("the same key"), "{}", ended.err());
    let item = server.run(&["status", "a", "--json"]).with(0).json();
    assert_eq!(item["items"][0]["generation"], 1);
}

#[test]
fn retry_after_is_obeyed_and_the_request_stays_the_same() {
    let server = Server::start();
    write(
        server.path(),
        "a.md",
        "---\ntitle: A\nversion: 1\n---\nText\n",
    );
    let full = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let accepted = "HTTP/1.1 202 Accepted\r\nconnection: close\r\n\r\n{\"status\":\"ok\",\"request_id\":\"r\",\"content_id\":\"a\"}";
    let (url, heard) = stub::answering(vec![full, "", accepted]);
    let began = std::time::Instant::now();
    server.run_through(&url, &["publish", "a.md"]).with(0);
    assert!(began.elapsed().as_millis() >= 1_000);
    let requests: Vec<String> = heard.iter().collect();
    assert!(
        requests.len() == 3 && requests.iter().all(|request| *request == requests[0]),
        "{requests:?}"
    );
}

#[test]
fn a_dead_letter_ends_with_1_and_says_what_to_do() {
    let server = Server::start();
    std::fs::create_dir_all(server.path().join("elsewhere")).unwrap();
    std::fs::create_dir_all(server.path().join("site")).unwrap();
    symlink(
        server.path().join("elsewhere"),
        server.path().join("site/content"),
    )
    .unwrap();
    write(server.path(), "a.md", "# A\n\nText\n");
    let ended = server.run(&["publish", "a.md", "--wait"]).with(1);
    assert!(
        ended.out().contains("suggested:") && ended.out().contains("symbolic link"),
        "{}",
        ended.out()
    );
    assert_eq!(
        std::fs::read_dir(server.path().join("elsewhere"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn while_a_file_is_wrong_nothing_is_sent() {
    let server = Server::start();
    write(server.path(), "posts/a.md", "# Good\n\nText\n");
    write(
        server.path(),
        "posts/b.md",
        "---\ntitle: B\nslug: \"No Slug\"\n---\n",
    );
    write(
        server.path(),
        "posts/c.json",
        "{\"content_id\": \"c\", \"colour\": 1}",
    );
    let ended = server.run(&["publish", "posts"]).with(2);
    assert!(
        ended.err().contains("posts/b.md: payload.slug")
            && ended.err().contains("posts/c.json: colour"),
        "{}",
        ended.err()
    );
    server.run(&["status", "posts/a"]).with(1);
}

#[test]
fn a_dry_run_needs_no_server() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "a.md",
        "---\ntitle: A\ncolour: red\n---\nText\n",
    );
    let ended = run(
        folder.path(),
        &[
            "publish",
            "a.md",
            "--dry-run",
            "--to",
            "blog",
            "--class",
            "urgent",
        ],
    )
    .with(0);
    let request = &ended.json()["items"][0]["request"];
    assert_eq!(
        (
            request["class"].as_str(),
            request["destinations"][0].as_str()
        ),
        (Some("urgent"), Some("blog"))
    );
    assert_eq!(request["payload"]["fields"]["colour"], "red");
}

#[test]
fn a_server_that_is_not_there_is_said_at_once() {
    let server = Server::start();
    write(server.path(), "a.md", "# A\n");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ended = server.run_through(&nobody, &["publish", "a.md"]).with(1);
    assert!(ended.err().contains("slugline serve"), "{}", ended.err());
}

#[test]
fn status_knows_every_kind_of_id() {
    let server = Server::start();
    write(server.path(), "a.md", "# A\n\nText\n");
    let answer = server
        .run(&["publish", "a.md", "--wait", "--json"])
        .with(0)
        .json()["items"][0]["answer"]
        .clone();
    let ids = [
        &answer["content_id"],
        &answer["request_id"],
        &answer["publish_id"],
        &answer["jobs"][0]["job_id"],
    ];
    for id in ids {
        let ended = server.run(&["status", id.as_str().unwrap()]).with(0);
        assert!(ended.out().contains("site"), "{id}: {}", ended.out());
    }
    server.run(&["status", "nothing"]).with(1);
}
