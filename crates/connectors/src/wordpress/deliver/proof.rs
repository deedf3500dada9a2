//! The public page as evidence, for destinations with `verify = "permalink"`.
//!
//! Ensures that a page is there after a publish and gone after a removal, as an anonymous reader
//! finds it. Does not compare its text: themes and plugins make of it what they like.

use slugline_core::connector::Difference;
use slugline_core::failure::Failure;
use slugline_core::http::DEFAULT_MAX_RESPONSE;
use slugline_core::port::Port;

use super::desired::difference;
use super::site::visit;

/// Bytes of a page: no more than any answer.
const PAGE: u64 = DEFAULT_MAX_RESPONSE as u64;

/// What is wrong unless the page is there.
pub(super) async fn is_public(url: &str, port: &dyn Port) -> Result<Vec<Difference>, Failure> {
    let status = visit(port, url, PAGE).await?.status;
    Ok(complaint(url, status == 200, "200", status))
}

/// What is wrong unless the page is gone.
pub(super) async fn is_gone(url: &str, port: &dyn Port) -> Result<Vec<Difference>, Failure> {
    let status = visit(port, url, PAGE).await?.status;
    Ok(complaint(
        url,
        matches!(status, 404 | 410),
        "404 or 410",
        status,
    ))
}

fn complaint(url: &str, fits: bool, wanted: &str, status: u16) -> Vec<Difference> {
    let found = difference(&format!("page {url}"), wanted, &status.to_string());
    if fits { Vec::new() } else { vec![found] }
}
