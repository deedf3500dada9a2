//! Who may depend on whom. The arrows between the rooms and the dependencies that belong to one room are listed here and
//! nowhere else; a manifest that says otherwise is a finding.

use cargo_metadata::{Dependency, DependencyKind, Metadata, Package};

use super::Finding;

/// `core` ← `connectors`, `engine` ← `store`, `web` ← `slugline`. `connectors` and `engine` do not know each other, and
/// nobody imports the binary. The development crates stand outside: xtask sees the product as a user does.
const ARROWS: &[(&str, &[&str])] = &[
    ("slugline-core", &[]),
    ("slugline-connectors", &["slugline-core"]),
    ("slugline-engine", &["slugline-core"]),
    ("slugline-store", &["slugline-core", "slugline-engine"]),
    ("slugline-web", &["slugline-core", "slugline-engine"]),
    (
        "slugline",
        &[
            "slugline-core",
            "slugline-connectors",
            "slugline-engine",
            "slugline-store",
            "slugline-web",
        ],
    ),
    (
        "slugline-sim",
        &[
            "slugline-core",
            "slugline-connectors",
            "slugline-engine",
            "slugline-parts",
            "slugline-store",
        ],
    ),
    ("slugline-fuzz", &["slugline-core", "slugline-connectors"]),
    ("slugline-parts", &[]),
    ("xtask", &["slugline-parts"]),
];

/// A dependency that only some rooms may have, and why. Tests may use any of them.
struct Fence {
    dependency: &'static str,
    rooms: &'static [&'static str],
    why: &'static str,
}

const FENCES: &[Fence] = &[
    Fence {
        dependency: "tokio",
        rooms: &["slugline-store", "slugline-web", "slugline"],
        why: "the other rooms run under any executor; so do callers of the store, which has a thread for PostgreSQL",
    },
    Fence {
        dependency: "hyper",
        rooms: &["slugline"],
        why: "requests go out through the one Transport",
    },
    Fence {
        dependency: "hyper-util",
        rooms: &["slugline"],
        why: "requests go out through the one Transport",
    },
    Fence {
        dependency: "hyper-rustls",
        rooms: &["slugline"],
        why: "requests go out through the one Transport",
    },
    Fence {
        dependency: "axum",
        rooms: &["slugline-web", "slugline"],
        why: "only the doors speak HTTP to callers, and the binary opens them",
    },
    Fence {
        dependency: "rusqlite",
        rooms: &["slugline-store"],
        why: "SQL stays in the store",
    },
    Fence {
        dependency: "tokio-postgres",
        rooms: &["slugline-store"],
        why: "SQL stays in the store",
    },
    Fence {
        dependency: "getrandom",
        rooms: &["slugline-store", "slugline"],
        why: "chance reaches the other rooms as Entropy; the store draws the salts of what it keeps",
    },
    Fence {
        dependency: "clap",
        rooms: &["slugline"],
        why: "only the binary has a command line",
    },
];

/// Compares every workspace member's manifest with the lists above.
pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let members = metadata.workspace_packages();
    let mut found: Vec<Finding> = members.iter().flat_map(|package| arrows(package)).collect();
    found.extend(
        members
            .iter()
            .filter(|package| is_product(package))
            .flat_map(|package| fences(package)),
    );
    found.extend(members.iter().filter_map(|package| inherits_lints(package)));
    found
}

fn is_product(package: &Package) -> bool {
    package
        .manifest_path
        .components()
        .any(|part| part.as_str() == "crates")
}

fn arrows(package: &Package) -> Vec<Finding> {
    let name = package.name.as_str();
    let Some((_, allowed)) = ARROWS.iter().find(|(room, _)| *room == name) else {
        return vec![format!(
            "crate `{name}` has no row in the arrows; add it to tidy/fences.rs with what it may import"
        )];
    };
    let known = |dependency: &&Dependency| ARROWS.iter().any(|(room, _)| *room == dependency.name);
    let forbidden = shipped(package)
        .filter(known)
        .filter(|it| !allowed.contains(&it.name.as_str()));
    forbidden
        .map(|it| {
            format!(
                "`{name}` must not depend on `{}`: the arrows run the other way",
                it.name
            )
        })
        .collect()
}

/// What the product is built with. Tests may import any room.
fn shipped(package: &Package) -> impl Iterator<Item = &Dependency> {
    package
        .dependencies
        .iter()
        .filter(|it| it.kind != DependencyKind::Development)
}

fn fences(package: &Package) -> Vec<Finding> {
    let name = package.name.as_str();
    shipped(package)
        .filter_map(|it| FENCES.iter().find(|fence| fence.dependency == it.name))
        .filter(|fence| !fence.rooms.contains(&name))
        .map(|fence| {
            format!(
                "`{name}` must not depend on `{}`: {}",
                fence.dependency, fence.why
            )
        })
        .collect()
}

fn inherits_lints(package: &Package) -> Option<Finding> {
    let manifest = std::fs::read_to_string(&package.manifest_path).ok()?;
    let parsed: toml::Table = toml::from_str(&manifest).ok()?;
    let inherited = parsed
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool);
    (inherited != Some(true))
        .then(|| format!("{}: add `[lints] workspace = true`", package.manifest_path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_with(name: &str, folder: &str, dependency: &str) -> Package {
        let dependency = serde_json::json!({
            "name": dependency, "req": "*", "kind": null, "optional": false, "uses_default_features": true,
            "features": [], "target": null, "source": null, "rename": null, "registry": null
        });
        serde_json::from_value(serde_json::json!({
            "name": name, "version": "0.1.0", "id": name, "dependencies": [dependency], "targets": [], "features": {},
            "manifest_path": format!("/{folder}/Cargo.toml"), "authors": [], "categories": [], "keywords": []
        }))
        .unwrap()
    }

    #[test]
    fn an_arrow_against_the_direction_is_found() {
        assert_eq!(
            arrows(&crate_with(
                "slugline-engine",
                "crates/engine",
                "slugline-connectors"
            ))
            .len(),
            1
        );
        assert_eq!(
            arrows(&crate_with(
                "slugline-engine",
                "crates/engine",
                "slugline-core"
            ))
            .len(),
            0
        );
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        assert!(arrows(&crate_with("slugline-gate", "crates/gate", "serde"))[0].contains("no row"));
    }

    #[test]
    fn sql_outside_the_store_is_found() {
        assert_eq!(
            fences(&crate_with("slugline-web", "crates/web", "rusqlite")).len(),
            1
        );
        assert_eq!(
            fences(&crate_with("slugline-store", "crates/store", "rusqlite")).len(),
            0
        );
    }
}
