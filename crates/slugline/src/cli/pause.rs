//! `slugline pause` and `slugline resume`: what begins, and what waits.
//!
//! Ensures that exactly one thing is named, and that everything is asked about: what stops more than was meant
//! is worse than an error.

use clap::Args;
use serde_json::{Value, json};
use slugline_core::http::Method;
use slugline_core::item::Class;

use super::confirm::{self, Consent};
use super::{Ended, Trouble};
use crate::client::api::{Api, ServerArgs};
use crate::client::views::{self, List, Pause};
use crate::output::{Output, printable};

/// Stops new runs at a destination, of a class, of a content item, or all of them.
///
/// What is under way ends as it would have. What waits keeps its place, and the time counts against no
/// deadline.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline pause blog --note 'the CMS is being upgraded'\n  slugline pause --class bulk\n  slugline pause --content post-42 --locale de\n  slugline pause --all --dry-run\n  slugline pause --all --yes\n\nOnly --all asks. What is paused is in: slugline pauses"
)]
pub struct PauseArgs {
    #[command(flatten)]
    what: What,
    /// Why, for those who wonder
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    server: ServerArgs,
}

/// Has what was paused go on.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline resume blog\n  slugline resume --class bulk\n  slugline resume --content post-42 --locale de\n  slugline resume --all --yes\n\nOnly --all asks. What another pause covers still waits for that one."
)]
pub struct ResumeArgs {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Clone, Debug)]
#[group(skip)]
struct What {
    /// A destination
    #[arg(
        value_name = "DESTINATION",
        required_unless_present_any = ["class", "content", "all"],
        conflicts_with_all = ["class", "content", "all"]
    )]
    destination: Option<String>,
    /// All jobs of a class: urgent, standard, preview, bulk or reconcile
    #[arg(long, value_name = "C", conflicts_with_all = ["content", "all"])]
    class: Option<String>,
    /// A content item
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    content: Option<String>,
    /// The environment of the content item
    #[arg(
        long,
        value_name = "E",
        default_value = "production",
        requires = "content"
    )]
    environment: String,
    /// Only this locale of the content item
    #[arg(long, value_name = "L", requires = "content")]
    locale: Option<String>,
    /// Everything, at all destinations
    #[arg(long)]
    all: bool,
}

/// Whether it is to be done: what was named was meant, everything is asked about.
async fn may(
    api: &Api,
    what: &What,
    action: &str,
    consent: &Consent,
    no_input: bool,
    output: Output,
) -> Result<bool, Trouble> {
    if !what.all {
        return match consent.dry_run {
            true => Err(Trouble::wrong("--dry-run goes with --all")),
            false => Ok(true),
        };
    }
    let known: List<Value> = views::read(api.ask(&["v1", "destinations"], &[]).await?)?;
    let names = known.items.iter().filter_map(|one| one["name"].as_str());
    let names: Vec<&str> = names.collect();
    let all = printable(&format!("{action} everything ({})", names.join(", ")));
    if !consent.dry_run && confirm::agreed(consent, &all, no_input)? {
        return Ok(true);
    }
    if output.is_json() {
        output.json(&json!({ "done": false, "action": action, "destinations": names }));
    } else {
        output.note(&format!("This would {all}; nothing was done."));
    }
    Ok(false)
}

impl What {
    /// The path of an action on it, and what is said of it besides.
    fn path<'a>(&'a self, action: &'a str) -> Result<(Vec<&'a str>, Value), Trouble> {
        if let Some(class) = &self.class {
            if !Class::ALL.iter().any(|known| known.as_str() == class) {
                let known = Class::ALL.map(Class::as_str).join(", ");
                return Err(Trouble::wrong(format!(
                    "--class {class:?} is no class; there are {known}"
                )));
            }
            return Ok((vec!["v1", "classes", class, action], json!({})));
        }
        if let Some(content) = &self.content {
            let mut scope = json!({ "environment": self.environment });
            if let Some(locale) = &self.locale {
                scope["locale"] = json!(locale);
            }
            return Ok((vec!["v1", "content", content, action], scope));
        }
        Ok(match &self.destination {
            Some(name) => (vec!["v1", "destinations", name, action], json!({})),
            None => (vec!["v1", action], json!({})),
        })
    }
}

pub(super) async fn pause(args: &PauseArgs, no_input: bool, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    if !may(&api, &args.what, "pause", &args.consent, no_input, output).await? {
        return Ok(true);
    }
    let (path, mut body) = args.what.path("pause")?;
    if !args.note.is_empty() {
        body["note"] = json!(args.note);
    }
    let reply = api
        .send(api.request(Method::Post, &path).json(&body))
        .await?;
    if output.is_json() {
        output.json(&reply.body);
    } else {
        let pause: Pause = views::read(reply.body)?;
        let line = format!("paused: {}", pause.line());
        output.line(&printable(&line));
    }
    Ok(true)
}

pub(super) async fn resume(args: &ResumeArgs, no_input: bool, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    if !may(&api, &args.what, "resume", &args.consent, no_input, output).await? {
        return Ok(true);
    }
    let (path, body) = args.what.path("resume")?;
    let reply = api
        .send(api.request(Method::Post, &path).json(&body))
        .await?;
    if output.is_json() {
        output.json(&reply.body);
        return Ok(true);
    }
    match reply.body["resumed"].as_bool() {
        Some(true) => output.line("resumed"),
        _ => output.note("It was not paused; slugline pauses lists what is."),
    }
    Ok(true)
}
