//! Media: uploaded once for each content, under a name that is found again.
//!
//! Ensures that an upload whose answer was lost, cut or late is found by its name, checked byte for
//! byte and finished instead of repeated. Whether a medium is still used is the engine's question.

use serde::{Deserialize, Serialize};
use serde_json::json;
use slugline_core::canonical::Fingerprint;
use slugline_core::connector::Work;
use slugline_core::failure::Failure;
use slugline_core::payload::StoredMedia;
use slugline_core::port::{EffectKey, Port};
use slugline_core::reason::Reason;
use slugline_core::slug;

use super::attachment::{Attachment, discard_one, finish, list, upload};
use super::site::{Site, download};
use super::uploads;

/// Characters of the producer's file name that are kept: enough to recognise it.
const MAX_STEM: usize = 60;
/// Hex digits that tell contents apart: 48 bits within one stem.
const NAME_DIGITS: usize = 12;

/// A finished upload; the result of its effect, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    /// The file name without its extension, which is also the slug.
    name: String,
    pub(super) id: u64,
    /// Where the public finds it, perhaps scaled down.
    pub(super) source_url: String,
    /// Where the bytes are that were uploaded.
    pub(super) original_url: String,
    pub(super) alt: Option<String>,
}

impl Upload {
    fn of(attachment: Attachment, name: String) -> Self {
        Self {
            name,
            id: attachment.id,
            original_url: attachment.original_url(),
            alt: (!attachment.alt_text.is_empty()).then_some(attachment.alt_text),
            source_url: attachment.source_url,
        }
    }
}

/// The effect of a medium.
pub(super) fn effect(sha256: &str) -> EffectKey {
    EffectKey::Shared("media", sha256.to_owned())
}

