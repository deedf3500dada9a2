//! A real Strapi: a small project of our own, its packages from npm, a PostgreSQL of one's own, no admin panel. Ensures that
//! each start begins with an empty database. It listens on the loopback interface only.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use slugline_parts::postgres::Server;

use super::http::Http;
use super::npm::{self, STRAPI};
use super::process::Process;
use super::ready::until_ready;
use super::rest::Rest;

/// Ten seconds on an idle machine: it makes its tables at its first start.
const START_WITHIN: Duration = Duration::from_secs(180);
/// The project's files that have a text of their own.
const FILES: [(&str, &str); 4] = [
    ("config.js", include_str!("../../npm/strapi/site/config.js")),
    (
        "article.js",
        include_str!("../../npm/strapi/site/article.js"),
    ),
    (
        "src/index.js",
        include_str!("../../npm/strapi/site/index.js"),
    ),
    (
        "src/api/article/content-types/article/schema.json",
        include_str!("../../npm/strapi/site/schema.json"),
    ),
];
/// Its settings, each in a file of its name.
const SETTINGS: [&str; 6] = [
    "server",
    "admin",
    "api",
    "database",
    "middlewares",
    "plugins",
];
/// What makes a type, each in a folder of its own: the folder, the file, the part.
const TYPE: [(&str, &str, &str); 4] = [
    ("routes", "article", "routes"),
    ("routes", "more", "more"),
    ("controllers", "article", "controllers"),
    ("services", "article", "services"),
];
/// The API token that it has made.
const TOKEN: &str = "token";

/// A running Strapi.
#[derive(Debug)]
pub(crate) struct Strapi {
    // Dropped in this order: Strapi before the database that it holds connections to.
    _strapi: Process,
    _database: Server,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// An API token with full access.
    pub(crate) token: String,
    /// Its holder; paths are those below `/api`.
    pub(crate) rest: Rest,
}

impl Strapi {
    /// Starts an empty one in `folder`, with the type `article`, which tells `hook` with `secret`.
    ///
    /// # Errors
    /// When a server does not come up; the logs are in `logs`.
    pub(crate) async fn start(
        folder: &Path,
        logs: &Path,
        address: SocketAddr,
        (hook, secret): (&str, &str),
    ) -> Result<Self> {
        let own = folder.join("strapi");
        write(&own)?;
        let database = Server::start()?;
        let mut command = Command::new(npm::node()?);
        command
            .arg(own.join("node_modules/@strapi/strapi/bin/strapi.js"))
            .arg("start")
            .current_dir(&own)
            .env("NODE_ENV", "production")
            .env("STRAPI_TELEMETRY_DISABLED", "true")
            .env("PORT", address.port().to_string())
            .env("DATABASE_URL", database.url("postgres"))
            .env("SUITE_HOOK", hook)
            .env("SUITE_SECRET", secret)
            .env("SUITE_TOKEN_FILE", own.join(TOKEN));
        let mut strapi = Process::start("Strapi", &mut command, &logs.join("strapi.log"), folder)?;
        let (http, health) = (Http::new(), format!("http://{address}/_health"));
        until_ready(&mut strapi, START_WITHIN, async || {
            let answer = http.get(&health).await?;
            ensure!(answer.status == 204, "{answer}");
            Ok(())
        })
        .await?;
        let token = fs::read_to_string(own.join(TOKEN))?;
        let bearer = ("authorization", format!("Bearer {token}"));
        Ok(Self {
            _strapi: strapi,
            _database: database,
            address,
            token,
            rest: Rest::at(format!("http://{address}/api"), vec![bearer]),
        })
    }
}

fn write(own: &Path) -> Result<()> {
    if own.exists() {
        fs::remove_dir_all(own)?;
    }
    let below = "src/api/article";
    for folder in ["config", "public/uploads", "src"] {
        fs::create_dir_all(own.join(folder))?;
    }
    fs::create_dir_all(own.join(below).join("content-types/article"))?;
    // It insists on having one.
    fs::write(own.join("favicon.png"), [])?;
    for (file, text) in FILES {
        fs::write(own.join(file), text)?;
    }
    for name in SETTINGS {
        let text = format!("module.exports = require('../config.js').{name};\n");
        fs::write(own.join("config").join(name).with_extension("js"), text)?;
    }
    for (folder, file, part) in TYPE {
        let text = format!("module.exports = require('../../../../article.js').{part};\n");
        let folder = own.join(below).join(folder);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(file).with_extension("js"), text)?;
    }
    let files = STRAPI.path()?;
    fs::copy(files.join("package.json"), own.join("package.json"))?;
    Ok(symlink(
        files.join("node_modules"),
        own.join("node_modules"),
    )?)
}
