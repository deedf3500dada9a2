//! WordPress, against its fake.

mod fake;
mod steps;
mod taken;

use slugline_connectors::FakeWordPress;
use slugline_connectors::fake::Fake;
use slugline_core::connector::Connector;
use slugline_core::time::Timestamp;

use crate::contract::{Entry, Vendor, rehearse};
use crate::samples::connector;

/// Rehearsals of a test run.
const SEEDS: u64 = 2_000;
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

    fn new() -> Self {
        Self(FakeWordPress::new(SITE, "publisher", "PASSWORD"))
    }

    fn write_as_person(&mut self, slug: &str, title: &str, at_once: bool, now: Timestamp) {
        match at_once {
            true => self.0.race_as_person(slug, title, now),
            false => self.0.write_as_person(slug, title, now),
        };
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

#[test]
fn whatever_befalls_its_requests_it_shows_what_is_desired() {
    rehearse::<Blog>(0..SEEDS);
}
