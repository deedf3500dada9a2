//! `[server]`: where it listens, what it lets out, and when it says "later".

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use slugline_core::item::check_name;
use slugline_core::pressure::Thresholds;
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_core::time::parse_duration;
use slugline_engine::sealing::SealingKey;

use super::section::Section;
use super::size::parse_size;
use super::tls::Tls;

/// Where it listens unless told otherwise: this machine only.
const LISTEN: &str = "127.0.0.1:8420";
/// Jobs that run at once: each waits for a vendor most of its time and holds little memory.
const WORKERS: u64 = 256;
/// More workers than this only queue up behind the one writer of the store.
const MAX_WORKERS: u64 = 4_096;
/// In-flight jobs may end within this time after a first signal; most requests take less.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(20);
/// Bytes of a publish request: a very long article is a tenth of it.
const BODY: u64 = 2 * 1024 * 1024;
/// Larger bodies belong into media.
const MAX_BODY: u64 = 64 * 1024 * 1024;
/// A rate above this is no limit.
const MAX_RATE: u64 = 1_000_000;

/// `[server]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How others reach it, for links; none when unset.
    pub public_url: Option<String>,
    /// What the listener proves itself with; plain HTTP when `None`.
    pub tls: Option<Tls>,
    /// The locale of a request that names none.
    pub default_locale: String,
    /// Jobs that run at once.
    pub workers: usize,
    /// How long in-flight jobs may take to end after a first signal.
    pub shutdown_grace: Duration,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// What credentials that rotate are encrypted with; destinations that have such need it.
    pub secret_key: Option<Secret>,
    /// Networks that requests may go to besides public addresses.
    pub allow_private_networks: Vec<IpNet>,
    /// Networks of proxies in front of the server: what they say of the sender's address counts.
    pub trusted_proxies: Vec<IpNet>,
    /// What one request, or one token, may take.
    pub limits: Limits,
    /// When intake says "later".
    pub thresholds: Thresholds,
}

/// `[server] limits`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a publish request.
    pub body: usize,
    /// Requests a second of one token; unlimited when `None`.
    pub requests_per_second: Option<u32>,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Server {
    /// The server as others call it, as far as that is configured.
    #[must_use]
    pub fn url(&self) -> String {
        let listens = || format!("{}://{}", self.scheme(), self.listen);
        self.public_url.clone().unwrap_or_else(listens)
    }

    /// What URLs of the listener begin with.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        match self.tls {
            Some(_) => "https",
            None => "http",
        }
    }

    /// Whether clients are asked to show a certificate.
    pub(super) fn asks_for_certificates(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some())
    }
}

pub(super) fn read(mut section: Section<'_, '_>, secrets: &dyn Secrets) -> Server {
    let server = Server {
        listen: listen(&mut section),
        public_url: section.read("public_url", http_url).map(|(url, _)| url),
        tls: super::tls::read(section.section("tls"), secrets),
        default_locale: name(&mut section, "default_locale", "en"),
        workers: narrow(section.number("workers", 1, MAX_WORKERS).unwrap_or(WORKERS)),
        shutdown_grace: section
            .read("shutdown_grace", parse_duration)
            .map_or(SHUTDOWN_GRACE, |(grace, _)| grace),
        log_format: section
            .take("log_format")
            .map_or(LogFormat::Text, |(format, _)| format),
        secret_key: section
            .read("secret_key", |text| secret_key(text, secrets))
            .map(|(key, _)| key),
        allow_private_networks: networks(&mut section, "allow_private_networks"),
        trusted_proxies: networks(&mut section, "trusted_proxies"),
        limits: limits(section.section("limits")),
        thresholds: thresholds(section.section("thresholds")),
    };
    section.finish();
    server
}

fn secret_key(text: &str, secrets: &dyn Secrets) -> Result<Secret, String> {
    let secret = secrets.resolve(&SecretRef(text.into()))?;
    SealingKey::new(&secret).map(|_| secret)
}

fn listen(section: &mut Section<'_, '_>) -> SocketAddr {
    let read = |text: &str| {
        let why = format!("{text:?} is not an address with a port such as {LISTEN:?}");
        text.parse().map_err(|_| why)
    };
    let fallback = SocketAddr::from(([127, 0, 0, 1], 8420));
    section
        .read("listen", read)
        .map_or(fallback, |(address, _)| address)
}

fn name(section: &mut Section<'_, '_>, key: &'static str, fallback: &str) -> String {
    let read = |text: &str| check_name(text).map(|()| text.to_owned());
    section
        .read(key, read)
        .map_or_else(|| fallback.to_owned(), |(name, _)| name)
}

fn http_url(text: &str) -> Result<String, String> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err(format!(
            "{text:?} is not a URL such as \"https://slugline.example.org\""
        )),
    }
}

/// A network, or a single address, which is the network of just that address.
pub(super) fn networks(section: &mut Section<'_, '_>, key: &'static str) -> Vec<IpNet> {
    let Some((texts, place)) = section.take::<Vec<String>>(key) else {
        return Vec::new();
    };
    let mut networks = Vec::new();
    for text in texts {
        let single = || text.parse::<IpAddr>().map(IpNet::from).ok();
        match text.parse().ok().or_else(single) {
            Some(network) => networks.push(network),
            None => {
                let why =
                    format!("{text:?} is not a network such as \"10.0.0.0/8\" or \"192.168.1.7\"");
                section.complain(place.clone(), key, &why);
            }
        }
    }
    networks
}

fn limits(mut section: Section<'_, '_>) -> Limits {
    let size = |text: &str| {
        parse_size(text).and_then(|size| match size {
            1..=MAX_BODY => Ok(size),
            _ => Err(format!("must lie between 1 byte and {MAX_BODY} bytes")),
        })
    };
    let limits = Limits {
        body: narrow(section.read("body", size).map_or(BODY, |(size, _)| size)),
        requests_per_second: section
            .number("requests_per_second", 1, MAX_RATE)
            .and_then(|rate| u32::try_from(rate).ok()),
    };
    section.finish();
    limits
}

fn thresholds(mut section: Section<'_, '_>) -> Thresholds {
    let usual = Thresholds::default();
    let thresholds = Thresholds {
        max_open_jobs: section
            .number("max_open_jobs", 1, i64::MAX as u64)
            .unwrap_or(usual.max_open_jobs),
        min_free_bytes: section
            .read("min_free_disk", parse_size)
            .map_or(usual.min_free_bytes, |(size, _)| size),
        max_waiting: section
            .number("max_waiting", 1, MAX_RATE)
            .map_or(usual.max_waiting, narrow),
    };
    section.finish();
    thresholds
}

fn narrow(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
