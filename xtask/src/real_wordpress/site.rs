//! What WordPress holds, asked past the proxy and past all plugins and caches: its database and its uploaded
//! files. It judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde::Deserialize;

use crate::parts::heroes::sha256;
use crate::parts::wordpress::WordPress;

/// Slugline's entries and media, one JSON object a line. Revisions and menus are WordPress' own affair.
const OURS: &str = "SELECT JSON_OBJECT('id', p.ID, 'kind', p.post_type, 'status', p.post_status, 'slug', p.post_name, \
    'title', p.post_title, 'body', p.post_content, 'excerpt', p.post_excerpt, \
    'hero', (SELECT MAX(meta_value) FROM wp.wp_postmeta WHERE post_id = p.ID AND meta_key = '_thumbnail_id'), \
    'file', (SELECT MAX(meta_value) FROM wp.wp_postmeta WHERE post_id = p.ID AND meta_key = '_wp_attached_file'), \
    'alt', (SELECT MAX(meta_value) FROM wp.wp_postmeta WHERE post_id = p.ID AND meta_key = '_wp_attachment_image_alt'), \
    'terms', (SELECT GROUP_CONCAT(CONCAT(x.taxonomy, ':', t.name) SEPARATOR '\n') FROM wp.wp_term_relationships r \
        JOIN wp.wp_term_taxonomy x ON x.term_taxonomy_id = r.term_taxonomy_id \
        JOIN wp.wp_terms t ON t.term_id = x.term_id WHERE r.object_id = p.ID)) \
    FROM wp.wp_posts p JOIN wp.wp_users u ON u.ID = p.post_author \
    WHERE u.user_login = 'publisher' AND p.post_type IN ('post', 'page', 'attachment') ORDER BY p.ID";

/// A row of WordPress' posts: an entry or a medium.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    /// WordPress' number of it.
    pub(crate) id: u64,
    /// `post`, `page` or `attachment`.
    pub(crate) kind: String,
    /// `publish`, `draft`, `trash`, or `inherit` for media.
    pub(crate) status: String,
    /// The last part of its address.
    pub(crate) slug: String,
    /// As stored.
    pub(crate) title: String,
    /// As stored.
    pub(crate) body: String,
    /// As stored.
    pub(crate) excerpt: String,
    /// The id of the featured image, as WordPress keeps it: a text.
    hero: Option<String>,
    /// The uploaded file, relative to the uploads' folder; media only.
    file: Option<String>,
    /// The alternative text; media only.
    alt: Option<String>,
    /// `taxonomy:name` a line.
    terms: Option<String>,
}

/// What WordPress holds of Slugline's at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Holdings {
    /// Posts and pages in any state, the trash among them.
    pub(crate) entries: Vec<Entry>,
    /// Media by their ids.
    pub(crate) media: BTreeMap<u64, Medium>,
}

/// An uploaded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Medium {
    /// SHA-256 of the original file; empty when there is none or it cannot be read.
    pub(crate) sha256: String,
    /// The alternative text; empty when there is none.
    pub(crate) alt: String,
}

impl Entry {
    /// The names of its terms in a taxonomy (`category`, `post_tag`).
    pub(crate) fn terms(&self, taxonomy: &str) -> BTreeSet<String> {
        let names = self.terms.iter().flat_map(|terms| terms.lines());
        let names = names.filter_map(|term| term.strip_prefix(taxonomy)?.strip_prefix(':'));
        // Term names are stored as HTML text.
        names.map(|name| name.replace("&amp;", "&")).collect()
    }
}

impl Holdings {
    /// Asks the database and reads the uploaded files.
    ///
    /// # Errors
    /// When the database does not answer as expected.
    pub(crate) async fn of(site: &WordPress) -> Result<Self> {
        let rows = site.database().sql(OURS).await?;
        let rows = rows
            .lines()
            .map(serde_json::from_str::<Entry>)
            .collect::<Result<Vec<_>, _>>()?;
        let (media, entries): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| row.kind == "attachment");
        let uploads = site.uploads();
        let media = media
            .into_iter()
            .map(|row| (row.id, medium(row, &uploads)))
            .collect();
        Ok(Self { entries, media })
    }

    /// The entry's featured image; `None` when it has none, or names one that is not there.
    pub(crate) fn hero_of(&self, entry: &Entry) -> Option<&Medium> {
        let id = entry.hero.as_ref()?.parse().ok()?;
        self.media.get(&id)
    }
}

fn medium(row: Entry, uploads: &Path) -> Medium {
    let bytes = row.file.and_then(|file| fs::read(uploads.join(file)).ok());
    let sha256 = bytes.map(|bytes| sha256(&bytes)).unwrap_or_default();
    Medium {
        sha256,
        alt: row.alt.unwrap_or_default(),
    }
}
