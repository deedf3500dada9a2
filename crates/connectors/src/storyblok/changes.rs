//! What Storyblok's webhooks say (storyblok.com/docs/concepts/webhooks): which story, and a word.
//!
//! Ensures that nothing is taken for a repeat: two publishes of a story read alike. Tells neither
//! version nor content: the story must be looked up. Storyblok tries once.

use slugline_core::source::{Change, Locales, Manners, Repeats, What};
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told};
use crate::reading::{name_at, object, text_at};
use crate::source::repeating_for;

pub(crate) const MANNERS: Manners = Manners {
    repeats: Repeats::None,
    ..repeating_for(0)
};

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<Vec<Change>, String> {
    let body = object(incoming)?;
    let word = mapping.word(&body, text_at(&body, "action"));
    let word = word.ok_or("there is no action")?;
    let (story, asset) = (name_at(&body, "story_id"), name_at(&body, "asset_id"));
    let own = match (word, &story, &asset) {
        (_, None, Some(_)) => Some(What::Asset),
        // A story's address is part of what is public.
        ("published" | "moved", Some(_), _) => Some(What::Published),
        ("unpublished", Some(_), _) => Some(What::Unpublished),
        ("deleted", Some(_), _) => Some(What::Deleted),
        _ => None,
    };
    let Some(what) = mapping.what(Some(word), own) else {
        return Ok(Vec::new());
    };
    let change = mapping.change(Told {
        entry: story.or(asset),
        // A story holds all its locales; what was unpublished may be one of them.
        locales: match what {
            What::Deleted => Locales::All,
            _ => Locales::Unsaid,
        },
        fields: mapping.fields(&body, None),
        ..Told::new(&body, what)
    })?;
    Ok(vec![change])
}
