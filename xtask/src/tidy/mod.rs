//! The house rules that neither the compiler nor clippy can see, checked over `cargo metadata` and the files of the
//! repository. It judges form only: whether a sentence is true is for a reader.

mod documents;
mod fences;
mod files;
mod licences;
mod names;
mod sources;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::run;

/// One broken rule, in words that say where it is and what to do.
type Finding = String;

/// Prints every broken rule; true when there is none.
///
/// # Errors
/// `cargo metadata` fails, or a file cannot be read.
pub(crate) fn run() -> Result<bool> {
    let findings = findings()?;
    for finding in &findings {
        println!("tidy: {finding}");
    }
    Ok(findings.is_empty())
}

fn findings() -> Result<Vec<Finding>> {
    let metadata = metadata()?;
    let files = files::tracked(run::root())?;
    let mut found = fences::check(&metadata);
    found.extend(licences::check(&metadata)?);
    found.extend(sources::check(&files));
    found.extend(names::check(&files));
    found.extend(documents::check(&files));
    Ok(found)
}

fn metadata() -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    command.manifest_path(run::root().join("Cargo.toml"));
    command
        .exec()
        .context("cargo metadata failed; does every Cargo.toml parse?")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_house_is_tidy() {
        let findings = super::findings().unwrap();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
}
