//! What the console is looked at with: the real binary, a sandbox WordPress, a folder, a partner that refuses, one that
//! is not there, and a day's work of an editor. Ensures that what is shown has come about as it does for users.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::partner::Partner;
use crate::parts::http::{Answer, Http};
use crate::parts::ports;
use crate::parts::process::Process;
use crate::parts::ready::until_ready;
use crate::parts::slugline::{Place, Server};

/// Tokens by what they may.
pub(crate) const ADMIN: &str = "an-admin-of-the-console-test";
pub(crate) const VIEWER: &str = "a-viewer-of-the-console-test";
/// The secret of the CMS that sends webhooks.
const SECRET: &str = "s3cret-of-the-console-test";
/// Where nobody listens: the port of the discard service.
const NOBODY: &str = "127.0.0.1:9";
/// What the sandbox takes.
const SANDBOX: (&str, &str) = ("publisher", "sandbox");
/// For the day's work to be done.
const DONE_WITHIN: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// A server with something to see.
pub(crate) struct Stage {
    /// Its own folder.
    pub(crate) folder: PathBuf,
    /// Where the servers write.
    pub(crate) logs: PathBuf,
    /// Who takes content by webhook.
    pub(crate) partner: Partner,
    /// The job that the partner refused.
    pub(crate) refused: String,
    /// The replay that was tried.
    pub(crate) replay: String,
    /// The webhook that the CMS sent.
    pub(crate) webhook: String,
    http: Http,
    server: Server,
    _sandbox: Process,
    _own: tempfile::TempDir,
}

impl Stage {
    /// Starts everything and does a day's work.
    ///
    /// # Errors
    /// When something does not start, or the work is not done in time.
    pub(crate) async fn set(binary: &Path) -> Result<Self> {
        let own = tempfile::tempdir()?;
        let (folder, logs) = (own.path().to_owned(), own.path().join("logs"));
        std::fs::create_dir_all(folder.join("run"))?;
        std::fs::create_dir_all(&logs)?;
        let [listen, sandbox_at] = ports::free()?;
        let sandbox = sandbox(binary, sandbox_at, &folder, &logs).await?;
        let partner = Partner::start().await?;
        let place = Place {
            binary: binary.to_owned(),
            configuration: configuration(listen, sandbox_at, partner.at, &folder),
            secrets: vec![
                ("T_ADMIN", ADMIN.into()),
                ("T_VIEWER", VIEWER.into()),
                ("T_WP", SANDBOX.1.into()),
                ("T_HOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()),
                ("T_CMS", SECRET.into()),
            ],
            folder: folder.clone(),
            logs: logs.clone(),
            listen,
        };
        let server = Server::start(place).await?;
        let mut stage = Self {
            folder,
            logs,
            partner,
            webhook: String::new(),
            refused: String::new(),
            replay: String::new(),
            http: Http::new(),
            server,
            _sandbox: sandbox,
            _own: own,
        };
        stage.work().await?;
        Ok(stage)
    }

    /// The console's address of a path.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.server.url())
    }

    /// A page of another site, with a form that is sent here.
    pub(crate) fn elsewhere(&self, to: &str) -> String {
        format!("http://localhost:{}/form?{to}", self.partner.at.port())
    }

    /// Stops the server and checks its log.
    ///
    /// # Errors
    /// When it does not stop, or its log is broken.
    pub(crate) async fn strike(self) -> Result<()> {
        self.server.stop_and_verify_log().await
    }

    /// What an API client reads.
    ///
    /// # Errors
    /// When it gets no 200.
    pub(crate) async fn read(&self, path: &str) -> Result<Value> {
        let request =
            Request::get(self.at(path)).header("authorization", format!("Bearer {ADMIN}"));
        let answer = self.http.send(request.body(Full::default())?).await?;
        ensure!(answer.status == 200, "{path}: {answer}");
        answer.json()
    }

    /// What an API client orders.
    ///
    /// # Errors
    /// When it is not done.
    pub(crate) async fn order(&self, path: &str, body: Value) -> Result<Value> {
        let request = Request::post(self.at(path))
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("content-type", "application/json");
        let body = Full::new(Bytes::from(body.to_string()));
        let answer = self.http.send(request.body(body)?).await?;
        ensure!(answer.status < 300, "{path}: {answer}");
        match answer.body.is_empty() {
            true => Ok(Value::Null),
            false => answer.json(),
        }
    }

    /// Publishes something under a key; the id of its first job.
    ///
    /// # Errors
    /// When it is not accepted.
    pub(crate) async fn publish(&self, key: &str, body: Value) -> Result<String> {
        let request = Request::post(self.at("/v1/publish"))
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("idempotency-key", key);
        let answer = self
            .http
            .send(request.body(Full::new(Bytes::from(body.to_string())))?)
            .await?;
        ensure!(answer.status == 202, "{key}: {answer}");
        let job = answer.json()?["jobs"][0]["job_id"].take();
        Ok(job.as_str().unwrap_or_default().to_owned())
    }

