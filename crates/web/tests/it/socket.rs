//! Over a real socket: what only a connection can show.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use crate::house::House;

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn serve(house: &House) -> Served {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = house.router.clone();
    Served {
        address,
        task: tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }),
    }
}

/// Writes a whole request, whatever comes meanwhile, and reads until the server closes.
#[expect(clippy::disallowed_types, reason = "the test is the client")]
async fn exchange(served: &Served, head: &str, body: &[u8]) -> String {
    let mut stream = tokio::net::TcpStream::connect(served.address)
        .await
        .unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn head(length: usize) -> String {
    format!(
        "POST /v1/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer editor\r\nIdempotency-Key: k\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_publish_goes_through_a_connection() {
    let house = House::open().await;
    let served = serve(&house).await;
    let body = br#"{"content_id":"post","payload":{"title":"T"}}"#;
    let answer = exchange(&served, &head(body.len()), body).await;
    assert!(
        answer.starts_with("HTTP/1.1 202 ") && answer.contains("\"status\":\"ok\""),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_that_only_writes_still_reads_that_it_was_too_much() {
    let house = House::open().await;
    let served = serve(&house).await;
    let body = vec![b'x'; 6 * 1024 * 1024];
    let answer = exchange(&served, &head(body.len()), &body).await;
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"code\":\"too_large\""),
        "{answer}"
    );
    assert_eq!(house.entries().await, 0);
}

#[tokio::test]
async fn a_body_that_is_cut_stores_nothing() {
    let house = House::open().await;
    let served = serve(&house).await;
    let body = br#"{"content_id":"post","payload":{"title":"T"}}"#;
    cut(&served, &head(body.len() + 1), body).await;
    assert_eq!(house.entries().await, 0);
}

/// Sends less than was declared, closes its half, and waits until the server has closed the other.
#[expect(clippy::disallowed_types, reason = "the test is the client")]
async fn cut(served: &Served, head: &str, body: &[u8]) {
    let mut stream = tokio::net::TcpStream::connect(served.address)
        .await
        .unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
}
