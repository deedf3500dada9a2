//! Chromium, driven by its own driver over WebDriver. Ensures that a wait ends by a deadline, and that what the browser
//! complains of (errors in scripts, violations of the content security policy) can be asked for.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::parts::http::Http;
use crate::parts::ports;
use crate::parts::process::Process;
use crate::parts::ready::until_ready;

/// For a driver to listen on a busy machine.
const START_WITHIN: Duration = Duration::from_secs(30);
/// For something to show on a page.
const SHOWS_WITHIN: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// Chromium as root in a container, quiet.
const FLAGS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
];
/// The name under which WebDriver gives elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one session.
pub(crate) struct Browser {
    http: Http,
    session: String,
    _driver: Process,
}

impl Browser {
    /// Starts driver and browser.
    ///
    /// # Errors
    /// When they do not start.
    pub(crate) async fn start(folder: &Path, logs: &Path) -> Result<Self> {
        let [address] = ports::free()?;
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={}", address.port()));
        let mut driver = Process::start(
            "chromedriver",
            &mut command,
            &logs.join("chromedriver.log"),
            folder,
        )?;
        let (http, url) = (Http::new(), format!("http://{address}"));
        let status = format!("{url}/status");
        until_ready(&mut driver, START_WITHIN, async || http.get(&status).await).await?;
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": FLAGS},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let begun = ask(&http, "POST", &format!("{url}/session"), Some(wanted)).await?;
        let id = begun["sessionId"]
            .as_str()
            .context("the driver gives no session")?;
        Ok(Self {
            session: format!("{url}/session/{id}"),
            http,
            _driver: driver,
        })
    }

