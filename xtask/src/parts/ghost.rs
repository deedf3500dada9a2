//! A real Ghost: its files from npm, MariaDB behind a socket, an owner and no posts. Ensures that each start begins with an
//! empty database. It listens on the loopback interface only, and asks nobody outside. What is written in it is the suite's
//! affair.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hyper::{Method, header};
use serde_json::{Value, json};

use super::mariadb::MariaDb;
use super::npm::{self, GHOST};
use super::process::Process;
use super::ready::until_ready;
use super::rest::Rest;

/// Eight seconds on an idle machine: it makes its tables at its first start.
const START_WITHIN: Duration = Duration::from_secs(180);
const OWNER: (&str, &str) = ("owner@example.test", "a-long-pass-phrase-1");
/// Where its Admin API is.
const ADMIN: &str = "/ghost/api/admin";

/// A running Ghost.
#[derive(Debug)]
pub(crate) struct Ghost {
    // Dropped in this order: Ghost before the database that it holds connections to.
    _ghost: Process,
    _database: MariaDb,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its owner; paths are those below `/ghost/api/admin`.
    pub(crate) owner: Rest,
}

impl Ghost {
    /// Starts an empty one in `folder`.
    ///
    /// # Errors
    /// When a server does not come up or the setup is refused; the logs are in `logs`.
    pub(crate) async fn start(folder: &Path, logs: &Path, address: SocketAddr) -> Result<Self> {
        let own = folder.join("ghost");
        if own.exists() {
            fs::remove_dir_all(&own)?;
        }
        fs::create_dir_all(&own)?;
        let data = own.join("db");
        MariaDb::create(&data)?;
        let database = MariaDb::start(&data, logs, folder).await?;
        database
            .sql("CREATE DATABASE ghost CHARACTER SET utf8mb4")
            .await?;
        let ghost = serve(&own, &database, logs, folder, address).await?;
        let owner = set_up(address).await.context("cannot set Ghost up")?;
        let ghost = Self {
            _ghost: ghost,
            _database: database,
            address,
            owner,
        };
        ghost.empty().await?;
        Ok(ghost)
    }

    /// Removes what a fresh Ghost has.
    async fn empty(&self) -> Result<()> {
        for list in ["posts", "pages"] {
            let path = format!("/{list}/?limit=all&fields=id");
            let found = self.owner.get(&path).await?;
            for entry in found[list].as_array().into_iter().flatten() {
                let id = entry["id"].as_str().context("an entry without an id")?;
                let path = format!("/{list}/{id}/");
                self.owner.send(Method::DELETE, &path, &Value::Null).await?;
            }
        }
        Ok(())
    }
}

async fn serve(
    own: &Path,
    database: &MariaDb,
    logs: &Path,
    folder: &Path,
    address: SocketAddr,
) -> Result<Process> {
    let (files, content) = (GHOST.path()?, own.join("content"));
    let copied = Command::new("cp")
        .arg("-r")
        .arg(files.join("content"))
        .arg(&content)
        .status()?;
    ensure!(copied.success(), "cannot copy Ghost's content: {copied}");
    let mut command = Command::new(npm::node()?);
    command.arg(files.join("index.js")).current_dir(&files);
    let settings = [
        ("NODE_ENV", "development"),
        ("url", &format!("http://{address}/")),
        ("server__host", &address.ip().to_string()),
        ("server__port", &address.port().to_string()),
        ("database__client", "mysql"),
        (
            "database__connection__socketPath",
            &database.socket().to_string_lossy(),
        ),
        ("database__connection__user", "root"),
        ("database__connection__database", "ghost"),
        ("paths__contentPath", &content.to_string_lossy()),
        // Nobody listens there, and nothing is sent.
        ("mail__transport", "SMTP"),
        ("mail__options__host", "127.0.0.1"),
        ("mail__options__port", "9"),
        ("security__staffDeviceVerification", "false"),
        ("privacy__useUpdateCheck", "false"),
        ("privacy__useGravatar", "false"),
        ("privacy__useRpcPing", "false"),
    ];
    let log = logs.join("ghost.log");
    let mut ghost = Process::start("Ghost", command.envs(settings), &log, folder)?;
    let door = Rest::at(format!("http://{address}{ADMIN}"), Vec::new());
    until_ready(&mut ghost, START_WITHIN, async || {
        let site = door.get("/site/").await?;
        site["site"].as_object().map(drop).context("no site yet")
    })
    .await?;
    Ok(ghost)
}

/// Makes the owner and signs in.
async fn set_up(address: SocketAddr) -> Result<Rest> {
    let base = format!("http://{address}{ADMIN}");
    // A session is for those who seem to be in a browser.
    let origin = ("origin", format!("http://{address}"));
    let nobody = Rest::at(base.clone(), vec![origin.clone()]);
    let (email, password) = OWNER;
    let setup =
        json!({"name": "Owner", "email": email, "password": password, "blogTitle": "Suite"});
    let setup = json!({"setup": [setup]});
    nobody
        .send(Method::POST, "/authentication/setup/", &setup)
        .await?;
    let session = json!({"username": email, "password": password});
    let session = nobody.answer(Method::POST, "/session/", &session).await?;
    let cookie = session.headers.get(header::SET_COOKIE);
    let cookie = cookie.context("no cookie")?.to_str()?;
    let cookie = cookie.split(';').next().unwrap_or_default();
    Ok(Rest::at(base, vec![origin, ("cookie", cookie.to_owned())]))
}
