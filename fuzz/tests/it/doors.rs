//! The API's doors: paths, query parameters, cursors, headers, tokens and bodies. Whatever is asked,
//! the answer is no fault of ours, and a refusal is a problem document.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use slugline_connectors::registry;
use slugline_core::http::{Request as HttpRequest, Response, SendError};
use slugline_core::lane::LaneScope;
use slugline_core::port::{BoxFuture, FileOp, FileReply};
use slugline_core::pressure::Thresholds;
use slugline_core::route::{RoutedDestination, Routes};
use slugline_core::secret::Secret;
use slugline_core::time::Timestamp;
use slugline_engine::delivery::Shared;
use slugline_engine::desk::Desk;
use slugline_engine::intake::{Intake, IntakeSettings};
use slugline_engine::ports::{Clock, Transport};
use slugline_engine::store::{Registration, Store, TokenRecord};
use slugline_engine::webhooks::{SourceSettings, Webhooks};
use slugline_store::sqlite::SqliteStore;
use slugline_web::{App, DestinationView, Destinations, Limits, router, token_hash};
use tokio::runtime::{Builder, Runtime};
use toml::Spanned;
use toml::de::DeTable;
use tower::ServiceExt;

use crate::damage::{cook, corpus, recipes};
use crate::publish::NOW;
use crate::webhook::NoSecrets;

#[test]
fn every_request_has_an_answer_that_is_no_fault_of_ours() {
    let corpus = corpus("doors");
    let runtime = runtime();
    let folder = tempfile::tempdir().unwrap();
    let doors = runtime.block_on(open(folder.path()));
    let judge = |text: &[u8]| {
        if let Some(request) = request(text) {
            runtime.block_on(ask(&doors, request));
        }
    };
    corpus.iter().for_each(|text| judge(text));
    let judge = Mutex::new(judge);
    bolero::check!()
        .with_generator(recipes())
        .for_each(|recipe| (judge.lock().unwrap())(&cook(&corpus, recipe)));
}

#[test]
fn the_corpus_holds_requests_that_are_let_in() {
    let runtime = runtime();
    let folder = tempfile::tempdir().unwrap();
    let doors = runtime.block_on(open(folder.path()));
    let ask = |text: &Vec<u8>| runtime.block_on(ask(&doors, request(text).unwrap()));
    let in_ = corpus("doors")
        .iter()
        .map(ask)
        .filter(StatusCode::is_success)
        .count();
    assert!(in_ >= 8, "{in_} were let in");
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// A request as it is written: a first line, headers, an empty line, a body.
fn request(text: &[u8]) -> Option<Request<Body>> {
    let end = text.windows(2).position(|two| two == b"\n\n");
    let (head, body) = text.split_at(end.unwrap_or(text.len()));
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let mut request = Request::builder().method(first.next()?).uri(first.next()?);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        request = request.header(&line[..colon], line[colon + 1..].trim_ascii());
    }
    request.body(Body::from(body.trim_ascii().to_vec())).ok()
}

async fn ask(doors: &Router, request: Request<Body>) -> StatusCode {
    let shown = format!("{request:?}");
    let response = doors.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    assert!(
        !parts.status.is_server_error(),
        "{shown} answered {}",
        parts.status
    );
    if parts.status.is_client_error() && !bytes.is_empty() {
        let problem: serde_json::Value = serde_json::from_slice(&bytes)
            .unwrap_or_else(|why| panic!("{shown}: {why}: {bytes:?}"));
        assert_eq!(problem["status"], parts.status.as_u16(), "{shown}");
        assert!(problem["code"].is_string(), "{shown}: {problem}");
    }
    parts.status
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// Nobody here is asked for anything.
struct NoNetwork;

impl Transport for NoNetwork {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<Response, SendError>> {
        unreachable!("nobody asks a source")
    }

    fn file<'a>(&'a self, _: &'a str, _: FileOp) -> BoxFuture<'a, Result<FileReply, SendError>> {
        unreachable!("nobody works on files")
    }
}

struct Nowhere;

impl Destinations for Nowhere {
    fn list(&self) -> Vec<DestinationView> {
        Vec::new()
    }

    fn probe<'a>(
        &'a self,
        _: &'a str,
    ) -> slugline_core::port::BoxFuture<'a, Option<Result<String, slugline_core::failure::Failure>>>
    {
        Box::pin(std::future::ready(None))
    }
}

async fn open(folder: &std::path::Path) -> Router {
    let clock: Arc<dyn Clock> = Arc::new(Still);
    let store = SqliteStore::open(folder, Arc::clone(&clock), [7; 16]).unwrap();
    let blog = Registration {
        pace: None,
        name: "blog".into(),
        lane: LaneScope::ItemLocale,
        request_timeout: Duration::from_secs(30),
        commit_window: None,
    };
    store.register(vec![blog]).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let intake = Arc::new(Intake::new(Arc::clone(&store), settings()));
    router(App {
        webhooks: Arc::new(Webhooks::new(
            &Shared {
                store: Arc::clone(&store),
                transport: Arc::new(NoNetwork),
                clock: Arc::clone(&clock),
                sealing_key: None,
            },
            Arc::clone(&intake),
            vec![source()],
        )),
        public_url: None,
        tls: false,
        trusts: Arc::new(|_| false),
        desk: Arc::new(Desk::new(
            Arc::clone(&store),
            Arc::clone(&intake),
            Arc::new(|_| Ok(())),
        )),
        intake,
        store,
        destinations: Arc::new(Nowhere),
        clock,
        tokens: vec![token()],
        limits: Limits::default(),
        metrics: Arc::new(String::new),
        secrets: Arc::new(|| Ok([1; 32])),
        ready: Arc::new(AtomicBool::new(true)),
        version: "0",
    })
}

/// Bytes of a webhook; longer than anything that is cooked here.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// One whose webhooks prove themselves by a token, so that the corpus can bring genuine ones.
fn source() -> SourceSettings {
    let kind = Spanned::new(0..0, "strapi".to_owned());
    let built = registry::source(&kind, DeTable::parse("").unwrap(), &NoSecrets);
    SourceSettings {
        name: "cms".into(),
        kind: "strapi".into(),
        owner: "default".into(),
        environment: "production".into(),
        environments: BTreeMap::new(),
        locale: "en".into(),
        secrets: vec![("env:CMS".into(), Secret::new("secret"))],
        tolerance: Duration::from_secs(300),
        max_body: MAX_BODY,
        keep_for: Duration::from_secs(86_400),
        allows: None,
        client_certificates: Vec::new(),
        news_only: false,
        poll: None,
        same_as: Vec::new(),
        source: Arc::from(built.map_err(|why| why.message).unwrap()),
    }
}

fn settings() -> IntakeSettings {
    let blog = RoutedDestination {
        name: "blog".into(),
        owner: None,
        environment: None,
        drafts: true,
    };
    IntakeSettings {
        routes: Routes {
            routes: Vec::new(),
            destinations: vec![blog],
        },
        default_locale: "en".into(),
        key_ttl: Duration::from_secs(86_400),
        thresholds: Thresholds {
            min_free_bytes: 0,
            ..Thresholds::default()
        },
        address_guard: Arc::new(|_| Ok(())),
    }
}

fn token() -> TokenRecord {
    TokenRecord {
        name: "fuzz".into(),
        hash: token_hash("fuzz"),
        role: "admin".into(),
        owner: "default".into(),
        environments: Vec::new(),
        created_at: NOW,
    }
}
