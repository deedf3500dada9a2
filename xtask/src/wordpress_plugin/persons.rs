//! What is done to the site on its command line, by PHP processes that may die at a moment of their choice.

use std::process::{Output, Stdio};

use anyhow::{Context, Result, ensure};

use crate::parts::plugin_site::Site;

/// The script, in which each deed is described.
const SCRIPT: &str = include_str!("persons.php");

/// Does something to the end; what it printed.
///
/// # Errors
/// When it does not come to its end.
pub(super) async fn person(site: &Site, deed: &str, number: u64) -> Result<String> {
    let output = php(site, deed, number).await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = complaints(&String::from_utf8_lossy(&output.stderr));
    ensure!(
        output.status.success() && complained.is_empty(),
        "{deed}: {} {said} {complained}",
        output.status
    );
    Ok(said)
}

/// Begins something and is killed in the middle of it.
///
/// # Errors
/// When it was not killed: the story would show nothing.
pub(super) async fn dies(site: &Site, deed: &str, post: u64) -> Result<()> {
    let output = php(site, deed, post).await?;
    ensure!(
        output.status.code().is_none(),
        "{deed} came to its end: {}",
        output.status
    );
    Ok(())
}

/// What PHP says about our file; WordPress' own files are not of today, and PHP says much about them.
pub(super) fn complaints(log: &str) -> String {
    let complaints = log
        .lines()
        .filter(|line| line.contains("PHP ") && line.contains("slugline"));
    complaints.collect::<Vec<_>>().join("\n")
}

async fn php(site: &Site, deed: &str, number: u64) -> Result<Output> {
    let script = site.files().with_extension("persons.php");
    std::fs::write(&script, SCRIPT)?;
    let mut command = tokio::process::Command::new("php");
    command.arg(script).arg(site.files()).arg(deed);
    command.arg(number.to_string()).stdin(Stdio::null());
    command.output().await.context("cannot start php")
}
