//! The log as server-sent events: nothing missed, nothing doubled, and an end when there must be one.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::StatusCode;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::house::{House, Seen, request};
use crate::socket::{Served, serve};

/// What the doors allow.
const STREAMS: usize = 100;
/// Entries of a page.
const PAGE: usize = 100;
/// Longer than anything here takes; what does not come in it does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// One event as it came.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    id: i64,
    kind: String,
    data: Value,
}

/// A reader: over a socket, or straight at the router.
struct Reader<S> {
    source: S,
    text: String,
    comments: Vec<String>,
}

trait Source {
    /// What comes next; `None` at the end.
    async fn more(&mut self) -> Option<Vec<u8>>;
}

#[expect(clippy::disallowed_types, reason = "the test is the client")]
type Socket = tokio::net::TcpStream;

impl Source for Socket {
    async fn more(&mut self) -> Option<Vec<u8>> {
        let mut bytes = vec![0; 65_536];
        let count = self.read(&mut bytes).await.unwrap();
        bytes.truncate(count);
        (count > 0).then_some(bytes)
    }
}

impl Source for BodyDataStream {
    async fn more(&mut self) -> Option<Vec<u8>> {
        Some(self.next().await?.unwrap().to_vec())
    }
}

impl<S: Source> Reader<S> {
    /// The next block of lines; `None` at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let more = tokio::time::timeout(PATIENCE, self.source.more()).await;
            let more = more.unwrap()?;
            self.text.push_str(std::str::from_utf8(&more).unwrap());
        }
    }

    /// The next event; `None` at the end.
    async fn event(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            if block.starts_with("id: ") {
                return Some(read(&block));
            }
            self.comments.push(block);
        }
    }

    async fn events(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.event().await.unwrap());
        }
        events
    }

    /// All events until the end.
    async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.event().await {
            events.push(event);
        }
        events
    }
}

fn read(block: &str) -> Event {
    let lines: Vec<_> = block.lines().map(|line| line.split_once(": ")).collect();
    let [
        Some(("id", id)),
        Some(("event", kind)),
        Some(("data", data)),
    ] = lines[..]
    else {
        panic!("{block}");
    };
    Event {
        id: id.parse().unwrap(),
        kind: kind.to_owned(),
        data: serde_json::from_str(data).unwrap(),
    }
}

impl Reader<BodyDataStream> {
    fn of(response: axum::response::Response) -> Self {
        Self {
            source: response.into_body().into_data_stream(),
            text: String::new(),
            comments: Vec::new(),
        }
    }
}

/// Opens a stream over a connection of its own. HTTP/1.0, so that the body comes as it is.
async fn connect(served: &Served, path: &str, more: &str) -> Reader<Socket> {
    let mut socket = Socket::connect(served.address).await.unwrap();
    let head =
        format!("GET {path} HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer viewer\r\n{more}\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut reader = Reader {
        source: socket,
        text: String::new(),
        comments: Vec::new(),
    };
    while !reader.text.contains("\r\n\r\n") {
        let more = reader.source.more().await.unwrap();
        reader.text.push_str(std::str::from_utf8(&more).unwrap());
    }
    let (head, body) = reader.text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200 "), "{head}");
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    reader.text = body.to_owned();
    reader
}

impl House {
    /// Opens a stream straight at the router: what is not asked for waits there.
    async fn stream(&self, token: &str, path: &str) -> Reader<BodyDataStream> {
        let response = self.answer(token, path).await;
        assert_eq!(response.status(), StatusCode::OK);
        Reader::of(response)
    }

