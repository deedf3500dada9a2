//! The `mapping` of a `[[source]]`: where a sender's own names differ from what its dialect expects.
//!
//! Ensures that a mapping goes before what the dialect would read, and that what it names must be there
//! and usable where a change could not be told without it. Does not touch what it does not name.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::{Map, Value};
use slugline_core::payload::BodyFormat;
use slugline_core::source::{Change, Locales, What};
use slugline_core::version::Version;

use crate::config::ConfigError;
use crate::content;
use crate::reading::{at, first_name, members_at, name, name_at, text_at, version};

/// What to read where.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Mapping {
    // Paths in the body.
    id: Option<Path>,
    event: Option<Path>,
    version: Option<Path>,
    locale: Option<Path>,
    environment: Option<Path>,
    content_type: Option<Path>,
    fields: Option<Path>,
    depends_on: Paths,
    // Paths in the entry's fields.
    pub(crate) title: Option<Path>,
    pub(crate) slug: Option<Path>,
    pub(crate) body: Option<Path>,
    pub(crate) excerpt: Option<Path>,
    pub(crate) categories: Option<Path>,
    pub(crate) tags: Option<Path>,
    pub(crate) author: Option<Path>,
    pub(crate) published_at: Option<Path>,
    pub(crate) hero: Option<Path>,
    pub(crate) hero_alt: Option<Path>,
    /// How `body` is written.
    pub(crate) body_format: BodyFormat,
    /// The sender's words for what happened.
    events: BTreeMap<String, Meaning>,
    /// The sender's names of locales.
    locales: BTreeMap<String, String>,
}

/// A dotted path.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Path(pub(crate) String);

impl TryFrom<String> for Path {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split('.').any(str::is_empty) {
            true => Err(format!(
                "{text:?} is not a path such as \"data.items.0.id\""
            )),
            false => Ok(Self(text)),
        }
    }
}

/// Several dotted paths, or one.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "OneOrMany")]
struct Paths(Vec<Path>);

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a path such as \"data.items.0.id\", or a list of them"
)]
enum OneOrMany {
    One(Path),
    Many(Vec<Path>),
}

impl From<OneOrMany> for Paths {
    fn from(paths: OneOrMany) -> Self {
        match paths {
            OneOrMany::One(path) => Self(vec![path]),
            OneOrMany::Many(paths) => Self(paths),
        }
    }
}

/// What a sender's word may mean.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Meaning {
    Published,
    Unpublished,
    Deleted,
    Draft,
    Ignore,
}

impl Meaning {
    fn what(self) -> Option<What> {
        match self {
            Self::Published => Some(What::Published),
            Self::Unpublished => Some(What::Unpublished),
            Self::Deleted => Some(What::Deleted),
            Self::Draft => Some(What::Draft),
            Self::Ignore => None,
        }
    }
}

/// What the last part of a sender's word means, in the words that most use.
pub(crate) fn meaning(word: &str) -> Option<What> {
    let last = word.rsplit(|c: char| !c.is_ascii_alphanumeric()).next()?;
    match last.to_ascii_lowercase().as_str() {
        "published" | "publish" | "created" | "create" | "updated" | "update" => {
            Some(What::Published)
        }
        "unpublished" | "unpublish" => Some(What::Unpublished),
        "deleted" | "delete" => Some(What::Deleted),
        "draft" | "saved" => Some(What::Draft),
        _ => None,
    }
}

/// What a dialect reads, before the mapping has its say.
pub(crate) struct Told<'a> {
    /// Where the mapping's paths in the body begin.
    pub(crate) root: &'a Value,
    pub(crate) what: What,
    pub(crate) entry: Option<String>,
    pub(crate) locales: Locales,
    pub(crate) environment: Option<String>,
    pub(crate) version: Option<Version>,
    pub(crate) content_type: Option<String>,
    /// The entry's fields, in one locale; `None` where the body does not carry them.
    pub(crate) fields: Option<Map<String, Value>>,
}

impl<'a> Told<'a> {
    /// That this became of something, and nothing else yet.
    pub(crate) fn new(root: &'a Value, what: What) -> Self {
        Self {
            root,
            what,
            entry: None,
            locales: Locales::Unsaid,
            environment: None,
            version: None,
            content_type: None,
            fields: None,
        }
    }
}

/// Where objects that stand for an entry have its id; Strapi's have an `id` besides.
const LINKS: &[&str] = &["documentId", "sys.id", "_ref", "id"];

/// The entry that a value names: its id, or an object with it. Inside: `None` where it names none.
fn dependency(value: &Value) -> Option<Option<String>> {
    let is_none = value.is_null() || value.as_str() == Some("") || value.as_i64() == Some(0);
    let id = || first_name(value, LINKS);
    match is_none {
        true => Some(None),
        false => name(value).or_else(id).map(Some),
    }
}

impl Mapping {
    /// The sender's word for what happened.
    pub(crate) fn word<'a>(&self, root: &'a Value, own: Option<&'a str>) -> Option<&'a str> {
        match &self.event {
            Some(path) => text_at(root, &path.0),
            None => own,
        }
    }

