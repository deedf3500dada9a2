//! The configuration that fits the answers, with comments.
//!
//! Ensures that it has no secret in it, only the names of variables, and that every text from outside is
//! quoted. Does not write the file.

use std::fmt::Write;

use toml::Value;
use url::{Host, Url};

use super::answers::{Answers, Destination, Security, Sender, Store};
use super::vendors;
use crate::transport::Guard;

/// The variable of the admin's token, which client commands read too.
pub(super) const ADMIN: &str = "SLUGLINE_TOKEN";
/// The variable of the token for programs that publish.
pub(super) const PUBLISHER: &str = "PUBLISHER_TOKEN";
/// The variable of the database, which all commands read.
pub(super) const DATABASE: &str = "SLUGLINE_DATABASE_URL";
/// Where the server listens: this machine, or the world.
const HERE: &str = "127.0.0.1:8420";
const EVERYWHERE: &str = "0.0.0.0:8420";
/// Bytes of a publish on disk with all its records (docs/speed.md).
const BYTES: u64 = 4_700;
/// Days for which revisions and attempts are kept, where there is room for it.
const DAYS: u64 = 90;
/// Fewer would take away what people still ask for.
const FEWEST_DAYS: u64 = 7;
/// Bytes that the records may come to, unless somebody says otherwise: a small disk.
const ROOM: u64 = 50_000_000_000;

/// The variable of a secret that belongs to a name.
pub(super) fn variable(name: &str, of: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    format!("{}_{of}", name.to_ascii_uppercase())
}

/// The variable of a source's secret.
pub(super) fn hook_variable(source: &Sender) -> String {
    variable(&source.name, "HOOK_SECRET")
}

/// What the file holds.
pub(super) fn configuration(answers: &Answers) -> String {
    let mut text = String::from(
        "# Made by slugline init. docs/configuration.md has every key; slugline check names what is wrong with its line.\n# Secrets stand in variables: \"env:NAME\" is the variable NAME.\n",
    );
    let mut parts = vec![
        server(answers),
        store(answers),
        token("admin", "admin", ADMIN),
    ];
    if answers.api {
        parts.push(token("publisher", "editor", PUBLISHER));
    }
    let sources = answers.sources.iter();
    parts.extend(sources.map(|one| source(one, &answers.destinations)));
    parts.extend(answers.destinations.iter().map(destination));
    parts.push(route(&answers.destinations));
    for part in parts {
        let _ = write!(text, "\n{part}");
    }
    text
}

fn server(answers: &Answers) -> String {
    let reach = match &answers.security {
        Security::Local => format!(
            "# This machine only. For others: public_url, and a reverse proxy in front or tls.\nlisten = \"{HERE}\"\n"
        ),
        Security::Proxy { url } => format!(
            "# This machine only; the reverse proxy brings what comes from outside, with TLS.\nlisten = \"{HERE}\"\npublic_url = {}\n# What the proxy says of a sender's address counts, for allow_ips of a source.\ntrusted_proxies = [\"127.0.0.1\", \"::1\"]\n",
            quoted(url)
        ),
        Security::Tls {
            url,
            certificate,
            key,
        } => format!(
            "listen = \"{EVERYWHERE}\"\npublic_url = {}\n# Renewed files are taken without a restart.\ntls = {{ certificate = {}, key = {} }}\n",
            quoted(url),
            quoted(certificate),
            quoted(&format!("file:{key}"))
        ),
    };
    format!(
        "[server]\n{reach}{}",
        private_networks(&answers.destinations)
    )
}

/// Destinations inside the network are refused unless they are named.
fn private_networks(destinations: &[Destination]) -> String {
    let mut networks: Vec<String> = Vec::new();
    for destination in destinations.iter().filter(|one| one.guide.key == "url") {
        for network in inside(&destination.at) {
            if !networks.contains(&network) {
                networks.push(network);
            }
        }
    }
    if networks.is_empty() {
        return String::new();
    }
    format!(
        "# Requests go to public addresses only, and to these.\nallow_private_networks = [{}]\n",
        networks.join(", ")
    )
}

fn inside(url: &str) -> Vec<String> {
    let url = Url::parse(url).ok();
    let address = match url.as_ref().and_then(Url::host) {
        Some(Host::Domain("localhost")) => return vec![quoted("127.0.0.0/8"), quoted("::1")],
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
        Some(Host::Domain(_)) | None => return Vec::new(),
    };
    match Guard::new(Vec::new()).check(address) {
        Ok(()) => Vec::new(),
        Err(_) => vec![quoted(&address.to_string())],
    }
}

fn store(answers: &Answers) -> String {
    let a_day = answers.volume.saturating_mul(BYTES);
    let days = (ROOM / a_day.max(1)).clamp(FEWEST_DAYS, DAYS);
    let size = size(a_day.saturating_mul(days));
    let mut text = format!(
        "[store]\n# {} publishes a day come to about {size} in the {days} days that revisions and attempts are kept.\nretention = {{ revisions = \"{days}d\", attempts = \"{days}d\" }}\n",
        answers.volume
    );
    if answers.store == Store::Postgres {
        let _ = write!(
            text,
            "# All nodes serve from this database: postgres://user@host/name\nurl = \"env:{DATABASE}\"\n"
        );
    }
    text
}

fn size(bytes: u64) -> String {
    match bytes {
        few if few < 1_000_000_000 => format!("{} MB", few.div_ceil(1_000_000)),
        many => format!("{} GB", many.div_ceil(1_000_000_000)),
    }
}

fn token(name: &str, role: &str, variable: &str) -> String {
    format!("[[token]]\nname = \"{name}\"\nsecret = \"env:{variable}\"\nrole = \"{role}\"\n")
}

fn source(source: &Sender, destinations: &[Destination]) -> String {
    let Sender { kind, name } = source;
    let section = vendors::source(kind).map_or(&**kind, |guide| guide.section);
    format!(
        "# What to set up there, and api, by which it can be asked what no webhook told of:\n# docs/sources.md, {section}.\n[[source]]\nname = {}\ntype = {}\nsecrets = [\"env:{}\"]\n",
        quoted(name),
        quoted(kind),
        hook_variable(source)
    ) + &same_as(kind, destinations)
}

/// Only who runs them knows whether two of one type are one site.
fn same_as(kind: &str, destinations: &[Destination]) -> String {
    let alike = destinations.iter().filter(|one| one.guide.kind == kind);
    let names: Vec<String> = alike.map(|one| quoted(&one.name)).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        "# Is it the site of a destination too? Then name that one here; if not, same_as = [].\n# same_as = [{}]\n",
        names.join(", ")
    )
}

fn destination(destination: &Destination) -> String {
    let Destination {
        name,
        guide,
        at,
        user,
    } = destination;
    let user = quoted(user.as_deref().unwrap_or_default());
    let secret = guide.secret.map(|of| variable(name, of));
    let keys = guide.keys.replace("{user}", &user);
    let keys = keys.replace("{secret}", &secret.unwrap_or_default());
    let (kind, key, at) = (quoted(guide.kind), guide.key, quoted(at));
    format!(
        "[[destination]]\nname = {}\ntype = {kind}\n{key} = {at}\n{keys}",
        quoted(name)
    )
}

fn route(destinations: &[Destination]) -> String {
    let names: Vec<String> = destinations.iter().map(|one| quoted(&one.name)).collect();
    format!(
        "# Everything goes everywhere; match = {{ source = \"...\" }} tells sources apart.\n[[route]]\nname = \"all\"\nto = [{}]\n",
        names.join(", ")
    )
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}
