//! Against servers on this machine that misbehave, each in its own way.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use slugline_core::http::{Method, Request, Response, SendError};
use slugline_engine::ports::Transport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Guard, HttpTransport};

/// Long enough for a busy machine; only tests that wait for it use a shorter one.
const ENOUGH: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

/// A server that serves each connection by `serve`; gives its address and how many it had.
async fn server<F, S>(serve: S) -> (SocketAddr, Arc<AtomicUsize>)
where
    S: Fn(TcpStream) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream));
        }
    });
    (address, connections)
}

/// A server that reads one request and answers with these bytes, then closes.
async fn answering(answer: impl Into<String>) -> SocketAddr {
    let answer: String = answer.into();
    let serve = move |mut stream| {
        let answer = answer.clone();
        async move {
            read_request(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    };
    server(serve).await.0
}

/// Reads a request's head (and what came with it) as text.
async fn read_request(stream: &mut TcpStream) -> String {
    let (mut seen, mut piece) = (Vec::new(), [0; 1024]);
    while !seen.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(count) => seen.extend_from_slice(&piece[..count]),
        }
    }
    String::from_utf8_lossy(&seen).into_owned()
}

fn open() -> HttpTransport {
    HttpTransport::new(Guard::new(vec![
        "127.0.0.0/8".parse().unwrap(),
        "::1/128".parse().unwrap(),
    ]))
}

fn request(method: Method, address: SocketAddr) -> Request {
    let mut request = Request::new(method, format!("http://{address}/x"));
    request.timeout = Some(ENOUGH);
    request
}

async fn get(address: SocketAddr) -> Result<Response, SendError> {
    open().send(request(Method::Get, address)).await
}

#[tokio::test]
async fn an_answer_is_read_whole() {
    let address =
        answering("HTTP/1.1 201 Created\r\ncontent-length: 5\r\nX-One: 1\r\n\r\nhello").await;
    let mut request = request(Method::Post, address);
    request.body = "text".into();
    let response = open().send(request).await.unwrap();
    assert_eq!(
        (
            response.status,
            &response.body[..],
            response.header("x-one")
        ),
        (201, &b"hello"[..], Some("1"))
    );
}

#[tokio::test]
async fn a_request_says_who_sends_it_and_asks_for_no_compression() {
    let (told, mut heard) = tokio::sync::mpsc::channel(1);
    let serve = move |mut stream| {
        let told = told.clone();
        async move {
            told.send(read_request(&mut stream).await).await.unwrap();
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .await
                .unwrap();
        }
    };
    let (address, _) = server(serve).await;
    get(address).await.unwrap();
    let head = heard.recv().await.unwrap().to_lowercase();
    assert!(
        head.contains("user-agent: slugline/") && !head.contains("accept-encoding"),
        "{head}"
    );
}

