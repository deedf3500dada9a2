//! Looking at an item's file.
//!
//! Ensures that observing, acting and verifying see the same thing: every path at which the file
//! may lie, and whose the file at the right path is. Does not change anything.

use bytes::Bytes;
use slugline_core::connector::{Difference, Work};
use slugline_core::failure::Failure;
use slugline_core::port::Port;

use super::config::Folder;
use super::mark::{self, Holder};
use super::trail::Trail;
use super::{media, page, place};

/// What a look at the directory found.
pub(super) struct Seen {
    /// Where the file belongs; `None` for a removal that does not know, and then the trail does.
    pub(super) target: Option<String>,
    /// Where it may lie.
    pub(super) trail: Trail,
    /// Our files with their contents, that at the right path first.
    pub(super) ours: Vec<(String, Bytes)>,
    /// Who holds the right path, if not this item.
    pub(super) foreign: Option<String>,
}

/// Reads the right path and those of the trail.
pub(super) async fn look(folder: &Folder, work: &Work, port: &dyn Port) -> Result<Seen, Failure> {
    let target = match place::entry(folder, work) {
        Err(_) if work.action.removes() => None,
        place => Some(place?),
    };
    let trail = Trail::recall(port).await?;
    let (mut ours, mut foreign) = (Vec::new(), None);
    for path in target.iter().chain(trail.besides(target.as_deref())) {
        let Some(contents) = folder.files(port).read(path).await? else {
            continue;
        };
        match mark::holder(&contents, &work.item) {
            Holder::Ours => ours.push((path.clone(), contents)),
            holder if Some(path) == target.as_ref() => foreign = Some(describe(path, &holder)),
            // Somebody put a file of theirs where ours was.
            _ => {}
        }
    }
    Ok(Seen {
        target,
        trail,
        ours,
        foreign,
    })
}

fn describe(path: &str, holder: &Holder) -> String {
    match holder {
        Holder::Another(content_id) => format!("{path} is the file of content {content_id:?}"),
        _ => format!("{path} was not written by Slugline"),
    }
}

impl Seen {
    /// Our file at the right path.
    pub(super) fn at_target(&self) -> Option<&Bytes> {
        let (path, contents) = self.ours.first()?;
        (Some(path) == self.target.as_ref()).then_some(contents)
    }

    /// Our files at other paths.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = &String> {
        let paths = self.ours.iter().map(|(path, _)| path);
        paths.filter(|path| Some(*path) != self.target.as_ref())
    }

    /// The date that the item's file shows already.
    pub(super) fn since(&self) -> Option<String> {
        self.ours
            .iter()
            .find_map(|(_, contents)| page::shown_date(contents))
    }

    /// What the file at the right path and the media show otherwise than desired.
    pub(super) async fn differences(
        &self,
        folder: &Folder,
        work: &Work,
        port: &dyn Port,
    ) -> Result<Vec<Difference>, Failure> {
        let Some(contents) = self.at_target() else {
            return Ok(vec![self.absent()]);
        };
        let placed = media::places(folder, work, port).await?;
        let wanted = page::render(work, &placed, self.since().as_deref());
        let mut differences = page::differences(&wanted, contents);
        differences.extend(media::differences(folder, &placed, port).await?);
        Ok(differences)
    }

    fn absent(&self) -> Difference {
        let path = self.target.as_deref().unwrap_or_default();
        let why = self
            .foreign
            .clone()
            .unwrap_or_else(|| format!("{path} is absent"));
        Difference {
            field: "file".into(),
            detail: why,
        }
    }
}
