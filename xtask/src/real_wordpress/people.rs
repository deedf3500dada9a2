//! A person's own entries, written straight into WordPress before Slugline publishes anything: some hold a slug
//! that an item of the plan asks for. Ensures that a later look can tell whether one byte of them has changed.

use anyhow::{Context, Result, ensure};
use hyper::Method;
use serde_json::{Value, json};

use super::plan::{Ending, Item};
use crate::parts::rest::Rest;
use crate::parts::wordpress::WordPress;

/// Entries whose slugs collide with nothing.
const OTHERS: usize = 20;
/// Every so many of the person's entries one is a draft: it holds its slug too.
const DRAFT_EVERY: usize = 4;

/// Every column of every row that belongs to the person's entries, the drafts and pages of the fresh site among
/// them: the entries, their fields, their terms.
const THEIR_ROWS: [&str; 3] = [
    "SELECT * FROM wp.wp_posts WHERE post_author = 1 ORDER BY ID",
    "SELECT m.* FROM wp.wp_postmeta m JOIN wp.wp_posts p ON p.ID = m.post_id WHERE p.post_author = 1 ORDER BY meta_id",
    "SELECT r.* FROM wp.wp_term_relationships r JOIN wp.wp_posts p ON p.ID = r.object_id WHERE p.post_author = 1 \
     ORDER BY object_id, term_taxonomy_id",
];

/// Writes the person's entries.
///
/// # Errors
/// When WordPress refuses one, with its words.
pub(crate) async fn write(site: &WordPress, plan: &[Item]) -> Result<()> {
    let rest = Rest::wordpress(site.address, "admin", &site.passwords.admin);
    let collisions = plan
        .iter()
        .filter(|item| item.ending() == Ending::SlugTaken);
    let collisions = collisions.map(|item| (item.content_type, item.slug()));
    let others = (0..OTHERS).map(|number| ("post", format!("by-hand-{number}")));
    for (number, (content_type, slug)) in collisions.chain(others).enumerate() {
        let status = if number.is_multiple_of(DRAFT_EVERY) {
            "draft"
        } else {
            "publish"
        };
        let entry = json!({ "title": format!("By hand {number}"), "slug": slug, "status": status, "content": "<p>By hand.</p>" });
        create(&rest, content_type, &entry)
            .await
            .with_context(|| format!("cannot write the person's entry {slug}"))?;
    }
    Ok(())
}

/// The person's rows as the database holds them.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn rows(site: &WordPress) -> Result<String> {
    let mut rows = String::new();
    for query in THEIR_ROWS {
        rows += &site.database().sql(query).await?;
    }
    Ok(rows)
}

async fn create(rest: &Rest, content_type: &str, entry: &Value) -> Result<()> {
    let path = format!("/wp/v2/{content_type}s");
    let slug = rest.send(Method::POST, &path, entry).await?["slug"].clone();
    ensure!(slug == entry["slug"], "WordPress gave it the slug {slug}");
    Ok(())
}
