//! What is read, and how what is wrong is said.

use std::time::Duration;

use slugline_core::backoff::Schedule;
use slugline_core::route::Labels;
use slugline_core::secret::{Secret, SecretRef};

use super::server::Limits;
use super::*;

/// Secrets as they would be resolved, without an environment.
struct Known;

impl Secrets for Known {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String> {
        match reference.0.strip_prefix("env:") {
            Some(name) => Ok(Secret::new(format!("secret of {name}"))),
            None => Err("write \"env:NAME\"".into()),
        }
    }
}

fn load_with(text: &str, environment: Environment<'_>) -> Result<Config, Vec<String>> {
    Config::parse("slugline.toml", text, &Known, environment)
        .map_err(|problems| problems.messages().collect())
}

fn load(text: &str) -> Result<Config, Vec<String>> {
    load_with(text, &|_| None)
}

fn complaints(text: &str) -> Vec<String> {
    load(text).err().unwrap_or_default()
}

const EXAMPLE: &str = r#"
[server]
listen = "127.0.0.1:9420"
allow_private_networks = ["127.0.0.0/8", "192.168.1.7"]
limits = { body = "1MiB", requests_per_second = 50 }
thresholds = { max_open_jobs = 1000, min_free_disk = "1GiB" }

[store]
idempotency_ttl = "2d"

[[token]]
name = "ops"
secret = "env:SLUGLINE_TOKEN"
role = "admin"

[[destination]]
name = "hook"
type = "webhook"
url = "http://127.0.0.1:9100/in"
secrets = ["env:HOOK_SECRET"]
rate = "10/s"
concurrency = 4
timeout = "5s"
on_drift = "report"

[[destination]]
name = "site"
type = "folder"
environment = "production"
path = "./site"

[[route]]
name = "all"
match = { environment = "production" }
to = ["hook", "site"]

[[retry]]
class = "standard"
base = "100ms"
cap = "1s"
max_attempts = 100

[[retry]]
class = "bulk"
schedule = ["0s", "30s", "2m"]
jitter = 0.1
"#;

#[test]
fn the_example_is_read() {
    let config = load(EXAMPLE).unwrap();
    assert_eq!(config.server.listen.port(), 9420);
    assert_eq!(
        config.server.limits,
        Limits {
            body: 1 << 20,
            requests_per_second: Some(50)
        }
    );
    assert_eq!(
        config.server.allow_private_networks[1].to_string(),
        "192.168.1.7/32"
    );
    assert_eq!(config.server.thresholds.min_free_bytes, 1 << 30);
    assert_eq!(
        config.store.idempotency_ttl,
        Duration::from_secs(2 * 86_400)
    );
    assert_eq!(config.tokens[0].secret.expose(), "secret of SLUGLINE_TOKEN");
    let hook = &config.destinations[0];
    assert_eq!(
        (hook.rate, hook.concurrency),
        (Some((10, Duration::from_secs(1))), Some(4))
    );
    assert_eq!(
        (hook.timeout, hook.on_drift.publish),
        (Some(Duration::from_secs(5)), OnDrift::Report)
    );
    assert_eq!(
        config.destinations[1].connector.capabilities().kind,
        "folder"
    );
}

#[test]
fn routes_and_policies_follow_the_file() {
    let config = load(EXAMPLE).unwrap();
    let labels = Labels {
        owner: "default",
        environment: "production",
        locale: "en",
        source: "api",
        content_type: None,
        class: Class::Standard,
        draft: false,
    };
    assert_eq!(
        config.routes.resolve(labels, &[]).unwrap(),
        ["hook", "site"]
    );
    let labels = Labels {
        environment: "staging",
        ..labels
    };
    assert!(config.routes.resolve(labels, &[]).unwrap().is_empty());
    let standard = &config.retries[&Class::Standard];
    assert_eq!(standard.max_attempts, 100);
    assert_eq!(
        standard.schedule,
        Schedule::FullJitter {
            base: Duration::from_millis(100),
            cap: Duration::from_secs(1)
        }
    );
    assert!(
        matches!(&config.retries[&Class::Bulk].schedule, Schedule::Listed { delays, .. } if delays.len() == 3)
    );
    assert_eq!(config.retries.len(), Class::ALL.len());
}

