//! `[[source]]`: the keys that every source has; the rest is the vendor's.
//!
//! Ensures that there is no source without a secret, and none whose webhooks are forgotten while they can
//! still come again.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use slugline_connectors::registry;
use slugline_core::intake::API;
use slugline_core::item::check_name;
use slugline_core::request::DEFAULT_ENVIRONMENT;
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_core::source;
use slugline_core::time::parse_duration;
use slugline_engine::webhooks::SweepSettings;
use toml::Spanned;

use super::DEFAULT_OWNER;
use super::complaints::{Complaints, Place};
use super::destination::{Destination, placed, value};
use super::section::Section;
use super::server::{Server, networks};
use super::size::parse_size;
use super::sweep::Sweep;
use super::token::name;

/// Secrets that are good at the same time: the current one and those before it while senders rotate.
const MAX_SECRETS: usize = 8;
/// The longest tolerance: a request that was read by somebody is good for so long.
const MAX_TOLERANCE: Duration = Duration::from_secs(24 * 3_600);
/// Bytes of a body that are taken, unless configured: Ghost tells a post in several forms, with what it was before.
const BODY: usize = 8 * 1024 * 1024;
/// The most that can be configured: a few of them are read at once, before anybody has proved anything.
pub const MAX_BODY: usize = 32 * 1024 * 1024;
/// How often a source with `api` is asked, unless configured: a page or two, which no vendor's rate notices.
const POLL: Duration = Duration::from_secs(300);
/// Asking more often costs more of the vendor's rate than it finds.
const MIN_POLL: Duration = Duration::from_secs(10);
/// How long a webhook is kept as it came, unless configured.
const KEEP: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Beyond the last moment at which a webhook can come again: clocks differ.
const MARGIN: Duration = Duration::from_secs(3_600);

/// What a webhook's word is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// It is the truth about the entry.
    #[default]
    Event,
    /// It is only news of it: the entry is looked up at the source.
    Refetch,
}

/// A configured source.
#[derive(Clone)]
pub struct Source {
    /// Its name: where its webhooks go, and the beginning of its items' content ids.
    pub name: String,
    /// The vendor's `type`.
    pub kind: String,
    /// Where its content goes, unless it says so itself.
    pub environment: String,
    /// Its own names of environments, and ours for them.
    pub environments: BTreeMap<String, String>,
    /// The owner that it acts for.
    pub owner: String,
    /// The locale of what does not say its own; the installation's when `None`.
    pub locale: Option<String>,
    /// References and secrets, newest first.
    pub secrets: Vec<(String, Secret)>,
    /// How far the time of signing may lie from ours.
    pub tolerance: Duration,
    /// Bytes of a body that are taken.
    pub max_body: usize,
    /// How long webhooks are kept as they came.
    pub keep: Duration,
    /// Networks that it may send from; any when empty.
    pub allow_ips: Vec<IpNet>,
    /// Names of which the certificate that its sender shows must have one; any sender when empty.
    pub client_certificates: Vec<String>,
    /// Whether its webhooks are only news of an entry.
    pub trust: Trust,
    /// How often it is asked what it has; never when `None`.
    pub poll: Option<Duration>,
    /// How often all that it has is listed; never when `None`.
    pub sweep: Option<SweepSettings>,
    /// The destinations that are the same site; where it does not say, those of its type may be.
    pub same_as: Option<Vec<String>>,
    /// The vendor's code, configured.
    pub source: Arc<dyn source::Source>,
}

impl Source {
    /// Where its webhooks go; a secret in it by the name of its reference.
    #[must_use]
    pub fn url(&self, server: &Server) -> String {
        let base = server.url();
        match self.secrets.first() {
            Some((label, _)) if self.source.has_token_in_path() => {
                format!("{base}/hooks/{}/[{label}]", self.name)
            }
            _ => format!("{base}/hooks/{}", self.name),
        }
    }

    /// Whether the source may send from an address.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allow_ips.iter().any(|net| net.contains(&address))
    }
}

/// `asks`: whether the listener asks its clients for certificates.
pub(super) fn read(
    mut section: Section<'_, '_>,
    secrets: &dyn Secrets,
    destinations: &[Destination],
    asks: bool,
) -> Option<Source> {
    let types: Vec<String> = registry::source_types()
        .map(|kind| format!("{kind:?}"))
        .collect();
    section.need("name", "\"cms\"");
    section.need("type", &types.join(" or "));
    section.need("secrets", "[\"env:CMS_SECRET\"]");
    let name_given = value(section.read("name", own_name));
    let kind: Option<Spanned<String>> = section
        .take("type")
        .map(|(kind, place)| placed(kind, &place));
    let environment = value(section.read("environment", name));
    let environments = environments(&mut section);
    let owner = value(section.read("owner", name));
    let locale = value(section.read("locale", name));
    let references = section.take::<Vec<SecretRef>>("secrets");
    let tolerance = value(section.read("tolerance", tolerance));
    let max_body = value(section.read("max_body", max_body));
    let keep = value(section.read("keep", parse_duration));
    let allow_ips = networks(&mut section, "allow_ips");
    let client_certificates = client_certificates(&mut section, asks);
    let trust: Trust = value(section.take("trust")).unwrap_or_default();
    let poll = value(section.read("poll", interval));
    let sweep = value(section.take::<Sweep>("sweep"));
    let same_as = section.take::<Vec<String>>("same_as");
    let resolved = references.map(|references| resolved(&mut section, secrets, references));
    let (title, kind) = (section.place(), kind?);
    let same_as = same_as.map(|named| sites(&mut section, kind.get_ref(), destinations, named));
    let (source, complaints) = build(section, &kind, secrets)?;
    let resolved = resolved?;
    for (label, secret) in &resolved {
        if let Err(why) = source.check_secret(secret) {
            complaints.add(title.clone(), format!("[[source]] secrets: {label}: {why}"));
        }
    }
    let poll = poll.unwrap_or_else(|| source.library().map(|_| POLL));
    let sweep = sweep.or_else(|| poll.map(|_| Sweep::default()));
    let sweep = sweep.and_then(|Sweep(settings)| settings);
    let asks = trust == Trust::Refetch || poll.is_some() || sweep.is_some();
    if source.library().is_none() && asks {
        let advice = "[[source]] trust = \"refetch\", poll and sweep need api: it says where the source can be asked";
        complaints.add(title, advice.to_owned());
    }
    let tolerance = tolerance.unwrap_or_else(|| source.tolerance());
    let again = tolerance * 2 + source.manners().retries_for + MARGIN;
    Some(Source {
        name: name_given?,
        kind: kind.into_inner(),
        environment: environment.unwrap_or_else(|| DEFAULT_ENVIRONMENT.into()),
        environments,
        owner: owner.unwrap_or_else(|| DEFAULT_OWNER.into()),
        locale,
        secrets: resolved,
        tolerance,
        max_body: max_body.unwrap_or(BODY),
        keep: keep.unwrap_or(KEEP).max(again),
        allow_ips,
        client_certificates,
        trust,
        poll,
        sweep,
        same_as,
        source,
    })
}