/// The finished upload of a medium, if there is one.
pub(super) async fn recall(sha256: &str, port: &dyn Port) -> Result<Option<Upload>, Failure> {
    let text = port.recall(&effect(sha256)).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Uploads a medium unless it is there, and sees to its alternative text.
pub(super) async fn ensure(
    site: &Site,
    work: &Work,
    medium: &StoredMedia,
    port: &dyn Port,
) -> Result<Upload, Failure> {
    let known = match recall(&medium.sha256, port).await? {
        Some(upload) => upload,
        None => find_or_upload(site, work, medium, port).await?,
    };
    if known.alt == medium.alt {
        return Ok(known);
    }
    describe(site, medium, known, port).await
}

async fn find_or_upload(
    site: &Site,
    work: &Work,
    medium: &StoredMedia,
    port: &dyn Port,
) -> Result<Upload, Failure> {
    port.hold(&effect(&medium.sha256)).await?;
    // Whoever held the lease before us may have uploaded it.
    if let Some(upload) = recall(&medium.sha256, port).await? {
        return Ok(upload);
    }
    let name = name(&work.destination, medium);
    if let Some(attachment) = adopt(site, &name, medium, port).await? {
        return remember(Upload::of(attachment, name), medium, port).await;
    }
    let is_only = uploads::begin(&medium.sha256, &name, port).await?;
    let attachment = upload(site, &name, medium, port).await?;
    let upload = remember(Upload::of(attachment, name), medium, port).await?;
    if is_only {
        uploads::end(&medium.sha256, port).await?;
    }
    Ok(upload)
}

async fn remember(
    upload: Upload,
    medium: &StoredMedia,
    port: &dyn Port,
) -> Result<Upload, Failure> {
    port.remember(&effect(&medium.sha256), &json!(upload).to_string())
        .await?;
    Ok(upload)
}

/// An earlier upload of the same bytes whose answer we never saw. What has our name and not our
/// bytes was cut on its way and is removed.
async fn adopt(
    site: &Site,
    name: &str,
    medium: &StoredMedia,
    port: &dyn Port,
) -> Result<Option<Attachment>, Failure> {
    for attachment in list(site, name, port).await? {
        let Some(attachment) = finish(site, attachment, port).await? else {
            continue;
        };
        if is_intact(&attachment.original_url(), medium, port).await? {
            return Ok(Some(attachment));
        }
        discard_one(site, attachment.id, port).await?;
    }
    Ok(None)
}

async fn describe(
    site: &Site,
    medium: &StoredMedia,
    known: Upload,
    port: &dyn Port,
) -> Result<Upload, Failure> {
    let body = json!({ "alt_text": medium.alt.as_deref().unwrap_or_default() });
    let written = site
        .post::<Attachment>(port, &format!("media/{}", known.id), &body)
        .await;
    if written
        .as_ref()
        .is_err_and(|failure| failure.reason == Reason::Conflict)
    {
        port.forget(&effect(&medium.sha256)).await?;
    }
    written?;
    remember(
        Upload {
            alt: medium.alt.clone(),
            ..known
        },
        medium,
        port,
    )
    .await
}

/// Whether the public file is the stored one, byte for byte. The beginning of it proves nothing but a
/// cut answer, because cut uploads are refused by their checksum.
pub(super) async fn is_intact(
    url: &str,
    medium: &StoredMedia,
    port: &dyn Port,
) -> Result<bool, Failure> {
    let Some(bytes) = download(port, url, medium.size).await? else {
        return Ok(false);
    };
    if Fingerprint::of_bytes(&bytes).hex() == medium.sha256 {
        return Ok(true);
    }
    if port.media(&medium.sha256).await?.starts_with(&bytes) {
        let message = format!(
            "fetching {url}: only {} of {} bytes came",
            bytes.len(),
            medium.size
        );
        return Err(Failure::new(Reason::UnexpectedAnswer, message));
    }
    Ok(false)
}

/// Removes what arrived of this item's open uploads besides the remembered ones. Under the lease, so
/// that none of it is an upload in progress.
pub(super) async fn remove_twins(site: &Site, port: &dyn Port) -> Result<(), Failure> {
    for (sha256, name) in uploads::open(port).await? {
        port.hold(&effect(&sha256)).await?;
        let kept = recall(&sha256, port).await?.map(|upload| upload.id);
        for twin in list(site, &name, port).await? {
            if Some(twin.id) != kept {
                discard_one(site, twin.id, port).await?;
            }
        }
        uploads::end(&sha256, port).await?;
    }
    Ok(())
}

/// Removes a medium that nothing uses any more, and every twin of it.
pub(in crate::wordpress) async fn discard(
    site: &Site,
    result_ref: &str,
    port: &dyn Port,
) -> Result<(), Failure> {
    let known: Upload = serde_json::from_str(result_ref).map_err(|why| {
        Failure::new(
            Reason::LocalStorage,
            format!("{result_ref:?} does not name a medium: {why}"),
        )
    })?;
    discard_one(site, known.id, port).await?;
    for twin in list(site, &known.name, port).await? {
        discard_one(site, twin.id, port).await?;
    }
    Ok(())
}

/// A name that says what it is and belongs to this destination alone: two that share a site must not
/// remove each other's media.
fn name(destination: &str, medium: &StoredMedia) -> String {
    let stem = medium
        .filename
        .rsplit_once('.')
        .map_or(medium.filename.as_str(), |(stem, _)| stem);
    let stem = slug::derive(stem).unwrap_or_else(|| "media".into());
    let stem = stem.get(..MAX_STEM).unwrap_or(&stem).trim_end_matches('-');
    let digest = Fingerprint::of(&(destination, &medium.sha256)).hex();
    format!("{stem}-{}", &digest[..NAME_DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn medium(filename: &str) -> StoredMedia {
        let (sha256, content_type) = ("00".repeat(32), "image/png".to_owned());
        StoredMedia {
            role: "hero".into(),
            sha256,
            filename: filename.into(),
            content_type,
            size: 1,
            alt: None,
            url: None,
        }
    }

    #[test]
    fn a_name_is_a_slug_that_wordpress_keeps_and_belongs_to_one_destination() {
        for filename in [
            "Ünï hero.PNG",
            "日.png",
            "2026.png",
            &format!("{}.png", "long-".repeat(50)),
        ] {
            let name = name("blog", &medium(filename));
            assert_eq!(slug::check(&name), Ok(()), "{filename}");
        }
        assert_ne!(
            name("blog", &medium("a.png")),
            name("shop", &medium("a.png"))
        );
    }
}
