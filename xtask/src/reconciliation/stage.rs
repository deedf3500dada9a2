//! The site, the server, and waiting for what happens between them. Ensures that a wait ends by a deadline and says what was
//! waited for.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::parts::ground::Ground;
use crate::parts::ports;
use crate::parts::rest::Rest;
use crate::parts::slugline::{Place, Server};
use crate::parts::wordpress::WordPress;

/// The API token; its holder is this suite alone.
const TOKEN: &str = "reconciliation-suite-token-0123456789";
/// For a thousand posts, on a machine that does other work besides.
const WITHIN: Duration = Duration::from_secs(600);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(300);
/// Requests at once: as many as WordPress works on.
pub(super) const AT_ONCE: usize = 4;
/// Every column of what the person wrote.
const THEIRS: &str = "SELECT * FROM wp.wp_posts WHERE post_author = 1 ORDER BY ID";

/// What runs.
pub(super) struct Stage {
    site: WordPress,
    server: Server,
    /// The server's API.
    pub(super) api: Rest,
    /// WordPress, as the person who writes by hand.
    pub(super) person: Rest,
    // Last, so that nobody else has it until the servers have ended.
    _ground: Ground,
}

impl Stage {
    /// Starts a fresh site and the server.
    ///
    /// # Errors
    /// When one does not start.
    pub(super) async fn set(binary: PathBuf) -> Result<Self> {
        let ground = Ground::take()?;
        let [wordpress, listen] = ports::free()?;
        let name = wordpress.to_string();
        let site = WordPress::start(&ground.folder, &ground.logs, wordpress, &name).await?;
        let password = site.passwords.publisher.clone();
        let place = Place {
            binary,
            folder: ground.folder.clone(),
            logs: ground.logs.clone(),
            listen,
            configuration: configuration(listen, wordpress),
            secrets: vec![
                ("SLUGLINE_SUITE_TOKEN", TOKEN.to_owned()),
                ("SLUGLINE_SUITE_WP_PASSWORD", password),
            ],
        };
        let server = Server::start(place).await?;
        let bearer = ("authorization", format!("Bearer {TOKEN}"));
        let api = Rest::at(format!("{}/v1", server.url()), vec![bearer]);
        let person = Rest::wordpress(site.address, "admin", &site.passwords.admin);
        Ok(Self {
            site,
            server,
            api,
            person,
            _ground: ground,
        })
    }

    /// Stops the server and checks its log.
    ///
    /// # Errors
    /// When either does not go well.
    pub(super) async fn close(self) -> Result<()> {
        self.server.stop_and_verify_log().await
    }

