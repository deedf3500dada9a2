//! What a page must come to say. Ensures that a wait ends by what shows and not by time, with JavaScript (the page follows
//! by itself) and without (somebody reloads it).

use std::path::Path;

use anyhow::Result;
use tokio::time::{Duration, Instant, sleep};

use super::browser::Browser;
use super::look;
use super::stage::Stage;

/// For something to show on a page that somebody reloads.
const SHOWS_WITHIN: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// One round of actions.
pub(crate) struct Scene<'a> {
    pub(crate) browser: &'a Browser,
    pub(crate) stage: &'a Stage,
    /// Whether pages run their script.
    pub(crate) script: bool,
    /// What tells this round's contents from the others'.
    pub(crate) mode: &'static str,
    pub(crate) wrong: &'a mut Vec<String>,
    /// Where pictures of pages go that only a form leads to.
    pub(crate) pictures: Option<&'a Path>,
}

impl Scene<'_> {
    pub(crate) async fn go(&self, path: &str) -> Result<()> {
        self.browser.go(&self.stage.at(path)).await
    }

    pub(crate) async fn click(&self, selector: &str) -> Result<()> {
        self.browser.click(selector).await
    }

    pub(crate) fn note(&mut self, what: impl std::fmt::Display) {
        self.wrong.push(format!("JavaScript {}: {what}", self.mode));
    }

    /// The page that a form leads to must say so, once it is there.
    pub(crate) async fn says(&mut self, selector: &str, text: &str, what: &str) -> Result<()> {
        if !self.comes_to_say(selector, text, false).await? {
            let found = self.found(selector).await?;
            self.note(format!(
                "{what}: {selector} does not say {text:?} but {found:?}"
            ));
        }
        Ok(())
    }

    /// The page must come to say so by itself, or when it is reloaded. It must be there already: [`Self::says`] waits for
    /// the one that a form leads to.
    pub(crate) async fn comes(&mut self, selector: &str, text: &str, what: &str) -> Result<()> {
        let reloads = !self.script;
        if !self.comes_to_say(selector, text, reloads).await? {
            let found = self.found(selector).await?;
            self.note(format!(
                "{what}: {selector} does not come to say {text:?} but {found:?}"
            ));
        }
        Ok(())
    }

    async fn found(&self, selector: &str) -> Result<String> {
        let selector = serde_json::to_string(selector)?;
        let text = format!(
            "const one = document.querySelector({selector}); return one ? one.textContent.slice(0, 300) : 'nothing'"
        );
        let found = self.browser.script(&text).await?;
        Ok(found.as_str().unwrap_or_default().to_owned())
    }

    async fn comes_to_say(&self, selector: &str, text: &str, reloads: bool) -> Result<bool> {
        let (selector, text) = (
            serde_json::to_string(selector)?,
            serde_json::to_string(text)?,
        );
        let shows = format!(
            "const all = Array.from(document.querySelectorAll({selector})); return all.some((one) => one.textContent.includes({text}))"
        );
        let deadline = Instant::now() + SHOWS_WITHIN;
        let here = self.browser.url().await?;
        while Instant::now() < deadline {
            if self.browser.is_true(&shows).await? {
                return Ok(true);
            }
            sleep(BETWEEN_LOOKS).await;
            if reloads {
                self.browser.go(&here).await?;
            }
        }
        Ok(false)
    }

    /// Whether the page is whole from all sides: for pages that only a form leads to. Its pictures have this name.
    pub(crate) async fn is_whole_everywhere(&mut self, name: &str) -> Result<()> {
        let mut wrong = Vec::new();
        look::open(self.browser, name, &mut wrong, self.pictures).await?;
        wrong.into_iter().for_each(|what| self.note(what));
        Ok(())
    }

    /// Whether the page is whole: for pages that only a form leads to.
    pub(crate) async fn is_whole(&mut self, what: &str) -> Result<()> {
        let found = look::flaws(self.browser).await?;
        found
            .into_iter()
            .for_each(|flaw| self.note(format!("{what}: {flaw}")));
        Ok(())
    }
}
