//! The payload in an entry's fields.
//!
//! Ensures that what is recognised moves into the payload's own fields and all the rest stays in
//! `fields`, and that there is no payload without a title. Does not check limits and forms: intake does.

use serde_json::{Map, Value};
use slugline_core::payload::{Media, Payload};

use crate::mapping::{Mapping, Path};
use crate::reading::{at, text, text_at, time};

/// What fields are called where no mapping names them; the first that is usable counts.
const TITLE: &[&str] = &["title", "name", "headline", "heading"];
const SLUG: &[&str] = &["slug"];
const BODY: &[&str] = &["body", "content", "html", "text"];
const EXCERPT: &[&str] = &["excerpt", "summary", "description"];
const CATEGORIES: &[&str] = &["categories"];
const TAGS: &[&str] = &["tags"];
const AUTHOR: &[&str] = &["author"];
const PUBLISHED_AT: &[&str] = &["published_at"];
const HERO: &[&str] = &["feature_image", "featured_image", "hero"];

/// The payload, where the fields have a title.
pub(crate) fn payload(
    fields: Map<String, Value>,
    content_type: Option<String>,
    mapping: &Mapping,
) -> Option<Payload> {
    let mut fields = Fields(Value::Object(fields));
    Some(Payload {
        title: fields.take(&mapping.title, TITLE, owned)?,
        slug: fields.take(&mapping.slug, SLUG, slug),
        body: fields.take(&mapping.body, BODY, string).unwrap_or_default(),
        body_format: mapping.body_format,
        excerpt: fields.take(&mapping.excerpt, EXCERPT, owned),
        categories: fields
            .take(&mapping.categories, CATEGORIES, terms)
            .unwrap_or_default(),
        tags: fields.take(&mapping.tags, TAGS, terms).unwrap_or_default(),
        author: fields.take(&mapping.author, AUTHOR, named),
        published_at: fields.take(&mapping.published_at, PUBLISHED_AT, time),
        media: fields.hero(mapping).into_iter().collect(),
        fields: fields.rest(content_type).into_iter().collect(),
    })
}

/// The fields, if any text of a payload is among them.
pub(crate) fn with_text(
    fields: Map<String, Value>,
    mapping: &Mapping,
) -> Option<Map<String, Value>> {
    let fields = Value::Object(fields);
    let has_text = find(&fields, &mapping.title, TITLE, owned).is_some()
        || find(&fields, &mapping.slug, SLUG, slug).is_some()
        || find(&fields, &mapping.body, BODY, owned).is_some()
        || find(&fields, &mapping.excerpt, EXCERPT, owned).is_some();
    match fields {
        Value::Object(fields) if has_text => Some(fields),
        _ => None,
    }
}

/// The first usable value among the mapped field or those of the usual names, and where it stands.
fn find<T>(
    fields: &Value,
    mapped: &Option<Path>,
    usual: &[&str],
    read: fn(&Value) -> Option<T>,
) -> Option<(String, T)> {
    let usable = |path: &str| Some((path.to_owned(), at(fields, path).and_then(read)?));
    match mapped {
        Some(path) => usable(&path.0),
        None => usual.iter().find_map(|name| usable(name)),
    }
}

/// The fields that nothing has taken yet.
struct Fields(Value);

impl Fields {
    fn take<T>(
        &mut self,
        mapped: &Option<Path>,
        usual: &[&str],
        read: fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let (path, value) = find(&self.0, mapped, usual, read)?;
        remove(&mut self.0, &path);
        Some(value)
    }

    fn hero(&mut self, mapping: &Mapping) -> Option<Media> {
        let (path, medium) = find(&self.0, &mapping.hero, HERO, medium)?;
        remove(&mut self.0, &path);
        let beside = format!("{path}_alt");
        let alt = self.take(&mapping.hero_alt, &[&beside], owned);
        Some(Media {
            alt: alt.or(medium.alt),
            ..medium
        })
    }

    fn rest(self, content_type: Option<String>) -> Map<String, Value> {
        let Value::Object(mut rest) = self.0 else {
            return Map::new();
        };
        rest.retain(|_, value| !value.is_null());
        if let Some(content_type) = content_type {
            rest.insert("content_type".into(), content_type.into());
        }
        rest
    }
}

