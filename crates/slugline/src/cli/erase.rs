//! `slugline erase`: all that is kept of an item's words goes.
//!
//! Ensures that it is asked about first: it cannot be undone.

use clap::Args;
use serde_json::{Value, json};
use slugline_core::http::Method;

use super::Ended;
use super::confirm::{self, Consent};
use crate::client::api::{Api, ServerArgs};
use crate::output::{Output, printable};

/// Erases all that is kept of an item's words, for good: bodies, requests, webhooks, messages, notes, media that nothing
/// else uses. Keys, ids, times and who did what stay, and the log's chain stays whole.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline erase author-7 --reason 'asked for on 2 May'\n  slugline erase author-7 --environment production --locale de --reason 'ticket 812' --yes\n\nThe item must be unpublished or deleted at all its destinations. Backups made before still have the words."
)]
pub struct EraseArgs {
    /// Content id
    #[arg(value_name = "CONTENT_ID")]
    content: String,
    /// Why; kept as a note
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Needed where the content is in several
    #[arg(long, value_name = "E")]
    environment: Option<String>,
    /// Needed where the content is in several
    #[arg(long, value_name = "L")]
    locale: Option<String>,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &EraseArgs, no_input: bool, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    let content = args.content.as_str();
    let known = api.request(Method::Get, &["v1", "content", content]);
    let known = api.send(known).await?.body;
    let is = |named: &Option<String>, own: &Value| {
        named
            .as_deref()
            .is_none_or(|named| own.as_str() == Some(named))
    };
    let items = known["items"].as_array().cloned().unwrap_or_default();
    let meant = items.iter().filter(|item| {
        is(&args.environment, &item["environment"]) && is(&args.locale, &item["locale"])
    });
    let meant: Vec<&Value> = meant.collect();
    if !output.is_json() {
        meant
            .iter()
            .for_each(|item| output.line(&printable(&line(item))));
    }
    if !confirm::may(
        &args.consent,
        "erase for good",
        meant.len(),
        no_input,
        output,
    )? {
        if output.is_json() {
            output.json(&json!({ "items": meant }));
        }
        return Ok(true);
    }
    let body = json!({
        "reason": args.reason,
        "environment": args.environment,
        "locale": args.locale,
    });
    let request = api.request(Method::Post, &["v1", "content", content, "erase"]);
    let done = api.send(request.json(&body)).await?.body;
    if output.is_json() {
        output.json(&done);
    } else {
        output.line(&printable(&told(&done)));
    }
    Ok(true)
}

fn line(item: &Value) -> String {
    let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    format!(
        "{}  in {}/{}  generation {} ({})",
        text("content_id"),
        text("environment"),
        text("locale"),
        item["generation"],
        text("action")
    )
}

fn told(done: &Value) -> String {
    format!(
        "{}  erased: {} bodies, {} requests, {} webhooks, {} messages, {} exchanges, {} log entries, {} notes, {} media",
        done["content_id"].as_str().unwrap_or_default(),
        done["bodies"],
        done["requests"],
        done["webhooks"],
        done["messages"],
        done["exchanges"],
        done["entries"],
        done["notes"],
        done["media"]
    )
}
