//! Reading the whole content directory: the second look, and the probe.
//!
//! Ensures that a file which no trail knows is found by its mark. Does not read what is no page.

use slugline_core::connector::Work;
use slugline_core::failure::Failure;
use slugline_core::port::Port;

use super::config::Folder;
use super::mark::{self, Holder};
use super::place;

/// Removes this item's files from everywhere but the right path, once that one is there: a run that
/// was thought dead may have written to a path that the trail no longer knows.
pub(super) async fn tidy(folder: &Folder, work: &Work, port: &dyn Port) -> Result<(), Failure> {
    let ours = ours(folder, work, port).await?;
    let keep = if work.action.removes() {
        None
    } else {
        Some(place::entry(folder, work)?)
    };
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

/// Counts the site's pages.
pub(super) async fn probe(folder: &Folder, port: &dyn Port) -> Result<String, Failure> {
    let (count, content) = (pages(folder, port).await?.len(), &folder.content_dir.0);
    Ok(format!(
        "readable; pages below {content}: {count}; nothing was written"
    ))
}
