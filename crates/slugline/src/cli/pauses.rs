//! `slugline pauses`: what is paused, by whom and why.

use clap::Args;
use slugline_core::http::Method;

use super::Ended;
use crate::client::api::{Api, ServerArgs};
use crate::client::views::{self, List, Pause};
use crate::output::{Output, columns, printable};

/// Lists what is paused, the widest first.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  slugline pauses\n  slugline pauses --json")]
pub struct PausesArgs {
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &PausesArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    let request = api.request(Method::Get, &["v1", "pauses"]);
    let reply = api.send(request).await?;
    if output.is_json() {
        output.json(&reply.body);
        return Ok(true);
    }
    let pauses: List<Pause> = views::read(reply.body)?;
    let rows: Vec<Vec<String>> = pauses.items.iter().map(Pause::row).collect();
    columns(&rows)
        .iter()
        .for_each(|line| output.line(&printable(line)));
    if pauses.items.is_empty() {
        output.note("Nothing is paused.");
    }
    Ok(true)
}
