//! `slugline token`: API tokens, through the server or straight in its data.
//!
//! Ensures that a token is shown once, when it is made; only its hash is kept.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use slugline_core::http::Method;
use slugline_core::item::check_name;
use slugline_core::secret::Secret;
use slugline_engine::store::{Store, StoreError, TokenRecord};
use slugline_web::{Role, token_hash, token_of};

use super::{Ended, Trouble};
use crate::client::api::{Api, Denied, ServerArgs};
use crate::clock::{SystemClock, random_bytes};
use crate::config::DEFAULT_OWNER;
use crate::output::{Output, columns};
use crate::place::Storage;

/// Makes, lists and revokes API tokens.
///
/// Through a running server with an admin's token, with --data when no server runs, or straight in
/// the nodes' database with --database-url.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline token create ci --role editor --environment production\n  slugline token create first --role admin --data ./slugline-data\n  slugline token list\n  slugline token revoke ci\n\nTokens in slugline.toml ([[token]]) are changed there."
)]
pub struct TokenArgs {
    #[command(subcommand)]
    what: What,
    /// Directory of the embedded store, when no server runs on it
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// The nodes' PostgreSQL database
    #[arg(long, value_name = "URL", global = true, conflicts_with = "data")]
    database_url: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Makes a token and shows it once
    Create(Wanted),
    /// Lists tokens
    List,
    /// Ends a token
    Revoke {
        /// The token's name
        name: String,
    },
}

#[derive(Args, Clone, Debug)]
struct Wanted {
    /// Its name, as the log shows it
    #[arg(value_parser = name)]
    name: String,
    /// What it may do: viewer, editor, operator or admin
    #[arg(long)]
    role: Role,
    /// Environment that it may write to; more than once for several, all when absent
    #[arg(long, value_name = "E", value_parser = name)]
    environment: Vec<String>,
    /// The owner that it acts for; with --data or --database-url only: a server gives the caller's
    #[arg(long, value_name = "O", value_parser = name)]
    owner: Option<String>,
}

fn name(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned())
}

pub(super) async fn run(args: &TokenArgs, output: Output) -> Ended {
    let storage = match (&args.data, &args.database_url) {
        (_, Some(url)) => Storage::Database(Secret::new(url)),
        (Some(data), None) => Storage::Directory(data.clone()),
        (None, None) => return through_server(&Api::new(&args.server)?, &args.what, output).await,
    };
    directly(&storage, &args.what, output).await
}

async fn through_server(api: &Api, what: &What, output: Output) -> Ended {
    match what {
        What::Create(Wanted { owner: Some(_), .. }) => {
            let advice = "--owner needs --data or --database-url: a server gives the caller's";
            return Err(Trouble::wrong(advice));
        }
        What::Create(wanted) => {
            let body = json!({ "name": wanted.name, "role": wanted.role, "environments": wanted.environment });
            let reply = api
                .send(api.request(Method::Post, &["v1", "tokens"]).json(&body))
                .await?;
            show_made(&reply.body, output);
        }
        What::List => {
            let reply = api
                .send(api.request(Method::Get, &["v1", "tokens"]))
                .await?;
            show_list(&reply.body["items"], output);
        }
        What::Revoke { name } => {
            match api
                .send(api.request(Method::Delete, &["v1", "tokens", name]))
                .await
            {
                Err(denied @ Denied::Refused { status: 404, .. }) => {
                    return Err(Trouble::badly(denied.to_string()));
                }
                revoked => revoked?,
            };
            show_revoked(name, output);
        }
    }
    Ok(true)
}

async fn directly(storage: &Storage, what: &What, output: Output) -> Ended {
    // Opening makes a directory where there is none; only `create` may want that.
    if let (Storage::Directory(data), What::List | What::Revoke { .. }) = (storage, what)
        && !data.exists()
    {
        return Err(Trouble::wrong(format!(
            "there is no data directory {}",
            data.display()
        )));
    }
    let store = storage
        .open(Arc::new(SystemClock::new()))
        .map_err(Trouble::wrong)?;
    let done = in_store(store.as_ref(), what, output).await;
    store.close().await;
    done
}

async fn in_store(store: &dyn Store, what: &What, output: Output) -> Ended {
    match what {
        What::Create(wanted) => {
            let (token, record) = make(store, wanted)?;
            if !store.add_token(record.clone()).await.map_err(failed)? {
                return Err(Trouble::badly(format!(
                    "a token is already called {:?}; choose another name, or revoke that one",
                    wanted.name
                )));
            }
            let mut made = shown(&record);
            made["token"] = json!(token);
            show_made(&made, output);
        }
        What::List => {
            let tokens = store.tokens().await.map_err(failed)?;
            show_list(&tokens.iter().map(shown).collect(), output);
        }
        What::Revoke { name } => {
            if !store.revoke_token(name).await.map_err(failed)? {
                return Err(Trouble::badly(format!("there is no token {name:?}")));
            }
            show_revoked(name, output);
        }
    }
    Ok(true)
}

fn failed(error: StoreError) -> Trouble {
    Trouble::badly(error.to_string())
}

fn make(store: &dyn Store, wanted: &Wanted) -> Result<(String, TokenRecord), Trouble> {
    let token = token_of(&random_bytes::<32>().map_err(Trouble::badly)?);
    let record = TokenRecord {
        name: wanted.name.clone(),
        hash: token_hash(&token),
        role: wanted.role.as_str().to_owned(),
        owner: wanted
            .owner
            .clone()
            .unwrap_or_else(|| DEFAULT_OWNER.to_owned()),
        environments: wanted.environment.clone(),
        created_at: store.now(),
    };
    Ok((token, record))
}

/// A token as the API shows it: never its hash.
fn shown(record: &TokenRecord) -> Value {
    json!({ "name": record.name, "role": record.role, "owner": record.owner, "environments": record.environments, "created_at": record.created_at })
}

fn show_made(made: &Value, output: Output) {
    if output.is_json() {
        output.json(made);
        return;
    }
    output.line(made["token"].as_str().unwrap_or_default());
    output.note("It is shown only now; keep it as a secret. Use it as SLUGLINE_TOKEN.");
}

fn show_list(items: &Value, output: Output) {
    if output.is_json() {
        output.json(&json!({ "items": items }));
        return;
    }
    let text = |item: &Value, member: &str| item[member].as_str().unwrap_or_default().to_owned();
    let row = |item: &Value| {
        let environments = item["environments"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>();
        let environments = if environments.is_empty() {
            "all environments".to_owned()
        } else {
            environments.join(", ")
        };
        let origin = if item["configured"] == json!(true) {
            "in slugline.toml".to_owned()
        } else {
            text(item, "created_at")
        };
        vec![
            text(item, "name"),
            text(item, "role"),
            text(item, "owner"),
            environments,
            origin,
        ]
    };
    let rows: Vec<Vec<String>> = items.as_array().into_iter().flatten().map(row).collect();
    columns(&rows).iter().for_each(|line| output.line(line));
}

fn show_revoked(name: &str, output: Output) {
    if output.is_json() {
        output.json(&json!({ "name": name, "revoked": true }));
    } else {
        output.line(&format!("{name} is revoked"));
    }
}
