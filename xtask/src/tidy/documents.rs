//! Links in Markdown point at files that exist. Links to the network and to places within a page are not followed.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag};

use super::Finding;
use super::files::File;
use crate::run;

/// Checks every `.md` file.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files
        .iter()
        .filter(|file| file.is("md"))
        .flat_map(dead_links)
        .collect()
}

fn dead_links(file: &File) -> Vec<Finding> {
    let dead = targets(&file.text)
        .into_iter()
        .filter(|target| !exists(&file.path, target));
    dead.map(|target| format!("{}: the link to `{target}` points at nothing", file.path))
        .collect()
}

/// The relative targets of links and images, each once.
fn targets(markdown: &str) -> BTreeSet<String> {
    let destination = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some(dest_url.into_string())
        }
        _ => None,
    };
    Parser::new(markdown)
        .filter_map(destination)
        .filter(|target| is_relative(target))
        .collect()
}

fn is_relative(target: &str) -> bool {
    !target.contains(':') && !target.starts_with('#') && !target.starts_with('/')
}

/// A link may lead to a file that is not text, so the disk is asked; it may not lead out of the repository.
fn exists(from: &str, target: &str) -> bool {
    let file = target.split('#').next().unwrap_or(target);
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    inside(&folder.join(file)).is_some_and(|path| run::root().join(path).exists())
}

/// The path with `..` resolved; `None` where it climbs above the root.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if !resolved.pop() => return None,
            Component::Normal(name) => resolved.push(name),
            _ => {}
        }
    }
    Some(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_files_are_followed() {
        let page =
            "[a](deny.toml) ![b](no/such.png) [c](https://example.com) [d](#here) [e](/livez)";
        assert_eq!(
            targets(page).into_iter().collect::<Vec<_>>(),
            ["deny.toml", "no/such.png"]
        );
    }

    #[test]
    fn a_link_must_exist_and_stay_inside() {
        assert!(exists("README.md", "deny.toml#licences"));
        assert!(exists("xtask/notes.md", "../deny.toml"));
        assert!(!exists("README.md", "no/such.png"));
        assert!(!exists("README.md", "../deny.toml"));
    }
}
