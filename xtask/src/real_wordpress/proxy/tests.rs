//! Each fault against a tiny server that remembers what reached it. Waits for signals, never for time; the one
//! fault that waits for the client to give up is driven by closing the client.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::fault::Fault;
use super::*;
use crate::parts::request::Request;

const ANSWER: &[u8] = b"HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n{\"id\": 7}";
const REQUEST: &[u8] =
    b"POST /wp-json/wp/v2/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eA==\r\nContent-Length: 2\r\n\r\n{}";

/// A server that answers everything alike; what reaches it arrives at the receiver.
async fn upstream() -> (SocketAddr, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (arrived, arrivals) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let request = Request::read(&mut client).await.unwrap().unwrap();
            arrived.send(request.raw).unwrap();
            client.write_all(ANSWER).await.unwrap();
        }
    });
    (address, arrivals)
}

/// A connection that has just sent the request and whose proxy end will do `fault`.
async fn send(fault: Option<Fault>, shared: Arc<Shared>) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    client.write_all(REQUEST).await.unwrap();
    let (mut accepted, _) = listener.accept().await.unwrap();
    tokio::spawn(async move {
        let request = Request::read(&mut accepted).await.unwrap().unwrap();
        let _ = exchange::apply(fault, accepted, &request, &shared).await;
    });
    client
}

fn shared(upstream: SocketAddr) -> Arc<Shared> {
    Arc::new(Shared {
        upstream,
        dice: Mutex::new(Dice::new(1)),
        held: Arc::default(),
    })
}

/// What the client gets, how its connection ends (`None`: cleanly), and whether the request reached the server.
async fn outcome(fault: Option<Fault>) -> (Vec<u8>, Option<std::io::ErrorKind>, bool) {
    let (address, mut arrivals) = upstream().await;
    let mut client = send(fault, shared(address)).await;
    let mut got = Vec::new();
    let end = client.read_to_end(&mut got).await;
    (
        got,
        end.err().map(|error| error.kind()),
        arrivals.try_recv().is_ok(),
    )
}

const RESET: Option<std::io::ErrorKind> = Some(std::io::ErrorKind::ConnectionReset);

#[tokio::test]
async fn without_a_fault_and_with_latency_both_sides_see_every_byte() {
    assert_eq!(outcome(None).await, (ANSWER.to_vec(), None, true));
    assert_eq!(
        outcome(Some(Fault::Latency)).await,
        (ANSWER.to_vec(), None, true)
    );
}

#[tokio::test]
async fn a_reset_before_keeps_the_request_from_the_server_and_a_reset_after_does_not() {
    assert_eq!(
        outcome(Some(Fault::ResetBefore)).await,
        (Vec::new(), RESET, false)
    );
    assert_eq!(
        outcome(Some(Fault::ResetAfter)).await,
        (Vec::new(), RESET, true)
    );
}

#[tokio::test]
async fn a_cut_answer_ends_in_a_reset_and_a_short_one_cleanly() {
    let half = ANSWER[..ANSWER.len() - 5].to_vec();
    assert_eq!(
        outcome(Some(Fault::CutAnswer)).await,
        (half.clone(), RESET, true)
    );
    assert_eq!(outcome(Some(Fault::ShortAnswer)).await, (half, None, true));
}

#[tokio::test]
async fn a_5xx_comes_after_the_server_did_its_work_and_a_429_before() {
    let (error, end, arrived) = outcome(Some(Fault::ErrorAfter)).await;
    assert!(
        error.starts_with(b"HTTP/1.1 5"),
        "{}",
        String::from_utf8_lossy(&error)
    );
    assert_eq!((end, arrived), (None, true));
    let (throttled, end, arrived) = outcome(Some(Fault::Throttled)).await;
    assert!(throttled.starts_with(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n"));
    assert_eq!((end, arrived), (None, false));
}

#[tokio::test]
async fn a_late_commit_reaches_the_server_only_after_the_client_gave_up() {
    let (address, mut arrivals) = upstream().await;
    let shared = shared(address);
    let client = send(Some(Fault::LateCommit), Arc::clone(&shared)).await;
    assert!(arrivals.try_recv().is_err());
    drop(client);
    assert_eq!(arrivals.recv().await.unwrap(), REQUEST);
}

#[tokio::test]
async fn calm_waits_for_what_is_held_back() {
    let (address, mut arrivals) = upstream().await;
    let proxy_address = "127.0.0.1:0".parse().unwrap();
    let proxy = FaultProxy::start(proxy_address, address, 1).await.unwrap();
    let client = send(Some(Fault::LateCommit), Arc::clone(&proxy.shared)).await;
    while proxy.shared.held.try_write().is_ok() {
        tokio::task::yield_now().await;
    }
    drop(client);
    proxy.calm().await;
    assert_eq!(arrivals.try_recv().unwrap(), REQUEST);
}
