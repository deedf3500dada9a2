//! A request as a file has it.
//!
//! Ensures that the body is what came, byte for byte, and that a header which stands twice is there twice.

use std::fmt;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use slugline_core::webhook::Incoming;

use crate::config::MAX_BODY;

/// Bytes of the file: the longest body that a source can take, written as JSON.
const MAX_FILE: u64 = MAX_BODY as u64 * 4;

/// The request as the file has it.
#[derive(Deserialize)]
struct Document {
    #[serde(default = "post")]
    method: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    body_base64: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

/// All that there are, also where one name stands twice.
#[derive(Default)]
struct Headers(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self::default())
    }
}

impl<'de> Visitor<'de> for Headers {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of names and values")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((name, values)) = map.next_entry::<String, Values>()? {
            let values = match values {
                Values::One(value) => vec![value],
                Values::Many(values) => values,
            };
            let named = values.into_iter().map(|value| (name.clone(), value));
            self.0.extend(named);
        }
        Ok(self)
    }
}

fn post() -> String {
    "POST".into()
}

/// The request of a file, or of standard input for `-`.
pub(super) fn read(file: &Path) -> Result<Incoming, String> {
    let shown = file.display();
    let unreadable = |why: std::io::Error| format!("{shown} cannot be read: {why}");
    let mut text = Vec::new();
    let read = match file.as_os_str() == "-" {
        true => std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut text),
        false => std::fs::File::open(file)
            .map_err(unreadable)?
            .take(MAX_FILE + 1)
            .read_to_end(&mut text),
    };
    if read.map_err(unreadable)? as u64 > MAX_FILE {
        return Err(format!("{shown} is longer than {MAX_FILE} bytes"));
    }
    let document: Document = serde_json::from_slice(&text).map_err(|why| {
        format!(
            "{shown} is not a request as JSON: {why}; write {{\"method\": \"POST\", \"url\": \"https://…\", \"headers\": {{}}, \"body\": \"…\"}}"
        )
    })?;
    let body = match (document.body, document.body_base64) {
        (Some(_), Some(_)) => {
            return Err(format!(
                "{shown} has both body and body_base64; one is enough"
            ));
        }
        (None, Some(text)) => BASE64_STANDARD
            .decode(text)
            .map_err(|why| format!("{shown}: body_base64 is not base64: {why}"))?,
        (text, None) => text.unwrap_or_default().into_bytes(),
    };
    let headers = document.headers.0;
    Ok(Incoming::new(document.method, document.url, headers, body))
}