    /// Has all that is there tried again, without running it.
    async fn tried(&self) -> Result<String> {
        let body =
            json!({ "filter": { "environment": "production" }, "dry_run": true }).to_string();
        let request = Request::post(self.at("/v1/replays"))
            .header("authorization", format!("Bearer {ADMIN}"))
            .body(Full::new(Bytes::from(body)))?;
        let answer = self.http.send(request).await?;
        ensure!(answer.status == 200, "a dry run: {answer}");
        let id = answer.json()?["replay_id"].take();
        Ok(id.as_str().unwrap_or_default().to_owned())
    }

    /// Publishes a version of something to one destination and waits for how it ends; its job.
    ///
    /// # Errors
    /// When it does not come to this state in time.
    pub(crate) async fn ended(
        &self,
        (id, version, at): (&str, u64, &str),
        payload: Value,
        state: &str,
    ) -> Result<String> {
        let body = json!({ "content_id": id, "version": version, "destinations": [at], "payload": payload });
        let job = self.publish(&format!("{id}-{version}"), body).await?;
        self.until_job(&job, state).await?;
        Ok(job)
    }

    /// Waits until a job is in a state.
    ///
    /// # Errors
    /// When it is not in time.
    pub(crate) async fn until_job(&self, job: &str, state: &str) -> Result<()> {
        let path = format!("/v1/jobs/{job}");
        let so = async || Ok(self.read(&path).await?["state"] == state);
        self.until(&format!("{job} is {state}"), so).await
    }

    /// Publishes something.
    ///
    /// # Errors
    /// When it is not accepted.
    pub(crate) async fn publish_one(&self, id: &str) -> Result<()> {
        let body =
            json!({ "content_id": id, "version": 1, "payload": { "title": id, "body": BODY } });
        self.publish(id, body).await.map(drop)
    }

