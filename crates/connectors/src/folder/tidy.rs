//! Reading the whole content directory: the second look, the probe, and the listing.
//!
//! Ensures that a file which no trail knows is found by its mark. Does not read what is no page.

use slugline_core::connector::{Listed, Listing, Work};
use slugline_core::failure::Failure;
use slugline_core::port::Port;

use super::config::Folder;
use super::deliver::fingerprint;
use super::mark::{self, Holder};
use super::place;

/// Files of one page of a listing: they are read one by one.
const PAGE: usize = 100;

/// Removes this item's files from everywhere but the right path, once that one is there: a run that
/// was thought dead may have written to a path that the trail no longer knows.
pub(super) async fn tidy(folder: &Folder, work: &Work, port: &dyn Port) -> Result<(), Failure> {
    let keep = match work.action.removes() {
        true => None,
        false => match place::entry(folder, work) {
            Ok(right) => Some(right),
            // What can have no path here was never written.
            Err(_) => return Ok(()),
        },
    };
    let ours = ours(folder, work, port).await?;
    if keep.as_ref().is_some_and(|keep| !ours.contains(keep)) {
        return Ok(());
    }
    for path in ours.iter().filter(|path| Some(*path) != keep.as_ref()) {
        folder.files(port).remove(path).await?;
    }
    Ok(())
}

/// This item's files, wherever they lie.
async fn ours(folder: &Folder, work: &Work, port: &dyn Port) -> Result<Vec<String>, Failure> {
    let mut ours = Vec::new();
    for path in pages(folder, port).await? {
        let contents = folder.files(port).read(&path).await?;
        if contents.is_some_and(|contents| mark::holder(&contents, &work.item) == Holder::Ours) {
            ours.push(path);
        }
    }
    Ok(ours)
}

async fn pages(folder: &Folder, port: &dyn Port) -> Result<Vec<String>, Failure> {
    let mut paths = folder.files(port).list(&folder.content_dir.0).await?;
    paths.retain(|path| path.ends_with(".md") || path.ends_with(".html"));
    Ok(paths)
}

/// A page of the site's files. The paths are sorted, so the last one is where the next page begins.
pub(super) async fn list(
    folder: &Folder,
    cursor: Option<&str>,
    port: &dyn Port,
) -> Result<Listing, Failure> {
    let mut paths = pages(folder, port).await?;
    paths.retain(|path| cursor.is_none_or(|last| path.as_str() > last));
    let has_more = paths.len() > PAGE;
    paths.truncate(PAGE);
    let next = paths.last().filter(|_| has_more).cloned();
    let mut entries = Vec::with_capacity(paths.len());
    for name in paths {
        // What went away since it was listed is not there.
        if let Some(contents) = folder.files(port).read(&name).await? {
            let fingerprint = Some(fingerprint(&contents));
            entries.push(Listed { name, fingerprint });
        }
    }
    Ok(Listing { entries, next })
}

/// Counts the site's pages.
pub(super) async fn probe(folder: &Folder, port: &dyn Port) -> Result<String, Failure> {
    let (count, content) = (pages(folder, port).await?.len(), &folder.content_dir.0);
    Ok(format!(
        "readable; pages below {content}: {count}; nothing was written"
    ))
}
