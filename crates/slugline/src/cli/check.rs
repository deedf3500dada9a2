//! `slugline check`: is the configuration right, and do its destinations answer?

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use futures_util::future::join_all;
use serde_json::{Value, json};
use slugline_core::pace::Pace;
use slugline_core::source::Repeats;
use slugline_engine::ports::Clock;

use super::serve::{DEFAULT_CONFIG, configuration};
use super::{Ended, Trouble};
use crate::clock::SystemClock;
use crate::config::{ClientCertificate, Config, Destination, Source};
use crate::ground::identity;
use crate::output::{BAD, GOOD, Output, columns};
use crate::probe::ProbePort;
use crate::tls::Identity;
use crate::transport::{Guard, HttpTransport};

/// Checks the configuration; with --online also each destination and its credentials.
///
/// Nothing is changed anywhere. Exits with 0 when all is well, 1 when a destination does not
/// answer as it should, 2 when the configuration is wrong.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline check\n  slugline check --config /etc/slugline.toml --online\n  slugline check --online --json"
)]
pub struct CheckArgs {
    /// Configuration file; ./slugline.toml when it is there
    #[arg(long, value_name = "FILE", env = "SLUGLINE_CONFIG")]
    config: Option<PathBuf>,
    /// Also ask each destination whether it is there and takes the credentials
    #[arg(long)]
    online: bool,
}

/// What a destination said.
struct Probed<'c> {
    destination: &'c Destination,
    said: Result<String, String>,
}

/// What was found out beyond the configuration itself.
struct Checked<'c> {
    probed: Vec<Probed<'c>>,
    identity: Option<Identity>,
}

pub(super) async fn run(args: &CheckArgs, output: Output) -> Ended {
    let config = configuration(args.config.as_deref()).map_err(Trouble::wrong)?;
    let identity = identity(&config).map_err(Trouble::wrong)?;
    let probed = if args.online {
        probe(&config).await
    } else {
        Vec::new()
    };
    let checked = Checked { probed, identity };
    let well = checked.probed.iter().all(|probed| probed.said.is_ok());
    if output.is_json() {
        output.json(&as_json(&config, &checked, well));
    } else {
        show(args, &config, &checked, output);
    }
    Ok(well)
}

async fn probe(config: &Config) -> Vec<Probed<'_>> {
    let guard = Guard::new(config.server.allow_private_networks.clone());
    let transport = Arc::new(HttpTransport::new(guard));
    let probes = config.destinations.iter().map(|destination| {
        let port = ProbePort::new(Arc::clone(&transport), destination);
        async move {
            let said = destination.connector.probe(&port).await;
            let said = said.map_err(|failure| {
                format!(
                    "{}: {} ({})",
                    failure.reason.code(),
                    failure.message,
                    action(&failure)
                )
            });
            Probed { destination, said }
        }
    });
    join_all(probes).await
}

fn action(failure: &slugline_core::failure::Failure) -> String {
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
        .map(|source| source_row(source, config))
        .collect();
    for row in columns(&sources) {
        output.line(&format!("source {row}"));
    }
    let said = |destination: &Destination| {
        checked
            .probed
            .iter()
            .find(|probed| probed.destination.name == destination.name)
    };
    let rows: Vec<Vec<String>> = config
        .destinations
        .iter()
        .map(|destination| {
            let text =
                said(destination).map(|probed| probed.said.clone().unwrap_or_else(|why| why));
            let pace = destination.pace.as_ref().map(Pace::words);
            vec![
                destination.name.clone(),
                destination.kind.clone(),
                pace.unwrap_or_default(),
                text.unwrap_or_default(),
            ]
        })
        .collect();
    for (destination, row) in config.destinations.iter().zip(columns(&rows)) {
        let mark = match said(destination).map(|probed| probed.said.is_ok()) {
            Some(true) => output.paint(GOOD, "ok   "),
            Some(false) => output.paint(BAD, "fails"),
            None => "     ".to_owned(),
        };
        output.line(&format!("{mark}  {row}"));
    }
    if !args.online && !config.destinations.is_empty() {
        output.note("Nothing was asked of the destinations; --online does.");
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

/// Where to point the sender, and what it does not do.
fn source_row(source: &Source, config: &Config) -> Vec<String> {
    let manners = source.source.manners();
    let mut lacks = Vec::new();
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
    if manners.repeats == Repeats::None && source.source.library().is_none() {
        lacks.push("tells less than what changed, and two changes may read alike: without api the second is taken for a repeat of the first");
    }
    if manners.retries_for.is_zero() {
        lacks.push("sends once: what it sends while nobody listens is lost");
    }
    vec![
        source.url(&config.server),
        source.kind.clone(),
        lacks.join("; "),
    ]
}

fn as_json(config: &Config, checked: &Checked<'_>, well: bool) -> Value {
    let destinations: Vec<Value> = config
        .destinations
        .iter()
        .map(|destination| {
            let said = checked.probed.iter().find(|probed| probed.destination.name == destination.name);
            let (ok, detail) = match said.map(|probed| &probed.said) {
                None => (Value::Null, Value::Null),
                Some(Ok(text)) => (json!(true), json!(text)),
                Some(Err(why)) => (json!(false), json!(why)),
            };
            {
                let pace = destination.pace.as_ref().map(Pace::words);
                json!({ "name": destination.name, "type": destination.kind, "pace": pace, "ok": ok, "detail": detail })
            }
        })
        .collect();
    let source = |source: &Source| {
        let signs = source.source.manners().signs;
        json!({ "name": source.name, "type": source.kind, "url": source.url(&config.server), "signs": signs })
    };
    let sources: Vec<Value> = config.sources.iter().map(source).collect();
    let tls = checked
        .identity
        .as_ref()
        .map(|identity| json!({ "valid_until": identity.until(), "warning": identity.warning(SystemClock.now()) }));
    json!({ "ok": well, "tls": tls, "sources": sources, "destinations": destinations, "routes": config.routes.routes.len(), "tokens": config.tokens.len() })
}
