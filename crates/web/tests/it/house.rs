//! A house with all its doors: router, intake and store, with a clock that the test moves.

use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use slugline_connectors::registry;
use slugline_core::failure::Failure;
use slugline_core::http::{Request as HttpRequest, Response, SendError};
use slugline_core::lane::LaneScope;
use slugline_core::pace::Pace;
use slugline_core::port::{BoxFuture, FileOp, FileReply};
use slugline_core::pressure::Thresholds;
use slugline_core::reason::Reason;
use slugline_core::route::{Route, RouteMatch, RoutedDestination, Routes};
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_core::time::Timestamp;
use slugline_engine::delivery::Shared;
use slugline_engine::desk::{Desk, Rules};
use slugline_engine::destination::{DestinationSettings, ReconcileSettings};
use slugline_engine::intake::{Intake, IntakeSettings};
use slugline_engine::ports::{Clock, Transport};
use slugline_engine::store::{Registration, Store, TokenRecord};
use slugline_engine::webhooks::{Allows, SourceSettings, Webhooks};
use slugline_store::sqlite::SqliteStore;
use slugline_web::{App, DestinationView, Destinations, Limits, router, token_hash};
use tower::ServiceExt;

/// 2026-11-21T10:00:00Z.
pub(crate) const START: Timestamp = Timestamp(1_795_255_200_000_000);
/// Tokens that the house is configured with, by their role; `other` is another owner's editor.
pub(crate) const TOKENS: [(&str, &str, &str); 5] = [
    ("viewer", "viewer", "default"),
    ("editor", "editor", "default"),
    ("operator", "operator", "default"),
    ("admin", "admin", "default"),
    ("other", "editor", "team-b"),
];

/// A clock that moves when told.
#[derive(Default)]
pub(crate) struct HandClock {
    gone: Mutex<Duration>,
    asleep: tokio::sync::Notify,
}

impl HandClock {
    pub(crate) fn advance(&self, by: Duration) {
        *self.gone.lock().unwrap() += by;
    }

    /// Ends when somebody begins to wait for this clock.
    pub(crate) async fn waits(&self) {
        self.asleep.notified().await;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        START.plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *self.gone.lock().unwrap()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        self.asleep.notify_one();
        Box::pin(std::future::pending())
    }
}

/// Destinations as the test wants them.
pub(crate) type List = fn() -> Vec<DestinationView>;

struct Listed(List);

impl Destinations for Listed {
    fn list(&self) -> Vec<DestinationView> {
        self.0()
    }

    fn probe<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<Result<String, Failure>>> {
        let known = self.0().into_iter().any(|view| view.name == name);
        let said = known.then(|| match name {
            "locked" => Err(Failure::new(Reason::CredentialsRefused, "401")),
            _ => Ok("all is well".to_owned()),
        });
        Box::pin(std::future::ready(said))
    }
}

/// How the house is to be built.
pub(crate) struct Plan {
    pub(crate) limits: Limits,
    pub(crate) thresholds: Thresholds,
    pub(crate) destinations: List,
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) sources: fn() -> Vec<SourceSettings>,
    /// What destinations cannot hold.
    pub(crate) rules: Rules,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            thresholds: Thresholds {
                min_free_bytes: 0,
                ..Thresholds::default()
            },
            destinations: Vec::new,
            metrics: Arc::new(String::new),
            sources,
            rules: Arc::new(|_| Ok(())),
        }
    }
}

/// The house.
pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) ready: Arc<AtomicBool>,
    _folder: tempfile::TempDir,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::build(Plan::default()).await
    }

    pub(crate) async fn build(plan: Plan) -> Self {
        crate::log::listen();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock::default());
        let store = open_store(folder.path(), Arc::clone(&clock)).await;
        let ready = Arc::new(AtomicBool::new(true));
        let made = AtomicU8::new(1);
        let intake = Arc::new(Intake::new(Arc::clone(&store), settings(plan.thresholds)));
        let webhooks = Arc::new(Webhooks::new(
            &Shared {
                store: Arc::clone(&store),
                transport: Arc::new(NoNetwork),
                clock: Arc::clone(&clock) as Arc<dyn Clock>,
                sealing_key: None,
            },
            Arc::clone(&intake),
            (plan.sources)(),
        ));
        let router = router(App {
            intake: Arc::clone(&intake),
            desk: Arc::new(Desk::new(
                Arc::clone(&store),
                Arc::clone(&intake),
                plan.rules,
            )),
            webhooks: Arc::clone(&webhooks),
            public_url: Some("https://cms.example/slugline".into()),
            tls: false,
            trusts: Arc::new(|address: IpAddr| address.to_string().starts_with("10.")),
            store: Arc::clone(&store),
            destinations: Arc::new(Listed(plan.destinations)),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            tokens: configured(),
            limits: plan.limits,
            metrics: plan.metrics,
            secrets: Arc::new(move || Ok([made.fetch_add(1, Ordering::Relaxed); 32])),
            ready: Arc::clone(&ready),
            version: "1.2.3",
        });
        Self {
            router,
            clock,
            store,
            webhooks,
            ready,
            _folder: folder,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Seen {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Seen {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.get_as("viewer", path).await
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Seen {
        self.send(request("GET", path, token).body(Body::empty()).unwrap())
            .await
    }

    /// `POST /v1/publish` with the key as a header.
    pub(crate) async fn publish(&self, key: &str, body: Value) -> Seen {
        let request = request("POST", "/v1/publish", "editor").header("idempotency-key", key);
        let request = request.header("user-agent", "newsroom/4");
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// `POST /v1/publish` with a body as it is.
    pub(crate) async fn publish_raw(&self, body: impl Into<Body>) -> Seen {
        let request = request("POST", "/v1/publish", "editor").header("idempotency-key", "raw");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Entries in the log: grows with everything that is stored.
    pub(crate) async fn entries(&self) -> u64 {
        self.store.counts().await.unwrap().log_entries
    }
}

/// A request with a token.
pub(crate) fn request(method: &str, path: &str, token: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
}

/// What a client sees.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The problem document, which must have this status and code.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(
            (problem["code"].as_str(), problem["status"].as_u64()),
            (Some(code), Some(u64::from(status)))
        );
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty())
        );
        problem
    }
}

