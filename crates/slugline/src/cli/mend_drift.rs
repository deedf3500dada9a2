//! `slugline drift repair` and `slugline drift adopt`: what a person decides about drift.
//!
//! Ensures that what would be touched is shown first, and that it is asked about unless `--yes` is said: a repair
//! overwrites what somebody changed.

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};
use slugline_core::http::Method;

use super::confirm::{self, Consent};
use super::drift::KINDS;
use super::{Ended, Trouble};
use crate::client::api::{Api, Denied};
use crate::output::{Output, columns, printable};

/// Places of one page: as many as the server takes.
const PLACES: u16 = 500;
/// What comes of a place where it was done as asked, or would be.
const DONE: [&str; 5] = ["queued", "adopted", "would_queue", "would_adopt", ENDED];
/// What comes of a place that has not drifted any more.
const ENDED: &str = "drift_ended";

/// Which drift.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline drift repair post-42 --dry-run\n  slugline drift repair post-42 --destination blog --yes\n  slugline drift repair --all --destination blog --kind missing --dry-run\n  slugline drift adopt post-42 post-43\n\nA repair writes what is desired over what somebody changed there; adopting changes nothing there. slugline drift shows what is known."
)]
pub struct MendArgs {
    /// The contents
    #[arg(
        value_name = "CONTENT_ID",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    contents: Vec<String>,
    /// All that match the filters; one is needed
    #[arg(long)]
    all: bool,
    /// Only there; wherever it has drifted otherwise
    #[arg(long, value_name = "DESTINATION")]
    destination: Option<String>,
    /// Only drift of this kind
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(KINDS))]
    kind: Option<String>,
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
    let filters = [&args.destination, &args.kind, &args.environment];
    if args.all && filters.iter().all(|filter| filter.is_none()) {
        return Err(Trouble::wrong(
            "--all needs --destination, --kind or --environment; slugline drift lists what there is",
        ));
    }
    let mut plan = Vec::new();
    for content in contents(args) {
        plan.extend(planned(api, what, args, content).await?);
    }
    if !output.is_json() {
        show(&plan, output);
    }
    let can = plan.iter().filter(|item| is_as_asked(item)).count();
    let none = !plan.is_empty() && can == 0;
    if none {
        output.note("Nothing of it can be done.");
    }
    if none || !confirm::may(&args.consent, what, can, no_input, output)? {
        if output.is_json() {
            output.json(&json!({ "items": plan, "next_cursor": null }));
        }
        return Ok(!none || args.consent.dry_run);
    }
    let done = carry_out(api, what, &plan).await?;
    match output.is_json() {
        true => output.json(&json!({ "items": done, "next_cursor": null })),
        false => show(&done, output),
    }
    Ok(done.iter().all(is_as_asked))
}

/// The contents that are named; none stands for all.
fn contents(args: &MendArgs) -> Vec<Option<&str>> {
    match args.all {
        true => vec![None],
        false => args.contents.iter().map(|one| Some(&**one)).collect(),
    }
}

/// All that would be touched, or left alone.
async fn planned(
    api: &Api,
    what: &str,
    args: &MendArgs,
    content: Option<&str>,
) -> Result<Vec<Value>, Denied> {
    let (mut plan, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let body = json!({
            "content_id": content,
            "destination": args.destination,
            "kind": args.kind,
            "environment": args.environment,
            "dry_run": true,
            "limit": PLACES,
            "cursor": cursor,
        });
        let answer = ask(api, what, &body).await?;
        plan.extend_from_slice(items(&answer));
        cursor = answer["next_cursor"].clone();
        if cursor.is_null() {
            return Ok(plan);
        }
    }
}

/// Does it place by place, so that what drifted since it was shown is left alone.
async fn carry_out(api: &Api, what: &str, plan: &[Value]) -> Result<Vec<Value>, Denied> {
    const NAMES: [&str; 4] = ["content_id", "destination", "environment", "kind"];
    let is_same = |one: &Value, other: &Value| NAMES.iter().all(|name| one[name] == other[name]);
    let mut done: Vec<Value> = Vec::with_capacity(plan.len());
    for (place, item) in plan.iter().enumerate() {
        // One request is about all locales.
        if plan[..place].iter().any(|before| is_same(before, item)) {
            continue;
        }
        let mut body = json!({ "limit": PLACES });
        for name in NAMES {
            body[name] = item[name].clone();
        }
        let answer = ask(api, what, &body).await?;
        if items(&answer).is_empty() {
            let mut ended = item.clone();
            ended["outcome"] = json!(ENDED);
            done.push(ended);
        }
        done.extend_from_slice(items(&answer));
    }
    Ok(done)
}

async fn ask(api: &Api, what: &str, body: &Value) -> Result<Value, Denied> {
    let request = api.request(Method::Post, &["v1", "drift", what]);
    Ok(api.send(request.json(body)).await?.body)
}

fn is_as_asked(item: &Value) -> bool {
    DONE.iter().any(|word| item["outcome"] == *word)
}

fn items(answer: &Value) -> &[Value] {
    answer["items"].as_array().map_or(&[], Vec::as_slice)
}

fn show(items: &[Value], output: Output) {
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
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    for line in columns(&rows) {
        output.line(&printable(&line));
    }
}
