//! A node: store, network, engine and doors, wired together from the configuration.
//!
//! Ensures that nothing listens before the data is open and the destinations are known, and that a
//! stop closes the doors first, lets runs end, and closes the store last.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use slugline_core::failure::Failure;
use slugline_core::item::Class;
use slugline_core::port::BoxFuture;
use slugline_core::reason::Reason;
use slugline_core::time::Timestamp;
use slugline_engine::delivery::{Delivery, Shared};
use slugline_engine::desk::{Desk, Rules};
use slugline_engine::destination::{self, DestinationSettings};
use slugline_engine::engine::{Engine, EngineSettings};
use slugline_engine::intake::{Intake, IntakeSettings};
use slugline_engine::ports::{Clock, Entropy, Transport};
use slugline_engine::sealing::SealingKey;
use slugline_engine::stop::Stop;
use slugline_engine::store::{Store, TokenRecord};
use slugline_engine::webhooks::{Allows, Site, SourceSettings, Webhooks};
use slugline_web::{App, DestinationView, Destinations, Limits, Trusts};
use tokio::net::TcpListener;

use crate::clock::{SystemClock, SystemEntropy, random_bytes};
use crate::config::{Config, Destination, OnDrift, OnUnknown, Source, Token, Trust};
use crate::place::Place;
use crate::probe::ProbePort;
use crate::telemetry::Metrics;
use crate::tls::Identity;
use crate::transport::{Guard, HttpTransport};

/// A commit window is this many request timeouts, unless the vendor or configuration says otherwise.
const COMMIT_WINDOW_TIMEOUTS: u32 = 3;
/// Beyond the grace time for runs, how long open connections and the store may take to close.
pub const CLOSING: Duration = Duration::from_secs(5);

/// A node, ready to run.
pub struct Node {
    config: Config,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    engine: Engine,
    intake: Arc<Intake>,
    webhooks: Arc<Webhooks>,
    ready: Arc<AtomicBool>,
    first_token: Option<String>,
    tls: Option<Identity>,
}

