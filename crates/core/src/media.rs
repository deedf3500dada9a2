//! What a medium really is.
//!
//! Ensures that a medium's type is found from its bytes, so that an error page under an image's URL
//! is refused before anything is published with it.

use crate::canonical::Fingerprint;
use crate::payload::{Media, StoredMedia};

/// Bytes of one medium: a large photograph or PDF; videos belong on a video host.
pub const MAX_MEDIA_BYTES: usize = 32 * 1024 * 1024;

/// Finds the type of a medium from its bytes. `claimed` is what a server or client says, used only
/// where the bytes say nothing (text formats); a contradiction is an error.
pub fn content_type(bytes: &[u8], claimed: Option<&str>) -> Result<String, String> {
    if bytes.is_empty() {
        return Err("is empty".into());
    }
    let claimed = claimed.map(|text| {
        text.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    });
    let claimed = claimed.filter(|text| !text.is_empty() && text != "application/octet-stream");
    let found = infer::get(bytes).map(|kind| kind.mime_type().to_owned());
    match (found, claimed) {
        (Some(found), Some(claimed)) if family(&found) != family(&claimed) => Err(format!(
            "says that it is {claimed}, and its bytes are {found}"
        )),
        (None, Some(claimed))
            if matches!(family(&claimed), "image" | "video" | "audio")
                && claimed != "image/svg+xml" =>
        {
            Err(format!("says that it is {claimed}, and its bytes are not"))
        }
        (Some(found), _) => Ok(found),
        (None, Some(claimed)) => Ok(claimed),
        (None, None) => Ok("application/octet-stream".into()),
    }
}

/// Describes stored bytes as the medium that the producer named.
pub fn describe(
    medium: &Media,
    bytes_sha256: &str,
    content_type: &str,
    size: u64,
) -> Result<StoredMedia, String> {
    if medium
        .sha256
        .as_deref()
        .is_some_and(|wanted| wanted != bytes_sha256)
    {
        return Err(format!(
            "its bytes hash to {bytes_sha256}, not to the sha256 given"
        ));
    }
    if medium.role == "hero" && family(content_type) != "image" {
        return Err(format!("is {content_type}; a hero must be an image"));
    }
    Ok(StoredMedia {
        role: medium.role.clone(),
        sha256: bytes_sha256.to_owned(),
        filename: filename(medium, content_type),
        content_type: content_type.to_owned(),
        size,
        alt: medium.alt.clone(),
        url: medium.url.clone(),
    })
}

/// The SHA-256 of bytes, lower-case hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Fingerprint::of_bytes(bytes).hex()
}

fn family(content_type: &str) -> &str {
    content_type.split('/').next().unwrap_or_default()
}

/// A safe name whose extension fits the type: CMSs refuse files by their extension.
fn filename(medium: &Media, content_type: &str) -> String {
    let from_url = medium.url.as_deref().and_then(last_segment);
    let given = medium.filename.clone().or(from_url).unwrap_or_default();
    let stem = given
        .rsplit_once('.')
        .map_or(given.as_str(), |(stem, _)| stem);
    let stem = crate::slug::derive(stem)
        .unwrap_or_else(|| crate::slug::derive(&medium.role).unwrap_or_else(|| "file".into()));
    format!("{stem}.{}", extension(content_type, &given))
}

fn last_segment(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let segment = url.path_segments()?.next_back()?;
    Some(
        percent_encoding::percent_decode_str(segment)
            .decode_utf8_lossy()
            .into_owned(),
    )
}

fn extension(content_type: &str, given: &str) -> String {
    let known = match content_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/avif" => "avif",
        "image/svg+xml" => "svg",
        "application/pdf" => "pdf",
        "video/mp4" => "mp4",
        "audio/mpeg" => "mp3",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let given = given
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    given
        .filter(|text| {
            (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
        })
        .unwrap_or_else(|| "bin".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

    #[test]
    fn the_bytes_decide() {
        assert_eq!(content_type(PNG, Some("image/png")), Ok("image/png".into()));
        assert_eq!(
            content_type(PNG, Some("application/octet-stream")),
            Ok("image/png".into())
        );
        assert!(content_type(b"<!doctype html><p>not found", Some("image/png")).is_err());
        assert!(content_type(PNG, Some("text/html")).is_err());
        assert!(content_type(b"", Some("image/png")).is_err());
    }

    #[test]
    fn a_name_is_made_safe_and_fits_the_type() {
        let medium = |url: &str| Media {
            role: "hero".into(),
            url: Some(url.into()),
            sha256: None,
            filename: None,
            alt: None,
        };
        let name = |url| {
            describe(&medium(url), "x", "image/png", 1)
                .unwrap()
                .filename
        };
        assert_eq!(
            name("https://example.org/a/Über%20Uns.JPEG?x=1"),
            "uber-uns.png"
        );
        assert_eq!(name("https://example.org/"), "hero.png");
    }

    #[test]
    fn a_hero_that_is_no_image_is_refused() {
        let medium = Media {
            role: "hero".into(),
            url: None,
            sha256: None,
            filename: None,
            alt: None,
        };
        assert!(describe(&medium, "x", "application/pdf", 1).is_err());
    }
}
