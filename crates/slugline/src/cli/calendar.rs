//! `slugline calendar`: what begins when.

use clap::Args;
use serde_json::Value;
use slugline_core::http::Method;
use url::form_urlencoded::Serializer;

use super::Ended;
use crate::client::api::{Api, ServerArgs};
use crate::output::{Output, columns, printable};

/// Lists what has a time that lies ahead: publishes with `publish_at`, and those that a destination's daily capacity or
/// windows gave a slot.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline calendar\n  slugline calendar --from 2026-12-01T00:00:00Z --to 2026-12-08T00:00:00Z\n  slugline calendar --json"
)]
pub struct CalendarArgs {
    /// From then on; from now on otherwise
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to then; for a month otherwise
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &CalendarArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    let mut request = api.request(Method::Get, &["v1", "calendar"]);
    request.url = format!("{}?{}", request.url, query(args));
    let calendar = api.send(request).await?.body;
    if output.is_json() {
        output.json(&calendar);
        return Ok(true);
    }
    let items = calendar["items"].as_array().cloned().unwrap_or_default();
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    columns(&rows)
        .iter()
        .for_each(|line| output.line(&printable(line)));
    if items.is_empty() {
        output.note("Nothing has a time in these days.");
    }
    if calendar["more"].as_bool() == Some(true) {
        output.note("There may be more; ask for fewer days.");
    }
    Ok(true)
}

fn query(args: &CalendarArgs) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in [("from", &args.from), ("to", &args.to)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

fn row(item: &Value) -> Vec<String> {
    let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let names = item["destinations"].as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    let by = match item["by"].as_str() {
        Some("slot") => "slot",
        _ => "scheduled",
    };
    vec![
        text("at"),
        by.to_owned(),
        text("action"),
        text("content_id"),
        format!("{}/{}", text("environment"), text("locale")),
        names.join(", "),
    ]
}
