//! What Storyblok's webhooks say (storyblok.com/docs/concepts/webhooks): which story, and a word.
//!
//! Ensures that nothing is taken for a repeat: two publishes of a story read alike. Tells neither
//! version nor content: the story must be looked up, and then has the later of its times for a version.
//! Storyblok tries once.

use serde_json::{Value, json};
use slugline_core::source::{Change, Locales, Manners, News, Repeats, What};
use slugline_core::version::Version;
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told};
use crate::reading::{at, name_at, object, text_at, time};
use crate::source::repeating_for;

pub(crate) const MANNERS: Manners = Manners {
    repeats: Repeats::None,
    dates_removals: false,
    ..repeating_for(0)
};

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = object(incoming)?;
    let word = mapping.word(&body, text_at(&body, "action"));
    let word = word.ok_or("there is no action")?;
    let (story, asset) = (name_at(&body, "story_id"), name_at(&body, "asset_id"));
    let own = match (word, &story, &asset) {
        ("deleted", None, Some(_)) => Some(What::AssetRemoved),
        (_, None, Some(_)) => Some(What::Asset),
        // A story's address is part of what is public.
        ("published" | "moved", Some(_), _) => Some(What::Published),
        ("unpublished", Some(_), _) => Some(What::Unpublished),
        ("deleted", Some(_), _) => Some(What::Deleted),
        _ => None,
    };
    let Some(what) = mapping.what(Some(word), own) else {
        return Ok(News::default());
    };
    let own = Told {
        entry: story.or(asset),
        ..Told::new(&body, what)
    };
    Ok(change(own, None, mapping)?.into())
}

/// What a story is that was looked up, in the form in which a webhook would bring it.
pub(super) fn looked_up(story: &Value, mapping: &Mapping) -> Result<Change, String> {
    let body = json!({
        "action": "published",
        "story_id": story.get("id"),
        "full_slug": story.get("full_slug"),
        "story": story,
    });
    let times = ["published_at", "updated_at"].map(|name| time(at(story, name)?));
    let own = Told {
        entry: name_at(&body, "story_id"),
        version: times.into_iter().flatten().max().map(Version::Time),
        content_type: name_at(story, "content.component"),
        ..Told::new(&body, What::Published)
    };
    change(own, Some(&fields(story)), mapping)
}

fn change(own: Told<'_>, fields: Option<&Value>, mapping: &Mapping) -> Result<Change, String> {
    mapping.change(Told {
        // A story holds all its locales; what was unpublished may be one of them.
        locales: match own.what {
            What::Deleted => Locales::All,
            _ => Locales::Unsaid,
        },
        fields: mapping.fields(own.root, fields),
        ..own
    })
}

/// The content, and what the story has beside it where the content has nothing of that name.
fn fields(story: &Value) -> Value {
    let content = at(story, "content").and_then(Value::as_object);
    let mut fields = content.cloned().unwrap_or_default();
    fields.retain(|name, _| !name.starts_with('_') && name != "component");
    let first = at(story, "first_published_at").or_else(|| at(story, "published_at"));
    let beside = [
        ("name", at(story, "name")),
        ("slug", at(story, "slug")),
        ("tags", at(story, "tag_list")),
        ("published_at", first),
    ];
    for (name, value) in beside {
        if let Some(value) = value {
            fields.entry(name).or_insert_with(|| value.clone());
        }
    }
    Value::Object(fields)
}
