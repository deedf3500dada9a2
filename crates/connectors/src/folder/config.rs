//! A folder's configuration: `path`, and where the site keeps things below it.
//!
//! Ensures that content and media stay below `path`: their directories are relative, without `..`.

use serde::Deserialize;
use slugline_core::connector::Connector;
use slugline_core::port::Port;
use slugline_core::secret::Secrets;
use toml::Spanned;
use toml::de::DeTable;

use super::files::Files;
use crate::config::{ConfigError, read};

/// A configured folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Folder {
    /// The site's directory: absolute, or from the working directory.
    path: String,
    /// Where content lies below `path`.
    #[serde(default = "content_dir")]
    pub(super) content_dir: Directory,
    /// Where media lie below `path`.
    #[serde(default = "media_dir")]
    pub(super) media_dir: Directory,
    /// Where the built site shows `media_dir`.
    #[serde(default = "media_url")]
    pub(super) media_url: String,
    /// The locale whose files carry no locale in their names.
    #[serde(default = "default_locale")]
    pub(super) default_locale: String,
}

/// A directory below the site's, with `/` between its names and none at its ends.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Directory(pub(super) String);

impl TryFrom<String> for Directory {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let plain =
            |name: &str| !name.is_empty() && !name.contains('\\') && name != "." && name != "..";
        let trimmed = text.strip_suffix('/').unwrap_or(&text);
        if trimmed.split('/').all(plain) {
            return Ok(Self(trimmed.to_owned()));
        }
        Err(format!(
            "{text:?} must be a directory below `path`, such as \"src/posts\""
        ))
    }
}

impl Folder {
    /// The site's files, through a run's port.
    pub(super) fn files<'a>(&'a self, port: &'a dyn Port) -> Files<'a> {
        Files::new(port, &self.path)
    }
}

/// Makes the connector from its part of the configuration.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    _: &dyn Secrets,
) -> Result<Box<dyn Connector>, ConfigError> {
    let span = table.span();
    let folder: Folder = read(table)?;
    if folder.path.is_empty() {
        return Err(ConfigError::new(
            span,
            "`path` is empty; name the site's directory",
        ));
    }
    Ok(Box::new(folder))
}

fn content_dir() -> Directory {
    Directory("content".into())
}

fn media_dir() -> Directory {
    Directory("static/media".into())
}

fn media_url() -> String {
    "/media".into()
}

fn default_locale() -> String {
    "en".into()
}
