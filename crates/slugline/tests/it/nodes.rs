//! Nodes on one PostgreSQL: regions, a database that is killed, one that moves.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use slugline_parts::forwarder::Forwarder;
use slugline_parts::postgres;
use tempfile::TempDir;

use super::harness::{Server, TOKEN};
use super::stopping::Silent;

/// How long anything here may take on a busy machine, a lease that nobody holds any more included.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long leases last at least; a run whose end is lost is run again after that.
const LEASE: Duration = Duration::from_secs(30);

/// A folder with a configuration of two destinations, one of them of the region `eu`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let site = |name: &str| folder.path().join(name).display().to_string();
    let configuration = format!(
        r#"
[server]
listen = "127.0.0.1:0"

[[token]]
name = "tests"
secret = "env:SLUGLINE_TOKEN"
role = "admin"

[[destination]]
name = "world"
type = "folder"
path = "{}"

[[destination]]
name = "europe"
type = "folder"
region = "eu"
path = "{}"

[[route]]
name = "all"
to = ["world", "europe"]
"#,
        site("world"),
        site("europe")
    );
    std::fs::write(folder.path().join("slugline.toml"), configuration).unwrap();
    folder
}

/// A node of this configuration on this database.
fn node(configuration: &Path, url: &str, region: &str) -> Server {
    let own = tempfile::tempdir().unwrap();
    std::fs::copy(
        configuration.join("slugline.toml"),
        own.path().join("slugline.toml"),
    )
    .unwrap();
    Server::start_with(own, &["--database-url", url, "--region", region])
}

/// Sends a request and reads the whole answer; `None` when the connection breaks.
fn send(server: &str, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(server.trim_start_matches("http://")).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Publishes one post under a key of its name; the answer.
fn publish(server: &str, name: &str) -> Option<String> {
    let body = format!(
        r#"{{"request_id":"{name}","content_id":"{name}","payload":{{"title":"{name}","body":"x"}}}}"#
    );
    let head = format!(
        "POST /v1/publish HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    send(server, &(head + &body))
}

fn show(server: &str, path: &str) -> String {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n"
    );
    send(server, &request).unwrap_or_default()
}

/// Looks until it is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(
            began.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {what}"
        );
        std::thread::yield_now();
    }
}

/// Waits until these show at a destination, each once, and nothing else.
fn all_shown(site: &Path, names: &[String]) {
    let posts = site.join("content/posts");
    let file = |name: &String| posts.join(format!("{name}.html"));
    until("every post is shown", || {
        names.iter().all(|name| file(name).exists())
    });
    // What is on its way lies beside them for a moment.
    until("nothing is shown twice", || count(&posts) == names.len());
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map(Iterator::count).unwrap_or(0)
}

/// Publishes one post after the other until told to stop, each under its key until it is
/// acknowledged; how many were, and how many times it had to wait.
fn publish_on(
    server: String,
    name: &'static str,
    stop: Arc<AtomicBool>,
) -> std::thread::JoinHandle<(Vec<String>, usize)> {
    std::thread::spawn(move || {
        let (mut acknowledged, mut refused) = (Vec::new(), 0);
        while !stop.load(Ordering::Relaxed) {
            let post = format!("{name}-{}", acknowledged.len());
            until("it is acknowledged", || {
                let answer = publish(&server, &post).unwrap_or_default();
                let well = answer.starts_with("HTTP/1.1 20");
                if !well {
                    refused += 1;
                    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
                    assert!(answer.contains("retry-after: "), "{answer}");
                }
                well
            });
            acknowledged.push(post);
        }
        (acknowledged, refused)
    })
}

#[test]
fn a_node_takes_the_destinations_of_its_region() {
    let (database, configuration) = (postgres::database().unwrap(), folder());
    let america = node(configuration.path(), &database.url, "us");
    publish(&america.url, "early").unwrap();
    all_shown(&configuration.path().join("world"), &["early".into()]);
    let listed = show(&america.url, "/v1/destinations");
    assert!(listed.contains("elsewhere"), "{listed}");
    assert!(
        !configuration
            .path()
            .join("europe/content/posts/early.html")
            .exists()
    );
    let europe = node(configuration.path(), &database.url, "eu");
    publish(&america.url, "late").unwrap();
    let both = ["early".to_owned(), "late".to_owned()];
    all_shown(&configuration.path().join("europe"), &both);
    all_shown(&configuration.path().join("world"), &both);
    drop(europe);
}

