//! Sending a message.
//!
//! Ensures that only a 2xx counts as acknowledged and that nothing is followed elsewhere.

use slugline_core::connector::Work;
use slugline_core::contract;
use slugline_core::failure::Failure;
use slugline_core::http::{Method, Request};
use slugline_core::port::Port;
use slugline_core::reason::Reason;

use super::config::{Body, Webhook};
use super::{errors, event, message};
use crate::standard_webhooks::sign;

/// What receivers see as the sender.
const USER_AGENT: &str = concat!("Slugline/", env!("CARGO_PKG_VERSION"));
/// What failures call the other side.
pub(super) const RECEIVER: &str = "the webhook's receiver";

/// Sends the message; an acknowledged one is done.
pub(super) async fn send(hook: &Webhook, work: &Work, port: &dyn Port) -> Result<(), Failure> {
    let request = request(hook, work, port)?;
    let sent = port.send(request).await;
    let response = sent.map_err(|why| Failure::from_send_error(&why, true, RECEIVER))?;
    if response.is_success() {
        return Ok(());
    }
    Err(errors::classify(&response, port.now()))
}

fn request(hook: &Webhook, work: &Work, port: &dyn Port) -> Result<Request, Failure> {
    let (content_type, body) = body(hook, work).map_err(|why| {
        let message = format!("the message cannot be written as JSON: {why}");
        Failure::new(Reason::UnsupportedContent, message)
    })?;
    let signed = sign::headers(&hook.keys, &work.delivery_id, port.now(), &body);
    let mut request = Request::new(Method::Post, &hook.url)
        .header("content-type", content_type)
        .header("user-agent", USER_AGENT);
    for (name, value) in signed {
        request = request.header(name, value);
    }
    for (name, value) in &hook.headers {
        request = request.header(name, value.expose());
    }
    Ok(request.body(body))
}

fn body(hook: &Webhook, work: &Work) -> Result<(&'static str, Vec<u8>), serde_json::Error> {
    Ok(match hook.body {
        Body::Message => ("application/json", message::body(work)?),
        Body::Event(version) => (contract::ONE, event::body(work, version)?),
    })
}

/// Asks for the head of the address, which sends no message. Any answer shows that it is reached;
/// whether it takes messages only a message can show.
pub(super) async fn probe(hook: &Webhook, port: &dyn Port) -> Result<String, Failure> {
    let request = Request::new(Method::Head, &hook.url).header("user-agent", USER_AGENT);
    let answered = port.send(request).await;
    let response = answered.map_err(|why| Failure::from_send_error(&why, false, RECEIVER))?;
    if response.status == 410 {
        return Err(errors::classify(&response, port.now()));
    }
    Ok(format!(
        "reachable, HEAD answered {}; no message was sent",
        response.status
    ))
}