    async fn answer(&self, token: &str, path: &str) -> axum::response::Response {
        use tower::ServiceExt;
        let request = request("GET", path, token).body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn put(&self, content_id: &str, version: usize) -> Seen {
        let body = json!({ "content_id": content_id, "version": version, "payload": { "title": content_id } });
        self.publish(&format!("{content_id}-{version}"), body).await
    }

    /// The log as the list gives it.
    async fn log(&self, query: &str) -> Vec<Value> {
        let page = self
            .get(&format!("/v1/events?limit=500&{query}"))
            .await
            .ok(200);
        assert_eq!(page["next_cursor"], Value::Null);
        page["items"].as_array().unwrap().clone()
    }
}

fn data(events: &[Event]) -> Vec<Value> {
    events.iter().map(|event| event.data.clone()).collect()
}

#[tokio::test]
async fn what_there_is_and_what_comes_is_told_as_the_list_tells_it() {
    let house = House::open().await;
    let served = serve(&house).await;
    house.put("a", 1).await.ok(202);
    let before = house.log("").await;
    let mut reader = connect(&served, "/v1/events/stream", "").await;
    let mut told = reader.events(before.len()).await;
    house.put("b", 1).await.ok(202);
    let all = house.log("").await;
    told.extend(reader.events(all.len() - before.len()).await);
    assert_eq!(data(&told), all);
    for event in &told {
        assert_eq!(event.data["seq"], event.id);
        assert_eq!(event.data["type"], event.kind);
    }
    assert_eq!(reader.comments[0], "retry: 1000");
}

#[tokio::test]
async fn after_a_cut_it_goes_on_where_it_was() {
    let house = House::open().await;
    let served = serve(&house).await;
    for version in 1..=3 {
        house.put("a", version).await.ok(202);
    }
    let mut reader = connect(&served, "/v1/events/stream", "").await;
    let mut told = reader.events(4).await;
    drop(reader);
    house.put("b", 1).await.ok(202);
    // What the reader has seen goes before what its URL says.
    let seen = format!("Last-Event-ID: {}\r\n", told[3].id);
    let mut reader = connect(&served, "/v1/events/stream?after=0", &seen).await;
    let all = house.log("").await;
    told.extend(reader.events(all.len() - 4).await);
    assert_eq!(data(&told), all);
}

#[tokio::test]
async fn a_stream_begins_where_it_is_asked_to() {
    let house = House::open().await;
    house.put("a", 1).await.ok(202);
    let all = house.log("").await;
    let first = all[0]["seq"].as_i64().unwrap();
    let event = slugline_core::ids::EventId(first);
    for after in [first.to_string(), event.to_string()] {
        let path = format!("/v1/events/stream?after={after}");
        let mut reader = house.stream("viewer", &path).await;
        assert_eq!(data(&reader.events(all.len() - 1).await), all[1..]);
    }
    let mut reader = house.stream("viewer", "/v1/events/stream?after=end").await;
    house.put("b", 1).await.ok(202);
    let next = reader.event().await.unwrap();
    assert_eq!(next.data["content_id"], "b", "only what came since");
    for query in ["after=x", "after=-1", "limit=1", "type=nonsense"] {
        let path = format!("/v1/events/stream?{query}");
        house.get(&path).await.problem(422, "invalid_request");
    }
}

#[tokio::test]
async fn filters_and_owners_are_those_of_the_list() {
    let house = House::open().await;
    house.put("a", 1).await.ok(202);
    let mut mine = house
        .stream(
            "viewer",
            "/v1/events/stream?content_id=b&type=publish_request",
        )
        .await;
    let mut other = house.stream("other", "/v1/events/stream").await;
    for version in 1..=2 {
        house.put("a", version + 1).await.ok(202);
        house.put("b", version).await.ok(202);
    }
    let told = mine.events(2).await;
    assert_eq!(
        data(&told),
        house.log("content_id=b&type=publish_request").await
    );
    house.ready.store(false, Ordering::Release);
    assert_eq!(other.rest().await, [], "nothing of it is theirs");
    assert_eq!(mine.rest().await, [], "and nothing was told twice");
}

#[tokio::test]
async fn two_streams_miss_nothing_while_many_publish() {
    let house = House::open().await;
    let served = serve(&house).await;
    let mut readers = [
        connect(&served, "/v1/events/stream", "").await,
        connect(&served, "/v1/events/stream", "").await,
    ];
    let names: Vec<String> = (0..150).map(|number| format!("post-{number}")).collect();
    let publishes = names.iter().map(|name| house.put(name, 1));
    for seen in futures_util::future::join_all(publishes).await {
        seen.ok(202);
    }
    let all = house.log("").await;
    assert!(all.len() > PAGE * 2);
    for reader in &mut readers {
        assert_eq!(data(&reader.events(all.len()).await), all);
    }
}

#[tokio::test]
async fn a_slow_reader_holds_a_page_and_gets_all_of_it_in_the_end() {
    let house = House::open().await;
    for number in 0..200 {
        house.put(&format!("post-{number}"), 1).await.ok(202);
    }
    let all = house.log("").await;
    let mut reader = house.stream("viewer", "/v1/events/stream").await;
    let (mut told, mut largest) = (Vec::new(), 0);
    while told.len() < all.len() {
        assert_eq!(reader.text, "", "blocks come whole");
        let piece = reader.source.more().await.unwrap();
        let blocks = String::from_utf8(piece).unwrap();
        let events: Vec<Event> = blocks
            .split_terminator("\n\n")
            .filter(|block| block.starts_with("id"))
            .map(read)
            .collect();
        largest = largest.max(events.len());
        told.extend(events);
        // The other side can do no more than fill its one place meanwhile.
        tokio::task::yield_now().await;
    }
    assert_eq!(data(&told), all);
    assert_eq!(largest, PAGE);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_loses_its_place() {
    let house = House::open().await;
    for number in 0..200 {
        house.put(&format!("post-{number}"), 1).await.ok(202);
    }
    let mut kept = Vec::new();
    for _ in 0..STREAMS {
        kept.push(house.stream("viewer", "/v1/events/stream").await);
    }
    let seen = house.get("/v1/events/stream").await;
    assert_eq!(seen.header("retry-after"), "5");
    seen.problem(503, "unavailable");
    // None of them reads. The store's time does not pass with the test's: so it is asked again.
    loop {
        // It sleeps because that is what the readers do: the clock is paused, so it costs nothing.
        tokio::time::sleep(Duration::from_secs(30)).await;
        let answer = house.answer("viewer", "/v1/events/stream").await;
        if answer.status() == StatusCode::OK {
            break;
        }
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_frees_its_place() {
    let house = House::open().await;
    let served = serve(&house).await;
    let mut readers = Vec::new();
    for _ in 0..STREAMS {
        readers.push(connect(&served, "/v1/events/stream", "").await);
    }
    house
        .get("/v1/events/stream")
        .await
        .problem(503, "unavailable");
    readers.pop();
    loop {
        let answer = house.answer("viewer", "/v1/events/stream").await;
        if answer.status() == StatusCode::OK {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops() {
    let house = House::open().await;
    let served = serve(&house).await;
    let mut reader = connect(&served, "/v1/events/stream", "").await;
    house.put("a", 1).await.ok(202);
    let count = house.log("").await.len();
    reader.events(count).await;
    house.ready.store(false, Ordering::Release);
    assert_eq!(reader.rest().await, []);
    let last = reader.comments.last().unwrap();
    assert!(last.contains("the server stops"), "{last}");
    let seen = house.get("/v1/events/stream").await;
    assert_eq!(seen.header("retry-after"), "1");
    seen.problem(503, "unavailable");
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let house = House::open().await;
    let body = json!({ "name": "guest", "role": "viewer" });
    let made = request("POST", "/v1/tokens", "admin").body(Body::from(body.to_string()));
    let made = house.send(made.unwrap()).await;
    let made = made.json();
    let token = made["token"].as_str().unwrap();
    let mut reader = house.stream(token, "/v1/events/stream").await;
    assert_eq!(reader.block().await.as_deref(), Some("retry: 1000"));
    let revoke = request("DELETE", "/v1/tokens/guest", "admin").body(Body::empty());
    assert!(house.send(revoke.unwrap()).await.status.is_success());
    house.put("a", 1).await.ok(202);
    assert!(reader.rest().await.len() <= 2);
    let last = reader.comments.last().unwrap();
    assert!(last.contains("no longer good"), "{last}");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_has_a_heartbeat() {
    let house = House::open().await;
    let mut reader = house.stream("viewer", "/v1/events/stream").await;
    assert_eq!(reader.block().await.as_deref(), Some("retry: 1000"));
    for _ in 0..3 {
        assert_eq!(reader.block().await.as_deref(), Some(": heartbeat"));
    }
}
