//! What a new user does at 3 am: from `/`, why a post failed is found, and the post is live, within five clicks.

use anyhow::Result;
use serde_json::json;

use super::browser::Browser;
use super::stage::Stage;

/// Clicks that it may take.
const MOST: usize = 5;

/// Somebody who counts their clicks.
struct Person<'a> {
    browser: &'a Browser,
    clicks: usize,
}

impl Person<'_> {
    async fn follow(&mut self, text: &str) -> Result<()> {
        self.clicks += 1;
        self.browser.follow(text).await
    }

    async fn click(&mut self, selector: &str) -> Result<()> {
        self.clicks += 1;
        self.browser.click(selector).await
    }

    /// What they are told, with what is wrong about it.
    async fn reads(&self, told: &[&str], wrong: &mut Vec<String>) -> Result<()> {
        let text = self.browser.text("main").await?;
        let missing = told.iter().filter(|one| !text.contains(**one));
        missing.for_each(|one| {
            wrong.push(format!("after {} clicks nothing says {one:?}", self.clicks))
        });
        Ok(())
    }
}

/// From `/` to a post that is live.
///
/// # Errors
/// When the browser does not answer.
pub(crate) async fn from_the_overview_to_live(
    browser: &Browser,
    stage: &Stage,
    wrong: &mut Vec<String>,
) -> Result<()> {
    let mut person = Person { browser, clicks: 0 };
    browser.go(&stage.at("/")).await?;
    person
        .reads(&["Needs somebody", "the brief has no summary"], wrong)
        .await?;
    person.follow("partner-brief").await?;
    let why = [
        "The destination refused the content.",
        "the brief has no summary",
        "What to do:",
    ];
    person.reads(&why, wrong).await?;
    person.follow("Edit …").await?;
    browser
        .write("textarea[name=excerpt]", "What partners need to know.")
        .await?;
    person.click("form.write button").await?;
    let live = "const tag = document.querySelector('#live-publish h1 .tag.good'); return tag !== null && tag.textContent.includes('live')";
    if !browser.comes_true(live).await? {
        wrong.push("the story: the page does not come to say that the post is live".into());
    }
    let took = stage.partner.took("partner-brief");
    if took.last().map(|payload| &payload["excerpt"]) != Some(&json!("What partners need to know."))
    {
        wrong.push(format!("the story: the partner took {took:?}"));
    }
    if person.clicks > MOST {
        wrong.push(format!("the story takes {} clicks", person.clicks));
    }
    println!("  from / to live in {} clicks", person.clicks);
    Ok(())
}
