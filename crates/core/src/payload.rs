//! The content of a publish.
//!
//! Ensures that what is stored can be delivered: limits and forms are checked here, once, and every
//! complaint names the field. Does not check what only a vendor can know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::problem::FieldError;
use crate::slug;
use crate::time::Timestamp;

/// Characters of a title; longer ones are mistakes (WordPress takes 2,500 and more).
pub const MAX_TITLE: usize = 500;
/// Characters of one category, tag or author name; WordPress answers 500 above 200.
pub const MAX_TERM: usize = 200;
/// Categories, or tags, of one item.
pub const MAX_TERMS: usize = 100;
/// Media of one item.
pub const MAX_MEDIA: usize = 50;
/// Levels of lists and objects within one of the `fields`: deeper ones are no content, and front matter
/// that deep does not read back.
pub const MAX_DEPTH: usize = 32;
/// Characters of a media URL.
pub const MAX_URL: usize = 2_048;
/// The years that dates may lie in: what lies outside is a unit mistake (seconds for milliseconds).
const DATE_RANGE: (&str, &str) = ("1900-01-01T00:00:00Z", "2200-01-01T00:00:00Z");

/// How `body` is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    /// HTML, the default.
    #[default]
    Html,
    /// CommonMark.
    Markdown,
}

/// The content of one revision, as its producer sent it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// Required; 1 to [`MAX_TITLE`] characters.
    pub title: String,
    /// Path segment; derived from the title, or kept from before, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Text in `body_format`.
    #[serde(default)]
    pub body: String,
    /// `html` when absent.
    #[serde(default)]
    pub body_format: BodyFormat,
    /// Summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// Category names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Tag names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Author's name; destinations map it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The date shown; the time of going live when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// Pictures and files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
    /// Anything else; `content_type` names the kind of entry (`post`, `page`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Value>,
}

/// A medium as the producer names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// What it is for; `hero` is the featured image.
    pub role: String,
    /// Where it is fetched from; absent when uploaded by `POST /v1/media`. Together with `sha256` it
    /// may be relative: then it only says how the body refers to the medium.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Lower-case hex; required without a `url`, checked with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Name at the destination; from the URL when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Alternative text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
}

/// A medium whose bytes are stored: what deliveries and rollbacks use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMedia {
    /// What it is for; `hero` is the featured image.
    pub role: String,
    /// Lower-case hex.
    pub sha256: String,
    /// Safe file name with an extension that fits the type.
    pub filename: String,
    /// Found from the bytes, not from what a server claimed.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// Alternative text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
    /// Where the producer's body refers to it, so that links can be rewritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Whether anything lies so many levels below the value; looks no further.
fn reaches(value: &Value, levels: usize) -> bool {
    let below = |value: &Value| reaches(value, levels - 1);
    levels == 0
        || match value {
            Value::Array(list) => list.iter().any(below),
            Value::Object(members) => members.values().any(below),
            _ => false,
        }
}

