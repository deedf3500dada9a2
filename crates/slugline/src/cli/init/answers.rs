//! What `init` wants to know, each as a flag and as a question.
//!
//! Ensures that a flag and an answer are read by the same code, and that a question is asked only where no
//! flag has answered it.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use slugline_connectors::registry;
use slugline_core::item::check_name;
use url::Url;

use super::ask::Asker;
use super::vendors::{self, DestinationGuide};
use crate::cli::Trouble;

/// The answers that were given on the command line.
#[derive(Args, Clone, Debug)]
pub struct Flags {
    /// Where content comes from: webhooks of a CMS, programs that use the API, or both
    #[arg(long, value_name = "FROM")]
    from: Option<From>,
    /// A CMS that sends webhooks; more than once for several. NAME is the type unless given
    #[arg(long, value_name = "TYPE[=NAME]")]
    source: Vec<Sender>,
    /// Where content goes; more than once for several. WHERE is a URL, or a folder
    #[arg(long, value_name = "TYPE[=WHERE]")]
    destination: Vec<Wanted>,
    /// The WordPress user that publishes
    #[arg(long, value_name = "NAME", value_parser = name)]
    username: Option<String>,
    /// Publishes on a busy day
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    volume: Option<u64>,
    /// One machine (sqlite, embedded), or several (postgres)
    #[arg(long, value_name = "STORE")]
    store: Option<Store>,
    /// Who reaches the server: this machine, the world through a reverse proxy, or the world by TLS
    #[arg(long, value_name = "REACH")]
    reach: Option<Reach>,
    /// The address under which others call the server
    #[arg(long, value_name = "URL", value_parser = address)]
    public_url: Option<String>,
    /// The TLS certificate with its chain, PEM; relative to the configuration file
    #[arg(long, value_name = "FILE", value_parser = text)]
    certificate: Option<String>,
    /// Its private key, PEM; relative to the configuration file
    #[arg(long, value_name = "FILE", value_parser = text)]
    key: Option<String>,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = crate::cli::serve::DEFAULT_CONFIG)]
    pub(super) config: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub(super) force: bool,
}

/// Where content comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum From {
    Cms,
    Api,
    Both,
}

/// Where the data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Store {
    Sqlite,
    Postgres,
}

/// Who reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Reach {
    Local,
    Proxy,
    Tls,
}

/// A sender of webhooks: its type, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) kind: String,
    pub(super) name: String,
}

/// A destination before it is known where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    kind: String,
    at: Option<String>,
}

/// A destination.
pub(super) struct Destination {
    pub(super) name: String,
    pub(super) guide: &'static DestinationGuide,
    pub(super) at: String,
    /// Who publishes there, where that is asked for.
    pub(super) user: Option<String>,
}

/// How the server is reached.
pub(super) enum Security {
    Local,
    Proxy {
        url: String,
    },
    Tls {
        url: String,
        certificate: String,
        key: String,
    },
}

/// All that is to be known.
pub(super) struct Answers {
    pub(super) api: bool,
    pub(super) sources: Vec<Sender>,
    pub(super) destinations: Vec<Destination>,
    pub(super) volume: u64,
    pub(super) store: Store,
    pub(super) security: Security,
}

impl Answers {
    /// Asks for what the flags do not say.
    pub(super) fn gather(flags: &Flags, asker: &mut Asker<'_>) -> Result<Self, Trouble> {
        let from = match (flags.from, flags.source.is_empty()) {
            (Some(from), _) => from,
            (None, false) => From::Cms,
            (None, true) => asker.choose(
                "--from",
                "Content comes from: cms (its webhooks), api (your programs), both",
                "api",
            )?,
        };
        Ok(Self {
            api: from != From::Cms,
            sources: sources(flags, from, asker)?,
            destinations: destinations(flags, asker)?,
            volume: match flags.volume {
                Some(volume) => volume,
                None => asker.ask("--volume", "Publishes on a busy day", Some("1000"), count)?,
            },
            store: match flags.store {
                Some(store) => store,
                None => asker.choose(
                    "--store",
                    "Store: sqlite (one machine), postgres (several)",
                    "sqlite",
                )?,
            },
            security: security(flags, asker)?,
        })
    }
}

fn sources(flags: &Flags, from: From, asker: &mut Asker<'_>) -> Result<Vec<Sender>, Trouble> {
    if from == From::Api || !flags.source.is_empty() {
        return distinct(flags.source.clone()).map_err(Trouble::wrong);
    }
    let kinds: Vec<&str> = registry::source_types().collect();
    let question = format!("Which CMS, with commas: {}", kinds.join(", "));
    let read = |text: &str| list(text).and_then(distinct);
    asker.ask("--source", &question, None, read)
}

