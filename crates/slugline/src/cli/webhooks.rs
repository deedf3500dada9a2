//! `slugline webhooks`: what came in, what became of it, and dealing with one again.
//!
//! Ensures that nothing that a sender wrote drives the terminal.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use slugline_core::http::Method;
use url::form_urlencoded::Serializer;

use super::{Ended, Trouble};
use crate::client::api::{Api, Denied, ServerArgs};
use crate::client::views::{self, Changed, List, Unreadable, Webhook, WebhookDetail};
use crate::output::{BAD, GOOD, OPEN, Output, QUIET, columns, printable};

/// How far a webhook can be.
const STATES: [&str; 4] = ["received", "done", "ignored", "failed"];

/// Lists the webhooks that came in, shows one, or has the server deal with it again.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline webhooks list\n  slugline webhooks list --source cms --state failed\n  slugline webhooks show whk_0000002b\n  slugline webhooks show whk_0000002b --json | slugline verify-webhook --type ghost --secret env:GHOST_HOOK_SECRET --at 1767225600000 -\n  slugline webhooks retry whk_0000002b\n\nWebhooks that were refused are not kept; slugline sources says why."
)]
pub struct WebhooksArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Lists webhooks, newest first
    List(Wanted),
    /// Shows one as it came, with what became of it
    Show {
        /// Its id, such as whk_0000002b
        id: String,
    },
    /// Deals with one again, once what made it fail is mended
    ///
    /// What was accepted of it the first time stays as it is.
    Retry {
        /// Its id
        id: String,
    },
}

#[derive(Args, Clone, Debug)]
struct Wanted {
    /// Of this source
    #[arg(long, value_name = "S")]
    source: Option<String>,
    /// In this state
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(STATES))]
    state: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// Where the list before this one ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

pub(super) async fn run(args: &WebhooksArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    match &args.what {
        What::List(wanted) => list(&api, wanted, output).await?,
        What::Show { id } => {
            let found = api.find(&["v1", "webhooks", id]).await?;
            let found = found.ok_or_else(|| absent(id))?;
            show(found, output)?;
        }
        What::Retry { id } => retry(&api, id, output).await?,
    }
    Ok(true)
}

fn absent(id: &str) -> Trouble {
    Trouble::badly(format!(
        "there is no webhook {id:?} of this token's owner; slugline webhooks list has those that are kept"
    ))
}

async fn list(api: &Api, wanted: &Wanted, output: Output) -> Result<(), Trouble> {
    let mut request = api.request(Method::Get, &["v1", "webhooks"]);
    request.url = format!("{}?{}", request.url, wanted.query());
    let reply = api.send(request).await?;
    if output.is_json() {
        output.json(&reply.body);
        return Ok(());
    }
    let page: List<Webhook> = views::read(reply.body)?;
    let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
    for (webhook, line) in page.items.iter().zip(columns(&rows)) {
        output.line(&format!("{}  {}", state(webhook, output), printable(&line)));
    }
    if page.items.is_empty() {
        output.note("No webhooks.");
    }
    if let Some(cursor) = page.next_cursor {
        output.note(&format!("There are more: --cursor {cursor}"));
    }
    Ok(())
}

impl Wanted {
    fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("limit", &self.limit.to_string());
        let given = [
            ("source", &self.source),
            ("state", &self.state),
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

fn state(webhook: &Webhook, output: Output) -> String {
    let style = match &*webhook.state {
        "done" => GOOD,
        "failed" => BAD,
        "received" => OPEN,
        _ => QUIET,
    };
    output.paint(style, &format!("{:8}", webhook.state))
}

fn row(webhook: &Webhook) -> Vec<String> {
    let said = webhook.changes.iter().map(|change| {
        let told = format!("{} {}", change.what, change.content_id);
        match &change.reason {
            Some(why) => format!("{told}: {why}"),
            None => told,
        }
    });
    let unreadable = webhook.unreadable.iter();
    let unreadable = unreadable.map(|part| format!("{}: {}", part.path, part.reason));
    let why = webhook.reason.iter().cloned();
    let found = webhook.found_by_poll.then(|| "found by poll".to_owned());
    vec![
        webhook.webhook_id.clone(),
        webhook.received_at.clone(),
        webhook.source.clone(),
        said.chain(unreadable)
            .chain(found)
            .chain(why)
            .collect::<Vec<_>>()
            .join("; "),
    ]
}

fn show(found: Value, output: Output) -> Result<(), Trouble> {
    if output.is_json() {
        output.json(&found);
        return Ok(());
    }
    let detail: WebhookDetail = views::read(found)?;
    let webhook = &detail.webhook;
    let state = state(webhook, output);
    let (id, source, at) = (&webhook.webhook_id, &webhook.source, &webhook.received_at);
    output.line(&format!("{id}  {source}  {at}  {}", state.trim_end()));
    facts(webhook)
        .iter()
        .for_each(|line| output.line(&printable(line)));
    let unreadable = webhook.unreadable.iter().map(unreadable);
    let rows: Vec<Vec<String>> = webhook
        .changes
        .iter()
        .map(change)
        .chain(unreadable)
        .collect();
    for line in columns(&rows) {
        output.line(&format!("  {}", printable(&line)));
    }
    output.line("");
    if detail.method.is_empty() {
        output.line("(what came was erased)");
        return Ok(());
    }
    output.line(&printable(&format!("{} {}", detail.method, detail.url)));
    for (name, values) in &detail.headers {
        for value in values {
            output.line(&output.paint(QUIET, &printable(&format!("{name}: {value}"))));
        }
    }
    let body = detail.body.as_deref();
    let body = body.unwrap_or("(the body is no text; --json has it as base64)");
    output.line("");
    body.lines().for_each(|line| output.line(&printable(line)));
    Ok(())
}

fn facts(webhook: &Webhook) -> Vec<String> {
    let proved = match (webhook.found_by_poll, &*webhook.secret) {
        (true, _) => "found when the source was asked; no webhook told of it".to_owned(),
        (false, secret) => format!("proved by {secret}"),
    };
    let signed = webhook
        .signed_at
        .as_ref()
        .map(|at| format!("signed at {at}"));
    let why = webhook.reason.clone();
    [Some(proved), signed, why].into_iter().flatten().collect()
}

fn change(change: &Changed) -> Vec<String> {
    let text = |member: &Option<String>| member.clone().unwrap_or_default();
    vec![
        change.status.clone(),
        change.what.clone(),
        change.content_id.clone(),
        text(&change.locale),
        text(&change.publish_id),
        text(&change.reason),
    ]
}

fn unreadable(part: &Unreadable) -> Vec<String> {
    vec![
        "unreadable".to_owned(),
        part.path.clone(),
        part.content_id.clone().unwrap_or_default(),
        String::new(),
        String::new(),
        part.reason.clone(),
    ]
}

async fn retry(api: &Api, id: &str, output: Output) -> Result<(), Trouble> {
    let request = api.request(Method::Post, &["v1", "webhooks", id, "retry"]);
    match api.send(request).await {
        Err(Denied::Refused { status: 404, .. }) => return Err(absent(id)),
        answered => answered?,
    };
    if output.is_json() {
        output.json(&json!({ "webhook_id": id, "state": "received" }));
    } else {
        output.line(&format!(
            "{id} will be dealt with again; see: slugline webhooks show {id}"
        ));
    }
    Ok(())
}