/// The destinations that a source is itself; each must be of its type.
fn sites(
    section: &mut Section<'_, '_>,
    kind: &str,
    destinations: &[Destination],
    (named, place): (Vec<String>, Place),
) -> Vec<String> {
    for name in &named {
        let known = destinations.iter().find(|known| known.name == *name);
        let why = match known {
            None => format!("no [[destination]] is called {name:?}"),
            Some(known) if known.kind != kind => {
                format!("{name:?} is a {}, and this source a {kind}", known.kind)
            }
            Some(_) => continue,
        };
        section.complain(place.clone(), "same_as", &why);
    }
    named
}

fn build<'t>(
    section: Section<'t, '_>,
    kind: &Spanned<String>,
    secrets: &dyn Secrets,
) -> Option<(Arc<dyn source::Source>, &'t mut Complaints)> {
    let common = section.known();
    let (rest, complaints) = section.remaining();
    match registry::source(kind, rest, secrets) {
        Ok(source) => Some((Arc::from(source), complaints)),
        Err(why) => {
            let mut message = format!("[[source]] {}: {}", kind.get_ref(), why.message);
            if why.message.starts_with("unknown field") {
                message.push_str(&format!("; or, as for every source: {common}"));
            }
            complaints.add(Place::File(why.span), message);
            None
        }
    }
}

fn environments(section: &mut Section<'_, '_>) -> BTreeMap<String, String> {
    let taken = section.take::<BTreeMap<String, String>>("environments");
    let Some((environments, place)) = taken else {
        return BTreeMap::new();
    };
    for ours in environments.values() {
        if let Err(why) = check_name(ours) {
            section.complain(place.clone(), "environments", &why);
        }
    }
    environments
}

fn client_certificates(section: &mut Section<'_, '_>, asks: bool) -> Vec<String> {
    let Some((names, place)) = section.take::<Vec<String>>("client_certificates") else {
        return Vec::new();
    };
    if !asks && !names.is_empty() {
        let why = "needs [server.tls] client_ca: whose certificates are asked for";
        section.complain(place, "client_certificates", why);
    }
    names
}

fn resolved(
    section: &mut Section<'_, '_>,
    secrets: &dyn Secrets,
    (references, place): (Vec<SecretRef>, Place),
) -> Vec<(String, Secret)> {
    if !(1..=MAX_SECRETS).contains(&references.len()) {
        let why = format!("name 1 to {MAX_SECRETS} secrets, the newest first");
        section.complain(place, "secrets", &why);
        return Vec::new();
    }
    let mut resolved = Vec::with_capacity(references.len());
    for reference in references {
        match secrets.resolve(&reference) {
            Ok(secret) => resolved.push((reference.0, secret)),
            Err(why) => section.complain(place.clone(), "secrets", &why),
        }
    }
    resolved
}

/// Items of API clients have a source too.
fn own_name(text: &str) -> Result<String, String> {
    match text {
        API => Err(format!(
            "{text:?} is the name of what API clients send; choose another"
        )),
        text => name(text),
    }
}

fn max_body(text: &str) -> Result<usize, String> {
    let given = usize::try_from(parse_size(text)?).ok();
    let fits = given.filter(|size| (1..=MAX_BODY).contains(size));
    fits.ok_or_else(|| {
        format!(
            "{text:?} does not lie between 1 byte and {} MiB",
            MAX_BODY >> 20
        )
    })
}

fn interval(text: &str) -> Result<Option<Duration>, String> {
    if text == "off" {
        return Ok(None);
    }
    let given = parse_duration(text)?;
    if given >= MIN_POLL {
        return Ok(Some(given));
    }
    let shortest = MIN_POLL.as_secs();
    Err(format!(
        "{text:?} is less than {shortest} s; \"off\" is for never"
    ))
}

fn tolerance(text: &str) -> Result<Duration, String> {
    let given = parse_duration(text)?;
    if !given.is_zero() && given <= MAX_TOLERANCE {
        return Ok(given);
    }
    Err(format!(
        "{text:?} does not lie between a moment and {} hours",
        MAX_TOLERANCE.as_secs() / 3_600
    ))
}
