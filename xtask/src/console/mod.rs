//! The console in a real Chromium, driven over WebDriver, against the real binary. Ensures that every page is whole with
//! and without JavaScript, in light and dark and on a phone; that inks can be read on their grounds; that the browser
//! complains of nothing; and that the way from `/` to what failed is short.

mod browser;
mod control;
mod deeds;
mod drifting;
mod expect;
mod forms;
mod look;
mod many;
mod many_again;
mod pages;
mod partner;
mod release;
mod replaying;
mod stage;
mod stale;
mod story;
mod under_way;

use std::path::PathBuf;

use anyhow::Result;

use crate::parts::interruption::unless_interrupted;

/// What the test is run with.
#[derive(Debug)]
pub(crate) struct Options {
    /// The binary under test.
    pub(crate) binary: PathBuf,
    /// Where pictures of the pages go; none are made without.
    pub(crate) pictures: Option<PathBuf>,
}

/// Runs the whole test; what is wrong. The parts it needs must be there.
///
/// # Errors
/// When it could not be run to its end.
pub(crate) fn run(options: &Options) -> Result<Vec<String>> {
    tokio::runtime::Runtime::new()?.block_on(unless_interrupted(scenario(options)))
}

async fn scenario(options: &Options) -> Result<Vec<String>> {
    let stage = stage::Stage::set(&options.binary).await?;
    let browser = browser::Browser::start(&stage.folder, &stage.logs).await?;
    let mut wrong = Vec::new();
    forms::signing_in(&browser, &stage, &mut wrong).await?;
    forms::comparing(&browser, &stage, &mut wrong).await?;
    for page in pages::all(&stage) {
        println!("  {}", page.name);
        look::at(
            &browser,
            &stage,
            &page,
            &mut wrong,
            options.pictures.as_deref(),
        )
        .await?;
    }
    let pictures = options.pictures.as_deref();
    forms::mending(&browser, &stage, &mut wrong, pictures).await?;
    forms::following(&browser, &stage, &mut wrong).await?;
    story::from_the_overview_to_live(&browser, &stage, &mut wrong).await?;
    for script in [true, false] {
        look::switch(&browser, script).await?;
        let mode = if script { "on" } else { "off" };
        println!("  actions, JavaScript {mode}");
        let mut scene = expect::Scene {
            browser: &browser,
            stage: &stage,
            script,
            mode,
            wrong: &mut wrong,
            pictures: pictures.filter(|_| script),
        };
        deeds::all(&mut scene).await?;
        many::all(&mut scene).await?;
        control::all(&mut scene).await?;
        replaying::all(&mut scene).await?;
        let said = browser.complaints().await?;
        said.iter().for_each(|what| scene.note(what));
        stale::all(&mut scene).await?;
    }
    look::switch(&browser, true).await?;
    forms::roles_and_strangers(&browser, &stage, &mut wrong).await?;
    look::alone(&browser, &stage, &mut wrong, pictures).await?;
    browser.end().await?;
    stage.strike().await?;
    Ok(wrong)
}
