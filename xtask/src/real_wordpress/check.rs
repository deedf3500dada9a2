//! Compares what WordPress holds and shows with how the plan must end. Ensures that each difference is a sentence
//! that names the item and what a reader would see. It asks nothing and repairs nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Ending, Item};
use super::site::{Entry, Holdings, Medium};

/// What the checks compare with: the plan and the pictures.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    /// All items.
    pub(crate) plan: &'a [Item],
    /// The picture with each number, as WordPress must hold it.
    pub(crate) pictures: &'a BTreeMap<u32, Medium>,
}

impl Expected<'_> {
    /// Everything that is not as it must be; empty: all is well.
    pub(crate) fn differences(&self, found: &Holdings, public: &BTreeSet<u64>) -> Vec<String> {
        let items = self
            .plan
            .iter()
            .flat_map(|item| self.of_item(item, found, public));
        items
            .chain(self.strays(found))
            .chain(self.orphans(found))
            .collect()
    }

    fn of_item(&self, item: &Item, found: &Holdings, public: &BTreeSet<u64>) -> Vec<String> {
        let entries = entries_of(item, found);
        let shown: Vec<&Entry> = entries
            .iter()
            .copied()
            .filter(|entry| public.contains(&entry.id))
            .collect();
        match (item.ending(), entries.as_slice()) {
            (Ending::Live(version), [entry]) if !shown.is_empty() => {
                self.of_live(item, version, entry, found)
            }
            (Ending::Hidden, [_]) | (Ending::SlugTaken, []) if shown.is_empty() => Vec::new(),
            (Ending::NeverShown, [] | [_]) if shown.is_empty() => Vec::new(),
            (Ending::Gone, [entry]) if entry.status == "trash" => Vec::new(),
            (ending, _) => vec![format!(
                "{}: must end as {ending:?}, but WordPress has {} and shows {} of them",
                item.content_id(),
                listed(&entries),
                shown.len()
            )],
        }
    }

    fn of_live(&self, item: &Item, version: u32, entry: &Entry, found: &Holdings) -> Vec<String> {
        let hero = self.pictures.get(&item.picture(version));
        let category = if item.content_type == "post" && item.categories().is_empty() {
            // WordPress files a post without a category under its default one.
            vec!["Uncategorized".to_owned()]
        } else {
            item.categories()
        };
        let fields = [
            differs("kind", item.content_type, &entry.kind),
            differs("slug", &item.slug(), &entry.slug),
            differs("title", &item.title(version), &entry.title),
            differs("body", &item.body(version), &entry.body),
            differs("excerpt", &item.excerpt(), &entry.excerpt),
            differs("hero", &hero, &found.hero_of(entry)),
            differs("categories", &set(category), &entry.terms("category")),
            differs("tags", &set(item.tags(version)), &entry.terms("post_tag")),
        ];
        fields
            .into_iter()
            .flatten()
            .map(|field| format!("{} (entry {}): {field}", item.content_id(), entry.id))
            .collect()
    }

    /// Entries of ours that belong to no item.
    fn strays(&self, found: &Holdings) -> Vec<String> {
        let known: BTreeSet<u64> = self
            .plan
            .iter()
            .flat_map(|item| entries_of(item, found))
            .map(|entry| entry.id)
            .collect();
        let strays = found
            .entries
            .iter()
            .filter(|entry| !known.contains(&entry.id));
        strays
            .map(|entry| format!("a stray: {}", listed(&[entry])))
            .collect()
    }

    /// Media that hold the same file as another, or a file that was never published.
    fn orphans(&self, found: &Holdings) -> Vec<String> {
        let mut first: BTreeMap<&str, u64> = BTreeMap::new();
        let known: BTreeSet<&str> = self
            .pictures
            .values()
            .map(|picture| picture.sha256.as_str())
            .collect();
        let mut orphans = Vec::new();
        for (id, Medium { sha256, .. }) in &found.media {
            if !known.contains(sha256.as_str()) {
                orphans.push(format!(
                    "an orphan: medium {id} holds a file that nobody published"
                ));
            } else if let Some(twin) = first.insert(sha256, *id) {
                orphans.push(format!(
                    "an orphan: media {twin} and {id} hold the same file"
                ));
            }
        }
        orphans
    }
}

/// By the title, which every version begins with the content id: also a stray draft carries it.
fn entries_of<'a>(item: &Item, found: &'a Holdings) -> Vec<&'a Entry> {
    let mark = format!("{}:", item.content_id());
    found
        .entries
        .iter()
        .filter(|entry| entry.title.starts_with(&mark))
        .collect()
}

