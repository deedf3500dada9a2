//! Markdown files with front matter: YAML between `---` or TOML between `+++`.
//!
//! Ensures that what is rendered is parsed back as it was. Does not render Markdown to HTML.

use serde_json::{Map, Value};

/// Bytes of front matter; more is not metadata.
pub const MAX_FRONT_MATTER: usize = 256 * 1024;

/// A parsed file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The front matter's members.
    pub front: Map<String, Value>,
    /// What follows it, without the blank line after the fence.
    pub body: String,
}

/// Parses a file. Without front matter the whole text is the body.
pub fn parse(text: &str) -> Result<Document, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for fence in ["---", "+++"] {
        if let Some((front, body)) = split(text, fence)? {
            let members = if fence == "---" {
                yaml(front)?
            } else {
                toml(front)?
            };
            return Ok(Document {
                front: members,
                body: body.to_owned(),
            });
        }
    }
    Ok(Document {
        front: Map::new(),
        body: text.to_owned(),
    })
}

/// Writes a file. Values are written as JSON, which is YAML too.
#[must_use]
pub fn render(document: &Document) -> String {
    let mut text = String::from("---\n");
    for (name, value) in &document.front {
        text.push_str(&format!(
            "{}: {}\n",
            printable(&Value::from(name.as_str())),
            printable(value)
        ));
    }
    text.push_str("---\n\n");
    text.push_str(&document.body);
    text
}

/// A value as JSON, with what YAML does not take unescaped (YAML 1.2.2 §5.1) written as `\uXXXX`.
fn printable(value: &Value) -> String {
    let escaped = |character| match character {
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}' => {
            format!("\\u{:04x}", u32::from(character))
        }
        other => other.to_string(),
    };
    value.to_string().chars().map(escaped).collect()
}

/// Splits the front matter from the body, if the text begins with a line that is the fence.
fn split<'a>(text: &'a str, fence: &str) -> Result<Option<(&'a str, &'a str)>, String> {
    let Some(rest) = after_line(text, fence) else {
        return Ok(None);
    };
    let mut offset = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == fence {
            let body = &rest[offset + line.len()..];
            let body = body
                .strip_prefix("\r\n")
                .or_else(|| body.strip_prefix('\n'))
                .unwrap_or(body);
            return Ok(Some((&rest[..offset], body)));
        }
        offset += line.len();
        if offset > MAX_FRONT_MATTER {
            return Err(format!(
                "the front matter is longer than {MAX_FRONT_MATTER} bytes; is the closing {fence} missing?"
            ));
        }
    }
    Err(format!("the front matter has no closing line {fence}"))
}

fn after_line<'a>(text: &'a str, fence: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(fence)?;
    rest.strip_prefix("\r\n")
        .or_else(|| rest.strip_prefix('\n'))
}

fn yaml(front: &str) -> Result<Map<String, Value>, String> {
    if front.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_saphyr::from_str(front)
        .map_err(|why| format!("the front matter is not valid YAML: {why}"))
}

fn toml(front: &str) -> Result<Map<String, Value>, String> {
    let table: toml::Table = front
        .parse()
        .map_err(|why: toml::de::Error| format!("the front matter is not valid TOML: {why}"))?;
    Ok(table
        .into_iter()
        .map(|(name, value)| (name, plain(value)))
        .collect())
}

/// TOML's values as JSON's; dates become text.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(at) => Value::String(at.to_string()),
        toml::Value::Array(items) => items.into_iter().map(plain).collect(),
        toml::Value::Table(table) => Value::Object(
            table
                .into_iter()
                .map(|(name, value)| (name, plain(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn yaml_and_toml_say_the_same() {
        let yaml = parse("---\ntitle: Hello\ntags: [a, b]\n---\n\nText\n").unwrap();
        let toml = parse("+++\ntitle = \"Hello\"\ntags = [\"a\", \"b\"]\n+++\nText\n").unwrap();
        assert_eq!(yaml, toml);
        assert_eq!(yaml.body, "Text\n");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(parse("---\ntitle: x\n").unwrap_err().contains("closing"));
        assert!(
            parse("---\n: : :\n- a\n---\n")
                .unwrap_err()
                .contains("YAML")
        );
        assert_eq!(parse("no front matter").unwrap().body, "no front matter");
        assert_eq!(parse("---- not a fence").unwrap().front.len(), 0);
    }

    proptest! {
        #[test]
        fn rendered_documents_read_back(title in "\\PC*", body in "[^\r]*", number in any::<i64>()) {
            let front = Map::from_iter([("title".to_owned(), Value::from(title)), ("n".to_owned(), Value::from(number))]);
            let document = Document { front, body: body.trim_start().to_owned() };
            prop_assert_eq!(parse(&render(&document)), Ok(document));
        }
    }
}
