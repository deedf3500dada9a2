//! Webhooks from strangers: whatever the headers say, nothing panics, and without the secret nothing is
//! genuine. The corpus is what each vendor sends, one header a line, the body after an empty line.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use slugline_connectors::{diagnosis, registry, verify};
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_core::source::Source;
use slugline_core::webhook::{Incoming, Window};
use toml::Spanned;
use toml::de::DeTable;

use crate::damage::{cook, corpus, recipes};
use crate::publish::NOW;

#[test]
fn nobody_signs_without_the_secret() {
    let corpus = corpus("webhook");
    // Nothing in the corpus was signed with it.
    let secret = Secret::new("n0body-kn0ws-th1s/n0body-kn0ws-th1s/n0body-kn0ws-th1s/n0body-kn0");
    let window = Window {
        now: NOW,
        tolerance: Duration::from_secs(u64::from(u32::MAX)),
    };
    let judge = |bytes: &[u8]| {
        let incoming = read(bytes);
        for kind in registry::source_types() {
            for legacy in [false, true] {
                let Some(scheme) = registry::scheme(kind, legacy) else {
                    continue;
                };
                let verdict = verify(scheme, &incoming, std::slice::from_ref(&secret), window);
                let flaw = verdict.unwrap_err();
                assert!(!flaw.detail.contains("n0body") && !flaw.detail.is_empty());
                let judge = |incoming: &Incoming, secret: &Secret| {
                    verify(scheme, incoming, std::slice::from_ref(secret), window)
                };
                assert_eq!(diagnosis::diagnose(judge, &incoming, &secret), None);
            }
        }
    };
    corpus.iter().for_each(|bytes| judge(bytes));
    bolero::check!()
        .with_generator(recipes())
        .for_each(|recipe| judge(&cook(&corpus, recipe)));
}

#[test]
fn whatever_is_told_is_read_or_refused_in_words() {
    let corpus = corpus("webhook");
    let sources: Vec<_> = registry::source_types().map(source).collect();
    let judge = |bytes: &[u8]| {
        let incoming = read(bytes);
        for source in &sources {
            match source.changes(&incoming) {
                // Many locales of one entry, and many entries, but nothing out of nothing.
                Ok(changes) => assert!(changes.len() <= incoming.body.len()),
                Err(why) => assert!(!why.is_empty()),
            }
        }
    };
    corpus.iter().for_each(|bytes| judge(bytes));
    let judge = AssertUnwindSafe(judge);
    bolero::check!()
        .with_generator(recipes())
        .for_each(|recipe| (*judge)(&cook(&corpus, recipe)));
}

/// For sources that have none beside the one that proves them.
pub(crate) struct NoSecrets;

impl Secrets for NoSecrets {
    fn resolve(&self, _: &SecretRef) -> Result<Secret, String> {
        Err("there are none".into())
    }
}

fn source(kind: &str) -> Box<dyn Source> {
    let kind = Spanned::new(0..0, kind.to_owned());
    let built = registry::source(&kind, DeTable::parse("").unwrap(), &NoSecrets);
    built.map_err(|why| why.message).unwrap()
}

/// The first line is the URL, then headers; the body comes after an empty line.
fn read(bytes: &[u8]) -> Incoming {
    let end = bytes.windows(2).position(|two| two == b"\n\n");
    let (head, body) = bytes.split_at(end.unwrap_or(bytes.len()));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let url = lines.next().unwrap_or_default();
    let headers = lines.filter_map(|line| line.split_once(':'));
    Incoming::new(
        "POST",
        url,
        headers,
        body.get(2..).unwrap_or_default().to_vec(),
    )
}