    /// The post of the folder whose slug holds this, if there is one.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn post(&self, slug: &str) -> Result<Option<PathBuf>> {
        let posts = self.folder.join("site/content/posts");
        let mut files = std::fs::read_dir(&posts)?.filter_map(Result::ok);
        let file = files.find(|entry| entry.file_name().to_string_lossy().contains(slug));
        Ok(file.map(|entry| entry.path()))
    }

    /// Edits a post of the folder behind Slugline's back.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn edit_a_file(&self, slug: &str, says: &str) -> Result<()> {
        let path = self.post(slug)?.context("the post is not there")?;
        let text = std::fs::read_to_string(&path)?;
        Ok(std::fs::write(
            &path,
            text.replace("drops", &format!("drops, {says}")),
        )?)
    }

    async fn tell(&self, secret: &str, body: String) -> Result<Answer> {
        let request = Request::post(self.at("/hooks/cms"))
            .header("authorization", format!("Bearer {secret}"));
        self.http
            .send(request.body(Full::new(Bytes::from(body)))?)
            .await
    }

    /// Has the CMS tell of an entry; the webhook.
    ///
    /// # Errors
    /// When it is not kept.
    pub(crate) async fn told(&self, entry: (&str, &str)) -> Result<String> {
        let answer = self.tell(SECRET, news(entry)).await?;
        ensure!(answer.status < 300, "the webhook is not kept: {answer}");
        Ok(answer.json()?["webhook_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    async fn work(&mut self) -> Result<()> {
        for (id, title) in POSTS {
            self.publish(
                &format!("{id}-1"),
                json!({"content_id": id, "version": 1, "payload": {
                "title": title, "body": BODY, "tags": ["reliability"]}}),
            )
            .await?;
        }
        self.all_live().await?;
        self.publish("publish-once-2", json!({"content_id": "publish-once", "version": 2, "payload": {
            "title": "Publishing once is harder than publishing", "tags": ["reliability", "idempotency"],
            "body": BODY.replace("drops", "is lost").replace("Nobody knows", "Nobody can tell")}})).await?;
        self.publish(
            "retry-after-2",
            json!({"content_id": "retry-after", "version": 2, "action": "unpublish"}),
        )
        .await?;
        let brief = json!({ "title": "A brief for partners", "body": "<p>Refused at first.</p>" });
        let refused = self.ended(("partner-brief", 1, "partner"), brief, "failed");
        self.refused = refused.await?;
        self.replay = self.tried().await?;
        for id in ["newsroom", "press-kit", "archive"] {
            let payload = json!({ "title": id, "body": "<p>To a mirror that is down.</p>" });
            let body = json!({ "content_id": id, "version": 1, "destinations": ["mirror"], "payload": payload });
            self.publish(&format!("{id}-1"), body).await?;
        }
        for (id, days, hour) in [
            ("launch-day", 2, "09:00"),
            ("launch-notes", 2, "12:30"),
            ("year-in-review", 9, "07:00"),
        ] {
            let at = format!("{}T{hour}:00Z", later(days));
            self.publish(
                &format!("{id}-1"),
                json!({"content_id": id, "version": 1, "publish_at": at,
                "payload": {"title": id, "body": BODY}}),
            )
            .await?;
        }
        self.publish(
            "series-2-1",
            json!({"content_id": "series-2", "version": 1, "depends_on": ["series-1"],
            "payload": {"title": "The second part", "body": BODY}}),
        )
        .await?;
        self.publish("strange-1", json!({"content_id": "<b>strange</b>", "version": 1, "destinations": ["site"],
            "payload": {"title": "<img src=x onerror=alert(1)>", "slug": "strange", "body": "<script>alert(1)</script>"}})).await?;
        self.webhook = self.told(TOLD).await?;
        ensure!(
            self.tell("wrong", news(TOLD)).await?.status == 401,
            "the wrong webhook is taken"
        );
        ensure!(
            self.tell(SECRET, "{\"event\": \"entry.pub".into())
                .await?
                .status
                == 200,
            "a webhook that was cut off is not kept"
        );
        self.order(
            "/v1/content/publish-once/notes",
            json!({ "note": "The second version mends what the editor saw on the phone." }),
        )
        .await?;
        let note = json!({ "note": "The preview site is being rebuilt." });
        self.order("/v1/classes/preview/pause", note).await?;
        Ok(())
    }

    async fn all_live(&self) -> Result<()> {
        self.until("the posts are live", async || {
            let live = self.read("/v1/publishes?state=live").await?;
            let all = live["items"].as_array().cloned().unwrap_or_default();
            Ok(all.iter().filter(|one| one["state"] == "live").count() == POSTS.len())
        })
        .await
    }

    /// Waits until it is so.
    ///
    /// # Errors
    /// When it is not so in time.
    pub(crate) async fn until(
        &self,
        what: &str,
        mut so: impl AsyncFnMut() -> Result<bool>,
    ) -> Result<()> {
        let deadline = Instant::now() + DONE_WITHIN;
        while !so().await? {
            if Instant::now() > deadline {
                bail!("{what}: not within {DONE_WITHIN:?}");
            }
            sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }
}

const POSTS: [(&str, &str); 6] = [
    ("publish-once", "Publishing once is harder than it looks"),
    ("retry-after", "What Retry-After means"),
    ("late-commit", "A write that lands a minute later"),
    ("slug-wars", "Two posts, one slug"),
    ("read-it-back", "Live means seen"),
    ("hero-images", "No page without its picture"),
];

const BODY: &str = "<p>A publishing script sends a post.</p><p>The connection drops.</p><p>Nobody knows whether it went out.</p>";

/// An entry of the CMS: its id and title.
const TOLD: (&str, &str) = ("told", "Told by the CMS");

/// What the CMS tells.
fn news((id, title): (&str, &str)) -> String {
    let at = "2026-11-21T09:10:00.000Z";
    let news = json!({
        "event": "entry.publish", "createdAt": at, "model": "article", "uid": "api::article.article",
        "entry": {"id": 1, "documentId": id, "title": title, "locale": "en", "publishedAt": at}
    });
    news.to_string()
}

/// A day from now on, as a date.
fn later(days: u64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let day = i64::try_from(now.as_secs() / 86_400 + days).unwrap_or_default();
    civil(day)
}

/// The date of a day since 1970 (the proleptic Gregorian calendar, by Howard Hinnant's algorithm).
fn civil(day: i64) -> String {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn configuration(
    listen: SocketAddr,
    blog: SocketAddr,
    partner: SocketAddr,
    folder: &Path,
) -> String {
    let site = folder.join("site");
    format!(
        r#"
[server]
listen = "{listen}"
allow_private_networks = ["127.0.0.0/8"]
[[token]]
name = "ada"
secret = "env:T_ADMIN"
role = "admin"
[[token]]
name = "vic"
secret = "env:T_VIEWER"
role = "viewer"
[[destination]]
name = "blog"
type = "wordpress"
url = "http://{blog}"
username = "{}"
password = "env:T_WP"
[[destination]]
name = "site"
type = "folder"
path = "{}"
[[destination]]
name = "partner"
type = "webhook"
url = "http://{partner}/in"
secrets = ["env:T_HOOK"]
[[destination]]
name = "mirror"
type = "webhook"
url = "http://{NOBODY}/in"
secrets = ["env:T_HOOK"]
[[source]]
name = "cms"
type = "strapi"
secrets = ["env:T_CMS"]
[[route]]
name = "all"
match = {{ environment = "production" }}
to = ["blog", "site"]
"#,
        SANDBOX.0,
        site.display()
    )
}

async fn sandbox(binary: &Path, at: SocketAddr, folder: &Path, logs: &Path) -> Result<Process> {
    let mut command = Command::new(binary);
    command
        .args(["sandbox", "wordpress", "--listen", &at.to_string()])
        .current_dir(folder);
    let mut process = Process::start(
        "the sandbox",
        &mut command,
        &logs.join("sandbox.log"),
        folder,
    )?;
    let (http, url) = (Http::new(), format!("http://{at}/"));
    until_ready(&mut process, DONE_WITHIN, async || http.get(&url).await).await?;
    Ok(process)
}
