//! A whole house for tests: store, engine, intake and network, on virtual time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use slugline_connectors::registry;
use slugline_core::backoff::{RetryPolicy, Schedule};
use slugline_core::connector::Connector;
use slugline_core::item::Class;
use slugline_core::lifecycle::JobState;
use slugline_core::pressure::Thresholds;
use slugline_core::route::{Route, RouteMatch, RoutedDestination, Routes};
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_engine::delivery::{Delivery, Shared};
use slugline_engine::destination::{Destination, DestinationSettings, ReconcileSettings};
use slugline_engine::engine::{Engine, EngineSettings};
use slugline_engine::intake::{Caller, Intake, IntakeSettings};
use slugline_engine::ports::Clock;
use slugline_engine::stop::Stop;
use slugline_engine::store::{JobView, PublishView, Retention, Store};
use slugline_store::sqlite::SqliteStore;
use tokio::task::JoinHandle;

use crate::network::{BLOG, Dice, HOOK, Network, TestClock};
use crate::steady::Steady;

/// Virtual time after which a test gives up: longer than every deadline of its retries.
const PATIENCE: Duration = Duration::from_secs(3_600);

pub struct House {
    pub store: Arc<dyn Store>,
    pub steady: Arc<Steady>,
    pub network: Arc<Network>,
    pub clock: Arc<TestClock>,
    pub destinations: Vec<Arc<Destination>>,
    pub intake: Intake,
    /// Of the engine that runs, or ran last.
    pub delivery: Option<Arc<Delivery>>,
    stop: Stop,
    running: Option<JoinHandle<()>>,
    directory: tempfile::TempDir,
    seed: u64,
}

struct NoSecrets;

impl Secrets for NoSecrets {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String> {
        Ok(Secret::new(reference.0.clone()))
    }
}

/// A connector by its `type` and its own part of the configuration.
pub fn connector(kind: &str, config: &str) -> Arc<dyn Connector> {
    let table = toml::de::DeTable::parse(config).unwrap();
    let kind = toml::Spanned::new(0..0, kind.to_owned());
    let built = registry::build(&kind, table, &NoSecrets);
    Arc::from(built.map_err(|why| why.message).unwrap())
}

fn destination(
    name: &str,
    config: &str,
    now: slugline_core::time::Timestamp,
    reconcile: ReconcileSettings,
) -> Arc<Destination> {
    let connector = connector(name, config);
    let settings = DestinationSettings {
        name: name.into(),
        concurrency: 4,
        rate: None,
        timeout: Duration::from_secs(1),
        commit_window: Duration::from_secs(4),
        verify_window: Duration::from_secs(1),
        protect_drift: false,
        repeat_unknown: false,
        pace: None,
        reconcile,
    };
    Arc::new(Destination::new(settings, connector, now))
}

impl House {
    /// An open house with a running engine.
    pub async fn open(seed: u64) -> Self {
        Self::open_with(seed, ReconcileSettings::default()).await
    }

    /// One whose destinations are reconciled so.
    pub async fn open_with(seed: u64, reconcile: ReconcileSettings) -> Self {
        let mut house = Self::furnish(seed, tempfile::tempdir().unwrap(), reconcile);
        house.start().await;
        house
    }

    fn furnish(seed: u64, directory: tempfile::TempDir, reconcile: ReconcileSettings) -> Self {
        let clock = Arc::new(TestClock::new());
        let store = SqliteStore::open(directory.path(), clock.clone(), [7; 16]).unwrap();
        let steady = Arc::new(Steady::new(Arc::new(store)));
        let store: Arc<dyn Store> = steady.clone();
        let network = Arc::new(Network::new(Arc::clone(&clock), seed));
        let blog = format!("url = \"{BLOG}\"\nusername = \"publisher\"\npassword = \"pw\"");
        let hook =
            format!("url = \"{HOOK}\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]");
        let destinations = vec![
            destination("wordpress", &blog, clock.now(), reconcile),
            destination("webhook", &hook, clock.now(), reconcile),
        ];
        let intake = Intake::new(Arc::clone(&store), settings());
        Self {
            store,
            steady,
            network,
            clock,
            destinations,
            intake,
            delivery: None,
            stop: Stop::default(),
            running: None,
            directory,
            seed,
        }
    }

    /// What everything in the house goes through.
    pub fn shared(&self) -> Shared {
        Shared {
            store: Arc::clone(&self.store),
            transport: self.network.clone(),
            clock: self.clock.clone(),
            sealing_key: None,
        }
    }

