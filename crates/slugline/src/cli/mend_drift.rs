//! `slugline drift repair` and `slugline drift adopt`: what a person decides about a content's drift.
//!
//! Ensures that what would be touched is shown first, and that it is asked about unless `--yes` is said: a repair
//! overwrites what somebody changed.

use clap::Args;
use serde_json::{Value, json};
use slugline_core::http::Method;

use super::Ended;
use super::confirm::{self, Consent};
use crate::client::api::{Api, Denied};
use crate::output::{Output, columns, printable};

/// Places of one content that are dealt with in one go: as many as the server takes.
const PLACES: u16 = 500;
/// What comes of a place where it was done as asked, or would be.
const DONE: [&str; 4] = ["queued", "adopted", "would_queue", "would_adopt"];

/// Which drift.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline drift repair post-42 --dry-run\n  slugline drift repair post-42 --destination blog --yes\n  slugline drift adopt post-42\n\nA repair writes what is desired over what somebody changed there; adopting changes nothing there. slugline drift --content-id CONTENT_ID shows what is known."
)]
pub struct MendArgs {
    /// The content
    #[arg(value_name = "CONTENT_ID")]
    content: String,
    /// Only there; wherever it has drifted otherwise
    #[arg(long, value_name = "DESTINATION")]
    destination: Option<String>,
    /// Only in this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    #[command(flatten)]
    consent: Consent,
}

/// `what`: `repair` or `adopt`.
pub(super) async fn run(
    api: &Api,
    what: &str,
    args: &MendArgs,
    no_input: bool,
    output: Output,
) -> Ended {
    let plan = ask(api, what, args, true).await?;
    if !output.is_json() {
        show(&plan, output);
    }
    if !confirm::may(&args.consent, what, items(&plan).len(), no_input, output)? {
        if output.is_json() {
            output.json(&plan);
        }
        return Ok(true);
    }
    let done = ask(api, what, args, false).await?;
    match output.is_json() {
        true => output.json(&done),
        false => show(&done, output),
    }
    let as_asked = |item: &Value| DONE.iter().any(|word| item["outcome"] == *word);
    Ok(items(&done).iter().all(as_asked))
}

async fn ask(api: &Api, what: &str, args: &MendArgs, dry_run: bool) -> Result<Value, Denied> {
    let body = json!({
        "content_id": args.content,
        "destination": args.destination,
        "environment": args.environment,
        "dry_run": dry_run,
        "limit": PLACES,
    });
    let request = api.request(Method::Post, &["v1", "drift", what]);
    Ok(api.send(request.json(&body)).await?.body)
}

fn items(answer: &Value) -> &[Value] {
    answer["items"].as_array().map_or(&[], Vec::as_slice)
}

fn show(answer: &Value, output: Output) {
    let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let row = |item: &Value| {
        vec![
            text(item, "content_id"),
            text(item, "destination"),
            format!("{}/{}", text(item, "environment"), text(item, "locale")),
            text(item, "kind"),
            text(item, "outcome").replace('_', " "),
            text(item, "job_id"),
        ]
    };
    let rows: Vec<Vec<String>> = items(answer).iter().map(row).collect();
    for line in columns(&rows) {
        output.line(&printable(&line));
    }
}
