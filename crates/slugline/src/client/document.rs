//! A file as a publish request: Markdown with front matter, or the JSON of a request.
//!
//! Ensures that nothing of the front matter is lost: members that mean nothing to a publish become
//! the payload's `fields`. Does not read the media that it names.
//!
//! | member | becomes |
//! |---|---|
//! | `content_id` | `content_id`; else the file's path without its extension |
//! | `version`, `updated_at`, `lastmod` | `version`; none when absent, or when it is a date only |
//! | `locale`, `lang` · `publish_at`, `publishDate` | `locale` · `publish_at` |
//! | `depends_on` | `depends_on` |
//! | `draft: true` | `action: draft` |
//! | `title`; else the heading that begins the text | `title` |
//! | `slug` · `excerpt`, `description`, `summary` | `slug` · `excerpt` |
//! | `categories`, `category` · `tags` · `author` | the same |
//! | `published_at`, `date` | `published_at` |
//! | `hero`, `image`, `cover` | a medium with the role `hero` |
//! | `media` | media, with the role `image` unless they say another |

use std::path::PathBuf;

use slugline_core::item::Action;
use slugline_core::markdown;
use slugline_core::payload::{BodyFormat, Media, Payload};
use slugline_core::request::{self, PublishRequest};
use slugline_core::version::Version;

use super::fields::Fields;
use super::medium;
use super::source::Source;

/// A request, and the files that must be uploaded for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The request; its media from files lack their `sha256`.
    pub request: PublishRequest,
    /// Position in the payload's media, and where the file is.
    pub files: Vec<(usize, PathBuf)>,
}

/// Reads a file; otherwise all that is wrong with it.
pub fn read(source: &Source) -> Result<Document, Vec<String>> {
    if source.is_json() {
        let request =
            request::decode(source.text.as_bytes()).map_err(|problem| vec![problem.detail])?;
        return Ok(Document {
            request,
            files: Vec::new(),
        });
    }
    let parsed = markdown::parse(&source.text).map_err(|why| vec![why])?;
    from_markdown(Fields::new(parsed.front), parsed.body, source)
}

fn from_markdown(
    mut fields: Fields,
    body: String,
    source: &Source,
) -> Result<Document, Vec<String>> {
    let content_id = fields
        .text(&["content_id"])
        .or_else(|| source.content_id.clone());
    let content_id = content_id
        .or_else(|| fields.complain("content_id", "is needed for text from standard input"));
    let version = version(&mut fields);
    let locale = fields.text(&["locale", "lang"]);
    let publish_at = fields.instant(&["publish_at", "publishDate"]);
    let depends_on = Some(fields.texts(&["depends_on"])).filter(|ids| !ids.is_empty());
    let action = if fields.flag("draft") {
        Action::Draft
    } else {
        Action::Publish
    };
    let (media, files) = medium::take_all(&mut fields, &source.directory);
    let (payload, problems) = payload(fields, body, media);
    let Some(content_id) = content_id.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let request = PublishRequest {
        request_id: None,
        content_id,
        version,
        action,
        environment: None,
        locale,
        class: slugline_core::item::Class::Standard,
        destinations: None,
        publish_at,
        depends_on,
        payload: Some(payload),
    };
    Ok(Document { request, files })
}

fn payload(mut fields: Fields, body: String, media: Vec<Media>) -> (Payload, Vec<String>) {
    let (title, body) = match fields.text(&["title"]) {
        Some(title) => (title, body),
        None => heading(&body).unwrap_or((String::new(), body)),
    };
    let slug = fields.text(&["slug"]);
    let excerpt = fields.text(&["excerpt", "description", "summary"]);
    let categories = fields.texts(&["categories", "category"]);
    let tags = fields.texts(&["tags"]);
    let author = fields.text(&["author"]);
    let published_at = fields.instant(&["published_at", "date"]);
    let (fields, problems) = fields.rest();
    let body_format = BodyFormat::Markdown;
    (
        Payload {
            title,
            slug,
            body,
            body_format,
            excerpt,
            categories,
            tags,
            author,
            published_at,
            media,
            fields,
        },
        problems,
    )
}

