//! What an item says in each version: texts that content systems like to change, terms that items share, pictures.
//! Ensures that every version of every item can be told from all others by its title, body and, unless it shares
//! one, picture.

use serde_json::{Value, json};

use super::plan::{Action, Item, Step};
use crate::parts::heroes;

/// Every so many items one takes its picture from a few that are shared.
const SHARED_PICTURE_EVERY: usize = 5;
/// The pictures that are shared have the numbers below this one.
const SHARED_PICTURES: u32 = 12;
const CATEGORIES: [&str; 6] = ["News", "R&D", "Küche", "Travel", "Money", "Science"];
const TAGS: usize = 40;

impl Item {
    /// The title of a version; it begins with the content id, by which a stray entry is recognised.
    pub(crate) fn title(&self, version: u32) -> String {
        format!("{}: “quoted” & plain, version {version}", self.content_id())
    }

    /// The body of a version: what content systems like to change.
    pub(crate) fn body(&self, version: u32) -> String {
        let id = self.content_id();
        format!(
            "<p>{id}, version {version}: 5 &lt; 7, “quotes”, back\\slash, 日本, 🚢.</p>\n\
             <pre><code>if a &amp;&amp; b {{ \"x\" }}</code></pre>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>"
        )
    }

    /// The excerpt of every version.
    pub(crate) fn excerpt(&self) -> String {
        format!("About {}", self.content_id())
    }

    /// The number of a version's picture. A new version has a new one, except on items that share theirs.
    pub(crate) fn picture(&self, version: u32) -> u32 {
        let number = u32::try_from(self.number).unwrap_or(u32::MAX);
        if self.number.is_multiple_of(SHARED_PICTURE_EVERY) {
            return number % SHARED_PICTURES;
        }
        SHARED_PICTURES + number * 4 + version
    }

    /// Whether its pictures are uploaded first; otherwise the request names their URL.
    pub(crate) fn uploads_pictures(&self) -> bool {
        self.number.is_multiple_of(2)
    }

    /// The names of its categories; pages have none.
    pub(crate) fn categories(&self) -> Vec<String> {
        if self.content_type == "page" || self.number.is_multiple_of(4) {
            return Vec::new();
        }
        vec![CATEGORIES[self.number % CATEGORIES.len()].to_owned()]
    }

    /// The names of a version's tags; pages have none.
    pub(crate) fn tags(&self, version: u32) -> Vec<String> {
        if self.content_type == "page" {
            return Vec::new();
        }
        let other = (self.number + TAGS / 2 + version as usize) % TAGS;
        vec![tag(self.number % TAGS), tag(other)]
    }

    /// The request's body; `medium` says where the picture comes from.
    pub(crate) fn request(&self, step: &Step, medium: &Value) -> Value {
        let mut request = json!({
            "content_id": self.content_id(),
            "version": step.version,
            "action": match step.action {
                Action::Publish => "publish",
                Action::Unpublish => "unpublish",
                Action::Delete => "delete",
            },
        });
        if step.action == Action::Publish {
            request["payload"] = self.payload(step.version, medium);
        }
        request
    }

    fn payload(&self, version: u32, medium: &Value) -> Value {
        let mut hero = medium.clone();
        hero["role"] = json!("hero");
        hero["alt"] = json!(heroes::alternative_text(self.picture(version)));
        hero["filename"] = json!(heroes::file_name(self.picture(version)));
        json!({
            "title": self.title(version),
            "slug": self.slug(),
            "body": self.body(version),
            "excerpt": self.excerpt(),
            "categories": self.categories(),
            "tags": self.tags(version),
            "media": [hero],
            "fields": { "content_type": self.content_type },
        })
    }
}

fn tag(number: usize) -> String {
    format!("topic {number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real_wordpress::plan::plan;

    #[test]
    fn pictures_are_shared_only_where_the_plan_says_so() {
        let items = plan(200, 1);
        let own: Vec<u32> = items
            .iter()
            .filter(|item| !item.number.is_multiple_of(SHARED_PICTURE_EVERY))
            .flat_map(|item| (1..=3).map(|version| item.picture(version)))
            .collect();
        let distinct: std::collections::BTreeSet<u32> = own.iter().copied().collect();
        assert_eq!(own.len(), distinct.len());
    }
}
