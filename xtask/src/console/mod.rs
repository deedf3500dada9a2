//! The console in a real Chromium, driven over WebDriver, against the real binary. Ensures that every page is whole with
//! and without JavaScript, in light and dark and on a phone; that inks can be read on their grounds; that the browser
//! complains of nothing; and that the way from `/` to what failed is short.

mod browser;
mod forms;
mod look;
mod pages;
mod stage;

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
    forms::mending(&browser, &stage, &mut wrong).await?;
    forms::following(&browser, &stage, &mut wrong).await?;
    forms::a_way_to_what_failed(&browser, &stage, &mut wrong).await?;
    forms::roles_and_strangers(&browser, &stage, &mut wrong).await?;
    look::outside(&browser, &stage, &mut wrong, options.pictures.as_deref()).await?;
    browser.end().await?;
    stage.strike().await?;
    Ok(wrong)
}
