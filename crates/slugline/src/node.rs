//! A node: network, engine and doors, wired together from the configuration on a ground that is given.
//!
//! Ensures that the destinations are known to the store before anything runs. Neither listens nor knows when to stop:
//! see `running`.

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
use slugline_engine::store::TokenRecord;
use slugline_engine::webhooks::{Allows, Site, SourceSettings, Webhooks};
use slugline_web::{App, DestinationView, Destinations, Limits, Router, Trusts};

use crate::clock::{SystemEntropy, random_bytes};
use crate::config::{Config, Destination, OnDrift, OnUnknown, Source, Token, Trust};
use crate::ground::Ground;
use crate::probe::ProbePort;
use crate::telemetry::Metrics;
use crate::transport::{Guard, HttpTransport};

/// A commit window is this many request timeouts, unless the vendor or configuration says otherwise.
const COMMIT_WINDOW_TIMEOUTS: u32 = 3;
/// Beyond the grace time for runs, how long open connections and the store may take to close.
pub const CLOSING: Duration = Duration::from_secs(5);

/// A node, ready to run.
pub struct Node {
    config: Config,
    ground: Arc<Ground>,
    engine: Engine,
    intake: Arc<Intake>,
    webhooks: Arc<Webhooks>,
    ready: Arc<AtomicBool>,
}

impl Node {
    /// Wires a node, which takes the destinations of its region and those without one.
    ///
    /// # Errors
    /// What is wrong and what to do, for people.
    pub async fn wire(config: Config, ground: &Arc<Ground>) -> Result<Self, String> {
        let guard = Guard::new(config.server.allow_private_networks.clone());
        let transport: Arc<dyn Transport> = Arc::new(HttpTransport::new(guard.clone()));
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let shared = Shared {
            store: Arc::clone(&ground.store),
            transport,
            clock: Arc::clone(&ground.clock),
            sealing_key: sealing_key(&config)?,
        };
        let engine = Engine::new(
            shared.clone(),
            entropy,
            destinations(&config, ground.region.as_deref(), ground.clock.now()),
            engine_settings(&config),
        );
        engine.register().await.map_err(|why| why.to_string())?;
        let intake = Intake::new(Arc::clone(&ground.store), intake_settings(&config, guard));
        let intake = Arc::new(intake.with_delivery(Arc::clone(engine.delivery())));
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
        Ok(Self {
            config,
            ground: Arc::clone(ground),
            engine,
            intake,
            webhooks,
            ready: Arc::new(AtomicBool::new(false)),
        })
    }

    /// What is fixed for as long as the process runs.
    pub fn ground(&self) -> &Arc<Ground> {
        &self.ground
    }

    /// How long runs may take to end once it is to stop.
    pub fn grace(&self) -> Duration {
        self.config.server.shutdown_grace
    }

    /// Opens its doors: from now on they take what comes.
    pub fn open(&self, metrics: Metrics) -> Router {
        self.ready.store(true, Ordering::Release);
        slugline_web::router(self.app(metrics))
    }

    /// Has its doors take nothing new.
    pub fn close(&self) {
        self.ready.store(false, Ordering::Release);
    }

    /// Delivers until asked to stop; runs under way may end for the grace time.
    pub async fn run(&self, stop: &Stop) {
        tokio::select! {
            () = self.engine.run(stop, self.grace()) => {},
            () = overdue(stop, self.grace() + CLOSING / 2) => {},
        }
    }

    fn shown(&self) -> Shown {
        let guard = Guard::new(self.config.server.allow_private_networks.clone());
        Shown {
            transport: Arc::new(HttpTransport::new(guard)),
            destinations: self.config.destinations.clone(),
            delivery: Arc::clone(self.engine.delivery()),
            clock: Arc::clone(&self.ground.clock),
        }
    }

    fn trusts(&self) -> Trusts {
        let proxies = self.config.server.trusted_proxies.clone();
        Arc::new(move |address| proxies.iter().any(|net| net.contains(&address)))
    }

    fn app(&self, metrics: Metrics) -> App {
        App {
            store: Arc::clone(&self.ground.store),
            intake: Arc::clone(&self.intake),
            desk: Arc::new(Desk::new(
                Arc::clone(&self.ground.store),
                Arc::clone(&self.intake),
                rules(Arc::clone(self.engine.delivery())),
            )),
            webhooks: Arc::clone(&self.webhooks),
            public_url: self.config.server.public_url.clone(),
            tls: self.config.server.tls.is_some(),
            trusts: self.trusts(),
            destinations: Arc::new(self.shown()),
            clock: Arc::clone(&self.ground.clock),
            tokens: self
                .config
                .tokens
                .iter()
                .map(|token| token_record(token, self.ground.clock.now()))
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
pub async fn overdue(stop: &Stop, after: Duration) {
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
        max_body: source.max_body,
        keep_for: source.keep,
        allows,
        client_certificates: source.client_certificates.clone(),
        news_only: source.trust == Trust::Refetch,
        poll: source.poll,
        sweep: source.sweep,
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
                settings: running.settings.clone(),
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
