//! Where an item's file and its media lie.
//!
//! Ensures that a path is made of names that cannot leave their directory and that the site
//! generators read as one page.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use slugline_core::connector::Work;
use slugline_core::failure::Failure;
use slugline_core::payload::{BodyFormat, StoredMedia};
use slugline_core::reason::Reason;
use slugline_core::slug::MAX_SLUG;

use super::config::Folder;

/// Where posts lie: what Hugo's and Eleventy's starters call it.
const POSTS: &str = "posts";
/// Hex digits of a medium's SHA-256 in its file name: 48 bits tell a site's media apart.
const HASH_DIGITS: usize = 12;
/// What a URL's path segment keeps as it is (RFC 3986 §2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The path of the item's file below the site's directory.
pub(super) fn entry(folder: &Folder, work: &Work) -> Result<String, Failure> {
    let directory = directory(folder, work)?;
    let slug = slug(work)?;
    let extension = match work.payload.body_format {
        BodyFormat::Markdown => "md",
        BodyFormat::Html => "html",
    };
    if work.item.locale == folder.default_locale {
        return Ok(format!("{directory}/{slug}.{extension}"));
    }
    let locale = segment(&work.item.locale, "locale")?;
    Ok(format!("{directory}/{slug}.{locale}.{extension}"))
}

fn directory(folder: &Folder, work: &Work) -> Result<String, Failure> {
    let content = &folder.content_dir.0;
    match work.payload.content_type() {
        None | Some("post") => Ok(format!("{content}/{POSTS}")),
        Some("page") => Ok(content.clone()),
        Some(other) => {
            let section = segment(other, "payload.fields.content_type")?;
            Ok(format!("{content}/{section}"))
        }
    }
}

fn slug(work: &Work) -> Result<&str, Failure> {
    if work.slug == "index" {
        let advice = "a file named index is the page of its whole directory; choose another slug";
        return Err(unsupported(advice, "payload.slug"));
    }
    segment(&work.slug, "payload.slug")
}

fn segment<'a>(name: &'a str, field: &str) -> Result<&'a str, Failure> {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if plain && (1..=MAX_SLUG).contains(&name.len()) && !name.starts_with('.') {
        return Ok(name);
    }
    let advice =
        format!("{name:?} is not a file name of 1 to {MAX_SLUG} letters, digits, '.', '_' and '-'");
    Err(unsupported(&advice, field))
}

fn unsupported(advice: &str, field: &str) -> Failure {
    Failure::new(Reason::UnsupportedContent, advice).with_fields([field.to_owned()])
}

/// The file name of a medium that has none yet. Its own name is kept, because visitors see it.
pub(super) fn media_name(medium: &StoredMedia) -> String {
    let digits = medium.sha256.get(..HASH_DIGITS).unwrap_or(&medium.sha256);
    format!("{digits}-{}", medium.filename)
}

/// The path of a file of the media directory.
pub(super) fn media_path(folder: &Folder, name: &str) -> String {
    format!("{}/{name}", folder.media_dir.0)
}

/// The name of a file of the media directory; `None` for any other path.
pub(super) fn name_in_media<'a>(folder: &Folder, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(&folder.media_dir.0)?.strip_prefix('/')
}

/// Where the built site shows a file of the media directory.
pub(super) fn media_url(folder: &Folder, name: &str) -> String {
    let base = folder
        .media_url
        .strip_suffix('/')
        .unwrap_or(&folder.media_url);
    format!("{base}/{}", utf8_percent_encode(name, ESCAPED))
}
