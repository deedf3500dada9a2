//! The logical key of work, and the names derived from it.
//!
//! Ensures that the same work has the same name on every attempt and every node, and that two
//! installations never share one: the installation's random id is part of each.

use crate::canonical::Fingerprint;
use crate::item::{Action, ItemKey};
use crate::version::Generation;

/// `(owner, environment, content, locale, action, generation, destination)`: never a timestamp and
/// never the payload.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogicalKey<'a> {
    /// The item.
    pub item: &'a ItemKey,
    /// What is done with it.
    pub action: Action,
    /// Which accepted revision.
    pub generation: Generation,
    /// The destination's name.
    pub destination: &'a str,
}

/// Digits of a derived name: 80 bits, far beyond accident.
const NAME_DIGITS: usize = 16;

impl LogicalKey<'_> {
    /// The id under which receivers recognise repeats (`webhook-id`): stable across attempts.
    #[must_use]
    pub fn delivery_id(&self, installation: &str) -> String {
        let parts = [self.action.as_str(), &self.generation.to_string()];
        format!(
            "msg_{}",
            name(installation, self.item, self.destination, &parts)
        )
    }
}

/// The slug of the invisible draft that a two-phase create makes: one per item and destination, so
/// that whichever attempt made it, the next one finds it.
#[must_use]
pub fn derived_slug(installation: &str, item: &ItemKey, destination: &str) -> String {
    format!("sl-{}", name(installation, item, destination, &["draft"]))
}

fn name(installation: &str, item: &ItemKey, destination: &str, more: &[&str]) -> String {
    let scope = [
        installation,
        &item.owner,
        &item.environment,
        &item.content_id,
        &item.locale,
        destination,
    ];
    // Each part goes in with its length, so that no two lists of parts give the same bytes.
    let bytes: Vec<u8> = scope
        .iter()
        .chain(more)
        .flat_map(|part| {
            (part.len() as u64)
                .to_be_bytes()
                .into_iter()
                .chain(part.bytes())
        })
        .collect();
    Fingerprint::of_bytes(&bytes)
        .0
        .iter()
        .take(NAME_DIGITS)
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect()
}

/// Lower case only, as slugs are, without look-alikes.
const LETTERS: &[u8; 32] = b"23456789abcdefghijkmnopqrstuvwxy";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn item(content_id: &str) -> ItemKey {
        ItemKey {
            owner: "o".into(),
            environment: "e".into(),
            content_id: content_id.into(),
            locale: "en".into(),
        }
    }

    #[test]
    fn every_part_of_the_key_changes_the_name() {
        let (a, b) = (item("a"), item("b"));
        let key = |item, action, generation, destination| {
            LogicalKey {
                item,
                action,
                generation: Generation(generation),
                destination,
            }
            .delivery_id("i")
        };
        let names = BTreeSet::from([
            key(&a, Action::Publish, 1, "d"),
            key(&b, Action::Publish, 1, "d"),
            key(&a, Action::Unpublish, 1, "d"),
            key(&a, Action::Publish, 2, "d"),
            key(&a, Action::Publish, 1, "e"),
        ]);
        assert_eq!(names.len(), 5);
        assert_eq!(
            key(&a, Action::Publish, 1, "d"),
            key(&item("a"), Action::Publish, 1, "d")
        );
    }

    #[test]
    fn a_derived_slug_is_a_slug_that_cmss_keep() {
        let slug = derived_slug("i", &item("a"), "blog");
        assert_eq!(crate::slug::check(&slug), Ok(()));
    }
}
