//! The hook: a receiver of signed webhooks that counts what it got, and the server of pictures.
//!
//! Ensures that each message is kept as it came, under the id that it came with.

use std::collections::BTreeMap;

use bytes::Bytes;
use slugline_connectors::fake::{Fake, Undocumented};
use slugline_core::http::{Method, Request, Response};
use slugline_core::time::Timestamp;

use crate::network::MEDIA;
use crate::plan::{PICTURES, picture};

/// A message as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: Bytes,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Hook {
    /// Messages that the model has not looked at.
    pub(crate) inbox: Vec<Message>,
}

impl Fake for Hook {
    fn handle(&mut self, request: &Request, _: Timestamp) -> Result<Response, Undocumented> {
        if request.method == Method::Post {
            let id = request
                .headers
                .iter()
                .find(|(name, _)| name == "webhook-id");
            let (_, id) = id.ok_or_else(|| Undocumented("a message without an id".into()))?;
            self.inbox.push(Message {
                id: id.clone(),
                body: request.body.clone(),
            });
        }
        Ok(answer(204, Bytes::new()))
    }
}

/// The server that pictures are fetched from.
pub(crate) struct Pictures(BTreeMap<String, Bytes>);

impl Default for Pictures {
    fn default() -> Self {
        let named = |number| (format!("{MEDIA}/p{number}.png"), picture(number));
        Self((0..PICTURES).map(named).collect())
    }
}

impl Fake for Pictures {
    fn handle(&mut self, request: &Request, _: Timestamp) -> Result<Response, Undocumented> {
        let known = self.0.get(&request.url).cloned();
        Ok(known.map_or_else(|| answer(404, Bytes::new()), |bytes| answer(200, bytes)))
    }
}

fn answer(status: u16, body: Bytes) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body,
    }
}