#[tokio::test]
async fn private_addresses_and_names_for_them_are_refused_before_anything_is_sent() {
    let (address, connections) = server(|_| async {}).await;
    let closed = HttpTransport::new(Guard::new(Vec::new()));
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433", "0.0.0.0"] {
        let mut request = Request::new(Method::Get, format!("http://{host}:{}/", address.port()));
        request.timeout = Some(ENOUGH);
        let refused = closed.send(request).await.unwrap_err();
        assert!(
            matches!(&refused, SendError::Refused(why) if why.contains("allow_private_networks")),
            "{host}: {refused:?}"
        );
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn only_http_is_spoken() {
    for url in [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "nonsense",
    ] {
        let refused = open().send(Request::new(Method::Get, url)).await;
        assert!(
            matches!(refused, Err(SendError::Refused(_))),
            "{url}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_was_not_sent_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert!(matches!(get(address).await, Err(SendError::NotSent(_))));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_was_not_sent_to() {
    let serve = |mut stream: TcpStream| async move {
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        read_request(&mut stream).await;
    };
    let (address, _) = server(serve).await;
    let mut request = Request::new(Method::Post, format!("https://{address}/"));
    request.timeout = Some(ENOUGH);
    let failed = open().send(request).await;
    assert!(matches!(failed, Err(SendError::NotSent(_))), "{failed:?}");
}

#[tokio::test]
async fn a_reset_after_the_request_is_an_unknown_outcome() {
    let serve = |mut stream: TcpStream| async move {
        read_request(&mut stream).await;
        stream.set_zero_linger().unwrap();
    };
    let (address, connections) = server(serve).await;
    let failed = open().send(request(Method::Post, address)).await;
    assert!(matches!(failed, Err(SendError::NoAnswer(_))), "{failed:?}");
    assert_eq!(
        connections.load(Ordering::SeqCst),
        1,
        "an unknown outcome must not be repeated here"
    );
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_no_answer() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await;
    assert!(matches!(get(address).await, Err(SendError::NoAnswer(_))));
}

#[tokio::test]
async fn a_chunked_body_that_breaks_off_is_no_answer() {
    let address =
        answering("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
    assert!(matches!(get(address).await, Err(SendError::NoAnswer(_))));
}

#[tokio::test]
async fn nonsense_is_no_answer() {
    let address = answering("SSH-2.0-OpenSSH_9.9\r\n").await;
    assert!(matches!(get(address).await, Err(SendError::NoAnswer(_))));
}

#[tokio::test]
async fn a_body_announced_too_long_is_not_read() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n").await;
    let mut request = request(Method::Get, address);
    request.max_response = 1_000;
    assert_eq!(open().send(request).await, Err(SendError::TooLarge(1_000)));
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut() {
    let serve = |mut stream: TcpStream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    };
    let (address, _) = server(serve).await;
    let mut request = request(Method::Get, address);
    request.max_response = 100_000;
    assert_eq!(
        open().send(request).await,
        Err(SendError::TooLarge(100_000))
    );
}

#[tokio::test]
async fn the_answer_to_head_announces_a_body_that_does_not_come() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n").await;
    assert_eq!(
        open()
            .send(request(Method::Head, address))
            .await
            .unwrap()
            .status,
        200
    );
}

/// Answers this much, and then stays silent with the connection open.
async fn stalling(after: &'static str) -> SocketAddr {
    let serve = move |mut stream: TcpStream| async move {
        read_request(&mut stream).await;
        stream.write_all(after.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    };
    server(serve).await.0
}

#[tokio::test]
async fn the_timeout_covers_headers_and_body() {
    let silent = stalling("").await;
    let slow_headers = stalling("HTTP/1.1 200 OK\r\na: 1\r\n").await;
    let slow_body = stalling("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx").await;
    for address in [silent, slow_headers, slow_body] {
        let mut request = request(Method::Post, address);
        request.timeout = Some(SHORT);
        let failed = open().send(request).await;
        assert!(matches!(failed, Err(SendError::NoAnswer(_))), "{failed:?}");
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_not_sent() {
    let (address, _) = server(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let mut request = Request::new(Method::Post, format!("https://{address}/"));
    request.timeout = Some(SHORT);
    let failed = open().send(request).await;
    assert!(matches!(failed, Err(SendError::NotSent(_))), "{failed:?}");
}

#[tokio::test]
async fn a_read_follows_as_many_redirects_as_it_allows() {
    let goal = answering("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngoal").await;
    let second = answering(format!(
        "HTTP/1.1 302 Found\r\nlocation: http://{goal}/\r\ncontent-length: 0\r\n\r\n"
    ))
    .await;
    let first = answering(format!(
        "HTTP/1.1 301 Moved\r\nlocation: //{second}/#part\r\ncontent-length: 0\r\n\r\n"
    ))
    .await;
    let mut request = request(Method::Get, first);
    for (redirects, status) in [(0, 301), (1, 302), (2, 200)] {
        request.redirects = redirects;
        assert_eq!(open().send(request.clone()).await.unwrap().status, status);
    }
}

#[tokio::test]
async fn a_write_is_never_redirected() {
    let (goal, connections) = server(|_| async {}).await;
    let first = answering(format!(
        "HTTP/1.1 307 Again\r\nlocation: http://{goal}/\r\ncontent-length: 0\r\n\r\n"
    ))
    .await;
    for method in [Method::Post, Method::Put, Method::Patch, Method::Delete] {
        let mut request = request(method, first);
        request.redirects = 5;
        assert_eq!(open().send(request).await.unwrap().status, 307);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_into_the_network_is_refused() {
    let (inside, connections) = server(|_| async {}).await;
    let first = answering(format!(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.2:{}/\r\ncontent-length: 0\r\n\r\n",
        inside.port()
    ))
    .await;
    let narrow = HttpTransport::new(Guard::new(vec!["127.0.0.1/32".parse().unwrap()]));
    let mut request = request(Method::Get, first);
    request.redirects = 3;
    let refused = narrow.send(request).await;
    assert!(matches!(refused, Err(SendError::Refused(_))), "{refused:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let (told, mut heard) = tokio::sync::mpsc::channel(4);
    let serve = move |mut stream| {
        let told = told.clone();
        async move {
            let head = read_request(&mut stream).await;
            let answer = match head.starts_with("GET /x") {
                true => {
                    "HTTP/1.1 302 Found\r\nlocation: /y\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                }
                false => "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
            };
            told.send(head.to_lowercase()).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    };
    let (goal, _) = server(serve).await;
    let first = answering(format!(
        "HTTP/1.1 302 Found\r\nlocation: http://user:word@{goal}/y\r\ncontent-length: 0\r\n\r\n"
    ))
    .await;
    let secret = |mut request: Request| {
        request.redirects = 3;
        request
            .header("authorization", "Bearer s3cret")
            .header("x-api-key", "s3cret")
            .header("accept", "image/*")
    };
    open()
        .send(secret(request(Method::Get, first)))
        .await
        .unwrap();
    let elsewhere = heard.recv().await.unwrap();
    assert!(
        elsewhere.contains("accept: image/*")
            && !elsewhere.contains("s3cret")
            && !elsewhere.contains("authorization"),
        "{elsewhere}"
    );
    open()
        .send(secret(request(Method::Get, goal)))
        .await
        .unwrap();
    heard.recv().await.unwrap();
    assert_eq!(
        heard.recv().await.unwrap().matches("s3cret").count(),
        2,
        "the same origin keeps them"
    );
}
