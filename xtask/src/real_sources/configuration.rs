//! What the Slugline under test is told: a source and a folder for each CMS, and a route from one to the other.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cms::Cms;
use super::plan::Act;

/// The API token; its holder is this suite alone.
pub(super) const TOKEN: &str = "real-sources-suite-token-0123456789";

/// The folder that a CMS' entries go to.
pub(super) fn site(folder: &Path, cms: &dyn Cms) -> PathBuf {
    folder.join("run").join(format!("site-{}", cms.name()))
}

/// The variables that the configuration names.
pub(super) fn secrets(all: &[Arc<dyn Cms>]) -> Vec<(&'static str, String)> {
    let own = ("SLUGLINE_SUITE_TOKEN", TOKEN.to_owned());
    let theirs = all.iter().flat_map(|cms| cms.secrets());
    std::iter::once(own).chain(theirs).collect()
}

/// The text of `slugline.toml`.
pub(super) fn configuration(
    listen: SocketAddr,
    folder: &Path,
    all: &[Arc<dyn Cms>],
    act: Act,
) -> String {
    let parts = all.iter().map(|cms| {
        let (name, keys) = (cms.name(), cms.source(act));
        let site = site(folder, &**cms);
        format!(
            r#"
[[source]]
name = "{name}"
type = "{name}"
{keys}

[[destination]]
name = "site-{name}"
type = "folder"
path = "{site}"

[[route]]
name = "{name}"
match = {{ source = "{name}" }}
to = ["site-{name}"]
"#,
            site = site.display()
        )
    });
    let parts: String = parts.collect();
    format!(
        r#"[server]
listen = "{listen}"
allow_private_networks = ["127.0.0.0/8"]

[[token]]
name = "suite"
secret = "env:SLUGLINE_SUITE_TOKEN"
role = "admin"

[[retry]]
class = "standard"
base = "100ms"
cap = "1s"
max_attempts = 100
{parts}"#
    )
}