    /// Ends the browser.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub(crate) async fn end(self) -> Result<()> {
        ask(&self.http, "DELETE", &self.session, None)
            .await
            .map(|_| ())
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        ask(
            &self.http,
            "POST",
            &format!("{}/{path}", self.session),
            Some(body),
        )
        .await
    }

    /// Opens a page.
    pub(crate) async fn go(&self, url: &str) -> Result<()> {
        self.post("url", json!({ "url": url })).await.map(|_| ())
    }

    /// Where it is.
    pub(crate) async fn url(&self) -> Result<String> {
        let url = ask(&self.http, "GET", &format!("{}/url", self.session), None).await?;
        Ok(url.as_str().unwrap_or_default().to_owned())
    }

    /// What a function's body returns in the page.
    pub(crate) async fn script(&self, body: &str) -> Result<Value> {
        self.post("execute/sync", json!({ "script": body, "args": [] }))
            .await
    }

    /// The text of the first element that a selector finds.
    pub(crate) async fn text(&self, selector: &str) -> Result<String> {
        let text = self
            .of("css selector", selector, "GET", "text", None)
            .await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Clicks on the first element that a selector finds.
    pub(crate) async fn click(&self, selector: &str) -> Result<()> {
        let done = self.of("css selector", selector, "POST", "click", Some(json!({})));
        done.await.map(|_| ())
    }

    /// Clicks on the link that reads so.
    pub(crate) async fn follow(&self, text: &str) -> Result<()> {
        let done = self.of("link text", text, "POST", "click", Some(json!({})));
        done.await.map(|_| ())
    }

    /// Opens or closes what a summary that reads so holds.
    pub(crate) async fn unfold(&self, text: &str) -> Result<()> {
        let summary = format!("//summary[normalize-space()='{text}']");
        let done = self.of("xpath", &summary, "POST", "click", Some(json!({})));
        done.await.map(|_| ())
    }

    /// Gives an element the focus without pressing it.
    pub(crate) async fn focus(&self, selector: &str) -> Result<()> {
        let selector = serde_json::to_string(selector)?;
        let there = format!(
            "const one = document.querySelector({selector}); if (one) one.focus(); return one !== null && one === document.activeElement"
        );
        match self.comes_true(&there).await? {
            true => Ok(()),
            false => bail!("{selector} does not take the focus"),
        }
    }

    /// Closes the tab that is looked at.
    pub(crate) async fn close_tab(&self) -> Result<()> {
        let window = format!("{}/window", self.session);
        ask(&self.http, "DELETE", &window, None).await.map(|_| ())
    }

    /// Types into the first element that a selector finds.
    pub(crate) async fn write(&self, selector: &str, text: &str) -> Result<()> {
        let body = json!({ "text": text });
        let done = self.of("css selector", selector, "POST", "value", Some(body));
        done.await.map(|_| ())
    }

    /// Asks something of an element. One page may be giving way to the next: then it is looked for again.
    async fn of(
        &self,
        using: &str,
        selector: &str,
        method: &str,
        what: &str,
        body: Option<Value>,
    ) -> Result<Value> {
        let deadline = Instant::now() + SHOWS_WITHIN;
        loop {
            match self.once(using, selector, method, what, body.clone()).await {
                Err(why) if gives_way(&why) && Instant::now() < deadline => {
                    sleep(BETWEEN_LOOKS).await;
                }
                answered => return answered.with_context(|| format!("{selector:?}: {what}")),
            }
        }
    }

    async fn once(
        &self,
        using: &str,
        selector: &str,
        method: &str,
        what: &str,
        body: Option<Value>,
    ) -> Result<Value> {
        let wanted = json!({ "using": using, "value": selector });
        let found = self.post("element", wanted).await?;
        let element = found[ELEMENT].as_str().unwrap_or_default();
        let url = format!("{}/element/{element}/{what}", self.session);
        ask(&self.http, method, &url, body).await
    }

    /// The tab that is looked at.
    pub(crate) async fn tab(&self) -> Result<String> {
        let tab = ask(&self.http, "GET", &format!("{}/window", self.session), None).await?;
        Ok(tab.as_str().unwrap_or_default().to_owned())
    }

    /// Opens another tab.
    pub(crate) async fn new_tab(&self) -> Result<String> {
        let tab = self.post("window/new", json!({ "type": "tab" })).await?;
        Ok(tab["handle"].as_str().unwrap_or_default().to_owned())
    }

    /// Looks at a tab.
    pub(crate) async fn to_tab(&self, tab: &str) -> Result<()> {
        let done = self.post("window", json!({ "handle": tab })).await;
        done.map(|_| ())
    }

    /// Presses a key on whatever has the focus; WebDriver's code for it.
    pub(crate) async fn press(&self, key: &str) -> Result<()> {
        let moves = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": moves });
        let done = self.post("actions", json!({ "actions": [keyboard] }));
        done.await.map(|_| ())
    }

    /// Whether a function's body returns true; it does not where one page is giving way to the next.
    pub(crate) async fn is_true(&self, body: &str) -> Result<bool> {
        match self.script(body).await {
            Ok(value) => Ok(value == true),
            Err(why) if is_between_pages(&why) => Ok(false),
            Err(why) => Err(why),
        }
    }

    /// Whether a function's body comes to return true in time.
    pub(crate) async fn comes_true(&self, body: &str) -> Result<bool> {
        let deadline = Instant::now() + SHOWS_WITHIN;
        while Instant::now() < deadline {
            if self.is_true(body).await? {
                return Ok(true);
            }
            sleep(BETWEEN_LOOKS).await;
        }
        Ok(false)
    }

    /// Has Chromium do something that WebDriver has no word for.
    pub(crate) async fn chrome(&self, command: &str, with: Value) -> Result<Value> {
        self.post(
            "goog/cdp/execute",
            json!({ "cmd": command, "params": with }),
        )
        .await
    }

    /// A picture of the whole page.
    pub(crate) async fn picture(&self, format: Value) -> Result<Vec<u8>> {
        let taken = self.chrome("Page.captureScreenshot", format).await?;
        Ok(BASE64_STANDARD.decode(taken["data"].as_str().unwrap_or_default())?)
    }

    /// What the browser complained of since it was asked last.
    pub(crate) async fn complaints(&self) -> Result<Vec<String>> {
        let said = self.post("se/log", json!({ "type": "browser" })).await?;
        let lines = said.as_array().cloned().unwrap_or_default();
        let bad = lines
            .iter()
            .filter(|line| line["level"] == "SEVERE" || line["level"] == "WARNING");
        Ok(bad
            .map(|line| line["message"].as_str().unwrap_or_default().to_owned())
            .collect())
    }
}

/// Whether a script found no page, or one without what it looks for.
fn is_between_pages(why: &anyhow::Error) -> bool {
    let why = why.to_string();
    why.starts_with("javascript error") || why.contains("aborted by navigation")
}

/// Whether an element was not there, or not there any more.
fn gives_way(why: &anyhow::Error) -> bool {
    let why = why.to_string();
    [
        "stale element",
        "no such element",
        "element click intercepted",
    ]
    .iter()
    .any(|known| why.starts_with(known))
}

async fn ask(http: &Http, method: &str, url: &str, body: Option<Value>) -> Result<Value> {
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", "application/json");
    let mut answer = http
        .send(request.body(Full::new(Bytes::from(body)))?)
        .await?
        .json()?;
    let value = answer["value"].take();
    match value["error"].as_str() {
        Some(error) => bail!(
            "{error}: {}",
            value["message"]
                .as_str()
                .unwrap_or_default()
                .lines()
                .next()
                .unwrap_or_default()
        ),
        None => Ok(value),
    }
}
