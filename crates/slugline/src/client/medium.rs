//! The media that front matter names: paths, URLs, or hashes of what is uploaded already.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use slugline_core::payload::Media;

use super::fields::Fields;

/// Takes the hero and the media; gives them with the files that must be uploaded for them.
pub(super) fn take_all(
    fields: &mut Fields,
    directory: &Path,
) -> (Vec<Media>, Vec<(usize, PathBuf)>) {
    let hero = fields
        .take(&["hero", "image", "cover"])
        .map(|(name, value)| (name, "hero", value));
    let others = fields.take(&["media"]);
    let others = others.into_iter().flat_map(|(name, value)| match value {
        Value::Array(items) => items
            .into_iter()
            .map(|item| (name.clone(), "image", item))
            .collect(),
        single => vec![(name, "image", single)],
    });
    let (mut media, mut files) = (Vec::new(), Vec::new());
    for (name, role, value) in hero.into_iter().chain(others) {
        match read(role, value) {
            Ok((medium, None)) => media.push(medium),
            Ok((medium, Some(path))) => {
                files.push((media.len(), directory.join(path)));
                media.push(medium);
            }
            Err(why) => fields.complain(&name, &why).unwrap_or_default(),
        }
    }
    (media, files)
}

/// A medium, and its path when it is a file. Written as a text, or as `{src, alt, role, filename}`.
fn read(role: &str, value: Value) -> Result<(Media, Option<String>), String> {
    let form = "must be a path, a URL, or {src, alt, role, filename}";
    let mut members = match value {
        Value::String(text) => Map::from_iter([("src".to_owned(), Value::String(text))]),
        Value::Object(members) => members,
        _ => return Err(form.into()),
    };
    let mut text = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| members.remove(*name)?.as_str().map(str::to_owned))
    };
    let place = text(&["src", "url", "path", "image", "file"]);
    let sha256 = text(&["sha256"]);
    let mut medium = Media {
        role: text(&["role"]).unwrap_or_else(|| role.to_owned()),
        url: None,
        sha256,
        filename: text(&["filename"]),
        alt: text(&["alt"]),
    };
    match place {
        Some(url) if url.starts_with("https://") || url.starts_with("http://") => {
            medium.url = Some(url)
        }
        Some(path) => return Ok((medium, Some(path))),
        None if medium.sha256.is_none() => return Err(form.into()),
        None => {}
    }
    Ok((medium, None))
}