/// Takes a member out. What stands in a list stays: it would move the others.
fn remove(value: &mut Value, path: &str) {
    let Value::Object(members) = value else {
        return;
    };
    match path.split_once('.') {
        None => drop(members.remove(path)),
        Some((first, rest)) => {
            if let Some(inner) = members.get_mut(first) {
                remove(inner, rest);
            }
        }
    }
}

fn owned(value: &Value) -> Option<String> {
    text(value).map(str::to_owned)
}

fn string(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A text, or the `current` of Sanity's slugs.
fn slug(value: &Value) -> Option<String> {
    owned(value).or_else(|| text_at(value, "current").map(str::to_owned))
}

/// A text, or the name of an object.
pub(crate) fn named(value: &Value) -> Option<String> {
    let of = |member| text_at(value, member).map(str::to_owned);
    owned(value).or_else(|| of("name")).or_else(|| of("title"))
}

/// A list in which everything has a name; one that has not stays where it is.
fn terms(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(named).collect()
}

/// A URL, or an object that has one. A path or an id says nothing about where the bytes are.
fn medium(value: &Value) -> Option<Media> {
    let of = |member| text_at(value, member).map(str::to_owned);
    let url = owned(value).or_else(|| of("url"))?;
    let is_url = url.starts_with("https://") || url.starts_with("http://");
    is_url.then(|| Media {
        role: "hero".into(),
        url: Some(url),
        sha256: None,
        filename: of("filename"),
        alt: of("alt"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(fields: &Value, mapping: &str) -> Option<Payload> {
        let mapping = toml::from_str(mapping).unwrap();
        payload(
            fields.as_object().unwrap().clone(),
            Some("post".into()),
            &mapping,
        )
    }

    #[test]
    fn what_is_recognised_moves_and_the_rest_stays() {
        let found = read(
            &json!({
                "title": 7, "name": "Hello", "slug": {"current": "hello"}, "body": [{"_type": "block"}],
                "content": "<p>a</p>", "summary": "s", "tags": [{"name": "x"}, "y"], "categories": [1],
                "author": {"name": "Ann"}, "published_at": "2026-01-01T00:00:00Z",
                "hero": {"url": "https://a.example/b.png", "alt": "B", "filename": "b.png"},
                "feature_image": "/b.png", "gone": null, "price": 3,
            }),
            "",
        )
        .unwrap();
        assert_eq!(found.title, "Hello");
        assert_eq!(found.slug.as_deref(), Some("hello"));
        assert_eq!(found.body, "<p>a</p>");
        assert_eq!(found.excerpt.as_deref(), Some("s"));
        assert_eq!(found.tags, ["x", "y"]);
        assert_eq!(found.author.as_deref(), Some("Ann"));
        assert!(found.published_at.is_some());
        assert_eq!(found.media[0].alt.as_deref(), Some("B"));
        let rest = json!({
            "title": 7, "body": [{"_type": "block"}], "categories": [1], "feature_image": "/b.png",
            "price": 3, "content_type": "post",
        });
        assert_eq!(serde_json::to_value(&found.fields).unwrap(), rest);
    }

    #[test]
    fn a_mapping_goes_before_the_usual_names() {
        let fields = json!({
            "title": "no", "seo": {"title": "yes", "x": 1}, "text": "# a", "img": [{"url": "https://a.example/c"}],
            "caption": "C",
        });
        let mapping = "title = \"seo.title\"\nbody = \"text\"\nbody_format = \"markdown\"\nhero = \"img.0\"\nhero_alt = \"caption\"";
        let found = read(&fields, mapping).unwrap();
        assert_eq!((&*found.title, &*found.body), ("yes", "# a"));
        assert_eq!(found.media[0].alt.as_deref(), Some("C"));
        assert_eq!(found.fields["seo"], json!({"x": 1}));
        assert_eq!(found.fields["title"], json!("no"));
        assert_eq!(read(&fields, "title = \"seo.headline\""), None);
    }
}
