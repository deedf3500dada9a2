//! Every path at which this item's file may lie: the effect `files`, newest path first; and the effect
//! `entry`, by which others know the item's file.
//!
//! Ensures that a move from one path to another can stop at any point and be finished by a later
//! run, even towards a third path: a path enters the trail before it is written and leaves it after
//! its file is gone.

use slugline_core::failure::Failure;
use slugline_core::port::{ENTRY, EffectKey, Port};

/// The effect under which the trail is remembered, a path a line.
const FILES: EffectKey = EffectKey::Item("files");

/// The remembered paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trail(Vec<String>);

impl Trail {
    /// What earlier runs remembered.
    pub(super) async fn recall(port: &dyn Port) -> Result<Self, Failure> {
        let known = port.recall(&FILES).await?.unwrap_or_default();
        Ok(Self(known.lines().map(str::to_owned).collect()))
    }

    /// The paths other than `target`, newest first.
    pub(super) fn besides<'a>(
        &'a self,
        target: Option<&'a str>,
    ) -> impl Iterator<Item = &'a String> {
        self.0
            .iter()
            .filter(move |path| Some(path.as_str()) != target)
    }

    /// Whether `path` is the only one.
    pub(super) fn is_only(&self, path: &str) -> bool {
        self.0 == [path]
    }

    /// Remembers that `path` is about to be written, besides the paths known so far.
    pub(super) async fn lead_to(&self, path: &str, port: &dyn Port) -> Result<(), Failure> {
        if self.0.first().is_some_and(|first| first == path) {
            return Ok(());
        }
        let earlier = self
            .0
            .iter()
            .map(String::as_str)
            .filter(|known| *known != path);
        let lines: Vec<&str> = std::iter::once(path).chain(earlier).collect();
        port.remember(&FILES, &lines.join("\n")).await?;
        // A name that was ever ours is known for ever: whose file it was.
        port.remember(&ENTRY, path).await
    }

    /// Remembers that the file lies at `path` and nowhere else.
    pub(super) async fn end_at(&self, path: &str, port: &dyn Port) -> Result<(), Failure> {
        if self.0.iter().all(|known| known == path) {
            return Ok(());
        }
        port.remember(&FILES, path).await
    }

    /// Forgets it: the file is gone.
    pub(super) async fn end(port: &dyn Port) -> Result<(), Failure> {
        port.forget(&FILES).await?;
        port.forget(&ENTRY).await
    }
}
