//! A real Directus: its packages from npm, a PostgreSQL of one's own. Ensures that each start begins with an empty database.
//! It listens on the loopback interface only. Collections and flows are the suite's affair.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, ensure};
use slugline_parts::postgres::Server;

use super::http::Http;
use super::npm::{self, DIRECTUS};
use super::process::Process;
use super::ready::until_ready;
use super::rest::Rest;

/// Five seconds on an idle machine.
const START_WITHIN: Duration = Duration::from_secs(180);
/// Its administrator's static token; it lives for one run.
const TOKEN: &str = "real-sources-suite-directus-token-0123456789";

/// A running Directus.
#[derive(Debug)]
pub(crate) struct Directus {
    // Dropped in this order: Directus before the database that it holds connections to.
    _directus: Process,
    _database: Server,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its administrator.
    pub(crate) admin: Rest,
}

impl Directus {
    /// Starts an empty one in `folder`.
    ///
    /// # Errors
    /// When a server does not come up; the logs are in `logs`.
    pub(crate) async fn start(folder: &Path, logs: &Path, address: SocketAddr) -> Result<Self> {
        let own = folder.join("directus");
        if own.exists() {
            fs::remove_dir_all(&own)?;
        }
        for part in ["uploads", "extensions"] {
            fs::create_dir_all(own.join(part))?;
        }
        let database = Server::start()?;
        let settings = settings(&own, &database, address);
        let mut bootstrap = tokio::process::Command::new(npm::node()?);
        bootstrap
            .arg(program()?)
            .arg("bootstrap")
            .stdin(Stdio::null());
        let made = bootstrap.current_dir(&own).envs(settings.clone()).output();
        let made = made.await?;
        let words = String::from_utf8_lossy(&[made.stdout, made.stderr].concat()).into_owned();
        ensure!(made.status.success(), "directus bootstrap: {words}");
        let mut command = std::process::Command::new(npm::node()?);
        command.arg(program()?).arg("start").current_dir(&own);
        command.envs(settings);
        let log = logs.join("directus.log");
        let mut directus = Process::start("Directus", &mut command, &log, folder)?;
        let (http, ping) = (Http::new(), format!("http://{address}/server/ping"));
        until_ready(&mut directus, START_WITHIN, async || {
            let answer = http.get(&ping).await?;
            ensure!(answer.status == 200, "{answer}");
            Ok(())
        })
        .await?;
        let bearer = ("authorization", format!("Bearer {TOKEN}"));
        Ok(Self {
            _directus: directus,
            _database: database,
            address,
            admin: Rest::at(format!("http://{address}"), vec![bearer]),
        })
    }

    /// The administrator's static token.
    pub(crate) fn token(&self) -> &'static str {
        TOKEN
    }
}

fn program() -> Result<PathBuf> {
    Ok(DIRECTUS.path()?.join("node_modules/directus/cli.js"))
}

fn settings(own: &Path, database: &Server, address: SocketAddr) -> Vec<(&'static str, String)> {
    let folder = |name: &str| own.join(name).to_string_lossy().into_owned();
    let text = str::to_owned;
    vec![
        ("HOST", address.ip().to_string()),
        ("PORT", address.port().to_string()),
        ("PUBLIC_URL", format!("http://{address}")),
        ("KEY", text("suite")),
        ("SECRET", text("real-sources-suite-directus-secret")),
        ("DB_CLIENT", text("pg")),
        ("DB_CONNECTION_STRING", database.url("postgres")),
        ("ADMIN_EMAIL", text("admin@example.com")),
        ("ADMIN_PASSWORD", text("admin-pass-1")),
        ("ADMIN_TOKEN", text(TOKEN)),
        ("TELEMETRY", text("false")),
        ("CACHE_ENABLED", text("false")),
        ("RATE_LIMITER_ENABLED", text("false")),
        ("WEBSOCKETS_ENABLED", text("false")),
        ("MARKETPLACE_TRUST", text("none")),
        ("STORAGE_LOCATIONS", text("local")),
        ("STORAGE_LOCAL_ROOT", folder("uploads")),
        ("EXTENSIONS_PATH", folder("extensions")),
        // Else a flow does not reach this machine, and says nothing.
        ("IMPORT_IP_DENY_LIST", String::new()),
    ]
}
