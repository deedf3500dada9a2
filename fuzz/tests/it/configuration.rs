//! The whole configuration, and the address guard. The binary is never imported, so these two of its
//! rooms are compiled here once more.

use std::io::Write;

use crate::config::Config;
use crate::damage::{cook, corpus, recipes};
use crate::guard::Guard;

#[test]
fn every_file_is_a_configuration_or_complaints_with_lines() {
    let corpus = corpus("configuration");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut judge = |text: &[u8]| {
        file.as_file().set_len(0).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        file.write_all(text).unwrap();
        let Err(problems) = Config::load(file.path()) else {
            return;
        };
        let messages: Vec<String> = problems.messages().collect();
        assert!(!messages.is_empty(), "refused without a word");
        assert!(messages.iter().all(|message| !message.is_empty()));
    };
    corpus.iter().for_each(|text| judge(text));
    let judge = std::sync::Mutex::new(judge);
    bolero::check!()
        .with_generator(recipes())
        .for_each(|recipe| (judge.lock().unwrap())(&cook(&corpus, recipe)));
}

/// Addresses that no text may get past the guard.
const INSIDE: [&str; 6] = ["127.", "10.", "169.254.", "192.168.", "[::1]", "[fe80"];

#[test]
fn no_spelling_of_an_inside_address_passes_the_guard() {
    let (corpus, guard) = (corpus("texts"), Guard::new(Vec::new()));
    let judge = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        if guard.check_url(text.trim_end()).is_err() {
            return;
        }
        // What passed is read again, as the client will read it.
        let url = url::Url::parse(text.trim_end()).unwrap();
        let host = url.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        let inside = INSIDE.iter().any(|prefix| host.starts_with(prefix));
        assert!(address.is_err() || !inside, "{text:?} leads to {host}");
        assert!(matches!(url.scheme(), "http" | "https"), "{text:?}");
    };
    corpus.iter().for_each(|text| judge(text));
    bolero::check!()
        .with_generator(recipes())
        .for_each(|recipe| judge(&cook(&corpus, recipe)));
}
