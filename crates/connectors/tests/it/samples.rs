//! Work and connectors for tests.

use std::collections::BTreeMap;

use bytes::Bytes;
use slugline_connectors::{ConfigError, registry};
use slugline_core::canonical::Fingerprint;
use slugline_core::connector::{Connector, Work};
use slugline_core::item::{Action, ItemKey};
use slugline_core::payload::{BodyFormat, Media, Payload, StoredMedia};
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_core::source::Source;
use slugline_core::time::Timestamp;
use slugline_core::version::{Generation, Version};
use toml::Spanned;
use toml::de::DeTable;

/// A secret for every reference `env:NAME`: the name itself.
struct Names;

impl Secrets for Names {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String> {
        let name = reference.0.strip_prefix("env:");
        name.map(Secret::new)
            .ok_or_else(|| format!("{:?} is not env:NAME", reference.0))
    }
}

/// The connector of a type, from the TOML of its own keys.
pub(crate) fn build(kind: &str, toml: &str) -> Result<Box<dyn Connector>, ConfigError> {
    let table = DeTable::parse(toml).expect("the test's TOML");
    registry::build(&Spanned::new(0..0, kind.to_owned()), table, &Names)
}

/// The source of a type, from the TOML of its own keys.
pub(crate) fn source(kind: &str, toml: &str) -> Result<Box<dyn Source>, ConfigError> {
    let table = DeTable::parse(toml).expect("the test's TOML");
    registry::source(&Spanned::new(0..0, kind.to_owned()), table, &Names)
}

pub(crate) fn connector(kind: &str, toml: &str) -> Box<dyn Connector> {
    build(kind, toml).expect("the test's configuration")
}

pub(crate) const PICTURE: &[u8] = b"not really a picture";

/// A post with a picture, at generation 3.
pub(crate) fn post(slug: &str) -> Work {
    let sha256 = Fingerprint::of_bytes(PICTURE).hex();
    let url = "https://files.example/hero.png".to_owned();
    Work {
        item: ItemKey {
            owner: "default".into(),
            environment: "production".into(),
            content_id: "post-42".into(),
            locale: "en".into(),
        },
        destination: "site".into(),
        action: Action::Publish,
        generation: Generation(3),
        version: Version::Number(7),
        request_id: "r-1".into(),
        released_at: Timestamp::parse("2026-11-21T09:30:00.25Z").unwrap(),
        slug: slug.into(),
        payload: Payload {
            title: "Hello: \"world\"".into(),
            body: format!("# Hi\n\n![a]({url}) ---\n"),
            body_format: BodyFormat::Markdown,
            tags: vec!["a".into(), "b: c".into()],
            media: vec![Media {
                role: "hero".into(),
                url: Some(url.clone()),
                sha256: None,
                filename: None,
                alt: Some("A hero".into()),
            }],
            fields: BTreeMap::from([("weight".into(), 5.into()), ("draft".into(), true.into())]),
            ..Payload::default()
        },
        media: vec![StoredMedia {
            role: "hero".into(),
            sha256,
            filename: "hero.png".into(),
            content_type: "image/png".into(),
            size: PICTURE.len() as u64,
            alt: Some("A hero".into()),
            url: Some(url),
        }],
        derived_slug: "sl-derived".into(),
        delivery_id: "msg_stable".into(),
        installation: "i1".into(),
        was_shown: false,
    }
}

/// What the store holds of the sample's media.
pub(crate) fn stored_media() -> BTreeMap<String, Bytes> {
    BTreeMap::from([(
        Fingerprint::of_bytes(PICTURE).hex(),
        Bytes::from_static(PICTURE),
    )])
}
