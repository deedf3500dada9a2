//! `slugline reconciliations`: how comparisons of destinations with what is desired there went.
//!
//! Ensures that one that is under way can be ended, and that nothing that a destination said drives the
//! terminal. What begins one is `reconcile`.

use clap::{Args, Subcommand};
use serde_json::json;
use slugline_core::http::Method;

use super::slice::{self, Slice};
use super::{Ended, Trouble};
use crate::client::api::{Api, Denied, ServerArgs};
use crate::client::views::{self, Counts, List, Reconciliation};
use crate::output::{BAD, GOOD, OPEN, Output, columns, printable};

/// Lists reconciliations, shows one, or ends one that is under way.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline reconciliations list\n  slugline reconciliations list --destination blog --json\n  slugline reconciliations show rec_0000000a\n  slugline reconciliations abort rec_0000000a\n\nOne is begun by: slugline reconcile DESTINATION. What they found: slugline drift"
)]
pub struct ReconciliationsArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Lists them, newest first
    List {
        /// Of this destination
        #[arg(long, value_name = "NAME")]
        destination: Option<String>,
        #[command(flatten)]
        slice: Slice,
    },
    /// Shows one: its state, what it found, and why it stopped
    Show {
        /// Its id, such as rec_0000000a
        reconciliation: String,
    },
    /// Ends one that is under way; what it has found and queued stays
    Abort {
        /// Its id
        reconciliation: String,
    },
}

pub(super) async fn run(args: &ReconciliationsArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    let found = match &args.what {
        What::List { destination, slice } => {
            return list(&api, destination.as_deref(), slice, output).await;
        }
        What::Show { reconciliation } => {
            let found = api.find(&["v1", "reconciliations", reconciliation]).await?;
            found.ok_or_else(|| absent(reconciliation))?
        }
        What::Abort { reconciliation } => {
            let path = ["v1", "reconciliations", reconciliation, "abort"];
            let request = api.request(Method::Post, &path).json(&json!({}));
            let found = match api.send(request).await {
                Err(Denied::Refused { status: 404, .. }) => return Err(absent(reconciliation)),
                answered => answered?.body,
            };
            if found["state"] != "aborted" {
                output.note("It had ended before; nothing was done.");
            }
            found
        }
    };
    match output.is_json() {
        true => output.json(&found),
        false => show(&views::read(found)?, output),
    }
    Ok(true)
}

fn absent(id: &str) -> Trouble {
    Trouble::badly(format!(
        "there is no reconciliation {id:?} of this token's owner; slugline reconciliations list has them"
    ))
}

async fn list(api: &Api, destination: Option<&str>, slice: &Slice, output: Output) -> Ended {
    let limit = slice.limit();
    let query = [
        ("limit", Some(&*limit)),
        ("cursor", slice.cursor()),
        ("destination", destination),
    ];
    let body = api.ask(&["v1", "reconciliations"], &query).await?;
    if output.is_json() {
        output.json(&body);
        return Ok(true);
    }
    let page: List<Reconciliation> = views::read(body)?;
    let row = |seen: &Reconciliation| {
        vec![
            seen.reconciliation_id.clone(),
            seen.destination.clone(),
            seen.started_at.clone(),
            seen.actor.clone(),
            found(&seen.counts),
        ]
    };
    let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
    for (seen, line) in page.items.iter().zip(columns(&rows)) {
        output.line(&format!("{}  {}", state(seen, output), printable(&line)));
    }
    slice::ended(&page, "No destination was compared yet.", output);
    Ok(true)
}

/// The state, as wide as the widest.
fn state(seen: &Reconciliation, output: Output) -> String {
    let style = match &*seen.state {
        "done" => GOOD,
        "running" => OPEN,
        _ => BAD,
    };
    output.paint(style, &format!("{:7}", seen.state))
}

/// What was found, without what there is none of.
fn found(counts: &Counts) -> String {
    let found = [
        (counts.in_sync, "in sync"),
        (counts.missing, "missing"),
        (counts.stale, "stale"),
        (counts.extra, "extra"),
        (counts.diverged, "diverged"),
        (counts.unmanaged, "unmanaged"),
    ];
    let found = found.into_iter().filter(|(many, _)| *many > 0);
    let found: Vec<String> = found.map(|(many, kind)| format!("{many} {kind}")).collect();
    match found.is_empty() {
        true => format!("{} listed", counts.listed),
        false => format!("{} listed: {}", counts.listed, found.join(", ")),
    }
}

/// Shows a reconciliation with what it found.
pub(super) fn show(seen: &Reconciliation, output: Output) {
    let (id, destination) = (&seen.reconciliation_id, printable(&seen.destination));
    let state = state(seen, output);
    let step = seen.step.as_deref().unwrap_or_default();
    let line = format!("{id}  {destination}  {state}  {}", printable(step));
    output.line(line.trim_end());
    let ended = seen.ended_at.as_deref().unwrap_or("now");
    let kind = if seen.dry_run { ", dry run" } else { "" };
    let line = format!("  by {}, {} to {ended}{kind}", seen.actor, seen.started_at);
    output.line(&printable(&line));
    output.line(&format!("  {}", found(&seen.counts)));
    let (repaired, adopted) = (seen.counts.repaired, seen.counts.adopted);
    if repaired + adopted > 0 {
        output.line(&format!("  {repaired} repairs queued, {adopted} adopted"));
    }
    if let Some(why) = &seen.why {
        output.line(&format!("  {}", printable(why)));
    }
}