/// The heading that begins a text, and what follows it.
fn heading(body: &str) -> Option<(String, String)> {
    let rest = body.trim_start().strip_prefix("# ")?;
    let (title, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    Some((
        title.trim().to_owned(),
        rest.trim_start_matches(['\r', '\n']).to_owned(),
    ))
}

fn version(fields: &mut Fields) -> Option<Version> {
    if let Some((name, value)) = fields.take(&["version"]) {
        return match serde_json::from_value(value) {
            Ok(version) => Some(version),
            Err(why) => fields.complain(&name, &why.to_string()),
        };
    }
    // Two edits of one day must not be the same version.
    let fine = ["updated_at", "lastmod"]
        .into_iter()
        .filter(|name| !fields.is_date(name));
    fields.instant(&fine.collect::<Vec<_>>()).map(Version::Time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use slugline_core::time::Timestamp;

    fn document(text: &str) -> Result<Document, Vec<String>> {
        read(&Source {
            name: "posts/a.md".into(),
            content_id: Some("posts/a".into()),
            directory: "posts".into(),
            text: text.into(),
        })
    }

    #[test]
    fn front_matter_becomes_a_request() {
        let text = "---\ntitle: Hello\nslug: hi\ndescription: Short\ntags: [a, 7]\ncategory: News\nauthor: Ann\ndate: 2026-11-20\nlastmod: 2026-11-21T09:30:00Z\nhero: {src: hero.png, alt: A hero}\nmedia: [\"https://example.org/b.png\"]\nlayout: wide\ndepends_on: [authors/ann, 7]\n---\n\nText\n";
        let Document { request, files } = document(text).unwrap();
        assert_eq!(
            request.depends_on,
            Some(vec!["authors/ann".to_owned(), "7".to_owned()])
        );
        let payload = request.payload.unwrap();
        assert_eq!(
            (request.content_id.as_str(), request.version),
            (
                "posts/a",
                Some(Version::Time(
                    Timestamp::parse("2026-11-21T09:30:00Z").unwrap()
                ))
            )
        );
        assert_eq!(
            (
                payload.title.as_str(),
                payload.slug.as_deref(),
                payload.excerpt.as_deref()
            ),
            ("Hello", Some("hi"), Some("Short"))
        );
        assert_eq!(
            (payload.tags, payload.categories),
            (
                vec!["a".to_owned(), "7".to_owned()],
                vec!["News".to_owned()]
            )
        );
        assert_eq!(
            (payload.body.as_str(), payload.fields["layout"].as_str()),
            ("Text\n", Some("wide"))
        );
        assert_eq!(
            payload.published_at,
            Timestamp::parse("2026-11-20T00:00:00Z").ok()
        );
        assert_eq!(
            (
                payload.media[0].role.as_str(),
                payload.media[0].alt.as_deref()
            ),
            ("hero", Some("A hero"))
        );
        assert_eq!(
            (
                payload.media[1].role.as_str(),
                payload.media[1].url.as_deref()
            ),
            ("image", Some("https://example.org/b.png"))
        );
        assert_eq!(files, [(0, PathBuf::from("posts/hero.png"))]);
    }

    #[test]
    fn the_heading_that_begins_a_text_is_its_title() {
        let payload = document("# Hello *you*\n\nText\n# Two\n")
            .unwrap()
            .request
            .payload
            .unwrap();
        assert_eq!(
            (payload.title.as_str(), payload.body.as_str()),
            ("Hello *you*", "Text\n# Two\n")
        );
    }

    #[test]
    fn a_date_is_too_coarse_for_a_version() {
        let request = document("---\ntitle: x\nlastmod: 2026-11-21\n---\n")
            .unwrap()
            .request;
        assert_eq!(request.version, None);
        assert_eq!(request.payload.unwrap().fields["lastmod"], "2026-11-21");
        assert_eq!(
            document("---\ntitle: x\nversion: 3\nlastmod: 2026-11-21T00:00:00Z\n---\n")
                .unwrap()
                .request
                .version,
            Some(Version::Number(3))
        );
    }

    #[test]
    fn a_draft_is_a_draft() {
        assert_eq!(
            document("---\ntitle: x\ndraft: true\n---\n")
                .unwrap()
                .request
                .action,
            Action::Draft
        );
        assert_eq!(
            document("---\ntitle: x\ndraft: false\n---\n")
                .unwrap()
                .request
                .action,
            Action::Publish
        );
    }

    #[test]
    fn all_that_is_wrong_is_said() {
        let problems =
            document("---\ntitle: [x]\ndate: soon\ndraft: perhaps\nhero: 7\nversion: 1.5\n---\n")
                .unwrap_err();
        for name in ["title:", "date:", "draft:", "hero:", "version:"] {
            assert!(
                problems.iter().any(|line| line.starts_with(name)),
                "{name} {problems:?}"
            );
        }
    }

    #[test]
    fn json_is_taken_as_it_is() {
        let source = Source {
            name: "-".into(),
            content_id: None,
            directory: PathBuf::new(),
            text: "{\"content_id\":\"a\",\"action\":\"delete\"}".into(),
        };
        assert_eq!(read(&source).unwrap().request.action, Action::Delete);
        let wrong = Source {
            text: "{\"content_id\":\"a\",\"colour\":1}".into(),
            ..source
        };
        assert!(read(&wrong).unwrap_err()[0].contains("colour"));
    }
}
