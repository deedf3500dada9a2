//! What is live at a folder destination: its pages, read as a site generator reads them. Ensures that two pages of one slug
//! are an error, and that nothing but what a generator shows is looked at.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::cms::{Page, Shown};

/// Every page below the folder's `content`.
///
/// # Errors
/// When a page cannot be read, or there are two of one slug.
pub(super) fn pages(folder: &Path) -> Result<Shown> {
    let mut pages = Shown::new();
    collect(&folder.join("content"), &mut pages)?;
    Ok(pages)
}

fn collect(folder: &Path, pages: &mut Shown) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        // Nothing was ever published there.
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // What a kill left unfinished is hidden, and nobody's page.
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            collect(&path, pages)?;
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let (slug, page) = page(&text).with_context(|| format!("{}", path.display()))?;
        let twin = pages.insert(slug, page);
        ensure!(twin.is_none(), "{} is there twice", path.display());
    }
    Ok(())
}

/// The slug and the page in a file of front matter, whose values are JSON, and a body.
fn page(text: &str) -> Result<(String, Page)> {
    let whole = text
        .strip_prefix("---\n")
        .and_then(|it| it.split_once("---\n\n"));
    let (front, body) = whole.context("no front matter")?;
    let member = |name: &str| -> Result<String> {
        let begin = format!("\"{name}\": ");
        let line = front.lines().find_map(|line| line.strip_prefix(&begin));
        match line.map(serde_json::from_str) {
            Some(Ok(Value::String(text))) => Ok(text),
            _ => bail!("no {name} in {front}"),
        }
    };
    let (title, body) = (member("title")?, body.to_owned());
    Ok((member("slug")?, Page { title, body }))
}

/// How what is live differs from what the CMS shows.
pub(super) fn differences(cms: &str, wanted: &Shown, live: &Shown) -> Vec<String> {
    let missing = wanted
        .iter()
        .filter_map(|(slug, page)| match live.get(slug) {
            None => Some(format!("{cms}: {slug} is missing")),
            Some(found) if found != page => {
                Some(format!("{cms}: {slug} is {found:?}, must be {page:?}"))
            }
            Some(_) => None,
        });
    let extra = live.keys().filter(|slug| !wanted.contains_key(*slug));
    missing
        .chain(extra.map(|slug| format!("{cms}: {slug} is live and must not be")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "---\n\"draft\": false\n\"slug\": \"a-b\"\n\"title\": \"A \\\"b\\\"\"\n---\n\n<p>---\n\n</p>";

    #[test]
    fn a_page_is_read_as_it_was_written_and_differences_are_named() {
        let (slug, found) = page(FILE).unwrap();
        assert_eq!((&*slug, &*found.title), ("a-b", "A \"b\""));
        assert_eq!(found.body, "<p>---\n\n</p>");
        let live = Shown::from([(slug.clone(), found.clone())]);
        assert!(differences("x", &live, &live).is_empty());
        let edited = Page {
            body: String::new(),
            ..found
        };
        let wanted = Shown::from([(slug, edited.clone()), ("c".into(), edited)]);
        assert_eq!(differences("x", &wanted, &live).len(), 2);
        assert_eq!(differences("x", &Shown::new(), &live).len(), 1);
    }
}
