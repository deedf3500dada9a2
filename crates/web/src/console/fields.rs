//! What a form or a query says.
//!
//! Ensures that an empty field is the same as none. Checks no meaning.

use url::form_urlencoded;

/// Names and values, in the order given.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Of `application/x-www-form-urlencoded` bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// The first value of a name, without blanks around it, unless it is empty.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a name, without those that are empty.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The first value of a name as it came, but for the ends of lines, which browsers send as CR LF.
    pub(crate) fn long(&self, name: &str) -> Option<String> {
        let mut named = self.0.iter().filter(|(known, _)| known == name);
        named.next().map(|(_, value)| value.replace("\r\n", "\n"))
    }

    /// The first value, owned.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.one(name).map(str::to_owned)
    }

    /// These without a name's, with this value in its place, as a query.
    pub(crate) fn with(&self, name: &str, value: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let others = self
            .0
            .iter()
            .filter(|(known, value)| known != name && known != SAID && !value.trim().is_empty());
        query.extend_pairs(others);
        if let Some(value) = value {
            query.append_pair(name, value);
        }
        query.finish()
    }
}

/// The name under which a page is told what became of the form before it.
pub(crate) const SAID: &str = "said";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_not_there() {
        let fields = Fields::parse(b"a=1&b=&c=+x%26+&a=2&said=done");
        assert_eq!(
            (fields.one("a"), fields.one("b"), fields.one("c")),
            (Some("1"), None, Some("x&"))
        );
        assert_eq!(fields.with("a", Some("9")), "c=+x%26+&a=9");
    }
}