impl Node {
    /// Opens the store and wires a node, which takes the destinations of its region and those
    /// without one.
    ///
    /// # Errors
    /// What is wrong and what to do, for people.
    pub async fn open(config: Config, place: &Place) -> Result<Self, String> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let store = place.store.open(Arc::clone(&clock))?;
        let guard = Guard::new(config.server.allow_private_networks.clone());
        let transport: Arc<dyn Transport> = Arc::new(HttpTransport::new(guard.clone()));
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let shared = Shared {
            store: Arc::clone(&store),
            transport,
            clock: Arc::clone(&clock),
            sealing_key: sealing_key(&config)?,
        };
        let engine = Engine::new(
            shared.clone(),
            entropy,
            destinations(&config, place.region.as_deref(), clock.now()),
            engine_settings(&config),
        );
        engine.register().await.map_err(|why| why.to_string())?;
        let intake = Arc::new(Intake::new(
            Arc::clone(&store),
            intake_settings(&config, guard),
        ));
        let webhooks = Arc::new(Webhooks::new(
            &shared,
            Arc::clone(&intake),
            config
                .sources
                .iter()
                .map(|one| source(one, &config))
                .collect(),
        ));
        let engine = engine.with_webhooks(Arc::clone(&webhooks));
        let first_token = first_token(&config, &store).await?;
        let tls = identity(&config)?;
        Ok(Self {
            config,
            store,
            clock,
            engine,
            intake,
            webhooks,
            ready: Arc::new(AtomicBool::new(false)),
            first_token,
            tls,
        })
    }

    /// The token that was made because there was none; shown once, kept only as a hash.
    pub fn first_token(&self) -> Option<&str> {
        self.first_token.as_deref()
    }

    /// Serves until asked to stop, then closes. Returns within the shutdown grace and [`CLOSING`].
    pub async fn serve(self, listener: TcpListener, metrics: Metrics, stop: &Stop) {
        let router = slugline_web::router(self.app(metrics));
        self.ready.store(true, Ordering::Release);
        let grace = self.config.server.shutdown_grace;
        let (ready, stopping) = (Arc::clone(&self.ready), stop.clone());
        let closed = async move {
            stopping.requested().await;
            ready.store(false, Ordering::Release);
        };
        let doors = async {
            let tls = self.tls.as_ref();
            tokio::select! {
                () = crate::listen::serve(listener, router, tls, closed) => {},
                () = overdue(stop, grace) => {},
                () = self.renew() => {},
            }
        };
        let engine = async {
            tokio::select! { () = self.engine.run(stop, grace) => {}, () = overdue(stop, grace + CLOSING / 2) => {} }
        };
        tokio::join!(doors, engine);
        if tokio::time::timeout(CLOSING / 2, self.store.close())
            .await
            .is_err()
        {
            tracing::warn!("the store did not close in time; what was answered is durable");
        }
    }

    /// Takes certificates that are renewed; never ends.
    async fn renew(&self) {
        match (&self.tls, &self.config.server.tls) {
            (Some(identity), Some(tls)) => identity.follow(tls, &self.config.references).await,
            _ => std::future::pending().await,
        }
    }

    fn shown(&self) -> Shown {
        let guard = Guard::new(self.config.server.allow_private_networks.clone());
        Shown {
            transport: Arc::new(HttpTransport::new(guard)),
            destinations: self.config.destinations.clone(),
            delivery: Arc::clone(self.engine.delivery()),
            clock: Arc::clone(&self.clock),
        }
    }

    fn trusts(&self) -> Trusts {
        let proxies = self.config.server.trusted_proxies.clone();
        Arc::new(move |address| proxies.iter().any(|net| net.contains(&address)))
    }

    fn app(&self, metrics: Metrics) -> App {
        App {
            store: Arc::clone(&self.store),
            intake: Arc::clone(&self.intake),
            desk: Arc::new(Desk::new(
                Arc::clone(&self.store),
                Arc::clone(&self.intake),
                rules(Arc::clone(self.engine.delivery())),
            )),
            webhooks: Arc::clone(&self.webhooks),
            public_url: self.config.server.public_url.clone(),
            tls: self.config.server.tls.is_some(),
            trusts: self.trusts(),
            destinations: Arc::new(self.shown()),
            clock: Arc::clone(&self.clock),
            tokens: self
                .config
                .tokens
                .iter()
                .map(|token| token_record(token, self.clock.now()))
                .collect(),
            limits: Limits {
                publish_bytes: self.config.server.limits.body,
                rate: self
                    .config
                    .server
                    .limits
                    .requests_per_second
                    .map(|count| (count, Duration::from_secs(1))),
                ..Limits::default()
            },
            metrics: Arc::new(move || metrics.render()),
            secrets: Arc::new(random_bytes::<32>),
            ready: Arc::clone(&self.ready),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// Resolves `after` a stop was asked for.
async fn overdue(stop: &Stop, after: Duration) {
    stop.requested().await;
    tokio::time::sleep(after).await;
}

fn destinations(
    config: &Config,
    region: Option<&str>,
    now: Timestamp,
) -> Vec<Arc<destination::Destination>> {
    let wired = |destination: &Destination| {
        let connector = Arc::clone(&destination.connector);
        let wired = destination::Destination::new(settings(destination), connector, now);
        // A node without a region takes everything: one node is the whole installation then.
        let wanted = destination.region.as_deref();
        let elsewhere = region.is_some() && wanted.is_some() && wanted != region;
        Arc::new(if elsewhere { wired.elsewhere() } else { wired })
    };
    config.destinations.iter().map(wired).collect()
}

/// What configuration says, with the vendor's defaults.
pub fn settings(destination: &Destination) -> DestinationSettings {
    let vendor = destination.connector.capabilities();
    let timeout = destination.timeout.unwrap_or(vendor.timeout);
    let window = destination.commit_window.or(vendor.commit_window);
    DestinationSettings {
        name: destination.name.clone(),
        concurrency: destination.concurrency.unwrap_or(vendor.concurrency),
        rate: destination.rate,
        timeout,
        commit_window: window.unwrap_or(timeout * COMMIT_WINDOW_TIMEOUTS),
        verify_window: destination.verify_window.unwrap_or(vendor.verify_window),
        protect_drift: destination.on_drift.publish == OnDrift::Report,
        repeat_unknown: destination.on_unknown == OnUnknown::Repeat,
        pace: destination.pace.clone(),
        reconcile: destination.reconcile.settings(destination.on_drift),
    }
}

/// What the listener proves itself with; `None` where it speaks plain HTTP.
pub fn identity(config: &Config) -> Result<Option<Identity>, String> {
    let load = |tls| Identity::load(tls, &config.references, SystemClock.now());
    let loaded = config.server.tls.as_ref().map(load).transpose();
    loaded.map_err(|(key, why)| format!("[server] tls {key}: {why}"))
}

fn sealing_key(config: &Config) -> Result<Option<Arc<SealingKey>>, String> {
    let key = config.server.secret_key.as_ref().map(SealingKey::new);
    Ok(key.transpose()?.map(Arc::new))
}

fn engine_settings(config: &Config) -> EngineSettings {
    EngineSettings {
        workers: config.server.workers,
        policies: Class::ALL
            .iter()
            .filter_map(|class| config.retries.get(class).cloned())
            .collect(),
        retention: config.store.retention,
        media_grace: config.store.media_grace,
    }
}

fn source(source: &Source, config: &Config) -> SourceSettings {
    let allows: Option<Allows> = (!source.allow_ips.is_empty()).then(|| {
        let source = source.clone();
        Arc::new(move |address| source.allows(address)) as Allows
    });
    let locale = source.locale.as_ref();
    SourceSettings {
        name: source.name.clone(),
        kind: source.kind.clone(),
        owner: source.owner.clone(),
        environment: source.environment.clone(),
        environments: source.environments.clone(),
        locale: locale.unwrap_or(&config.server.default_locale).clone(),
        secrets: source.secrets.clone(),
        tolerance: source.tolerance,
        keep_for: source.keep,
        allows,
        client_certificates: source.client_certificates.clone(),
        news_only: source.trust == Trust::Refetch,
        poll: source.poll,
        same_as: sites(source, config),
        source: Arc::clone(&source.source),
    }
}

/// The destinations that a source is, or may be where it does not say.
fn sites(source: &Source, config: &Config) -> Vec<Site> {
    let site = |destination: &Destination| {
        let certain = match &source.same_as {
            Some(names) => names.contains(&destination.name).then_some(true),
            None => (destination.kind == source.kind).then_some(false),
        };
        certain.map(|certain| Site {
            destination: destination.name.clone(),
            connector: Arc::clone(&destination.connector),
            certain,
        })
    };
    let sites: Vec<Site> = config.destinations.iter().filter_map(site).collect();
    if let Some(alike) = sites.iter().find(|site| !site.certain) {
        let destination = &alike.destination;
        tracing::warn!(source = source.name, %destination, "they are of one type: say in same_as of the source whether they are one site");
    }
    sites
}

fn intake_settings(config: &Config, guard: Guard) -> IntakeSettings {
    IntakeSettings {
        routes: config.routes.clone(),
        default_locale: config.server.default_locale.clone(),
        key_ttl: config.store.idempotency_ttl,
        thresholds: config.server.thresholds.clone(),
        address_guard: Arc::new(move |url| guard.check_url(url)),
    }
}

fn token_record(token: &Token, now: Timestamp) -> TokenRecord {
    TokenRecord {
        name: token.name.clone(),
        hash: slugline_web::token_hash(token.secret.expose()),
        role: token.role.as_str().to_owned(),
        owner: token.owner.clone(),
        environments: token.environments.clone(),
        created_at: now,
    }
}

/// Makes an admin token where there is none at all: otherwise nobody could ever come in.
async fn first_token(config: &Config, store: &Arc<dyn Store>) -> Result<Option<String>, String> {
    let kept = store.tokens().await.map_err(|why| why.to_string())?;
    if !config.tokens.is_empty() || !kept.is_empty() {
        return Ok(None);
    }
    let token = slugline_web::token_of(&random_bytes::<24>()?);
    let record = TokenRecord {
        name: "first".into(),
        hash: slugline_web::token_hash(&token),
        role: slugline_web::Role::Admin.as_str().into(),
        owner: crate::config::DEFAULT_OWNER.into(),
        environments: Vec::new(),
        created_at: store.now(),
    };
    let added = store.add_token(record).await;
    // Of several nodes that start at once, one makes it.
    Ok(added.map_err(|why| why.to_string())?.then_some(token))
}

/// What destinations cannot hold, as their connectors say.
fn rules(delivery: Arc<Delivery>) -> Rules {
    Arc::new(move |work| match delivery.destination(&work.destination) {
        Some(destination) => destination.connector.check(work),
        None => Err(Failure::new(
            Reason::Misconfigured,
            "it is not configured any more",
        )),
    })
}

/// The configured destinations, with the engine's view of their health.
struct Shown {
    destinations: Vec<Destination>,
    delivery: Arc<Delivery>,
    clock: Arc<dyn Clock>,
    transport: Arc<HttpTransport>,
}

impl Destinations for Shown {
    fn list(&self) -> Vec<DestinationView> {
        let view = |destination: &Destination| {
            let running = self.delivery.destination(&destination.name)?;
            Some(DestinationView {
                name: destination.name.clone(),
                owner: destination.owner.clone(),
                environment: destination.environment.clone(),
                capabilities: running.capabilities.clone(),
                health: running.health(self.clock.now()),
            })
        };
        self.destinations.iter().filter_map(view).collect()
    }

    fn probe<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<Result<String, Failure>>> {
        Box::pin(async move {
            let mut all = self.destinations.iter();
            let destination = all.find(|destination| destination.name == name)?;
            let port = ProbePort::new(Arc::clone(&self.transport), destination);
            Some(destination.connector.probe(&port).await)
        })
    }
}