#[test]
fn a_database_that_is_killed_under_load_loses_nothing() {
    let (mut server, configuration) = (postgres::Server::start().unwrap(), folder());
    let url = server.url("postgres");
    let nodes = [
        node(configuration.path(), &url, "us"),
        node(configuration.path(), &url, "eu"),
    ];
    let stop = Arc::new(AtomicBool::new(false));
    let publishing = [
        publish_on(nodes[0].url.clone(), "one", Arc::clone(&stop)),
        publish_on(nodes[1].url.clone(), "other", Arc::clone(&stop)),
    ];
    let posts = configuration.path().join("world/content/posts");
    for _ in 0..3 {
        let before = count(&posts);
        until("it goes on", || count(&posts) > before + 10);
        server.kill().unwrap();
        until("it says so", || {
            publish(&nodes[0].url, "gap").is_some_and(|answer| answer.starts_with("HTTP/1.1 503"))
        });
        server.restart().unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let ended = publishing.map(|thread| thread.join().unwrap());
    assert!(
        ended.iter().all(|(_, refused)| *refused > 0),
        "each had to wait"
    );
    publish(&nodes[0].url, "gap").unwrap();
    let acknowledged: Vec<String> = ended
        .into_iter()
        .flat_map(|(posts, _)| posts)
        .chain(["gap".into()])
        .collect();
    all_shown(&configuration.path().join("world"), &acknowledged);
    all_shown(&configuration.path().join("europe"), &acknowledged);
    nodes[0]
        .run(&["verify-log", "--database-url", &url])
        .with(0);
}

#[test]
fn a_database_that_moves_is_found_again() {
    let (mut server, configuration) = (postgres::Server::start().unwrap(), folder());
    let forwarder = Forwarder::to(server.address()).unwrap();
    let url = format!(
        "postgres://slugline@localhost:{}/postgres",
        forwarder.address().port()
    );
    let node = node(configuration.path(), &url, "eu");
    publish(&node.url, "before").unwrap();
    all_shown(&configuration.path().join("world"), &["before".into()]);
    server.kill().unwrap();
    server.restart_elsewhere().unwrap();
    forwarder.moved(server.address());
    until("it is taken", || {
        publish(&node.url, "after").is_some_and(|answer| answer.starts_with("HTTP/1.1 20"))
    });
    all_shown(
        &configuration.path().join("europe"),
        &["before".into(), "after".into()],
    );
}

#[test]
fn a_run_that_ends_while_the_database_is_away_is_not_run_again() {
    let (mut server, receiver) = (postgres::Server::start().unwrap(), Silent::new());
    let configuration = tempfile::tempdir().unwrap();
    let hook = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nallow_private_networks = [\"127.0.0.0/8\"]\n
        [[token]]\nname = \"tests\"\nsecret = \"env:SLUGLINE_TOKEN\"\nrole = \"admin\"\n
        [[destination]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\nsecrets = [\"env:SLUGLINE_TOKEN\"]\n
        [[route]]\nname = \"all\"\nto = [\"hook\"]\n",
        receiver.url
    );
    std::fs::write(configuration.path().join("slugline.toml"), hook).unwrap();
    let node = node(configuration.path(), &server.url("postgres"), "eu");
    publish(&node.url, "post").unwrap();
    let mut delivery = receiver.delivery();
    server.kill().unwrap();
    delivery
        .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
        .unwrap();
    node.until_logged("PostgreSQL");
    server.restart().unwrap();
    let began = Instant::now();
    until("its end is stored", || {
        show(&node.url, "/v1/publishes/post").contains("acknowledged")
    });
    assert!(
        began.elapsed() < LEASE,
        "without waiting for the lease to run out"
    );
    assert!(
        receiver.arrived.try_recv().is_err(),
        "it was delivered once"
    );
}
