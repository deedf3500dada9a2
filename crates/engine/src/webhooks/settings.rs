//! What configuration says of a source.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use slugline_core::connector::Connector;
use slugline_core::secret::Secret;
use slugline_core::source::Source;

/// Whether a source has an address.
pub type Allows = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// A configured source.
#[derive(Clone)]
pub struct SourceSettings {
    /// Its name, and the beginning of its items' content ids.
    pub name: String,
    /// The vendor's `type`.
    pub kind: String,
    /// The owner that it acts for.
    pub owner: String,
    /// Where its content goes, unless it says so itself.
    pub environment: String,
    /// Its own names of environments, and ours for them; without any, only
    /// its main one and the one of the same name are taken.
    pub environments: BTreeMap<String, String>,
    /// The locale of what does not say its own.
    pub locale: String,
    /// References of its secrets and the secrets, newest first.
    pub secrets: Vec<(String, Secret)>,
    /// How far the time of signing may lie from ours.
    pub tolerance: Duration,
    /// Bytes of a body that are taken.
    pub max_body: usize,
    /// How long a webhook is kept, and with it the knowledge that it came.
    pub keep_for: Duration,
    /// Addresses that it may come from; all when `None`.
    pub allows: Option<Allows>,
    /// Names of which the certificate that a sender shows must have one; any sender when empty.
    pub client_certificates: Vec<String>,
    /// Whether its webhooks are only news of an entry, which is then looked up, and not the truth about it.
    pub news_only: bool,
    /// How often it is asked what it has; never when `None`.
    pub poll: Option<Duration>,
    /// The destinations that it is itself, as far as is known.
    pub same_as: Vec<Site>,
    /// The vendor's code, configured.
    pub source: Arc<dyn Source>,
}

/// A destination that a source is, or may be: what we write there comes back as news.
#[derive(Clone)]
pub struct Site {
    /// The destination's name.
    pub destination: String,
    /// Its vendor's code.
    pub connector: Arc<dyn Connector>,
    /// Whether configuration says so; else they are only of one type.
    pub certain: bool,
}
