//! What the hook received, against what was accepted.
//!
//! Ensures that each message has the one id of its generation (P2: a repeat is recognised), says what
//! was accepted, and that an item's generations arrive in their order (P4).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use slugline_core::item::ItemKey;
use slugline_core::version::Generation;

use super::{Judged, Model, broken};
use crate::hook::Message;

/// What a message's id stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) item: ItemKey,
    pub(crate) generation: Generation,
}

/// Messages by their ids.
#[derive(Default)]
pub(crate) struct Messages {
    meanings: BTreeMap<String, Meaning>,
    received: BTreeSet<String>,
    newest: BTreeMap<ItemKey, Generation>,
}

impl Messages {
    pub(super) fn expect(&mut self, id: String, meaning: Meaning) -> Judged {
        match self.meanings.insert(id.clone(), meaning.clone()) {
            Some(other) if other != meaning => broken(
                "P2",
                format!("{id} stands for {other:?} and for {meaning:?}"),
            ),
            _ => Ok(()),
        }
    }

    /// Whose message an id is.
    pub(crate) fn meaning(&self, id: &str) -> Option<&Meaning> {
        self.meanings.get(id)
    }

    /// Whether a generation's message was received.
    pub(super) fn has(&self, item: &ItemKey, generation: Generation) -> bool {
        self.received
            .iter()
            .filter_map(|id| self.meanings.get(id))
            .any(|meaning| meaning.item == *item && meaning.generation == generation)
    }
}

impl Model {
    /// Whose message an id is.
    pub(crate) fn meaning(&self, id: &str) -> Option<&Meaning> {
        self.messages.meaning(id)
    }

    /// Judges a message as it was received.
    pub(crate) fn judge_message(&mut self, message: &Message) -> Judged {
        let Some(meaning) = self.messages.meanings.get(&message.id).cloned() else {
            return broken(
                "P2",
                format!("the message {} is no accepted generation's", message.id),
            );
        };
        let body: Value = serde_json::from_slice(&message.body).unwrap_or_default();
        let data = &body["data"];
        let title = self.title_of(&meaning);
        if data["generation"] != meaning.generation.0
            || data["content_id"] != meaning.item.content_id
        {
            return broken(
                "P2",
                format!("{} is about {meaning:?} and says {data}", message.id),
            );
        }
        if title.is_some_and(|title| data["payload"]["title"] != title) {
            return broken(
                "P4",
                format!("{} of {meaning:?} carries another body: {data}", message.id),
            );
        }
        if !self.messages.received.insert(message.id.clone()) {
            return Ok(());
        }
        let before = self
            .messages
            .newest
            .insert(meaning.item.clone(), meaning.generation);
        match before {
            Some(newer) if newer > meaning.generation && self.judges_order => broken(
                "P4",
                format!("{meaning:?} arrived first after generation {newer}"),
            ),
            _ => Ok(()),
        }
    }

    fn title_of(&self, meaning: &Meaning) -> Option<String> {
        let mut publishes = self.publishes.values();
        let publish = publishes.find(|publish| {
            publish.item == meaning.item && publish.generation == meaning.generation
        })?;
        publish
            .payload
            .as_ref()
            .map(|payload| payload.title.clone())
    }
}
