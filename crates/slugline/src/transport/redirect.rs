//! From one address to the next, for reads that ask for it.
//!
//! Ensures that a write is never redirected, that each target passes the guard, that one timeout
//! covers all hops, and that credentials stay with the origin that they were meant for.

use slugline_core::http::{Request, Response, SendError};
use tokio::time::Instant;
use url::Url;

use super::DEFAULT_TIMEOUT;
use super::client::Client;
use super::guard::Guard;

/// What another origin may see of a request's headers; anything else could be a credential.
const HARMLESS: [&str; 2] = ["accept", "accept-language"];

/// Sends a request and follows as many redirects as it allows; the answer may be a redirect.
pub(super) async fn follow(
    client: &Client,
    guard: &Guard,
    mut request: Request,
) -> Result<Response, SendError> {
    let deadline = Instant::now() + request.timeout.unwrap_or(DEFAULT_TIMEOUT);
    let mut left = if request.method.writes() {
        0
    } else {
        request.redirects
    };
    let mut url = parse(&request.url)?;
    loop {
        guard
            .check_host(&url)
            .map_err(|why| SendError::Refused(format!("{url}: {why}")))?;
        let response = client.exchange(&request, &url, deadline).await?;
        let Some(target) = target(&url, &response).filter(|_| left > 0) else {
            return Ok(response);
        };
        left -= 1;
        if target.origin() != url.origin() {
            request
                .headers
                .retain(|(name, _)| HARMLESS.contains(&name.as_str()));
        }
        url = target;
    }
}

fn parse(text: &str) -> Result<Url, SendError> {
    let refused = |why| SendError::Refused(format!("{text:?} is not a URL: {why}"));
    let mut url = Url::parse(text).map_err(refused)?;
    url.set_fragment(None);
    Ok(url)
}

/// Where a redirect leads (RFC 9110 §15.4), without credentials in the URL.
fn target(url: &Url, response: &Response) -> Option<Url> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let mut target = url.join(response.header("location")?).ok()?;
    target.set_fragment(None);
    // They fail only for URLs without a host, which the guard refuses next.
    let _ = target.set_username("");
    let _ = target.set_password(None);
    Some(target)
}
