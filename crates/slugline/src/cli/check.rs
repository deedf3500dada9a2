//! `slugline check`: is the configuration right, and do its destinations and sources answer?

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use slugline_core::failure::Failure;
use slugline_core::pace::Pace;
use slugline_core::reason::ErrorClass;
use slugline_core::source::Repeats;
use slugline_engine::ports::Clock;

use super::serve::{DEFAULT_CONFIG, configuration};
use super::{Ended, Trouble};
use crate::clock::SystemClock;
use crate::config::{ClientCertificate, Config, Destination, Source};
use crate::ground::identity;
use crate::output::{BAD, GOOD, Output, columns};
use crate::probe::{self, ProbePort, ProbeWire};
use crate::tls::Identity;
use crate::transport::{Guard, HttpTransport};

/// Checks the configuration; with --online also each destination, each source that has api, and their credentials.
///
/// Nothing is changed anywhere. Exits with 0 when all is well, 1 when a destination or a source does not
/// answer as it should, 2 when the configuration is wrong.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline check\n  slugline check --config /etc/slugline.toml --online\n  slugline check --online --json"
)]
pub struct CheckArgs {
    /// Configuration file; ./slugline.toml when it is there
    #[arg(long, value_name = "FILE", env = "SLUGLINE_CONFIG")]
    config: Option<PathBuf>,
    /// Also ask each destination, and each source that has api, whether it is there and takes the credentials
    #[arg(long)]
    online: bool,
}

const READS_ALIKE: &str = "its repeats are known by their bytes: where a body has neither time nor version, what is published again as it was before is taken for a repeat, and what is removed again may wait for a person";
const REMOVES_ALIKE: &str = "its removals tell no time: one that reads like an earlier one is looked up with api, and without it may be a late repeat of that";

/// What a destination or a source said, by its name: all is well, or what is wrong.
type Said<'c> = BTreeMap<&'c str, Result<String, String>>;

/// What was found out beyond the configuration itself.
struct Checked<'c> {
    destinations: Said<'c>,
    sources: Said<'c>,
    identity: Option<Identity>,
}

pub(super) async fn run(args: &CheckArgs, output: Output) -> Ended {
    let config = configuration(args.config.as_deref()).map_err(Trouble::wrong)?;
    let identity = identity(&config).map_err(Trouble::wrong)?;
    let checked = match args.online {
        true => online(&config, identity).await,
        false => Checked {
            destinations: Said::new(),
            sources: Said::new(),
            identity,
        },
    };
    let mut all = checked
        .destinations
        .values()
        .chain(checked.sources.values());
    let well = all.all(Result::is_ok);
    if output.is_json() {
        output.json(&as_json(&config, &checked, well));
    } else {
        show(args, &config, &checked, output);
    }
    Ok(well)
}

async fn online(config: &Config, identity: Option<Identity>) -> Checked<'_> {
    let guard = Guard::new(config.server.allow_private_networks.clone());
    let transport = Arc::new(HttpTransport::new(guard));
    let (destinations, sources) = join(
        probe_destinations(config, &transport),
        probe_sources(config, &transport),
    )
    .await;
    Checked {
        destinations,
        sources,
        identity,
    }
}

async fn probe_destinations<'c>(config: &'c Config, transport: &Arc<HttpTransport>) -> Said<'c> {
    let probes = config.destinations.iter().map(|destination| {
        let port = ProbePort::new(Arc::clone(transport), destination);
        async move {
            let said = destination.connector.probe(&port).await;
            (&*destination.name, said.map_err(|why| complaint(&why)))
        }
    });
    join_all(probes).await.into_iter().collect()
}

/// Those that can be asked.
async fn probe_sources<'c>(config: &'c Config, transport: &Arc<HttpTransport>) -> Said<'c> {
    let wire = ProbeWire(Arc::clone(transport));
    let probes = config.sources.iter().filter_map(|source| {
        let asked = probe::ask(source.source.library()?, &wire);
        Some(async move {
            let said = match asked.await {
                Ok(0) => Ok("api answers".to_owned()),
                Ok(news) => Ok(format!("api answers; news of the last minutes: {news}")),
                Err(why) => Err(format!("api: {} ({})", why.message, advice(&why))),
            };
            (&*source.name, said)
        })
    });
    join_all(probes).await.into_iter().collect()
}

fn complaint(failure: &Failure) -> String {
    let (code, message) = (failure.reason.code(), &failure.message);
    format!("{code}: {message} ({})", action(failure))
}

/// What to do about a source that cannot be asked.
fn advice(failure: &Failure) -> &'static str {
    match failure.class() {
        ErrorClass::Auth => "mend the credentials in its api, or what they may read there",
        ErrorClass::Throttled => "it asks for patience: try again later",
        ErrorClass::Transient | ErrorClass::Unknown => {
            "see whether the address in its api is right and answers from here; then try again"
        }
        _ => "see whether its api and its mapping are right",
    }
}

fn action(failure: &Failure) -> String {
    let action = serde_json::to_value(failure.reason.suggested_action()).unwrap_or_default();
    format!("suggested: {}", action.as_str().unwrap_or_default())
}

