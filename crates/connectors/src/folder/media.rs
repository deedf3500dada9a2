//! Media of an item in the site's media directory.
//!
//! Ensures one file a hash: the first name that it got stays, because pages link to it. A file is
//! remembered before it is written, so that the orphan pass finds it whatever happens in between.

use slugline_core::canonical::Fingerprint;
use slugline_core::connector::{Difference, Work};
use slugline_core::failure::Failure;
use slugline_core::payload::StoredMedia;
use slugline_core::port::{EffectKey, Port};
use slugline_core::reason::Reason;

use super::config::Folder;
use super::place;

/// A medium and where the site has it, or will have it.
pub(super) struct Placed<'a> {
    pub(super) medium: &'a StoredMedia,
    path: String,
    /// Its address on the built site.
    pub(super) url: String,
}

impl<'a> Placed<'a> {
    fn new(folder: &Folder, medium: &'a StoredMedia) -> Self {
        Self::named(folder, medium, &place::media_name(medium))
    }

    fn named(folder: &Folder, medium: &'a StoredMedia, name: &str) -> Self {
        Self {
            medium,
            path: place::media_path(folder, name),
            url: place::media_url(folder, name),
        }
    }
}

/// Refuses file names that are paths.
pub(super) fn check(work: &Work) -> Result<(), Failure> {
    let is_path = |medium: &StoredMedia| medium.filename.contains(['/', '\\', '\0']);
    let Some(index) = work.media.iter().position(is_path) else {
        return Ok(());
    };
    let message = format!(
        "{:?} is a path, not a file name",
        work.media[index].filename
    );
    let field = format!("payload.media[{index}].filename");
    Err(Failure::new(Reason::MediaInvalid, message).with_fields([field]))
}

/// Where each medium lies or will lie.
pub(super) async fn places<'a>(
    folder: &Folder,
    work: &'a Work,
    port: &dyn Port,
) -> Result<Vec<Placed<'a>>, Failure> {
    let mut placed = Vec::with_capacity(work.media.len());
    for medium in &work.media {
        let known = recall(folder, medium, port).await?;
        placed.push(known.unwrap_or_else(|| Placed::new(folder, medium)));
    }
    Ok(placed)
}

/// Writes what is missing of the work's media.
pub(super) async fn store<'a>(
    folder: &Folder,
    work: &'a Work,
    port: &dyn Port,
) -> Result<Vec<Placed<'a>>, Failure> {
    check(work)?;
    let mut placed = Vec::with_capacity(work.media.len());
    for medium in &work.media {
        let known = match recall(folder, medium, port).await? {
            Some(known) => known,
            None => claim(folder, medium, port).await?,
        };
        write(folder, &known, port).await?;
        placed.push(known);
    }
    Ok(placed)
}

/// The media that the site does not have with the right bytes.
pub(super) async fn differences(
    folder: &Folder,
    placed: &[Placed<'_>],
    port: &dyn Port,
) -> Result<Vec<Difference>, Failure> {
    let mut found = Vec::new();
    for (index, known) in placed.iter().enumerate() {
        if !is_there(folder, known, port).await? {
            found.push(Difference {
                field: format!("payload.media[{index}]"),
                detail: format!("{} is absent or has other bytes", known.path),
            });
        }
    }
    Ok(found)
}

/// Settles the name of a hash that has none yet; another run may be about to do the same.
async fn claim<'a>(
    folder: &Folder,
    medium: &'a StoredMedia,
    port: &dyn Port,
) -> Result<Placed<'a>, Failure> {
    let key = key(medium);
    port.hold(&key).await?;
    if let Some(known) = recall(folder, medium, port).await? {
        return Ok(known);
    }
    let placed = Placed::new(folder, medium);
    port.remember(&key, &placed.path).await?;
    Ok(placed)
}

async fn write(folder: &Folder, placed: &Placed<'_>, port: &dyn Port) -> Result<(), Failure> {
    if is_there(folder, placed, port).await? {
        return Ok(());
    }
    let bytes = port.media(&placed.medium.sha256).await?;
    folder.files(port).write(&placed.path, bytes).await
}

async fn is_there(folder: &Folder, placed: &Placed<'_>, port: &dyn Port) -> Result<bool, Failure> {
    let contents = folder.files(port).read(&placed.path).await?;
    Ok(contents.is_some_and(|bytes| Fingerprint::of_bytes(&bytes).hex() == placed.medium.sha256))
}

/// The remembered place, unless `media_dir` was configured anew since.
async fn recall<'a>(
    folder: &Folder,
    medium: &'a StoredMedia,
    port: &dyn Port,
) -> Result<Option<Placed<'a>>, Failure> {
    let path = port.recall(&key(medium)).await?;
    let name = path
        .as_deref()
        .and_then(|path| place::name_in_media(folder, path));
    Ok(name.map(|name| Placed::named(folder, medium, name)))
}

fn key(medium: &StoredMedia) -> EffectKey {
    EffectKey::Shared("media", medium.sha256.clone())
}