#[test]
fn an_empty_file_is_a_configuration() {
    let config = load("").unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8420");
    assert_eq!(config.server.workers, 256);
    assert!(config.destinations.is_empty() && config.routes.routes.is_empty());
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_its_line() {
    let found = complaints(
        r#"[server]
listen = "here"
worker = 3
limits = { body = "2 loaves" }

[[token]]
name = "ops"
secret = "hunter2hunter2"
role = "king"

[[destination]]
name = "hook"
type = "webhook"
url = "ftp://example.org"
secrets = ["env:S"]

[[destination]]
name = "site"
type = "foldr"

[[route]]
name = "all"
to = ["site", "blgo"]
"#,
    );
    let expected = [
        ("slugline.toml:2:", "[server] listen"),
        (
            "slugline.toml:3:",
            "[server] worker: unknown key; known are listen",
        ),
        ("slugline.toml:4:", "[server] limits body"),
        ("slugline.toml:8:", "[[token]] secret: write \"env:NAME\""),
        ("slugline.toml:9:", "[[token]] role"),
        ("slugline.toml:14:", "[[destination]] webhook: "),
        ("slugline.toml:19:", "\"foldr\" is not a destination type"),
        ("slugline.toml:23:", "no [[destination]] is called \"blgo\""),
    ];
    for (place, words) in expected {
        assert!(
            found
                .iter()
                .any(|line| line.starts_with(place) && line.contains(words)),
            "{place} {words}\n{found:#?}"
        );
    }
    assert!(!found.concat().contains("hunter2"));
    assert!(
        !found.concat().contains("is called \"site\""),
        "it is there, though wrong"
    );
}

#[test]
fn a_secret_key_that_can_be_guessed_is_refused() {
    let found = complaints("[server]\nsecret_key = \"env:SHORT\"\n");
    assert!(
        found[0].starts_with("slugline.toml:2:") && found[0].contains("32 characters"),
        "{found:#?}"
    );
    assert!(!found[0].contains("secret of SHORT"), "{found:#?}");
    let long = load("[server]\nsecret_key = \"env:A_NAME_THAT_MAKES_IT_LONG_ENOUGH\"\n").unwrap();
    assert!(long.server.secret_key.is_some());
    assert_eq!(load("").unwrap().server.secret_key, None);
}

#[test]
fn what_is_missing_or_twice_is_said() {
    let found = complaints(
        "[[token]]\n[[destination]]\ntype = \"folder\"\n[[route]]\nname = \"a\"\nto = []\n[[route]]\nname = \"a\"\nto = []\n",
    );
    for words in [
        "[[token]] needs name",
        "[[token]] needs secret",
        "[[token]] needs role",
        "[[destination]] needs name",
        "there are two for \"a\"",
    ] {
        assert!(
            found.iter().any(|line| line.contains(words)),
            "{words}\n{found:#?}"
        );
    }
}

#[test]
fn an_unknown_key_of_a_destination_names_all_known_ones() {
    let found = complaints(
        "[[destination]]\nname = \"site\"\ntype = \"folder\"\npath = \"x\"\ncolour = 1\n",
    );
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("slugline.toml:5:") && found[0].contains("concurrency"),
        "{found:#?}"
    );
}

#[test]
fn later_sections_and_unknown_ones_are_told_apart() {
    let found = complaints("[[policy]]\nname = \"cf\"\n[colour]\nx = 1\n[token]\nname = \"x\"\n");
    assert!(
        found.iter().any(|line| line.starts_with("slugline.toml:1:")
            && line.contains("not available in this version")),
        "{found:#?}"
    );
    assert!(
        found
            .iter()
            .any(|line| line.contains("colour: unknown section")),
        "{found:#?}"
    );
    assert!(
        found
            .iter()
            .any(|line| line.contains("two brackets: [[token]]")),
        "{found:#?}"
    );
}

#[test]
fn text_that_is_no_toml_is_said_with_its_line() {
    let found = complaints("[server]\nlisten = \n");
    assert!(
        found
            .iter()
            .any(|line| line.starts_with("slugline.toml:2:") && line.contains("not valid TOML")),
        "{found:#?}"
    );
}

