//! What the doors are given, and what all handlers share.
//!
//! Ensures that everything a handler needs reaches it as a value or a port. Does not read
//! configuration and opens nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use slugline_engine::desk::Desk;
use slugline_engine::intake::Intake;
use slugline_engine::ports::Clock;
use slugline_engine::store::{Store, TokenRecord};
use slugline_engine::webhooks::Webhooks;
use tokio::sync::Semaphore;

use crate::console::Attempts;
use crate::door::client::Trusts;
use crate::door::keyring::Keyring;
use crate::door::rate::Rates;
use crate::door::request_id::RequestIds;
use crate::endpoints::destinations::Destinations;
use crate::endpoints::events::stream::{STREAMS, Tail};
use crate::endpoints::hooks::HOOK_MEMORY;
use crate::measures::Gauges;

/// Uploads read into memory at once: 8 × 32 MiB is the most that they can take together.
const UPLOADS_AT_ONCE: usize = 8;

/// What the binary wires in.
pub struct App {
    /// The memory.
    pub store: Arc<dyn Store>,
    /// The way in.
    pub intake: Arc<Intake>,
    /// Where people work.
    pub desk: Arc<Desk>,
    /// The way in for sources.
    pub webhooks: Arc<Webhooks>,
    /// The URL under which the world knows this server, without a slash at its end; as in the request's
    /// `Host` when `None`.
    pub public_url: Option<String>,
    /// Whether the listener itself speaks TLS.
    pub tls: bool,
    /// Which addresses are those of proxies in front of this server.
    pub trusts: Trusts,
    /// The configured destinations and how they are.
    pub destinations: Arc<dyn Destinations>,
    /// This node's clock.
    pub clock: Arc<dyn Clock>,
    /// Tokens from configuration, hashed; those made by the API are in the store.
    pub tokens: Vec<TokenRecord>,
    /// What one caller, and all together, may ask for.
    pub limits: Limits,
    /// Renders the metrics of this process in the Prometheus text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// 32 bytes from the system's random source, for new tokens; or why there are none.
    pub secrets: Arc<dyn Fn() -> Result<[u8; 32], String> + Send + Sync>,
    /// False while starting and stopping: nothing new is accepted then.
    pub ready: Arc<AtomicBool>,
    /// The program's version.
    pub version: &'static str,
}

/// The limits of the doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a publish request. An article with its markup is far below 2 MiB; media go elsewhere.
    pub publish_bytes: usize,
    /// Requests with a token that are answered at once; more are told to come back.
    pub in_flight: usize,
    /// Requests per period of one token; `None` for no limit.
    pub rate: Option<(u32, Duration)>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            publish_bytes: 2 * 1024 * 1024,
            in_flight: 4_096,
            rate: None,
        }
    }
}

/// What all handlers share.
pub(crate) struct Doors {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) public_url: Option<String>,
    pub(crate) tls: bool,
    pub(crate) trusts: Trusts,
    pub(crate) destinations: Arc<dyn Destinations>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keyring: Keyring,
    pub(crate) limits: Limits,
    pub(crate) in_flight: Semaphore,
    pub(crate) uploads: Semaphore,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) tail: Tail,
    /// KiB.
    pub(crate) hook_memory: Semaphore,
    pub(crate) rates: Rates,
    pub(crate) request_ids: RequestIds,
    pub(crate) gauges: Gauges,
    /// Attempts to sign in that failed.
    pub(crate) attempts: Attempts,
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) secrets: Arc<dyn Fn() -> Result<[u8; 32], String> + Send + Sync>,
    pub(crate) version: &'static str,
    ready: Arc<AtomicBool>,
}

impl Doors {
    pub(crate) fn new(app: App) -> Self {
        Self {
            keyring: Keyring::new(app.tokens, Arc::clone(&app.store), Arc::clone(&app.clock)),
            in_flight: Semaphore::new(app.limits.in_flight),
            uploads: Semaphore::new(UPLOADS_AT_ONCE),
            streams: Arc::new(Semaphore::new(STREAMS)),
            tail: Tail::default(),
            hook_memory: Semaphore::new(HOOK_MEMORY as usize),
            rates: Rates::new(app.limits.rate),
            request_ids: RequestIds::new(app.clock.now()),
            gauges: Gauges::default(),
            attempts: Attempts::default(),
            store: app.store,
            intake: app.intake,
            desk: app.desk,
            webhooks: app.webhooks,
            public_url: app.public_url,
            tls: app.tls,
            trusts: app.trusts,
            destinations: app.destinations,
            clock: app.clock,
            limits: app.limits,
            metrics: app.metrics,
            secrets: app.secrets,
            version: app.version,
            ready: app.ready,
        }
    }

    /// Whether new work is accepted.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}
