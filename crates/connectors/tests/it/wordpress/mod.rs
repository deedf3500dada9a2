//! WordPress, against its fake.

mod fake;
mod steps;
mod taken;

use slugline_connectors::FakeWordPress;
use slugline_connectors::fake::Fake;
use slugline_core::connector::Connector;
use slugline_core::time::Timestamp;

use crate::contract::{Entry, Spoil, Vendor, contract_tests};
use crate::samples::connector;

const SITE: &str = "http://blog.example";

/// The fake, signed in as the connector does.
pub(super) struct Blog(pub(super) FakeWordPress);

impl AsMut<dyn Fake> for Blog {
    fn as_mut(&mut self) -> &mut (dyn Fake + 'static) {
        &mut self.0
    }
}

impl Vendor for Blog {
    fn connector() -> Box<dyn Connector> {
        blog("")
    }

    fn locked_out() -> Option<Box<dyn Connector>> {
        let toml = format!("url = \"{SITE}\"\nusername = \"publisher\"\npassword = \"env:OLD\"");
        Some(connector("wordpress", &toml))
    }

    fn refuses() -> Vec<(&'static str, Spoil)> {
        vec![
            ("payload.media[0]", |work| {
                work.media[0].filename = "drawing.svg".into();
            }),
            ("payload.fields.content_type", |work| {
                let kind = ("content_type".to_owned(), "product".into());
                work.payload.fields.extend([kind]);
            }),
        ]
    }

    fn new() -> Self {
        Self(FakeWordPress::new(SITE, "publisher", "PASSWORD"))
    }

    fn write_as_person(&mut self, slug: &str, title: &str, at_once: bool, now: Timestamp) {
        match at_once {
            true => self.0.race_as_person(slug, title, now),
            false => self.0.write_as_person(slug, title, now),
        };
    }

    fn meddle(&mut self, slug: &str, title: Option<&str>, now: Timestamp) {
        let ours = self
            .0
            .entries()
            .into_iter()
            .find(|entry| !entry.by_person && entry.status == "publish" && entry.slug == slug);
        match (ours, title) {
            (Some(entry), Some(title)) => self.0.retitle(entry.id, title, now),
            (Some(entry), None) => self.0.lose(entry.id),
            (None, _) => {}
        }
    }

    fn shown(&self) -> Vec<Entry> {
        let live = self
            .0
            .entries()
            .into_iter()
            .filter(|entry| entry.status == "publish");
        live.map(|entry| Entry {
            slug: entry.slug,
            title: entry.title,
            hero: entry.hero,
            by_person: entry.by_person,
        })
        .collect()
    }

    fn hidden(&self) -> usize {
        self.0
            .entries()
            .iter()
            .filter(|entry| !entry.by_person && entry.status != "publish")
            .count()
    }

    fn is_uploaded(result_ref: &str) -> bool {
        result_ref.contains("id")
    }

    fn media(&self) -> usize {
        self.0.media_slugs().len()
    }
}

/// The connector with more keys than it needs.
pub(super) fn blog(more: &str) -> Box<dyn Connector> {
    let toml =
        format!("url = \"{SITE}\"\nusername = \"publisher\"\npassword = \"env:PASSWORD\"\n{more}");
    connector("wordpress", &toml)
}

contract_tests!(Blog);