fn distinct(sources: Vec<Sender>) -> Result<Vec<Sender>, String> {
    for (place, one) in sources.iter().enumerate() {
        if sources[..place].iter().any(|other| other.name == one.name) {
            let Sender { kind, name } = one;
            return Err(format!(
                "there are two of the name {name:?}; name one of them otherwise, as in {kind}=NAME"
            ));
        }
    }
    Ok(sources)
}

fn destinations(flags: &Flags, asker: &mut Asker<'_>) -> Result<Vec<Destination>, Trouble> {
    let wanted = match flags.destination.is_empty() {
        false => flags.destination.clone(),
        true => {
            let kinds: Vec<&str> = registry::types().collect();
            let question = format!("It goes to, with commas: {}", kinds.join(", "));
            asker.ask("--destination", &question, Some("folder"), list::<Wanted>)?
        }
    };
    let mut found: Vec<Destination> = Vec::new();
    for one in wanted {
        let twins = found.iter().filter(|known| known.guide.kind == one.kind);
        let name = match twins.count() {
            0 => one.kind.clone(),
            before => format!("{}-{}", one.kind, before + 1),
        };
        found.push(destination(name, &one, flags, asker)?);
    }
    Ok(found)
}

fn destination(
    name: String,
    wanted: &Wanted,
    flags: &Flags,
    asker: &mut Asker<'_>,
) -> Result<Destination, Trouble> {
    let kind = &wanted.kind;
    let guide = vendors::destination(kind).ok_or_else(|| {
        Trouble::wrong(format!("init does not know {kind} yet; write it by hand"))
    })?;
    let at = match &wanted.at {
        Some(at) => at.clone(),
        None => {
            let flag = format!("--destination {kind}=WHERE");
            let question = format!("  {name}: {}", guide.question);
            let read = |text: &str| place(guide, text);
            asker.ask(&flag, &question, guide.usual, read)?
        }
    };
    let user = match (guide.keys.contains("{user}"), &flags.username) {
        (false, _) => None,
        (true, Some(user)) => Some(user.clone()),
        (true, None) => {
            let question = format!("  {name}: the user that publishes");
            Some(asker.ask("--username", &question, Some("slugline"), self::name)?)
        }
    };
    Ok(Destination {
        name,
        guide,
        at,
        user,
    })
}

fn security(flags: &Flags, asker: &mut Asker<'_>) -> Result<Security, Trouble> {
    let reach = match (flags.reach, &flags.certificate) {
        (Some(reach), _) => reach,
        (None, Some(_)) => Reach::Tls,
        (None, None) => asker.choose(
            "--reach",
            "Reached: local (from this machine), proxy (by a reverse proxy here), tls (by TLS of its own)",
            "local",
        )?,
    };
    let mut said = |given: &Option<String>, flag, question, read: fn(&str) -> _| match given {
        Some(given) => Ok(given.clone()),
        None => asker.ask(flag, question, None, read),
    };
    if reach == Reach::Local {
        return Ok(Security::Local);
    }
    let question = "  its address, such as https://slugline.example.com";
    let url = said(&flags.public_url, "--public-url", question, address)?;
    if reach == Reach::Proxy {
        return Ok(Security::Proxy { url });
    }
    let question = "  the certificate with its chain (PEM)";
    let certificate = said(&flags.certificate, "--certificate", question, text)?;
    let key = said(&flags.key, "--key", "  its private key (PEM)", text)?;
    Ok(Security::Tls {
        url,
        certificate,
        key,
    })
}

impl FromStr for Sender {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, given) = text.split_once('=').unwrap_or((text, text));
        known(kind, registry::source_types())?;
        Ok(Self {
            kind: kind.to_owned(),
            name: name(given)?,
        })
    }
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, at) = match text.split_once('=') {
            Some((kind, at)) => (kind, Some(at)),
            None => (text, None),
        };
        known(kind, registry::types())?;
        let guide = vendors::destination(kind);
        let at = at.zip(guide).map(|(at, guide)| place(guide, at));
        Ok(Self {
            kind: kind.to_owned(),
            at: at.transpose()?,
        })
    }
}

fn known(kind: &str, kinds: impl Iterator<Item = &'static str>) -> Result<(), String> {
    let kinds: Vec<&str> = kinds.collect();
    match kinds.contains(&kind) {
        true => Ok(()),
        false => Err(format!(
            "{kind:?} is no type; there are {}",
            kinds.join(", ")
        )),
    }
}

fn list<T: FromStr<Err = String>>(text: &str) -> Result<Vec<T>, String> {
    text.split(',').map(|one| one.trim().parse()).collect()
}

fn place(guide: &DestinationGuide, at: &str) -> Result<String, String> {
    match guide.key {
        "url" => address(at),
        _ => text(at),
    }
}

fn address(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err(format!(
            "{text:?} is not an address such as https://www.example.com"
        )),
    }
}

fn text(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("it cannot be empty".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn name(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned())
}

fn count(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{text:?} is not a number above 0"))
}
