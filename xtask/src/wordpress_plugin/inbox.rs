//! What the receiver has got. Ensures that a message whose signature is not genuine, or that comes again with other bytes,
//! is not overlooked: it is among what is wrong, whatever a story looks at.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;
use standardwebhooks::Webhook;

use crate::wire::Message;

/// One attempt of the plugin.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// The `webhook-id`.
    pub(super) id: String,
    /// The body as it came.
    pub(super) body: String,
    /// What it says.
    pub(super) json: Value,
    /// Whether it was answered with a 2xx.
    pub(super) taken: bool,
}

/// Every attempt since the start, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) attempts: Vec<Attempt>,
    pub(super) wrong: Vec<String>,
}

impl Attempt {
    /// Reads a request; what is wrong with its signature comes with it.
    pub(super) fn read(message: &Message<'_>, webhook: &Webhook) -> Result<(Self, Option<String>)> {
        let headers = message.request_headers()?;
        let id = headers.get("webhook-id").context("no webhook-id")?;
        let id = id.to_str()?.to_owned();
        let wrong = webhook.verify(message.body, &headers).err();
        let body = String::from_utf8(message.body.to_vec())?;
        let json = serde_json::from_str(&body)?;
        let wrong = wrong.map(|why| format!("{id}: {why}"));
        let attempt = Self {
            id,
            body,
            json,
            taken: false,
        };
        Ok((attempt, wrong))
    }

    /// Its type, such as `post.published`.
    pub(super) fn kind(&self) -> &str {
        self.json["type"].as_str().unwrap_or_default()
    }

    /// The number that orders the messages of an object.
    pub(super) fn version(&self) -> u64 {
        self.data()["version"].as_u64().unwrap_or_default()
    }

    /// What it is about.
    pub(super) fn data(&self) -> &Value {
        &self.json["data"]
    }

    /// Whether it is about this post.
    pub(super) fn is_of(&self, post: u64) -> bool {
        self.kind().starts_with("post.") && self.data()["id"] == post
    }
}

impl Inbox {
    /// Notes an attempt.
    pub(super) fn note(&mut self, attempt: Attempt) {
        let first = self.attempts.iter().find(|other| other.id == attempt.id);
        if first.is_some_and(|first| first.body != attempt.body) {
            self.wrong
                .push(format!("{} came again with another body", attempt.id));
        }
        self.attempts.push(attempt);
    }

    /// The messages about a post that were taken, each once, in the order in which they came.
    pub(super) fn of_post(&self, post: u64) -> Vec<&Attempt> {
        let mut seen = BTreeSet::new();
        let of_it = self.attempts.iter().filter(|it| it.taken && it.is_of(post));
        of_it.filter(|it| seen.insert(&it.id)).collect()
    }

    /// The bodies that were taken, by id.
    pub(super) fn taken(&self) -> BTreeMap<&str, &str> {
        let taken = self.attempts.iter().filter(|attempt| attempt.taken);
        taken
            .map(|attempt| (attempt.id.as_str(), attempt.body.as_str()))
            .collect()
    }

    /// Attempts for a post, taken or not.
    pub(super) fn attempts_of(&self, post: u64) -> Vec<&Attempt> {
        self.attempts.iter().filter(|it| it.is_of(post)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: &str, body: &str, taken: bool) -> Attempt {
        Attempt {
            id: id.into(),
            body: body.into(),
            json: serde_json::json!({ "type": "post.published", "data": { "id": 7 } }),
            taken,
        }
    }

    #[test]
    fn a_message_that_comes_twice_is_one_and_must_have_one_body() {
        let mut inbox = Inbox::default();
        inbox.note(attempt("a-1", "{}", true));
        inbox.note(attempt("a-1", "{}", true));
        assert_eq!((inbox.of_post(7).len(), inbox.wrong.len()), (1, 0));
        inbox.note(attempt("a-1", "[]", true));
        assert_eq!(inbox.wrong.len(), 1);
    }

    #[test]
    fn what_was_refused_has_not_arrived() {
        let mut inbox = Inbox::default();
        inbox.note(attempt("a-1", "{}", false));
        assert_eq!((inbox.of_post(7).len(), inbox.attempts_of(7).len()), (0, 1));
    }
}
