//! `slugline drift`: what destinations show otherwise than desired.
//!
//! Ensures that nothing that a destination said drives the terminal. Without a subcommand it changes nothing;
//! what those change is in `mend_drift`.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::Ended;
use super::mend_drift::{self, MendArgs};
use super::slice::{self, Slice};
use crate::client::api::{Api, ServerArgs};
use crate::client::views::{self, Drifted, List};
use crate::output::{BAD, OPEN, Output, columns, printable};

/// The kinds of drift.
pub(super) const KINDS: [&str; 4] = ["missing", "stale", "extra", "diverged"];

/// Lists what destinations show otherwise than desired.
#[derive(Args, Clone, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  slugline drift\n  slugline drift --destination blog --kind diverged\n  slugline drift --json\n  slugline drift repair post-42 --dry-run\n  slugline drift repair --all --destination blog --kind missing --dry-run\n  slugline drift adopt post-42 --destination blog\n\nIt is what the last reconciliation and later looks have found; slugline reconcile looks anew."
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
    #[command(flatten)]
    slice: Slice,
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
    let limit = args.slice.limit();
    let query = [
        ("limit", Some(&*limit)),
        ("cursor", args.slice.cursor()),
        ("destination", args.destination.as_deref()),
        ("kind", args.kind.as_deref()),
        ("environment", args.environment.as_deref()),
        ("content_id", args.content_id.as_deref()),
    ];
    let body = api.ask(&["v1", "drift"], &query).await?;
    if output.is_json() {
        output.json(&body);
        return Ok(true);
    }
    let page: List<Drifted> = views::read(body)?;
    let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
    for (drifted, line) in page.items.iter().zip(columns(&rows)) {
        output.line(&format!("{}  {}", kind(drifted, output), printable(&line)));
    }
    slice::ended(&page, "Nothing is known to have drifted.", output);
    Ok(true)
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