fn show(args: &CheckArgs, config: &Config, checked: &Checked<'_>, output: Output) {
    let file = args.config.clone().unwrap_or_else(|| DEFAULT_CONFIG.into());
    let counts = format!(
        "sources {}, destinations {}, routes {}, tokens {}",
        config.sources.len(),
        config.destinations.len(),
        config.routes.routes.len(),
        config.tokens.len()
    );
    output.line(&format!(
        "{}  {}: {counts}",
        output.paint(GOOD, "right"),
        file.display()
    ));
    if let Some(identity) = &checked.identity {
        output.line(&tls_line(config, identity));
        if let Some(warning) = identity.warning(SystemClock.now()) {
            output.line(&format!("{}  {warning}", output.paint(BAD, "soon ")));
        }
    }
    let sources: Vec<Vec<String>> = config
        .sources
        .iter()
        .map(|source| source_row(source, config, said(&checked.sources, &source.name)))
        .collect();
    for (source, row) in config.sources.iter().zip(columns(&sources)) {
        let mark = mark(&checked.sources, &source.name, output);
        output.line(&format!("{mark}  source {row}"));
    }
    let rows: Vec<Vec<String>> = config
        .destinations
        .iter()
        .map(|destination| {
            let pace = destination.pace.as_ref().map(Pace::words);
            vec![
                destination.name.clone(),
                destination.kind.clone(),
                pace.unwrap_or_default(),
                said(&checked.destinations, &destination.name)
                    .unwrap_or_default()
                    .to_owned(),
            ]
        })
        .collect();
    for (destination, row) in config.destinations.iter().zip(columns(&rows)) {
        let mark = mark(&checked.destinations, &destination.name, output);
        output.line(&format!("{mark}  {row}"));
    }
    let has_any = !config.destinations.is_empty() || !config.sources.is_empty();
    if has_any && !args.online {
        output.note("Nothing was asked of destinations and sources; --online does.");
    }
}

fn said<'s>(all: &'s Said<'_>, name: &str) -> Option<&'s str> {
    let said = all.get(name)?;
    Some(
        said.as_ref()
            .map_or_else(|why| why.as_str(), String::as_str),
    )
}

fn mark(all: &Said<'_>, name: &str, output: Output) -> String {
    match all.get(name) {
        Some(Ok(_)) => output.paint(GOOD, "ok   "),
        Some(Err(_)) => output.paint(BAD, "fails"),
        None => "     ".to_owned(),
    }
}

fn tls_line(config: &Config, identity: &Identity) -> String {
    let tls = config.server.tls.as_ref();
    let asked = tls.filter(|tls| tls.client_ca.is_some());
    let clients = match asked.map(|tls| tls.client_certificate) {
        None => "clients are not asked for certificates",
        Some(ClientCertificate::Optional) => "clients may show a certificate",
        Some(ClientCertificate::Required) => "clients must show a certificate",
    };
    let (listen, until) = (config.server.listen, identity.until());
    format!("https://{listen}, certificate valid until {until}; {clients}")
}

/// Where to point the sender, what it says when it is asked, and what it does not do.
fn source_row(source: &Source, config: &Config, said: Option<&str>) -> Vec<String> {
    let manners = source.source.manners();
    let mut lacks: Vec<&str> = said.into_iter().collect();
    let alike = |destination: &&Destination| destination.kind == source.kind;
    let alike = config.destinations.iter().find(alike);
    let unsaid = alike
        .filter(|_| source.same_as.is_none())
        .map(|destination| {
            format!(
                "is it the site of destination {0}? Then same_as = [\"{0}\"], else same_as = []",
                destination.name
            )
        });
    lacks.extend(unsaid.as_deref());
    if !manners.signs {
        lacks.push("signs nothing: whoever reads a webhook knows the secret, so use TLS");
    }
    if source.source.has_token_in_path() {
        lacks.push("its URL holds the secret, in place of [...]: keep it out of logs on the way");
    }
    match (source.source.library(), manners.repeats) {
        (None, Repeats::None) => lacks.push("tells less than what changed, and two changes may read alike: without api the second is taken for a repeat of the first"),
        (None, Repeats::SameBytes) if !manners.dates_removals => lacks.push(REMOVES_ALIKE),
        _ => {}
    }
    if source.source.may_read_alike() {
        lacks.push(READS_ALIKE);
    }
    if manners.retries_for.is_zero() && source.poll.is_none() {
        lacks.push(match source.source.library() {
            Some(_) => "sends once: what it sends while nobody listens is lost, as poll is off",
            None => {
                "sends once: what it sends while nobody listens is lost; with api it is asked for"
            }
        });
    }
    vec![
        source.url(&config.server),
        source.kind.clone(),
        lacks.join("; "),
    ]
}

fn as_json(config: &Config, checked: &Checked<'_>, well: bool) -> Value {
    let destination = |destination: &Destination| {
        let (ok, detail) = outcome(&checked.destinations, &destination.name);
        let pace = destination.pace.as_ref().map(Pace::words);
        json!({ "name": destination.name, "type": destination.kind, "pace": pace, "ok": ok, "detail": detail })
    };
    let destinations: Vec<Value> = config.destinations.iter().map(destination).collect();
    let source = |source: &Source| {
        let (ok, detail) = outcome(&checked.sources, &source.name);
        let signs = source.source.manners().signs;
        json!({ "name": source.name, "type": source.kind, "url": source.url(&config.server), "signs": signs, "ok": ok, "detail": detail })
    };
    let sources: Vec<Value> = config.sources.iter().map(source).collect();
    let tls = checked
        .identity
        .as_ref()
        .map(|identity| json!({ "valid_until": identity.until(), "warning": identity.warning(SystemClock.now()) }));
    json!({ "ok": well, "tls": tls, "sources": sources, "destinations": destinations, "routes": config.routes.routes.len(), "tokens": config.tokens.len() })
}

/// Whether it answered as it should, and what it said; nothing, where it was not asked.
fn outcome(all: &Said<'_>, name: &str) -> (Value, Value) {
    match all.get(name) {
        None => (Value::Null, Value::Null),
        Some(Ok(text)) => (json!(true), json!(text)),
        Some(Err(why)) => (json!(false), json!(why)),
    }
}
