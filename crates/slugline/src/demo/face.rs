//! What the destinations show the public.
//!
//! Ensures that the demo's last word does not come from our own store: pages and pictures are
//! fetched, files are read, and what is there too often or not at all is counted.

use std::path::Path;

use slugline_core::http::{Method, Request, Response};
use slugline_core::markdown;
use slugline_engine::ports::Transport;

use super::samples::{Post, bytes_of};

/// What was found of one post at one destination.
pub struct Finding {
    /// Where it is to be seen.
    pub address: String,
    /// What is wrong; nothing when empty.
    pub faults: Vec<String>,
}

/// Reads a post on the sandbox's public pages.
pub async fn on_the_blog(transport: &dyn Transport, blog: &str, post: &Post) -> Finding {
    let address = format!("{blog}/{}/", post.slug);
    let mut faults = Vec::new();
    let front = text(fetch(transport, blog).await);
    match front.matches(post.title).count() {
        1 => {}
        count => faults.push(format!("{count} posts of this title on the front page")),
    }
    let page = text(fetch(transport, &address).await);
    if !page.contains(&format!("<h1>{}</h1>", post.title)) {
        faults.push("the page does not show the title".to_owned());
    }
    match attribute(&page, "<img class=\"wp-post-image\" src=\"") {
        Some(source) => {
            let shown = fetch(transport, source).await.map(|response| response.body);
            if shown.as_deref() != Some(bytes_of(post.hero)) {
                faults.push("the hero's bytes are not ours".to_owned());
            }
        }
        None => faults.push("the page has no hero".to_owned()),
    }
    Finding { address, faults }
}

/// Reads a post in the site's directory.
pub fn in_the_folder(site: &Path, post: &Post) -> Finding {
    let file = site.join("content/posts").join(format!("{}.md", post.slug));
    let mut faults = Vec::new();
    let shown = std::fs::read_to_string(&file)
        .ok()
        .and_then(|text| markdown::parse(&text).ok());
    match shown {
        Some(document)
            if document.front.get("title").and_then(|title| title.as_str()) == Some(post.title) => {
        }
        Some(_) => faults.push("the file shows another title".to_owned()),
        None => faults.push("the file is not there".to_owned()),
    }
    let pictures = files_in(&site.join("static/media"));
    let same = pictures
        .iter()
        .filter(|bytes| bytes.as_slice() == bytes_of(post.hero))
        .count();
    if same != 1 {
        faults.push(format!("{same} copies of the hero"));
    }
    Finding {
        address: file.display().to_string(),
        faults,
    }
}

fn files_in(directory: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| std::fs::read(entry.path()).ok())
        .collect()
}

async fn fetch(transport: &dyn Transport, url: &str) -> Option<Response> {
    let mut request = Request::new(Method::Get, url);
    request.timeout = Some(std::time::Duration::from_secs(5));
    transport.send(request).await.ok()
}

fn text(response: Option<Response>) -> String {
    response
        .map(|response| String::from_utf8_lossy(&response.body).into_owned())
        .unwrap_or_default()
}

fn attribute<'a>(page: &'a str, before: &str) -> Option<&'a str> {
    let rest = &page[page.find(before)? + before.len()..];
    rest.split('"').next()
}
