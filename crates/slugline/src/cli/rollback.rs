//! `slugline rollback`: an older version, as a new generation.
//!
//! Ensures that what comes back is shown first where asked, and that only what was looked at is replaced: a newer
//! generation in between is an error.

use clap::Args;
use serde_json::{Value, json};
use slugline_core::http::Method;

use super::confirm::{self, Consent};
use super::{Ended, Trouble};
use crate::client::api::{Api, Denied, ServerArgs};
use crate::output::{Output, printable};

/// Brings an older version back: a new generation with its body and media, verified like any other.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline rollback post-42\n  slugline rollback post-42 --to 3 --destination blog\n  slugline rollback post-42 --dry-run\n  slugline rollback post-42 post-43 post-44 --yes --note 'the release was bad'\n\nWithout --to it is the last generation that was live. A late retry of the bad version stays ignored."
)]
pub struct RollbackArgs {
    /// Content ids
    #[arg(value_name = "CONTENT_ID", required = true)]
    contents: Vec<String>,
    /// The generation to go back to
    #[arg(long, value_name = "GENERATION")]
    to: Option<i64>,
    /// Only there; wherever it is desired otherwise
    #[arg(long = "destination", value_name = "NAME")]
    destinations: Vec<String>,
    /// Needed where the content is in several
    #[arg(long, value_name = "E")]
    environment: Option<String>,
    /// Needed where the content is in several
    #[arg(long, value_name = "L")]
    locale: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &RollbackArgs, no_input: bool, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    let mut plans = Vec::with_capacity(args.contents.len());
    for content in &args.contents {
        let reply = ask(&api, args, content, None).await?;
        if !output.is_json() {
            output.line(&printable(&line(&reply)));
        }
        plans.push(reply);
    }
    // One that is named was meant; many are asked about.
    let asks = plans.len() > 1 || args.consent.dry_run;
    if asks && !confirm::may(&args.consent, "roll back", plans.len(), no_input, output)? {
        if output.is_json() {
            output.json(&json!({ "items": plans }));
        }
        return Ok(true);
    }
    let mut done = Vec::with_capacity(plans.len());
    for (content, plan) in args.contents.iter().zip(&plans) {
        let answer = ask(&api, args, content, plan["from"].as_i64()).await?;
        if !output.is_json() {
            told(answer, output)?;
        } else {
            done.push(answer);
        }
    }
    if output.is_json() {
        output.json(&json!({ "items": done }));
    }
    Ok(true)
}

/// What is planned, or what was done to the generation that the plan has seen.
async fn ask(
    api: &Api,
    args: &RollbackArgs,
    content: &str,
    seen: Option<i64>,
) -> Result<Value, Denied> {
    let destinations = (!args.destinations.is_empty()).then_some(&args.destinations);
    let body = json!({
        "to": args.to,
        "destinations": destinations,
        "environment": args.environment,
        "locale": args.locale,
        "generation": seen,
        "note": args.note,
        "dry_run": seen.is_none(),
    });
    let request = api.request(Method::Post, &["v1", "content", content, "rollback"]);
    Ok(api.send(request.json(&body)).await?.body)
}

fn line(plan: &Value) -> String {
    let names = plan["destinations"].as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    format!(
        "{}  generation {} back to {} ({})  at {}",
        plan["content_id"].as_str().unwrap_or_default(),
        plan["from"],
        plan["to"],
        plan["title"].as_str().unwrap_or_default(),
        names.join(", ")
    )
}

/// Shows what came of a new generation, or what would.
pub(super) fn told(body: Value, output: Output) -> Result<bool, Trouble> {
    if output.is_json() {
        output.json(&body);
        return Ok(true);
    }
    let text = match body["publish_id"].as_str() {
        Some(publish) => format!(
            "{}  generation {} is on its way; see: slugline status {publish}",
            body["content_id"].as_str().unwrap_or_default(),
            body["generation"]
        ),
        None => line(&body),
    };
    output.line(&printable(&text));
    Ok(true)
}
