//! What the stories need of a CMS, whatever it is: an editor's deeds, and what it shows as published.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::plan::{Act, Deed, Text};

/// Something that is being done.
pub(super) type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What is public, by slug.
pub(super) type Shown = BTreeMap<String, Page>;

/// What readers see of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) body: String,
}

/// A running CMS that tells of its changes.
pub(super) trait Cms: Send + Sync {
    /// The type of the source; its name too.
    fn name(&self) -> &'static str;

    /// Further keys of its `[[source]]`; its secret is in `env:NAME`, as [`Cms::secrets`] says.
    fn source(&self, act: Act) -> String;

    /// The variables that the keys name.
    fn secrets(&self) -> Vec<(&'static str, String)>;

    /// Writes a draft; the entry's id.
    fn write<'a>(&'a self, text: &'a Text) -> Doing<'a, String>;

    /// Does something to an entry.
    fn act<'a>(&'a self, id: &'a str, deed: &'a Deed) -> Doing<'a, ()>;

    /// What it shows.
    fn shown(&self) -> Doing<'_, Shown>;

    /// Whether it has told everything, as far as it can say; what it does by the way is done.
    fn has_told(&self) -> Doing<'_, bool> {
        Box::pin(async { Ok(true) })
    }
}

/// A text as the fields of an entry, where a CMS has them under these names.
pub(super) fn fields(text: &Text) -> Value {
    let Text { title, slug, body } = text;
    json!({ "title": title, "slug": slug, "body": body })
}

/// Such an entry as readers see it, with its slug.
pub(super) fn page_of(entry: &Value) -> Result<(String, Page)> {
    let text = |name: &str| {
        let found = entry[name].as_str().map(str::to_owned);
        found.with_context(|| format!("no {name} in {entry}"))
    };
    let page = Page {
        title: text("title")?,
        body: text("body")?,
    };
    Ok((text("slug")?, page))
}
