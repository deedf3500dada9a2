//! What the Slugline under test is told: one WordPress, behind the proxy.

use std::net::SocketAddr;

/// The API token; its holder is this suite alone.
pub(super) const TOKEN: &str = "real-wordpress-suite-token-0123456789";

/// The variables that the configuration names; `password` is WordPress' application password for `publisher`.
pub(super) fn secrets(password: &str) -> Vec<(&'static str, String)> {
    vec![
        ("SLUGLINE_SUITE_TOKEN", TOKEN.to_owned()),
        ("SLUGLINE_SUITE_WP_PASSWORD", password.to_owned()),
    ]
}

/// Short times, so that a minute shows what takes hours in production.
pub(super) fn configuration(listen: SocketAddr, wordpress: SocketAddr) -> String {
    format!(
        r#"[server]
listen = "{listen}"
allow_private_networks = ["127.0.0.0/8"]

[store]
media_grace = "2s"

[[token]]
name = "suite"
secret = "env:SLUGLINE_SUITE_TOKEN"
role = "admin"

[[destination]]
name = "blog"
type = "wordpress"
url = "http://{wordpress}"
username = "publisher"
password = "env:SLUGLINE_SUITE_WP_PASSWORD"
timeout = "2s"
concurrency = 8

[[route]]
name = "all"
match = {{ environment = "production" }}
to = ["blog"]

[[retry]]
class = "standard"
base = "100ms"
cap = "1s"
max_attempts = 100
"#
    )
}
