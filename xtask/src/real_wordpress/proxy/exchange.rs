//! One connection: one request, its fault, its answer. Ensures that each fault does at WordPress and at the client
//! what its description says. A connection that breaks by itself is left broken: that is a fault too.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Shared;
use super::fault::Fault;
use super::kind::Kind;
use crate::parts::request::Request;

/// How long `Latency` keeps a request, in milliseconds: well below any client's timeout.
const LATENCY_MS: Range<u64> = 100..500;
/// How long after the client gave up a held request reaches WordPress, in milliseconds. With the client's own
/// timeout of one or two seconds it stays within a commit window of three timeouts.
const LATENESS_MS: Range<u64> = 100..1500;
/// A client that never gives up would keep its request held for ever.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between the half of an answer and the reset: a reset may destroy what the client has not read yet.
const BEFORE_RESET: Duration = Duration::from_millis(20);
/// What the client of a PHP that runs out of time or memory sees.
const DEATH_OF_PHP: &str = "500 Internal Server Error";
/// What WordPress, a proxy before it, or an overloaded host says (RFC 9110, 15.6).
const SERVER_ERRORS: [&str; 4] = [
    DEATH_OF_PHP,
    "502 Bad Gateway",
    "503 Service Unavailable",
    "504 Gateway Timeout",
];

/// Serves the one request of a connection.
pub(super) async fn exchange(mut client: TcpStream, shared: Arc<Shared>) {
    if let Ok(Some(request)) = Request::read(&mut client).await {
        let fault = shared.dice().roll(Kind::of(&request));
        // An error is a broken connection; the other side has noticed already.
        let _ = apply(fault, client, &request, &shared).await;
    }
}

pub(super) async fn apply(
    fault: Option<Fault>,
    client: TcpStream,
    request: &Request,
    shared: &Shared,
) -> Result<()> {
    match fault {
        None => pass(client, request, shared).await,
        Some(Fault::Latency) => {
            let latency = shared.dice().milliseconds(LATENCY_MS);
            tokio::time::sleep(latency).await;
            pass(client, request, shared).await
        }
        Some(Fault::ResetBefore) => reset(&client),
        Some(Fault::ResetAfter) => {
            forward(request, shared).await?;
            reset(&client)
        }
        Some(Fault::CutAnswer) => cut(client, &forward(request, shared).await?).await,
        Some(Fault::ShortAnswer) => answer(client, half(&forward(request, shared).await?)).await,
        Some(Fault::ErrorAfter) => fail(client, request, shared).await,
        Some(Fault::LateCommit) => hold(client, request, shared).await,
        Some(Fault::Throttled) => {
            answer(
                client,
                &refusal("429 Too Many Requests", "Retry-After: 1\r\n"),
            )
            .await
        }
    }
}

async fn pass(client: TcpStream, request: &Request, shared: &Shared) -> Result<()> {
    let whole = forward(request, shared).await?;
    answer(client, &whole).await
}

/// WordPress' whole answer. PHP's server closes each connection after one, so its end is the answer's end.
async fn forward(request: &Request, shared: &Shared) -> Result<Vec<u8>> {
    let mut upstream = TcpStream::connect(shared.upstream).await?;
    upstream.write_all(&request.raw).await?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await?;
    Ok(answer)
}

async fn answer(mut client: TcpStream, bytes: &[u8]) -> Result<()> {
    client.write_all(bytes).await?;
    Ok(client.shutdown().await?)
}

async fn cut(mut client: TcpStream, whole: &[u8]) -> Result<()> {
    client.write_all(half(whole)).await?;
    tokio::time::sleep(BEFORE_RESET).await;
    reset(&client)
}

/// A PHP that dies has sent the lines of its head that it had by then; a gateway knows nothing of them.
async fn fail(client: TcpStream, request: &Request, shared: &Shared) -> Result<()> {
    let lost = forward(request, shared).await?;
    let status = SERVER_ERRORS[shared.dice().choose(SERVER_ERRORS.len())];
    let kept = if status == DEATH_OF_PHP {
        uploaded_id(&lost)
    } else {
        String::new()
    };
    answer(client, &refusal(status, &kept)).await
}

/// The line by which WordPress names an upload before it makes its sizes
/// (class-wp-rest-attachments-controller.php), if the answer has it.
fn uploaded_id(answer: &[u8]) -> String {
    let head = String::from_utf8_lossy(&answer[..head_length(answer)]).into_owned();
    let line = head.lines().find(|line| {
        line.to_ascii_lowercase()
            .starts_with("x-wp-upload-attachment-id:")
    });
    line.map(|line| format!("{line}\r\n")).unwrap_or_default()
}

/// Waits until the client has gone, and only then, and later, lets WordPress have the request.
async fn hold(mut client: TcpStream, request: &Request, shared: &Shared) -> Result<()> {
    let _until_landed = Arc::clone(&shared.held).read_owned().await;
    // Nothing comes any more: the read ends, by end or by error, when the client closes.
    let _ = tokio::time::timeout(PATIENCE, client.read_u8()).await;
    drop(client);
    let lateness = shared.dice().milliseconds(LATENESS_MS);
    tokio::time::sleep(lateness).await;
    forward(request, shared).await.map(drop)
}

/// With no lingering the close that follows sends RST instead of FIN.
fn reset(client: &TcpStream) -> Result<()> {
    Ok(client.set_zero_linger()?)
}

/// Head and half of the body; of an answer without a body half of the head.
fn half(answer: &[u8]) -> &[u8] {
    let head = head_length(answer);
    let body = answer.len() - head;
    if body < 2 {
        &answer[..head / 2]
    } else {
        &answer[..head + body / 2]
    }
}

fn head_length(answer: &[u8]) -> usize {
    answer
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .map_or(0, |at| at + 4)
}

fn refusal(status: &str, header: &str) -> Vec<u8> {
    let body = format!("<html><body><h1>{status}</h1></body></html>");
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n{header}Content-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    (head + &body).into_bytes()
}