    /// Starts the engine.
    pub async fn start(&mut self) {
        let shared = self.shared();
        let day = Duration::from_secs(86_400);
        let policy = RetryPolicy {
            schedule: Schedule::FullJitter {
                base: Duration::from_millis(500),
                cap: Duration::from_secs(5),
            },
            max_attempts: 60,
            deadline: PATIENCE,
        };
        let engine_settings = EngineSettings {
            workers: 16,
            policies: vec![policy; Class::ALL.len()],
            retention: Retention {
                revisions: day * 90,
                attempts: day * 90,
                log: day * 400,
                media: day * 90,
            },
            media_grace: day,
        };
        let engine = Engine::new(
            shared,
            Arc::new(Dice::new(self.seed)),
            self.destinations.clone(),
            engine_settings,
        );
        engine.register().await.unwrap();
        let (store, delivery) = (Arc::clone(&self.store), Arc::clone(engine.delivery()));
        self.intake = Intake::new(store, settings()).with_delivery(Arc::clone(&delivery));
        self.delivery = Some(delivery);
        self.stop = Stop::default();
        let stop = self.stop.clone();
        self.running = Some(tokio::spawn(async move {
            engine.run(&stop, Duration::from_secs(2)).await
        }));
    }

    /// Stops the engine as a first signal does.
    pub async fn halt(&mut self) {
        self.stop.request();
        self.running.take().unwrap().await.unwrap();
    }

    pub fn caller() -> Caller {
        Caller {
            actor: "token:test".into(),
            owner: "default".into(),
            environments: Vec::new(),
        }
    }

    /// Publishes and expects acceptance.
    pub async fn publish(&self, body: Value) -> String {
        let key = body["request_id"].as_str().unwrap().to_owned();
        let decided = self
            .intake
            .publish(
                &Self::caller(),
                None,
                Vec::new(),
                Bytes::from(body.to_string()),
            )
            .await;
        decided.unwrap_or_else(|problem| panic!("{problem:?}"));
        key
    }

    pub async fn view(&self, key: &str) -> PublishView {
        self.store.publish("default", key).await.unwrap().unwrap()
    }

    /// Waits until every job of the publish has ended.
    pub async fn ended(&self, key: &str) -> PublishView {
        self.until(key, |view| view.jobs.iter().all(|job| job.state.is_final()))
            .await
    }

    /// Waits until the publish looks so.
    pub async fn until(&self, key: &str, so: impl Fn(&PublishView) -> bool) -> PublishView {
        let began = self.clock.monotonic();
        loop {
            let view = self.view(key).await;
            if so(&view) {
                return view;
            }
            if self.clock.monotonic() - began > PATIENCE {
                let detail = self
                    .store
                    .job("default", view.jobs[0].job_id)
                    .await
                    .unwrap()
                    .unwrap();
                panic!(
                    "still {view:#?}, {:#?}",
                    detail.attempts.iter().rev().take(6).collect::<Vec<_>>()
                );
            }
            self.clock.sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until the publish is live everywhere and no second look is due.
    pub async fn surely_live(&self, key: &str) -> PublishView {
        let sure = |job: &JobView| {
            job.state == JobState::Live && job.evidence.as_deref() != Some("second look due")
        };
        self.until(key, |view| view.jobs.iter().all(sure)).await
    }

    /// The data directory.
    pub fn path(&self) -> &std::path::Path {
        self.directory.path()
    }
}

/// Everything goes to WordPress.
pub fn settings() -> IntakeSettings {
    let routed = |name: &str, drafts| RoutedDestination {
        name: name.into(),
        owner: None,
        environment: None,
        drafts,
    };
    IntakeSettings {
        routes: Routes {
            routes: vec![Route {
                name: "all".into(),
                matches: RouteMatch::default(),
                to: vec!["wordpress".into()],
            }],
            destinations: vec![routed("wordpress", true), routed("webhook", false)],
        },
        default_locale: "en".into(),
        key_ttl: Duration::from_secs(86_400),
        thresholds: Thresholds::default(),
        address_guard: Arc::new(|url| {
            if url.contains("//10.") {
                Err("is private".into())
            } else {
                Ok(())
            }
        }),
    }
}

/// A publish request for an item of this name.
pub fn request(key: &str, content_id: &str, version: i64) -> Value {
    json!({
        "request_id": key, "content_id": content_id, "version": version,
        "payload": { "title": format!("{content_id} {version}"), "slug": content_id, "body": format!("<p>Version {version}.</p>") }
    })
}
