//! Signals: the first stops gracefully, the second at once, and neither loses anything.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::harness::Server;

/// A receiver that tells of each delivery and answers none until it is dropped; then all.
pub(crate) struct Silent {
    pub(crate) url: String,
    pub(crate) arrived: Receiver<TcpStream>,
}

impl Silent {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (told, arrived) = channel();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let mut head = [0; 16];
                let delivery = stream
                    .read(&mut head)
                    .is_ok_and(|count| head[..count].starts_with(b"POST"));
                if delivery && told.send(stream).is_err() {
                    return;
                }
            }
        });
        Self { url, arrived }
    }

    /// The next delivery, under way and unanswered.
    pub(crate) fn delivery(&self) -> TcpStream {
        self.arrived.recv_timeout(Duration::from_secs(30)).unwrap()
    }
}

/// A server whose only destination is this receiver, with a publish under way to it.
pub(crate) fn delivering_to(receiver: &Silent, grace: &str) -> (Server, TcpStream) {
    let folder = tempfile::tempdir().unwrap();
    let configuration = format!(
        r#"
[server]
listen = "127.0.0.1:0"
allow_private_networks = ["127.0.0.0/8"]
shutdown_grace = "{grace}"

[[token]]
name = "tests"
secret = "env:SLUGLINE_TOKEN"
role = "admin"

[[destination]]
name = "hook"
type = "webhook"
url = "{}"
secrets = ["env:SLUGLINE_TOKEN"]
timeout = "1s"

[[route]]
name = "all"
to = ["hook"]

[[retry]]
class = "standard"
base = "100ms"
cap = "1s"
max_attempts = 50
"#,
        receiver.url
    );
    std::fs::write(folder.path().join("slugline.toml"), configuration).unwrap();
    std::fs::write(
        folder.path().join("post.md"),
        "---\ntitle: Hello\n---\nText\n",
    )
    .unwrap();
    let server = Server::start_in(folder);
    server.run(&["publish", "post.md"]).with(0);
    (server, receiver.delivery())
}

/// The server again on the same data; the publish must arrive, and go live once it is answered.
fn it_arrives_after_a_start(server: Server, receiver: &Silent) {
    let server = server.start_again();
    let began = Instant::now();
    loop {
        // Those of the process before are answered too; nobody listens to them.
        for mut delivery in receiver.arrived.try_iter() {
            let _ = delivery.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
        let shown = server.run(&["status", "post", "--json"]).with(0).out();
        if shown.contains("acknowledged") {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{shown}");
    }
}

#[test]
fn the_first_signal_puts_back_what_does_not_end_in_time() {
    let receiver = Silent::new();
    let (mut server, _held) = delivering_to(&receiver, "300ms");
    server.signal("TERM");
    let (code, took) = server.wait();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "it took {took:?} to stop");
    it_arrives_after_a_start(server, &receiver);
}

#[test]
fn a_second_signal_is_immediate_and_loses_nothing() {
    let receiver = Silent::new();
    let (mut server, _held) = delivering_to(&receiver, "60s");
    server.signal("TERM");
    server.until_logged("stopping");
    server.signal("INT");
    let (code, took) = server.wait();
    assert_eq!(code, Some(130));
    assert!(
        took < Duration::from_secs(10),
        "it took {took:?} to stop at once"
    );
    it_arrives_after_a_start(server, &receiver);
}

#[test]
fn a_server_whose_log_nobody_reads_any_more_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("slugline.toml"),
        super::harness::CONFIGURATION,
    )
    .unwrap();
    let mut command = super::harness::slugline(folder.path(), &["serve"]);
    let mut child = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let log = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut lines = std::io::BufRead::lines(log);
    assert!(lines.any(|line| line.unwrap().contains("listening")));
    drop(lines);
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-s", "TERM", &pid])
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
