//! A directory, put through the contract of every destination.

use std::collections::BTreeMap;

use bytes::Bytes;
use slugline_connectors::fake::{Fake, Undocumented};
use slugline_core::connector::Connector;
use slugline_core::http::{Request, Response};
use slugline_core::markdown::{self, Document};
use slugline_core::time::Timestamp;

use super::site;
use crate::contract::{Entry, Spoil, Vendor, contract_tests};

const POSTS: &str = "content/posts/";
/// Where the site shows its media, and where they lie.
const MEDIA: (&str, &str) = ("/media/", "static/media/");

#[derive(Default)]
struct Disk {
    files: BTreeMap<String, Bytes>,
    api: NoApi,
}

#[derive(Default)]
struct NoApi;

impl Fake for NoApi {
    fn handle(&mut self, request: &Request, _: Timestamp) -> Result<Response, Undocumented> {
        Err(Undocumented(request.url.clone()))
    }
}

impl AsMut<dyn Fake> for Disk {
    fn as_mut(&mut self) -> &mut (dyn Fake + 'static) {
        &mut self.api
    }
}

impl Disk {
    fn pages(&self) -> impl Iterator<Item = (&str, Document)> {
        self.files.iter().filter_map(|(path, bytes)| {
            let slug = path.strip_prefix(POSTS)?.split('.').next()?;
            let text = std::str::from_utf8(bytes).unwrap();
            Some((slug, markdown::parse(text).unwrap()))
        })
    }

    fn entry(&self, slug: &str, page: &Document) -> Entry {
        let image = page.front.get("image").and_then(|image| image.as_str());
        let file = image.map(|image| image.replace(MEDIA.0, MEDIA.1));
        Entry {
            slug: slug.to_owned(),
            title: page.front["title"].as_str().unwrap().to_owned(),
            hero: file.map(|path| self.files.get(&path).cloned().unwrap_or_default()),
            by_person: !page.front.contains_key("slugline"),
        }
    }
}

fn is_draft(page: &Document) -> bool {
    page.front.get("draft") == Some(&true.into())
}

impl Vendor for Disk {
    /// Fewer than usual: reading front matter takes ten times as long as reading JSON.
    const SEEDS: u64 = 500;

    fn connector() -> Box<dyn Connector> {
        site()
    }

    fn locked_out() -> Option<Box<dyn Connector>> {
        None
    }

    fn refuses() -> Vec<(&'static str, Spoil)> {
        vec![
            ("payload.slug", |work| work.slug = "../etc".into()),
            ("payload.fields.content_type", |work| {
                let kind = ("content_type".to_owned(), "..".into());
                work.payload.fields.extend([kind]);
            }),
            ("payload.media[0].filename", |work| {
                work.media[0].filename = "../x.png".into();
            }),
        ]
    }

    fn new() -> Self {
        Self::default()
    }

    fn files(&mut self) -> Option<&mut BTreeMap<String, Bytes>> {
        Some(&mut self.files)
    }

    /// Under a name that is free: a directory cannot keep two files of one name, nor refuse a write
    /// because somebody was faster.
    fn write_as_person(&mut self, slug: &str, title: &str, _: bool, _: Timestamp) {
        let path = format!("{POSTS}{slug}-{}.md", self.files.len());
        let text = format!("---\ntitle: {title}\n---\nmine\n");
        self.files.entry(path).or_insert(text.into());
    }

    fn meddle(&mut self, slug: &str, title: Option<&str>, _: Timestamp) {
        let Some((path, bytes)) = self
            .files
            .iter()
            .find(|(path, _)| path.starts_with(&format!("{POSTS}{slug}.")))
        else {
            return;
        };
        let path = path.clone();
        let mut page = markdown::parse(std::str::from_utf8(bytes).unwrap()).unwrap();
        match title {
            Some(title) => {
                page.front.insert("title".into(), title.into());
                let text = markdown::render(&page);
                self.files.insert(path, text.into());
            }
            None => drop(self.files.remove(&path)),
        }
    }

    fn shown(&self) -> Vec<Entry> {
        let public = self.pages().filter(|(_, page)| !is_draft(page));
        public.map(|(slug, page)| self.entry(slug, &page)).collect()
    }

    fn hidden(&self) -> usize {
        self.pages().filter(|(_, page)| is_draft(page)).count()
    }

    fn media(&self) -> usize {
        let media = |path: &&String| path.starts_with(MEDIA.1);
        self.files.keys().filter(media).count()
    }
}

contract_tests!(Disk);