fn differs<T: PartialEq + std::fmt::Debug + ?Sized>(
    field: &str,
    expected: &T,
    found: &T,
) -> Option<String> {
    (expected != found).then(|| format!("{field} must be {expected:?}, is {found:?}"))
}

fn set(names: Vec<String>) -> BTreeSet<String> {
    names.into_iter().collect()
}

fn listed(entries: &[&Entry]) -> String {
    if entries.is_empty() {
        return "no entry".to_owned();
    }
    let entries = entries.iter().map(|entry| {
        format!(
            "{} {} ({}, {:?})",
            entry.kind, entry.id, entry.status, entry.slug
        )
    });
    entries.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real_wordpress::plan::{Story, plan};

    /// A site on which one item of each of these stories has ended as it must.
    struct Site {
        plan: Vec<Item>,
        pictures: BTreeMap<u32, Medium>,
        found: Holdings,
        public: BTreeSet<u64>,
    }

    fn site() -> Site {
        let mut plan = plan(10, 1);
        plan.retain(|item| matches!(item.story, Story::Updated | Story::Unpublished));
        let updated = plan
            .iter()
            .find(|item| item.story == Story::Updated)
            .unwrap();
        let hidden = plan
            .iter()
            .find(|item| item.story == Story::Unpublished)
            .unwrap();
        let pictures = [1, 2].map(|version| (updated.picture(version), medium(version)));
        let entries = vec![
            entry(1, updated, 2, "publish"),
            entry(2, hidden, 1, "draft"),
        ];
        let media = BTreeMap::from([(50, medium(1)), (51, medium(2))]);
        Site {
            pictures: pictures.into(),
            found: Holdings { entries, media },
            public: [1].into(),
            plan,
        }
    }

    fn medium(number: u32) -> Medium {
        Medium {
            sha256: format!("hash {number}"),
            alt: format!("picture {number}"),
        }
    }

    fn entry(id: u64, item: &Item, version: u32, status: &str) -> Entry {
        let terms = item
            .tags(version)
            .into_iter()
            .map(|name| format!("post_tag:{name}"));
        let terms = terms.chain(
            item.categories()
                .into_iter()
                .map(|name| format!("category:{name}")),
        );
        let fields = serde_json::json!({
            "id": id, "kind": "post", "status": status, "slug": item.slug(), "title": item.title(version),
            "body": item.body(version), "excerpt": item.excerpt(), "hero": "51", "file": null,
            "terms": terms.collect::<Vec<_>>().join("\n").replace('&', "&amp;"),
        });
        serde_json::from_value(fields).unwrap()
    }

    impl Site {
        fn differences(&self) -> String {
            let expected = Expected {
                plan: &self.plan,
                pictures: &self.pictures,
            };
            expected.differences(&self.found, &self.public).join("\n")
        }
    }

    #[test]
    fn a_site_as_planned_has_no_differences() {
        assert_eq!(site().differences(), "");
    }

    #[test]
    fn an_older_title_and_another_picture_are_named() {
        let mut site = site();
        let item = site
            .plan
            .iter()
            .find(|item| item.story == Story::Updated)
            .unwrap()
            .clone();
        site.found.entries[0].title = item.title(1);
        site.found.media.insert(51, medium(1));
        let said = site.differences();
        assert!(
            said.contains("title must be") && said.contains("hero must be"),
            "{said}"
        );
    }

    #[test]
    fn a_twin_a_hidden_item_that_shows_and_a_missing_one_are_named() {
        let mut twin = site();
        let mut again = twin.found.entries[0].clone();
        again.id = 3;
        twin.found.entries.push(again);
        assert!(twin.differences().contains("post 1") && twin.differences().contains("post 3"));
        let mut shown = site();
        shown.public.insert(2);
        assert!(shown.differences().contains("must end as Hidden"));
        let mut missing = site();
        missing.found.entries.remove(0);
        assert!(missing.differences().contains("WordPress has no entry"));
    }

    #[test]
    fn a_stray_draft_and_orphan_media_are_named() {
        let mut site = site();
        let mut stray = site.found.entries[1].clone();
        (stray.id, stray.title) = (9, "Auto draft".to_owned());
        site.found.entries.push(stray);
        site.found.media.extend([(60, medium(2)), (61, medium(3))]);
        let said = site.differences();
        assert!(said.contains("a stray: post 9"), "{said}");
        assert!(
            said.contains("media 51 and 60 hold the same file"),
            "{said}"
        );
        assert!(
            said.contains("medium 61 holds a file that nobody published"),
            "{said}"
        );
    }
}
