//! Slugs of sources that not every destination could keep, such as `2026`.
//!
//! Ensures that nothing waits for a person because of one: it is published under the nearest slug that can be kept,
//! and the outcome says so. Who publishes by the API is told what is wrong instead; behind a webhook nobody reads
//! the answer.

use slugline_core::payload::Payload;
use slugline_core::slug;

use super::digest::Place;

/// With a slug that can be kept; without one, where the title has to give it.
pub(super) fn fit(payload: Payload) -> Payload {
    let fits = |own: String| match slug::check(&own) {
        Ok(()) => Some(own),
        Err(_) => slug::derive(&own),
    };
    Payload {
        slug: payload.slug.and_then(fits),
        ..payload
    }
}

impl Place<'_> {
    /// What is said of it where it is published under another slug than its own.
    pub(super) fn other_slug(&self) -> Option<String> {
        let own = self.change.payload.as_ref()?.slug.as_deref()?;
        slug::check(own).err()?;
        let instead = slug::derive(own).map_or("one made of its title".to_owned(), |kept| {
            format!("{kept:?}")
        });
        Some(format!(
            "not every destination could keep its slug {own:?}; it is published under {instead}"
        ))
    }
}