    /// What the person wrote, as the database holds it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn theirs(&self) -> Result<String> {
        self.site.database().sql(THEIRS).await
    }

    /// One column of posts by their ids, in the order of the ids.
    ///
    /// # Errors
    /// As [`Stage::theirs`].
    pub(super) async fn column(&self, column: &str, ids: &[u64]) -> Result<Vec<String>> {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        let ids = ids.join(",");
        let sql = format!("SELECT {column} FROM wp.wp_posts WHERE ID IN ({ids}) ORDER BY ID");
        let rows = self.site.database().sql(&sql).await?;
        Ok(rows.lines().map(str::to_owned).collect())
    }

    /// How many posts with these slugs the public sees.
    ///
    /// # Errors
    /// As [`Stage::theirs`].
    pub(super) async fn public(&self, slugs: &[String]) -> Result<usize> {
        let slugs = slugs.join("','");
        let sql = format!(
            "SELECT COUNT(*) FROM wp.wp_posts WHERE post_status = 'publish' AND post_name IN ('{slugs}')"
        );
        Ok(self.site.database().sql(&sql).await?.trim().parse()?)
    }

    /// Has requests accepted, some at once.
    ///
    /// # Errors
    /// When one is refused.
    pub(super) async fn publish(&self, requests: Vec<Value>) -> Result<()> {
        let sent = requests.into_iter().map(|request| async move {
            let answer = self.api.send(Method::POST, "/publish", &request).await?;
            ensure!(answer["status"] == "ok", "{request}: {answer}");
            Ok(())
        });
        stream::iter(sent)
            .buffer_unordered(AT_ONCE * 4)
            .try_collect()
            .await
    }

    /// Waits until no job is open; none may have failed.
    ///
    /// # Errors
    /// When one has, or not all have ended by the deadline.
    pub(super) async fn settled(&self) -> Result<()> {
        let deadline = Instant::now() + WITHIN;
        loop {
            let count = async |state: &str| -> Result<usize> {
                let path = format!("/publishes?state={state}&limit=1");
                let page = self.api.get(&path).await?;
                Ok(page["items"].as_array().map_or(0, Vec::len))
            };
            let failed = self.api.get("/publishes?state=failed&limit=1").await?;
            ensure!(failed["items"] == json!([]), "a dead letter: {failed}");
            if count("queued").await? + count("delivering").await? + count("pending").await? == 0 {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "jobs are open after {WITHIN:?}");
            sleep(PAUSE).await;
        }
    }

    /// WordPress' number of a request's post.
    ///
    /// # Errors
    /// When the request is not known, or has none.
    pub(super) async fn post_of(&self, key: &str) -> Result<u64> {
        let publish = self.api.get(&format!("/publishes/{key}")).await?;
        let id = publish["jobs"][0]["downstream_ids"]["post"].as_str();
        match id.and_then(|id| id.parse().ok()) {
            Some(id) => Ok(id),
            None => bail!("{key} has no post: {publish}"),
        }
    }

    /// Reconciles the blog, as an operator does; what it found.
    ///
    /// # Errors
    /// When it does not end as `done`.
    pub(super) async fn reconcile(&self, dry_run: bool) -> Result<Value> {
        let (began, deadline) = (Instant::now(), Instant::now() + WITHIN);
        let body = json!({ "destination": "blog", "dry_run": dry_run });
        let mut seen = self
            .api
            .send(Method::POST, "/reconciliations", &body)
            .await?;
        while seen["state"] == "running" {
            ensure!(Instant::now() < deadline, "not within {WITHIN:?}: {seen}");
            sleep(PAUSE).await;
            let id = seen["reconciliation_id"].as_str().unwrap_or_default();
            seen = self.api.get(&format!("/reconciliations/{id}")).await?;
        }
        ensure!(seen["state"] == "done", "it ended otherwise: {seen}");
        println!(
            "  reconciled in {:.1} s: {}",
            began.elapsed().as_secs_f64(),
            seen["counts"]
        );
        Ok(seen["counts"].clone())
    }

    /// The content ids that have drifted so, sorted.
    ///
    /// # Errors
    /// When the server refuses.
    pub(super) async fn drifted(&self, kind: &str) -> Result<Vec<String>> {
        let path = format!("/drift?kind={kind}&destination=blog&limit=500");
        let page = self.api.get(&path).await?;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        let id = |item: &Value| item["content_id"].as_str().unwrap_or_default().to_owned();
        let mut ids: Vec<String> = items.iter().map(id).collect();
        ids.sort();
        Ok(ids)
    }

    /// Waits until nothing has drifted so.
    ///
    /// # Errors
    /// When something has by the deadline.
    pub(super) async fn until_none(&self, kind: &str) -> Result<()> {
        let deadline = Instant::now() + WITHIN;
        while !self.drifted(kind).await?.is_empty() {
            ensure!(Instant::now() < deadline, "{kind} after {WITHIN:?}");
            sleep(PAUSE).await;
        }
        Ok(())
    }
}

fn configuration(listen: SocketAddr, wordpress: SocketAddr) -> String {
    format!(
        r#"[server]
listen = "{listen}"
allow_private_networks = ["127.0.0.0/8"]

[[token]]
name = "suite"
secret = "env:SLUGLINE_SUITE_TOKEN"
role = "admin"

[[destination]]
name = "blog"
type = "wordpress"
url = "http://{wordpress}"
username = "publisher"
password = "env:SLUGLINE_SUITE_WP_PASSWORD"
concurrency = 8
reconcile = {{ every = "off" }}

[[route]]
name = "all"
match = {{ environment = "production" }}
to = ["blog"]
"#
    )
}
