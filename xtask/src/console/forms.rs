//! What people do: sign in and out, find what failed, and try what their token may not.

use std::path::Path;

use anyhow::Result;

use super::browser::Browser;
use super::look;
use super::stage::{ADMIN, Stage, VIEWER};

/// Signs in: with a wrong token first, without JavaScript then.
///
/// # Errors
/// When the browser does not answer.
pub(crate) async fn signing_in(
    browser: &Browser,
    stage: &Stage,
    wrong: &mut Vec<String>,
) -> Result<()> {
    look::set(browser, 1280, 800, false).await?;
    browser.go(&stage.at("/calendar?x=1")).await?;
    let mut note = |so: bool, what: &str| {
        if !so {
            wrong.push(format!("sign-in: {what}"))
        }
    };
    note(
        browser.url().await?.contains("/sign-in?next="),
        "a stranger is not asked who they are",
    );
    sign_in(browser, "not-a-token").await?;
    note(
        browser
            .text("[role=alert]")
            .await?
            .contains("not known here"),
        "a wrong token is not said to be wrong",
    );
    sign_in(browser, ADMIN).await?;
    note(
        browser
            .comes_true("return location.href.endsWith('/calendar?x=1')")
            .await?,
        "it does not lead back to where one wanted to go",
    );
    let cookie = browser.script("return document.cookie").await?;
    note(cookie == "", "a script can read the session");
    browser.click(".who button").await?;
    note(
        browser.comes_true(SIGNED_OUT).await?,
        "it does not say that one is signed out",
    );
    browser.go(&stage.at("/")).await?;
    note(
        browser.url().await?.contains("/sign-in"),
        "one is still signed in",
    );
    look::switch(browser, false).await?;
    sign_in(browser, ADMIN).await?;
    note(
        browser
            .comes_true("return document.querySelector('h1').textContent === 'Overview'")
            .await?,
        "one cannot sign in without JavaScript",
    );
    look::switch(browser, true).await?;
    // The wrong token's 401 is in the browser's console, as it should be.
    browser.complaints().await?;
    Ok(())
}

/// What shows that one is signed out.
const SIGNED_OUT: &str =
    "return document.querySelector('main').textContent.includes('You are signed out.')";

/// Types a token and sends it.
///
/// # Errors
/// When the browser does not answer.
pub(crate) async fn sign_in(browser: &Browser, token: &str) -> Result<()> {
    browser.write("input[name=token]", token).await?;
    browser.click("form button").await
}

/// Compares the folder after somebody edited a file of it.
///
/// # Errors
/// When the browser does not answer.
pub(crate) async fn comparing(
    browser: &Browser,
    stage: &Stage,
    wrong: &mut Vec<String>,
) -> Result<()> {
    stage.edit_a_file("live-means-seen", "says somebody else")?;
    browser.go(&stage.at("/drift")).await?;
    browser.click("form.ask select option:nth-child(2)").await?;
    browser.click("form.ask button").await?;
    let shows = "return document.querySelector('#live-drift').textContent.includes('diverged')";
    if !browser.comes_true(shows).await? {
        wrong.push("drift: a file that somebody edited is not found".into());
    }
    Ok(())
}

/// Repairs what drifted; a form that another tab still has changes nothing then.
///
/// # Errors
/// When the browser does not answer.
pub(crate) async fn mending(
    browser: &Browser,
    stage: &Stage,
    wrong: &mut Vec<String>,
    pictures: Option<&Path>,
) -> Result<()> {
    browser.go(&stage.at("/drift")).await?;
    browser.click("#live-drift a[href*='do=repair']").await?;
    look::open(browser, "mend", wrong, pictures).await?;
    let form = browser.url().await?;
    let first = browser.tab().await?;
    let second = browser.new_tab().await?;
    browser.to_tab(&second).await?;
    browser.go(&form).await?;
    browser.to_tab(&first).await?;
    browser.click("main form button").await?;
    if !browser.text(".said").await?.contains("A job is on its way") {
        wrong.push("drift: it cannot be repaired".into());
    }
    let gone =
        "return document.querySelector('#live-drift').textContent.includes('Nothing has drifted')";
    if !browser.comes_true(gone).await? {
        wrong.push("drift: what was repaired still shows".into());
    }
    browser.to_tab(&second).await?;
    browser.click("main form button").await?;
    if !browser.text(".said").await?.contains("Nothing was changed") {
        wrong.push("drift: a form of before is taken".into());
    }
    browser.to_tab(&first).await?;
    Ok(())
}

/// An open page follows what happens, but leaves alone where somebody is; the first stop of the keyboard leads past
/// the navigation.
///
/// # Errors
/// When the browser does not answer.
pub(crate) async fn following(
    browser: &Browser,
    stage: &Stage,
    wrong: &mut Vec<String>,
) -> Result<()> {
    browser.go(&stage.at("/content")).await?;
    stage.publish_one("seen-at-once").await?;
    let shows =
        "return document.querySelector('#live-contents').textContent.includes('seen-at-once')";
    if !browser.comes_true(shows).await? {
        wrong.push("following: an open page does not show what was published".into());
    }
    browser.go(&stage.at("/content")).await?;
    browser.press(TAB).await?;
    let first = browser
        .script("return document.activeElement.className")
        .await?;
    browser.press(ENTER).await?;
    let then = browser.script("return document.activeElement.id").await?;
    if first != "skip" || then != "main" {
        wrong.push(format!(
            "keyboard: the first stop is {first}, and leads to {then}"
        ));
    }
    browser
        .complaints()
        .await?
        .into_iter()
        .for_each(|what| wrong.push(format!("following: {what}")));
    Ok(())
}

/// WebDriver's codes of keys.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// A viewer sees and changes nothing; another site changes nothing either.
///
/// # Errors
/// When the browser does not answer.
pub(crate) async fn roles_and_strangers(
    browser: &Browser,
    stage: &Stage,
    wrong: &mut Vec<String>,
) -> Result<()> {
    browser.go(&stage.at("/sources")).await?;
    let first = browser
        .script("return document.querySelector('a[href*=\"/webhooks/\"]').getAttribute('href')")
        .await?;
    let webhook = stage.at(first.as_str().unwrap_or_default());
    browser.go(&webhook).await?;
    browser.click("form.act button").await?;
    if !browser.text(".said").await?.contains("dealt with again") {
        wrong.push("a webhook cannot be dealt with again".into());
    }
    browser.click(".who button").await?;
    if !browser.comes_true(SIGNED_OUT).await? {
        wrong.push("a second time one cannot sign out".into());
    }
    browser.go(&webhook).await?;
    sign_in(browser, VIEWER).await?;
    if browser
        .script("return document.querySelectorAll('form.act').length")
        .await?
        != 0
    {
        wrong.push("a viewer is shown what they may not do".into());
    }
    browser
        .go(&stage.elsewhere(&format!("{webhook}/retry")))
        .await?;
    browser.click("button").await?;
    let text = browser.text("main").await?;
    if !text.contains("another site") && !text.contains("Sign in") {
        wrong.push(format!("another site's form is taken: {text:?}"));
    }
    Ok(())
}