    /// What the word means: as configured, or else as the dialect has it. `None`: nothing that counts.
    pub(crate) fn what(&self, word: Option<&str>, own: Option<What>) -> Option<What> {
        match word.and_then(|word| self.events.get(word)) {
            Some(meaning) => meaning.what(),
            None => own,
        }
    }

    /// The entry's fields: where the mapping has them, or else where the dialect does.
    pub(crate) fn fields(&self, root: &Value, own: Option<&Value>) -> Option<Map<String, Value>> {
        match &self.fields {
            Some(path) => members_at(root, &path.0),
            None => own.and_then(Value::as_object).cloned(),
        }
    }

    /// Whether what it names entries by is what the sender's API knows them by; `place` is that of `api`.
    pub(crate) fn can_be_asked(&self, place: Range<usize>) -> Result<(), ConfigError> {
        let why = "mapping.id names entries otherwise than the API does; leave one of them out";
        match self.id {
            Some(_) => Err(ConfigError::new(place, why)),
            None => Ok(()),
        }
    }

    /// Whether the body has a version, and where is configured.
    pub(crate) fn has_version(&self) -> bool {
        self.version.is_some()
    }

    /// The sender's names of all locales that are configured.
    pub(crate) fn all_theirs(&self) -> impl Iterator<Item = &str> {
        self.locales.keys().map(String::as_str)
    }

    /// The sender's name of a locale.
    pub(crate) fn theirs<'a>(&'a self, ours: &'a str) -> &'a str {
        let found = self.locales.iter().find(|(_, name)| *name == ours);
        found.map_or(ours, |(theirs, _)| theirs)
    }

    /// Whether the sender's names of locales are configured.
    pub(crate) fn has_locales(&self) -> bool {
        !self.locales.is_empty()
    }

    /// Whether this one of them is.
    pub(crate) fn knows_locale(&self, theirs: &str) -> bool {
        self.locales.contains_key(theirs)
    }

    /// The change that is told.
    pub(crate) fn change(&self, told: Told<'_>) -> Result<Change, String> {
        let root = told.root;
        let mapped = |path: &Option<Path>| path.as_ref().and_then(|path| name_at(root, &path.0));
        let content_type = mapped(&self.content_type).or(told.content_type);
        let payload = match told.what {
            What::Published | What::Draft => told
                .fields
                .and_then(|fields| content::payload(fields, content_type, self)),
            _ => None,
        };
        Ok(Change {
            what: told.what,
            entry: self.entry(root, told.entry)?,
            locales: mapped(&self.locale).map_or_else(
                || self.renamed(told.locales),
                |one| self.renamed(Locales::One(one)),
            ),
            environment: mapped(&self.environment).or(told.environment),
            version: self.version(root, told.version)?,
            depends_on: match told.what {
                What::Published | What::Draft => self.depends_on(root)?,
                _ => Vec::new(),
            },
            payload,
        })
    }

    /// What the entry is called.
    pub(crate) fn entry(&self, root: &Value, own: Option<String>) -> Result<String, String> {
        let Some(path) = &self.id else {
            let own = own.filter(|entry| !entry.is_empty());
            return own.ok_or_else(|| "the body does not say which entry it is about".into());
        };
        name_at(root, &path.0).ok_or_else(|| {
            let path = &path.0;
            format!("the body has neither text nor integer at {path}, where mapping.id looks")
        })
    }

    /// A version that is there and cannot be read is not passed over: the change would count as the newest.
    fn version(&self, root: &Value, own: Option<Version>) -> Result<Option<Version>, String> {
        let Some(path) = &self.version else {
            return Ok(own);
        };
        let Some(value) = at(root, &path.0) else {
            return Ok(None);
        };
        let unreadable = || {
            let path = &path.0;
            format!(
                "what stands at {path}, where mapping.version looks, is neither an integer nor an RFC 3339 time"
            )
        };
        version(value).map(Some).ok_or_else(unreadable)
    }

    /// The entries that must be live before, each once; nothing, an empty text and 0 name none.
    fn depends_on(&self, root: &Value) -> Result<Vec<String>, String> {
        let mut all = Vec::new();
        for Path(path) in &self.depends_on.0 {
            let Some(value) = at(root, path) else {
                continue;
            };
            let names: Option<Vec<_>> = match value {
                Value::Array(list) => list.iter().map(dependency).collect(),
                one => dependency(one).map(|name| vec![name]),
            };
            let unreadable = || {
                format!(
                    "what stands at {path}, where mapping.depends_on looks, is no entry, nor a list of entries that have an id"
                )
            };
            for name in names.ok_or_else(unreadable)?.into_iter().flatten() {
                if !all.contains(&name) {
                    all.push(name);
                }
            }
        }
        Ok(all)
    }

    fn renamed(&self, locales: Locales) -> Locales {
        match locales {
            Locales::One(theirs) => {
                let ours = self.locales.get(&theirs).cloned();
                Locales::One(ours.unwrap_or(theirs))
            }
            other => other,
        }
    }
}
