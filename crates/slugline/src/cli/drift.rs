//! `slugline drift`: what destinations show otherwise than desired.
//!
//! Ensures that nothing that a destination said drives the terminal. Without a subcommand it changes nothing;
//! what those change is in `mend_drift`.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use slugline_core::http::Method;
use url::form_urlencoded::Serializer;

use super::Ended;
use super::mend_drift::{self, MendArgs};
use crate::client::api::{Api, ServerArgs};
use crate::client::views::{self, Drifted, List};
use crate::output::{BAD, OPEN, Output, columns, printable};

/// The kinds of drift.
const KINDS: [&str; 4] = ["missing", "stale", "extra", "diverged"];

/// Lists what destinations show otherwise than desired.
#[derive(Args, Clone, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  slugline drift\n  slugline drift --destination blog --kind diverged\n  slugline drift --json\n  slugline drift repair post-42 --dry-run\n  slugline drift adopt post-42 --destination blog\n\nIt is what the last reconciliation and later looks have found; slugline reconcile looks anew."
)]
pub struct DriftArgs {
    #[command(subcommand)]
    what: Option<What>,
    /// At this destination
    #[arg(long, value_name = "DESTINATION")]
    destination: Option<String>,
    /// Of this kind
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(KINDS))]
    kind: Option<String>,
    /// In this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    /// Of this content
    #[arg(long, value_name = "CONTENT_ID")]
    content_id: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// Where the list before this one ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Publishes what is desired once more, over what somebody changed
    Repair(MendArgs),
    /// Takes what is there for what it should be, until it changes again or is published anew
    Adopt(MendArgs),
}

pub(super) async fn run(args: &DriftArgs, no_input: bool, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    match &args.what {
        None => list(&api, args, output).await,
        Some(What::Repair(mend)) => mend_drift::run(&api, "repair", mend, no_input, output).await,
        Some(What::Adopt(mend)) => mend_drift::run(&api, "adopt", mend, no_input, output).await,
    }
}

async fn list(api: &Api, args: &DriftArgs, output: Output) -> Ended {
    let mut request = api.request(Method::Get, &["v1", "drift"]);
    request.url = format!("{}?{}", request.url, args.query());
    let reply = api.send(request).await?;
    if output.is_json() {
        output.json(&reply.body);
        return Ok(true);
    }
    let page: List<Drifted> = views::read(reply.body)?;
    let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
    for (drifted, line) in page.items.iter().zip(columns(&rows)) {
        output.line(&format!("{}  {}", kind(drifted, output), printable(&line)));
    }
    if page.items.is_empty() {
        output.note("Nothing is known to have drifted.");
    }
    if let Some(cursor) = page.next_cursor {
        output.note(&format!("There are more: --cursor {cursor}"));
    }
    Ok(true)
}

impl DriftArgs {
    fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("limit", &self.limit.to_string());
        let given = [
            ("destination", &self.destination),
            ("kind", &self.kind),
            ("environment", &self.environment),
            ("content_id", &self.content_id),
            ("cursor", &self.cursor),
        ];
        for (name, value) in given {
            value.iter().for_each(|value| {
                query.append_pair(name, value);
            });
        }
        query.finish()
    }
}

fn kind(drifted: &Drifted, output: Output) -> String {
    let style = match &*drifted.kind {
        "missing" | "stale" => BAD,
        _ => OPEN,
    };
    output.paint(style, &format!("{:8}", drifted.kind))
}

fn row(drifted: &Drifted) -> Vec<String> {
    let (action, generation) = (&drifted.desired_action, drifted.desired_generation);
    vec![
        drifted.destination.clone(),
        drifted.content_id.clone(),
        format!("{}/{}", drifted.environment, drifted.locale),
        format!("{action} {generation}"),
        format!("since {}", drifted.found_at),
        drifted.url.clone().unwrap_or_default(),
    ]
}
