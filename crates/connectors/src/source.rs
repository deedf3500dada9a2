//! What all kinds of source share: a dialect, and a source that is configured.
//!
//! Ensures that a source of any type judges signatures in the one way there is and reads changes in its
//! dialect, with its mapping. Does not list the types.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use slugline_core::secret::{Secret, Secrets};
use slugline_core::source::{Library, Manners, News, Repeats, Source};
use slugline_core::webhook::{Flaw, Incoming, Verified, Window};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::{ConfigError, read};
use crate::library::Build;
use crate::mapping::Mapping;
use crate::signature::{Scheme, verify};
use crate::token::PathToken;

const SIGNS: &str =
    "token_in_path is for senders that sign nothing; leave it out, or what says how they sign";

/// What a genuine webhook of one type says.
pub(crate) type Changes = fn(&Incoming, &Mapping) -> Result<News, String>;
/// Reads the keys that a type has of its own.
type Configure = fn(Spanned<DeTable<'_>>) -> Result<Settings, ConfigError>;

/// One type of source.
pub(crate) struct Dialect {
    /// How it signs, unless configured otherwise.
    pub(crate) scheme: &'static dyn Scheme,
    manners: Manners,
    changes: Changes,
    configure: Configure,
    /// Where it can be asked what it has.
    library: Option<Build>,
}

impl Dialect {
    /// A type whose only own key is `mapping`.
    pub(crate) const fn new(
        scheme: &'static dyn Scheme,
        manners: Manners,
        changes: Changes,
    ) -> Self {
        Self {
            scheme,
            manners,
            changes,
            configure: plain,
            library: None,
        }
    }

    /// With more keys.
    pub(crate) const fn with(self, configure: Configure) -> Self {
        Self { configure, ..self }
    }

    /// With a way to ask it, by the key `api`.
    pub(crate) const fn asked(self, library: Build) -> Self {
        Self {
            library: Some(library),
            ..self
        }
    }

    /// A source of this type.
    pub(crate) fn source(
        &'static self,
        mut config: Spanned<DeTable<'_>>,
        secrets: &dyn Secrets,
    ) -> Result<Box<dyn Source>, ConfigError> {
        let library = match self.library {
            Some(build) => api(&mut config)?.map(|api| (build, api)),
            // Then the key is as unknown as any other.
            None => None,
        };
        let token_in_path = taken(&mut config, "token_in_path")?;
        let Settings { mapping, scheme } = (self.configure)(config)?;
        let scheme = match (token_in_path, scheme) {
            (Some((true, place)), Some(_)) => return Err(ConfigError::new(place, SIGNS)),
            (Some((true, _)), None) => Some(Box::new(PathToken) as Box<dyn Scheme>),
            (_, own) => own,
        };
        let mapping = Arc::new(mapping);
        let library = library.map(|(build, api)| {
            mapping.can_be_asked(api.span())?;
            build(api, Arc::clone(&mapping), secrets)
        });
        Ok(Box::new(Configured {
            dialect: self,
            library: library.transpose()?,
            mapping,
            scheme,
        }))
    }
}

/// Manners of a sender that repeats for so many minutes, byte for byte.
pub(crate) const fn repeating_for(minutes: u64) -> Manners {
    Manners {
        retries_for: Duration::from_secs(minutes * 60),
        repeats: Repeats::SameBytes,
        dates_removals: true,
        only_ok: false,
        word_headers: &[],
        signs: true,
        main_environment: None,
    }
}

/// What the configuration of a source says.
pub(crate) struct Settings {
    pub(crate) mapping: Mapping,
    /// How it signs, where that is not as its type does.
    pub(crate) scheme: Option<Box<dyn Scheme>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    #[serde(default)]
    mapping: Mapping,
}

fn plain(config: Spanned<DeTable<'_>>) -> Result<Settings, ConfigError> {
    let Plain { mapping } = read(config)?;
    Ok(Settings {
        mapping,
        scheme: None,
    })
}

/// Takes a key that is true or false out of a source's own, with its place.
fn taken(
    config: &mut Spanned<DeTable<'_>>,
    key: &str,
) -> Result<Option<(bool, Range<usize>)>, ConfigError> {
    let Some(value) = config.get_mut().remove(key) else {
        return Ok(None);
    };
    let span = value.span();
    match value.into_inner() {
        DeValue::Boolean(value) => Ok(Some((value, span))),
        _ => Err(ConfigError::new(
            span,
            format!("{key} must be true or false"),
        )),
    }
}

/// Takes the table `api` out of a source's own.
fn api<'t>(config: &mut Spanned<DeTable<'t>>) -> Result<Option<Spanned<DeTable<'t>>>, ConfigError> {
    let Some(value) = config.get_mut().remove("api") else {
        return Ok(None);
    };
    let span = value.span();
    match value.into_inner() {
        DeValue::Table(table) => Ok(Some(Spanned::new(span, table))),
        _ => Err(ConfigError::new(span, "api must be a table")),
    }
}

/// A source that is configured.
struct Configured {
    dialect: &'static Dialect,
    mapping: Arc<Mapping>,
    scheme: Option<Box<dyn Scheme>>,
    library: Option<Box<dyn Library>>,
}

impl Configured {
    fn scheme(&self) -> &dyn Scheme {
        let own = self.scheme.as_deref();
        own.unwrap_or(self.dialect.scheme)
    }
}

impl Source for Configured {
    fn manners(&self) -> Manners {
        let manners = self.dialect.manners;
        Manners {
            signs: manners.signs && !self.scheme().is_in_path(),
            ..manners
        }
    }

    fn covers(&self) -> &str {
        self.scheme().covers()
    }

    fn tolerance(&self) -> Duration {
        self.scheme().tolerance()
    }

    fn may_read_alike(&self) -> bool {
        self.scheme().may_read_alike() && !self.mapping.has_version()
    }

    fn has_token_in_path(&self) -> bool {
        self.scheme().is_in_path()
    }

    fn check_secret(&self, secret: &Secret) -> Result<(), String> {
        self.scheme().key(secret).map(drop)
    }

    fn verify(
        &self,
        incoming: &Incoming,
        secrets: &[Secret],
        window: Window,
    ) -> Result<Verified, Flaw> {
        verify(self.scheme(), incoming, secrets, window)
    }

    fn changes(&self, incoming: &Incoming) -> Result<News, String> {
        (self.dialect.changes)(incoming, &self.mapping)
    }

    fn library(&self) -> Option<&dyn Library> {
        self.library.as_deref()
    }
}
