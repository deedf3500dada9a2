//! Ten thousand webhooks, three in ten of them repeats, in any order, while the server is killed again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use slugline_parts::postgres;

use super::harness::{CONFIGURATION, Server, TOKEN};

pub(crate) const SOURCE: &str = r#"
[[source]]
name = "cms"
type = "strapi"
secrets = ["env:SLUGLINE_TOKEN"]
"#;
/// Webhooks, repeats not counted.
const WEBHOOKS: usize = 7_000;
/// So many of them come twice.
const REPEATS: usize = 3_000;
const ENTRIES: usize = 350;
const SENDERS: usize = 16;
/// SIGKILLs under way.
const KILLS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(200);

/// A change of an entry, as Strapi tells it.
#[derive(Clone)]
struct Told {
    entry: usize,
    at: String,
    shown: bool,
}

impl Told {
    fn new(number: usize) -> Self {
        let (entry, version) = (number % ENTRIES, number / ENTRIES);
        let at = format!("2026-03-01T10:{:02}:{:02}Z", version / 60, version % 60);
        // Every fifth state of an entry is none.
        let shown = (entry + version) % 5 != 0;
        Self { entry, at, shown }
    }

    fn body(&self) -> String {
        let Self { entry, at, shown } = self;
        let event = match shown {
            true => "entry.publish",
            false => "entry.unpublish",
        };
        format!(
            r#"{{"event":"{event}","createdAt":"{at}","model":"post","uid":"api::post.post","entry":{{"documentId":"e{entry}","title":"Entry {entry} at {at}","slug":"e{entry}","body":"<p>{at}</p>","publishedAt":"{at}"}}}}"#
        )
    }
}

/// The same numbers on every machine.
fn shuffle<T>(list: &mut [T]) {
    let mut state = 0x9e37_79b9_u64;
    for place in (1..list.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        list.swap(place, (state >> 33) as usize % (place + 1));
    }
}

pub(crate) fn exchange(url: &str, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/1.1 ").then_some(answer)
}

/// Whether it was taken; a sender that gets no answer comes again.
fn tell(url: &str, told: &Told) -> bool {
    let body = told.body();
    let head = format!(
        "POST /hooks/cms HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer = exchange(url, &(head + &body)).unwrap_or_default();
    let status = answer.get(9..12).unwrap_or_default();
    assert!(
        ["", "200", "202", "503"].contains(&status) && !answer.contains(r#""failed""#),
        "{answer}"
    );
    status.starts_with('2')
}

fn show(url: &str, path: &str) -> String {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n"
    );
    exchange(url, &request).unwrap_or_default()
}

/// How many webhooks are kept.
fn kept(url: &str) -> usize {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let answer = show(url, &format!("/v1/webhooks?limit=200{cursor}"));
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let page: serde_json::Value = serde_json::from_str(body).unwrap();
        count += page["items"].as_array().unwrap().len();
        let Some(next) = page["next_cursor"].as_str() else {
            return count;
        };
        cursor = format!("&cursor={next}");
    }
}

/// Names of what the site has; what a kill left unfinished is hidden, and nobody's page.
fn posts(folder: &Path) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder.join("site/content/posts"));
    let name = |file: std::fs::DirEntry| file.file_name().to_string_lossy().into_owned();
    let is_shown = |name: &String| !name.starts_with('.');
    files.map_or_else(
        |_| BTreeSet::new(),
        |files| files.flatten().map(name).filter(is_shown).collect(),
    )
}

#[test]
fn the_newest_state_of_each_entry_stays_whatever_comes_and_whoever_dies() {
    the_newest_state_stays(&format!("{CONFIGURATION}{SOURCE}"));
}

#[test]
fn it_stays_on_postgresql_too() {
    let database = postgres::database().unwrap();
    let store = format!("\n[store]\nurl = {:?}\n", database.url);
    // What a node that was killed had in hand is taken back when its leases have ended.
    let quick = CONFIGURATION.replace("type = \"folder\"", "type = \"folder\"\ntimeout = \"1s\"");
    the_newest_state_stays(&format!("{quick}{SOURCE}{store}"));
}

fn the_newest_state_stays(configuration: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("slugline.toml"), configuration).unwrap();
    let mut server = Server::start_in(folder);

    let all: Vec<Told> = (0..WEBHOOKS).map(Told::new).collect();
    let newest: BTreeMap<usize, Told> = all.iter().map(|told| (told.entry, told.clone())).collect();
    let mut queue = all;
    shuffle(&mut queue);
    queue.extend_from_within(..REPEATS);
    shuffle(&mut queue);
    let total = queue.len();
    let (queue, url) = (Mutex::new(queue), RwLock::new(server.url.clone()));
    let (taken, count) = channel();
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            let taken = taken.clone();
            let (queue, url) = (&queue, &url);
            scope.spawn(move || {
                loop {
                    let Some(told) = queue.lock().unwrap().pop() else {
                        return;
                    };
                    while !tell(&url.read().unwrap().clone(), &told) {
                        std::thread::yield_now();
                    }
                    taken.send(()).unwrap();
                }
            });
        }
        for _ in 0..KILLS {
            for _ in 0..total / (KILLS + 1) {
                count.recv_timeout(PATIENCE).unwrap();
            }
            server.signal("KILL");
            let again = Server::start_again(take(&mut server));
            *url.write().unwrap() = again.url.clone();
            server = again;
        }
    });

    until("all is dealt with", || {
        show(&server.url, "/v1/webhooks?state=received&limit=1").contains(r#""items":[]"#)
    });
    // Each was answered in the end: none of them is lost, however old it was, and none is kept twice.
    assert_eq!(kept(&server.url), WEBHOOKS);
    for (entry, told) in &newest {
        let shown = show(&server.url, &format!("/v1/content/cms:e{entry}"));
        let action = match told.shown {
            true => r#""action":"publish""#,
            false => r#""action":"unpublish""#,
        };
        let version = format!(r#""version":"{}""#, told.at);
        assert!(
            shown.contains(action) && shown.contains(&version),
            "{version} {shown}"
        );
    }
    let live = newest.values().filter(|told| told.shown);
    let live: BTreeSet<String> = live.map(|told| format!("e{}.html", told.entry)).collect();
    let began = Instant::now();
    while posts(server.path()) != live {
        let there = posts(server.path());
        let (missing, extra) = (live.difference(&there), there.difference(&live));
        let (missing, extra): (Vec<_>, Vec<_>) = (missing.collect(), extra.collect());
        assert!(
            began.elapsed() < PATIENCE,
            "missing {missing:?}, extra {extra:?}"
        );
        std::thread::yield_now();
    }
}

/// The server, to be started again.
fn take(server: &mut Server) -> Server {
    std::mem::replace(server, Server::start())
}

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