#[test]
fn the_environment_goes_before_the_file() {
    let environment = |name: &str| {
        let value = match name {
            "SLUGLINE_LISTEN" => "0.0.0.0:80",
            "SLUGLINE_WORKERS" => "7",
            "SLUGLINE_LIMITS_BODY" => "3MiB",
            "SLUGLINE_ALLOW_PRIVATE_NETWORKS" => "[\"10.0.0.0/8\"]",
            "SLUGLINE_STORE_MEDIA_GRACE" => "1h",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let config = load_with(EXAMPLE, &environment).unwrap();
    assert_eq!(
        (config.server.listen.port(), config.server.workers),
        (80, 7)
    );
    assert_eq!(
        (config.server.limits.body, config.store.media_grace),
        (3 << 20, Duration::from_secs(3_600))
    );
    assert_eq!(config.server.allow_private_networks.len(), 1);
    let found = load_with("", &|name| {
        (name == "SLUGLINE_WORKERS").then(|| "many".into())
    })
    .err()
    .unwrap();
    assert!(found[0].contains("SLUGLINE_WORKERS"), "{found:#?}");
}

#[test]
fn a_database_is_named_without_its_password() {
    let url = |text: &str| load(&format!("[store]\nurl = {text:?}")).map(|config| config.store.url);
    let plain = "postgres://slugline@db.internal/slugline";
    assert_eq!(url(plain), Ok(Some(Secret::new(plain))));
    assert_eq!(
        url("env:DATABASE"),
        Ok(Some(Secret::new("secret of DATABASE")))
    );
    let refused = url("postgres://slugline:hunter2@db.internal/slugline")
        .unwrap_err()
        .remove(0);
    assert!(
        refused.contains("password") && !refused.contains("hunter2"),
        "{refused}"
    );
    assert!(url("mysql://db/x").unwrap_err()[0].contains("postgres"));
}

#[test]
fn a_destination_may_belong_to_a_region() {
    let config = load(
        "[[destination]]\nname = \"site\"\ntype = \"folder\"\npath = \"./site\"\nregion = \"eu\"",
    )
    .unwrap();
    assert_eq!(config.destinations[0].region.as_deref(), Some("eu"));
}

const SOURCE: &str = r#"
[[destination]]
name = "site"
type = "folder"
path = "./site"

[[route]]
name = "pages"
match = { source = "cf", content_type = "page" }
to = ["site"]

[[source]]
name = "cf"
type = "ghost"
environment = "staging"
environments = { master = "production" }
secrets = ["env:NEW", "env:OLD"]
tolerance = "30s"
max_body = "12MiB"
keep = "1m"
allow_ips = ["203.0.113.0/24", "2001:db8::1"]
mapping = { title = "headline" }
"#;

#[test]
fn a_source_is_as_the_file_says() {
    let config = load(SOURCE).unwrap();
    let [cf] = &config.sources[..] else {
        panic!("one source");
    };
    assert_eq!(
        (&*cf.name, &*cf.kind, &*cf.environment, &*cf.owner),
        ("cf", "ghost", "staging", "default")
    );
    let labels: Vec<&str> = cf.secrets.iter().map(|(label, _)| &**label).collect();
    assert_eq!(labels, ["env:NEW", "env:OLD"]);
    assert_eq!(cf.tolerance, Duration::from_secs(30));
    assert_eq!(cf.max_body, 12 * 1024 * 1024);
    let usual = load(&SOURCE.replace("max_body = \"12MiB\"\n", "")).unwrap();
    assert_eq!(usual.sources[0].max_body, 8 * 1024 * 1024);
    assert!(
        cf.keep > Duration::from_secs(3_600),
        "as long as it can come again"
    );
    let allows = |text: &str| cf.allows(text.parse().unwrap());
    assert!(allows("203.0.113.7") && allows("2001:db8::1"));
    assert!(!allows("203.0.114.7") && !allows("2001:db8::2"));
    let labels = Labels {
        owner: "default",
        environment: "production",
        locale: "en",
        source: "cf",
        content_type: Some("page"),
        class: Class::Standard,
        draft: false,
    };
    assert_eq!(config.routes.resolve(labels, &[]).unwrap(), ["site"]);
    for labels in [
        Labels {
            source: "api",
            ..labels
        },
        Labels {
            content_type: None,
            ..labels
        },
    ] {
        assert!(config.routes.resolve(labels, &[]).unwrap().is_empty());
    }
}

#[test]
fn a_source_says_which_destination_it_is() {
    let both = r#"
[[source]]
name = "wp"
type = "wordpress"
secrets = ["env:NEW"]
same_as = ["blog"]

[[destination]]
name = "blog"
type = "wordpress"
url = "https://blog.example"
username = "publisher"
password = "env:OLD"

[[destination]]
name = "site"
type = "folder"
path = "site"
"#;
    let config = load(both).unwrap();
    assert_eq!(config.sources[0].same_as, Some(vec!["blog".to_owned()]));
    let unsaid = load(&both.replace("same_as = [\"blog\"]\n", "")).unwrap();
    assert_eq!(unsaid.sources[0].same_as, None);
    for (name, expected) in [
        ("blgo", "no [[destination]] is called \"blgo\""),
        ("site", "\"site\" is a folder, and this source a wordpress"),
    ] {
        let found = complaints(&both.replace("[\"blog\"]", &format!("[{name:?}]")));
        assert!(
            found.iter().any(|line| line.contains(expected)),
            "{found:#?}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_source_is_said_with_its_line() {
    let wrong = |from: &str, to: &str| {
        assert!(SOURCE.contains(from), "{from}");
        complaints(&SOURCE.replace(from, to))
    };
    let cases = [
        ("name = \"cf\"", "name = \"api\"", "what API clients send"),
        ("\"ghost\"", "\"gohst\"", "gohst"),
        (
            "\"ghost\"",
            "\"contentful\"",
            "env:NEW: a Contentful secret has 64",
        ),
        (
            "secrets = [\"env:NEW\", \"env:OLD\"]",
            "secrets = []",
            "name 1 to",
        ),
        ("secrets = [\"env:NEW\", \"env:OLD\"]", "", "needs secrets"),
        ("\"30s\"", "\"30h\"", "tolerance"),
        ("\"12MiB\"", "\"33MiB\"", "max_body"),
        ("\"12MiB\"", "\"0\"", "max_body"),
        ("203.0.113.0/24", "203.0.113.0/99", "allow_ips"),
        ("title =", "tittle =", "tittle"),
        ("keep =", "keeep =", "keeep"),
        ("\"production\" }", "\"a b\" }", "environments"),
    ];
    for (from, to, expected) in cases {
        let found = wrong(from, to);
        assert!(
            found.iter().any(|line| line.contains(expected)),
            "{to}: {found:#?}"
        );
    }
}