impl Payload {
    /// The payload for people who compare two: a line for each field, then the body with a line for each block.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut fields = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = fields.as_object_mut() {
            fields.remove("body");
        }
        let mut lines = String::new();
        for (name, value) in fields.as_object().into_iter().flatten() {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            lines.push_str(&format!("{name}: {value}\n"));
        }
        format!("{lines}\n{}\n", self.body.replace("><", ">\n<"))
    }

    /// The kind of entry, from `fields.content_type`.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.fields.get("content_type").and_then(Value::as_str)
    }

    /// All that is wrong with the payload; `now` bounds `published_at`.
    #[must_use]
    pub fn problems(&self, goes_live_at: Timestamp) -> Vec<FieldError> {
        let mut found = Vec::new();
        self.check_texts(&mut found);
        self.check_terms(&mut found);
        self.check_dates(goes_live_at, &mut found);
        if self.media.len() > MAX_MEDIA {
            found.push(FieldError::new(
                "payload.media",
                format!("at most {MAX_MEDIA} media, has {}", self.media.len()),
            ));
        }
        for (index, medium) in self.media.iter().enumerate() {
            medium.check(&format!("payload.media[{index}]"), &mut found);
        }
        let deep = self
            .fields
            .iter()
            .filter(|(_, value)| reaches(value, MAX_DEPTH));
        found.extend(deep.map(|(name, _)| {
            let why = format!("is nested more than {MAX_DEPTH} levels deep");
            FieldError::new(format!("payload.fields.{name}"), why)
        }));
        found
    }

    fn check_texts(&self, found: &mut Vec<FieldError>) {
        let length = self.title.chars().count();
        if self.title.trim().is_empty() || length > MAX_TITLE {
            found.push(FieldError::new(
                "payload.title",
                format!("must have 1 to {MAX_TITLE} characters, has {length}"),
            ));
        }
        let texts = [
            ("payload.title", Some(&self.title)),
            ("payload.body", Some(&self.body)),
            ("payload.excerpt", self.excerpt.as_ref()),
        ];
        for (path, text) in texts {
            if text.is_some_and(|text| text.contains('\0')) {
                found.push(FieldError::new(
                    path,
                    "contains a NUL character, which databases cut or refuse",
                ));
            }
        }
        if let Some(Err(complaint)) = self.slug.as_deref().map(slug::check) {
            found.push(FieldError::new("payload.slug", complaint));
        }
    }

    fn check_terms(&self, found: &mut Vec<FieldError>) {
        for (path, terms) in [
            ("payload.categories", &self.categories),
            ("payload.tags", &self.tags),
        ] {
            if terms.len() > MAX_TERMS {
                found.push(FieldError::new(
                    path,
                    format!("at most {MAX_TERMS}, has {}", terms.len()),
                ));
            }
            for (index, term) in terms.iter().enumerate() {
                check_label(&format!("{path}[{index}]"), term, found);
            }
        }
        if let Some(author) = &self.author {
            check_label("payload.author", author, found);
        }
    }

    fn check_dates(&self, goes_live_at: Timestamp, found: &mut Vec<FieldError>) {
        let Some(at) = self.published_at else { return };
        check_date("payload.published_at", at, found);
        if at > goes_live_at.plus(std::time::Duration::from_secs(60)) {
            let advice = "lies after the time of going live; set publish_at to publish later";
            found.push(FieldError::new("payload.published_at", advice));
        }
    }
}

impl Media {
    /// Where its bytes can be fetched from, unless its URL is only how the body refers to it.
    #[must_use]
    pub fn fetchable_url(&self) -> Option<&str> {
        self.url.as_deref().filter(|url| url.contains(':'))
    }

    fn check(&self, path: &str, found: &mut Vec<FieldError>) {
        check_label(&format!("{path}.role"), &self.role, found);
        let named = self.url.is_some() || self.sha256.is_some();
        if !named {
            found.push(FieldError::new(
                path,
                "needs a url, or the sha256 that POST /v1/media answered",
            ));
        }
        if self.sha256.as_deref().is_some_and(|sha| !is_sha256(sha)) {
            found.push(FieldError::new(
                format!("{path}.sha256"),
                "must be 64 lower-case hex digits",
            ));
        }
        let checked = match (self.fetchable_url(), &self.sha256) {
            (None, Some(_)) => self.url.as_deref().map(check_reference),
            _ => self.url.as_deref().map(check_url),
        };
        if let Some(Err(complaint)) = checked {
            found.push(FieldError::new(format!("{path}.url"), complaint));
        }
        if let Some(name) = &self.filename {
            check_label(&format!("{path}.filename"), name, found);
            if name.contains(['/', '\\']) {
                found.push(FieldError::new(
                    format!("{path}.filename"),
                    "must be a name without a path",
                ));
            }
        }
    }
}

/// Whether the text is a SHA-256 in lower-case hex.
#[must_use]
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Checks that a date lies in a plausible range.
pub fn check_date(path: &str, at: Timestamp, found: &mut Vec<FieldError>) {
    let (first, last) = (
        Timestamp::parse(DATE_RANGE.0),
        Timestamp::parse(DATE_RANGE.1),
    );
    if first.is_ok_and(|first| at < first) || last.is_ok_and(|last| at > last) {
        found.push(FieldError::new(
            path,
            format!("{at} is not between {} and {}", DATE_RANGE.0, DATE_RANGE.1),
        ));
    }
}

fn check_reference(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > MAX_URL || text.chars().any(char::is_control) {
        return Err(format!(
            "must have 1 to {MAX_URL} characters without control characters"
        ));
    }
    Ok(())
}

fn check_url(text: &str) -> Result<(), String> {
    if text.len() > MAX_URL {
        return Err(format!("must have at most {MAX_URL} characters"));
    }
    let url = url::Url::parse(text).map_err(|why| format!("is not a URL: {why}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("must be http or https, not {}", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not carry a user name or password".into());
    }
    Ok(())
}

fn check_label(path: &str, text: &str, found: &mut Vec<FieldError>) {
    let length = text.chars().count();
    if text.trim().is_empty() || length > MAX_TERM || text.chars().any(char::is_control) {
        let complaint = format!(
            "must have 1 to {MAX_TERM} characters without control characters, has {length}"
        );
        found.push(FieldError::new(path, complaint));
    }
}
