//! `[[token]]`: who may call the API, and as what.

use slugline_core::item::check_name;
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_web::Role;

use super::section::Section;

/// The owner of a token that names none.
pub const DEFAULT_OWNER: &str = "default";

/// A configured API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name, as the log shows it.
    pub name: String,
    /// The token itself; compare by hash.
    pub secret: Secret,
    /// What it may do.
    pub role: Role,
    /// The owner that it acts for.
    pub owner: String,
    /// Environments that it may write to; empty for all.
    pub environments: Vec<String>,
}

pub(super) fn read(mut section: Section<'_, '_>, secrets: &dyn Secrets) -> Option<Token> {
    section.need("name", "\"ops\"");
    section.need("secret", "\"env:SLUGLINE_TOKEN\"");
    section.need(
        "role",
        "\"admin\" (or \"viewer\", \"editor\", \"operator\")",
    );
    let name = section.read("name", name);
    let secret = section.read("secret", |text| secrets.resolve(&SecretRef(text.into())));
    let role = section.take("role");
    let owner = section.read("owner", self::name);
    let environments = section.take("environments");
    section.finish();
    Some(Token {
        name: name?.0,
        secret: secret?.0,
        role: role?.0,
        owner: owner.map_or_else(|| DEFAULT_OWNER.to_owned(), |(owner, _)| owner),
        environments: environments.map(|(names, _)| names).unwrap_or_default(),
    })
}

/// Checks a name.
pub(super) fn name(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned())
}
