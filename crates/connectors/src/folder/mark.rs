//! The mark in the front matter by which a file is known as ours.
//!
//! Ensures that only a file with this very item's mark counts as this item's. What cannot be read
//! as front matter was written by somebody else.

use serde::Serialize;
use serde_json::Value;
use slugline_core::canonical::Fingerprint;
use slugline_core::connector::Work;
use slugline_core::item::ItemKey;
use slugline_core::markdown;
use slugline_core::version::{Generation, Version};

/// The member of the front matter that holds the mark.
pub(super) const MEMBER: &str = "slugline";

#[derive(Serialize)]
struct Mark<'a> {
    #[serde(flatten)]
    item: &'a ItemKey,
    version: Version,
    generation: Generation,
    /// SHA-256 of what follows the front matter, so that anybody can check a copy.
    checksum: String,
}

/// The mark of the generation that the work carries.
pub(super) fn of(work: &Work, body: &str) -> Value {
    let mark = Mark {
        item: &work.item,
        version: work.version,
        generation: work.generation,
        checksum: Fingerprint::of_bytes(body.as_bytes()).hex(),
    };
    serde_json::to_value(mark).unwrap_or(Value::Null)
}

/// Whose a file is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// This item's.
    Ours,
    /// Another item's of ours, by its content id.
    Another(String),
    /// Not written by Slugline.
    Stranger,
}

/// Whose the file with these contents is.
pub(super) fn holder(contents: &[u8], item: &ItemKey) -> Holder {
    match marked(contents) {
        Some(marked) if marked == *item => Holder::Ours,
        Some(marked) => Holder::Another(marked.content_id),
        None => Holder::Stranger,
    }
}

fn marked(contents: &[u8]) -> Option<ItemKey> {
    let text = std::str::from_utf8(contents).ok()?;
    let mut document = markdown::parse(text).ok()?;
    serde_json::from_value(document.front.remove(MEMBER)?).ok()
}