async fn open_store(folder: &Path, clock: Arc<HandClock>) -> Arc<dyn Store> {
    let store = SqliteStore::open(folder, clock, [7; 16]).unwrap();
    let known = ["blog", "hook"].map(|name| Registration {
        pace: None,
        name: name.into(),
        lane: LaneScope::ItemLocale,
        request_timeout: Duration::from_secs(30),
        commit_window: Some(Duration::from_secs(90)),
    });
    store.register(known.to_vec()).await.unwrap();
    Arc::new(store)
}

/// Everything of production goes to `blog`; `hook` must be named.
fn settings(thresholds: Thresholds) -> IntakeSettings {
    let destination = |name: &str| RoutedDestination {
        name: name.into(),
        owner: None,
        environment: None,
        drafts: true,
    };
    let matches = RouteMatch {
        environment: Some("production".into()),
        ..RouteMatch::default()
    };
    let routes = Routes {
        routes: vec![Route {
            name: "all".into(),
            matches,
            to: vec!["blog".into()],
        }],
        destinations: vec![destination("blog"), destination("hook")],
    };
    IntakeSettings {
        routes,
        default_locale: "en".into(),
        key_ttl: Duration::from_secs(86_400),
        thresholds,
        address_guard: Arc::new(guard),
    }
}

/// Nobody answers.
struct NoNetwork;

impl Transport for NoNetwork {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<Response, SendError>> {
        let why = SendError::NotSent("nobody is there".into());
        Box::pin(async { Err(why) })
    }

    fn file<'a>(&'a self, _: &'a str, _: FileOp) -> BoxFuture<'a, Result<FileReply, SendError>> {
        unreachable!("nobody works on files")
    }
}

struct NoSecrets;

impl Secrets for NoSecrets {
    fn resolve(&self, _: &SecretRef) -> Result<Secret, String> {
        Err("there are none".into())
    }
}

/// Bytes of a webhook.
pub(crate) const MAX_BODY: usize = 3 * 1024 * 1024;
/// The secret of all sources.
pub(crate) const SECRET: &str = "s3cret-of-all-the-sources";

/// A source of a type, by the keys of its own.
pub(crate) fn source(name: &str, kind: &str, keys: &'static str, secret: &str) -> SourceSettings {
    let table = toml::de::DeTable::parse(keys).unwrap();
    let of_kind = toml::Spanned::new(0..0, kind.to_owned());
    let built = registry::source(&of_kind, table, &NoSecrets).map_err(|why| why.message);
    SourceSettings {
        name: name.into(),
        kind: kind.into(),
        owner: "default".into(),
        environment: "production".into(),
        environments: Default::default(),
        locale: "en".into(),
        secrets: vec![("env:CMS".into(), Secret::new(secret))],
        tolerance: Duration::from_secs(300),
        max_body: MAX_BODY,
        keep_for: Duration::from_secs(86_400),
        allows: None,
        client_certificates: Vec::new(),
        news_only: false,
        poll: None,
        sweep: None,
        same_as: Vec::new(),
        source: Arc::from(built.unwrap()),
    }
}

/// `cms` and `fenced`, which may come from one network only, send like Strapi; `hub` like HubSpot; `bare`
/// like Directus, with the secret in its URL.
fn sources() -> Vec<SourceSettings> {
    let plain = |name: &str, kind: &str| source(name, kind, "", SECRET);
    let fenced: Allows = Arc::new(|address: IpAddr| address.to_string().starts_with("203.0.113."));
    vec![
        plain("cms", "strapi"),
        SourceSettings {
            allows: Some(fenced),
            ..plain("fenced", "strapi")
        },
        plain("hub", "hubspot"),
        source("bare", "directus", "token_in_path = true", SECRET),
    ]
}

/// In this house a token is the same as its name.
/// What is configured of a destination.
pub(crate) fn destination_settings(name: &str) -> DestinationSettings {
    DestinationSettings {
        name: name.to_owned(),
        concurrency: 8,
        rate: Some((600, Duration::from_secs(60))),
        timeout: Duration::from_secs(30),
        commit_window: Duration::from_secs(90),
        verify_window: Duration::ZERO,
        protect_drift: false,
        repeat_unknown: false,
        pace: Some(Pace {
            daily_capacity: Some(24),
            ..Pace::default()
        }),
        reconcile: ReconcileSettings {
            every: Some(Duration::from_secs(86_400)),
            ..ReconcileSettings::default()
        },
    }
}

fn configured() -> Vec<TokenRecord> {
    let record = |(name, role, owner): &(&str, &str, &str)| TokenRecord {
        name: (*name).into(),
        hash: token_hash(name),
        role: (*role).into(),
        owner: (*owner).into(),
        environments: Vec::new(),
        created_at: START,
    };
    TOKENS.iter().map(record).collect()
}

fn guard(url: &str) -> Result<(), String> {
    if url.contains("//10.") {
        return Err("is an address inside the network".into());
    }
    Ok(())
}
