//! SIGHUP: another configuration counts at once, a wrong one changes nothing, and what is under way ends.

use std::io::Write;

use super::harness::{CONFIGURATION, Server};
use super::stopping::{Silent, delivering_to};

const TAKEN: &str = "counts from now on";
const KEPT: &str = "stays as it was";

fn configure(server: &Server, text: &str) {
    std::fs::write(server.path().join("slugline.toml"), text).unwrap();
    server.signal("HUP");
}

fn publish(server: &Server, name: &str) {
    let text = format!("---\ncontent_id: {name}\ntitle: {name}\n---\nText\n");
    let file = format!("{name}.md");
    std::fs::write(server.path().join(&file), text).unwrap();
    server.run(&["publish", &file, "--wait"]).with(0);
}

#[test]
fn another_configuration_counts_at_once() {
    let server = Server::start();
    publish(&server, "a");
    let more = CONFIGURATION
        .replace("./site", "./elsewhere")
        .replace("name = \"tests\"", "name = \"renamed\"");
    configure(&server, &more);
    server.until_logged(TAKEN);
    publish(&server, "b");
    let shown = |place: &str, name: &str| {
        let file = format!("{place}/content/posts/{name}.md");
        server.path().join(file).exists()
    };
    assert!(shown("site", "a") && !shown("site", "b") && shown("elsewhere", "b"));
    let strangers = more.replace("env:SLUGLINE_TOKEN", "env:HOME");
    configure(&server, &strangers);
    server.until_logged(TAKEN);
    let refused = server.run(&["status", "a"]).with(2);
    assert!(refused.err().contains("token"), "{}", refused.err());
}

#[test]
fn a_wrong_configuration_changes_nothing() {
    let server = Server::start();
    configure(&server, "[server]\nlistne = 1\n");
    server.until_logged(KEPT);
    publish(&server, "a");
    configure(
        &server,
        &CONFIGURATION.replace("127.0.0.1:0", "127.0.0.1:1"),
    );
    server.until_logged("[server] listen cannot change while the server runs");
    publish(&server, "b");
    configure(&server, CONFIGURATION);
    server.until_logged(TAKEN);
    publish(&server, "c");
}

#[test]
fn what_is_under_way_ends_by_the_old_one() {
    let receiver = Silent::new();
    let (mut server, mut delivery) = delivering_to(&receiver, "20s");
    let configuration = std::fs::read_to_string(server.path().join("slugline.toml")).unwrap();
    configure(&server, &configuration);
    server.until_logged(TAKEN);
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    // It may have given up waiting: then its next try is answered.
    let _ = delivery.write_all(answer);
    let ended = loop {
        for mut again in receiver.arrived.try_iter() {
            let _ = again.write_all(answer);
        }
        let shown = server.run(&["status", "job_00000001", "--json"]).with(0);
        if shown.out().contains("acknowledged") {
            break shown.out();
        }
    };
    assert!(!ended.contains("put_back"), "{ended}");
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}
