//! Media as WordPress keeps them: sending, finishing, listing and removing one.
//!
//! Ensures that an upload at which the server died half-way is finished by its id, or removed. Knows
//! nothing of effects.

use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::json;
use slugline_core::canonical::hex;
use slugline_core::failure::Failure;
use slugline_core::http::{Method, Response};
use slugline_core::payload::StoredMedia;
use slugline_core::port::Port;
use slugline_core::reason::Reason;

use super::site::{Site, answer, exchange};
use crate::wordpress::errors::classify;

/// Tries to finish a half-made upload within one run; WordPress' own editor makes five.
const FINISH_TRIES: u8 = 3;
/// Suffixes that repeated uploads get: from the file's name (`-1`) or from the slug (`-2`).
const SUFFIXES: std::ops::RangeInclusive<u8> = 1..=9;

/// A medium as WordPress stores it, read with `context=edit`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Attachment {
    pub(super) id: u64,
    pub(super) source_url: String,
    #[serde(default)]
    pub(super) alt_text: String,
    #[serde(default)]
    missing_image_sizes: Vec<String>,
    #[serde(default)]
    media_details: MediaDetails,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct MediaDetails {
    /// The uploaded file's name where WordPress shows a scaled one (pictures over 2560 pixels).
    #[serde(default)]
    original_image: Option<String>,
}

/// Sends the bytes as the body: that is not subject to PHP's limit for uploaded files. WordPress wants
/// the checksum in hex (upload_from_data), not in base64 as RFC 1864 has it.
pub(super) async fn upload(
    site: &Site,
    name: &str,
    medium: &StoredMedia,
    port: &dyn Port,
) -> Result<Attachment, Failure> {
    let extension = medium
        .filename
        .rsplit_once('.')
        .map_or("bin", |(_, extension)| extension);
    let filename = format!("{name}.{extension}");
    let what = format!("uploading {filename}");
    let bytes = port.media(&medium.sha256).await?;
    let request = site
        .request(Method::Post, "media", &[("context", "edit")])
        .header("content-type", &medium.content_type)
        .header(
            "content-disposition",
            format!("attachment; filename=\"{filename}\""),
        )
        .header("content-md5", hex(&Md5::digest(&bytes)))
        .body(bytes);
    let response = exchange(port, request, &what).await?;
    match half_made(&response) {
        Some(id) => finish_by_id(site, id, port)
            .await?
            .ok_or_else(|| classify(&response, &what, port.now())),
        None => answer(port, &response, true, &what),
    }
}

/// WordPress names the stored medium before it makes the sizes, at which small servers die.
fn half_made(response: &Response) -> Option<u64> {
    let id = response.header("x-wp-upload-attachment-id")?;
    (response.status >= 500).then(|| id.parse().ok())?
}

/// A medium with all its sizes; `None` when they could not be made and it was removed.
pub(super) async fn finish(
    site: &Site,
    attachment: Attachment,
    port: &dyn Port,
) -> Result<Option<Attachment>, Failure> {
    if attachment.missing_image_sizes.is_empty() {
        return Ok(Some(attachment));
    }
    finish_by_id(site, attachment.id, port).await
}

async fn finish_by_id(
    site: &Site,
    id: u64,
    port: &dyn Port,
) -> Result<Option<Attachment>, Failure> {
    for _ in 0..FINISH_TRIES {
        let body = json!({ "action": "create-image-subsizes" });
        let finished = site
            .post::<Attachment>(port, &format!("media/{id}/post-process"), &body)
            .await;
        match finished {
            Err(failure) if failure.reason == Reason::ServerError => {}
            Err(failure) if failure.reason == Reason::Conflict => return Ok(None),
            finished => return finished.map(Some),
        }
    }
    discard_one(site, id, port).await?;
    Ok(None)
}

/// Media have no trash.
pub(super) async fn discard_one(site: &Site, id: u64, port: &dyn Port) -> Result<(), Failure> {
    site.delete(port, &format!("media/{id}"), true).await
}

/// All media whose slug is `name` or has a suffix that WordPress gives, oldest first.
pub(super) async fn list(
    site: &Site,
    name: &str,
    port: &dyn Port,
) -> Result<Vec<Attachment>, Failure> {
    let suffixed = SUFFIXES.map(|number| format!("{name}-{number}"));
    let slugs: Vec<String> = std::iter::once(name.to_owned()).chain(suffixed).collect();
    let slugs = slugs.join(",");
    let query = [
        ("slug", slugs.as_str()),
        ("context", "edit"),
        ("orderby", "id"),
        ("order", "asc"),
        ("per_page", "100"),
    ];
    site.get(port, "media", &query).await
}

impl Attachment {
    /// Where the uploaded bytes are.
    pub(super) fn original_url(&self) -> String {
        let folder = self.source_url.rsplit_once('/').map(|(folder, _)| folder);
        match folder.zip(self.media_details.original_image.as_deref()) {
            Some((folder, file)) => format!("{folder}/{file}"),
            None => self.source_url.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_picture_is_compared_by_its_original() {
        let json = json!({ "id": 7, "source_url": "http://h/u/a-scaled.jpg", "media_details": { "original_image": "a.jpg" } });
        let attachment: Attachment = serde_json::from_value(json).unwrap();
        assert_eq!(attachment.original_url(), "http://h/u/a.jpg");
    }

    #[test]
    fn only_a_dead_server_leaves_a_half_made_medium() {
        let headers = vec![("x-wp-upload-attachment-id".to_owned(), "7".to_owned())];
        let response = |status| Response {
            status,
            headers: headers.clone(),
            body: Vec::new().into(),
        };
        assert_eq!(half_made(&response(502)), Some(7));
        assert_eq!(half_made(&response(201)), None);
    }
}
