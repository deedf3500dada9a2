//! `deny.toml`, applied without cargo-deny: no banned crate in the tree, and every licence on the list. Advisories need
//! a download and are left to `cargo deny check`.

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, Package};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, Licensee, ParseMode};

use super::Finding;
use crate::run;

#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

/// Judges every package of the tree, on every platform.
///
/// # Errors
/// `deny.toml` cannot be read or is not what cargo-deny takes.
pub(super) fn check(metadata: &Metadata) -> Result<Vec<Finding>> {
    let text =
        std::fs::read_to_string(run::root().join("deny.toml")).context("cannot read deny.toml")?;
    let deny: Deny = toml::from_str(&text).context("deny.toml")?;
    let mut found: Vec<Finding> = metadata
        .packages
        .iter()
        .filter_map(|package| banned(package, &deny.bans))
        .collect();
    let foreign = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some());
    found.extend(foreign.filter_map(|package| unlicensed(package, &deny.licenses)));
    Ok(found)
}

fn banned(package: &Package, bans: &Bans) -> Option<Finding> {
    let ban = bans
        .deny
        .iter()
        .find(|ban| ban.name == package.name.as_str())?;
    Some(format!(
        "`{}` is banned: {}; `cargo tree -i {0}` says who brings it",
        ban.name, ban.reason
    ))
}

fn unlicensed(package: &Package, licences: &Licences) -> Option<Finding> {
    let name = &package.name;
    let Some(stated) = package.license.as_deref() else {
        return Some(format!("`{name}` states no licence; use another crate"));
    };
    let allowed = allows(stated, &licences.allow);
    (!allowed).then(|| format!("`{name}` is under `{stated}`, which deny.toml does not allow"))
}

fn allows(stated: &str, allow: &[String]) -> bool {
    let listed = |wanted: &LicenseReq| {
        allow
            .iter()
            .filter_map(|it| Licensee::parse(it).ok())
            .any(|it| it.satisfies(wanted))
    };
    Expression::parse_mode(stated, ParseMode::LAX).is_ok_and(|parsed| parsed.evaluate(listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_needs_one_allowed_licence_and_a_sum_needs_all() {
        let allow = ["MIT".to_owned(), "ISC".to_owned()];
        assert!(allows("GPL-3.0-only OR MIT", &allow));
        assert!(
            allows("MIT/Apache-2.0", &allow),
            "the old spelling of a choice"
        );
        assert!(allows("MIT AND ISC", &allow));
        assert!(!allows("MIT AND GPL-3.0-only", &allow));
        assert!(!allows("no such licence", &allow));
    }
}
