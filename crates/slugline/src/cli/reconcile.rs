//! `slugline reconcile`: compares destinations with what is desired there, now.
//!
//! Ensures that waiting ends when all have ended, and that the exit code says whether all were compared.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use slugline_core::http::Method;

use super::{Ended, Trouble, reconciliations};
use crate::client::api::{Api, Denied, ServerArgs};
use crate::client::views::{self, Reconciliation};
use crate::output::Output;

/// Between two questions how it goes.
const PAUSE: Duration = Duration::from_millis(500);

/// Compares destinations with what is desired there, and does about drift what the policy says.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline reconcile blog\n  slugline reconcile blog shop --wait\n  slugline reconcile blog --dry-run --wait --json\n\nWhat has drifted is listed by: slugline drift. What is done about it is on_drift of the destination.\nWhat has run and what runs: slugline reconciliations"
)]
pub struct ReconcileArgs {
    /// The destinations
    #[arg(required = true, value_name = "DESTINATION")]
    destinations: Vec<String>,
    /// Wait until all have ended; exit with 1 if one could not be compared
    #[arg(long)]
    wait: bool,
    /// Only report; repair and adopt nothing
    #[arg(long)]
    dry_run: bool,
    /// Believe a destination's list however short it is: it was emptied, and is the right site
    #[arg(long)]
    believe_listing: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &ReconcileArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    let mut begun = Vec::new();
    for destination in &args.destinations {
        begun.push(begin(&api, destination, args).await?);
    }
    let mut ended = true;
    for found in &mut begun {
        if args.wait {
            *found = wait(&api, found.clone()).await?;
        }
        let seen: Reconciliation = views::read(found.clone())?;
        ended &= matches!(&*seen.state, "running" | "done");
        if !output.is_json() {
            reconciliations::show(&seen, output);
            if seen.state == "running" {
                output.note("It goes on; --wait waits, and slugline drift lists what is found.");
            }
        }
    }
    if output.is_json() {
        output.json(&json!({ "items": begun }));
    }
    Ok(ended)
}

async fn begin(api: &Api, destination: &str, args: &ReconcileArgs) -> Result<Value, Trouble> {
    let request = api.request(Method::Post, &["v1", "reconciliations"]);
    let (dry_run, believe_listing) = (args.dry_run, args.believe_listing);
    let body = json!({ "destination": destination, "dry_run": dry_run, "believe_listing": believe_listing });
    match api.send(request.json(&body)).await {
        Err(Denied::Refused { status: 404, .. }) => Err(Trouble::badly(format!(
            "there is no destination {destination:?} of this token's owner; it must stand in the server's configuration"
        ))),
        answered => Ok(answered?.body),
    }
}

async fn wait(api: &Api, mut found: Value) -> Result<Value, Trouble> {
    loop {
        let seen: Reconciliation = views::read(found.clone())?;
        if seen.state != "running" {
            return Ok(found);
        }
        tokio::time::sleep(PAUSE).await;
        let id = &seen.reconciliation_id;
        let again = api.find(&["v1", "reconciliations", id]).await?;
        found = again.ok_or_else(|| Trouble::badly(format!("{id} is gone")))?;
    }
}
