//! The vendors' own parts of the configuration: addresses, signing secrets, directories.

use slugline_connectors::registry;
use slugline_core::secret::{Secret, SecretRef, Secrets};
use toml::Spanned;
use toml::de::DeTable;

use crate::damage::{cook, corpus, recipes};

/// The secret behind `env:NAME` is the name, so that secrets are damaged too.
struct Names;

impl Secrets for Names {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String> {
        let name = reference.0.strip_prefix("env:");
        name.map(Secret::new).ok_or_else(|| "write env:NAME".into())
    }
}

#[test]
fn every_table_is_a_connector_or_a_complaint_with_a_place() {
    let corpus = corpus("destination");
    assert!(corpus.iter().all(|text| is_connector(text)));
    bolero::check!()
        .with_generator(recipes())
        .for_each(|recipe| {
            is_connector(&cook(&corpus, recipe));
        });
}

/// The first line is a comment that names the vendor.
fn is_connector(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let kind = text.lines().next().unwrap_or_default();
    let kind = Spanned::new(0..0, kind.trim_start_matches("# ").to_owned());
    let (table, _) = DeTable::parse_recoverable(&text);
    match registry::build(&kind, table, &Names) {
        Ok(connector) => connector.capabilities().concurrency > 0,
        Err(why) => {
            assert!(!why.message.is_empty(), "a complaint without words");
            assert!(why.span.end <= text.len(), "{why:?} lies beyond the file");
            false
        }
    }
}
