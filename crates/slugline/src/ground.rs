//! What a process stands on for as long as it runs: its store, its clock, its place, and what it listens with.
//!
//! Ensures that the data are open before anything is wired, that somebody can come in, and that a configuration which
//! asks for another ground is told apart.

use std::sync::Arc;

use slugline_engine::ports::Clock;
use slugline_engine::store::{Store, TokenRecord};

use crate::clock::{SystemClock, random_bytes};
use crate::config::{Config, Tls};
use crate::place::Place;
use crate::secrets::References;
use crate::tls::Identity;

/// What is fixed while the process runs.
pub struct Ground {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) region: Option<String>,
    pub(crate) tls: Option<Listening>,
}

/// What the listener proves itself with, and where that comes from.
pub(crate) struct Listening {
    pub(crate) identity: Identity,
    tls: Tls,
    references: References,
}

impl Ground {
    /// Opens the store.
    ///
    /// # Errors
    /// What is wrong and what to do, for people.
    pub fn open(config: &Config, place: &Place) -> Result<Arc<Self>, String> {
        let tls = listening(config)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        Ok(Arc::new(Self {
            store: place.store.open(Arc::clone(&clock))?,
            clock,
            region: place.region.clone(),
            tls,
        }))
    }

    /// Takes certificates that are renewed; never ends.
    pub(crate) async fn renew(&self) {
        match &self.tls {
            Some(tls) => tls.identity.follow(&tls.tls, &tls.references).await,
            None => std::future::pending().await,
        }
    }

    /// Makes an admin token where there is none at all: otherwise nobody could ever come in. It is shown once and
    /// kept only as a hash.
    ///
    /// # Errors
    /// What is wrong with the store.
    pub async fn first_token(&self, config: &Config) -> Result<Option<String>, String> {
        let kept = self.store.tokens().await.map_err(|why| why.to_string())?;
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
            created_at: self.store.now(),
        };
        let added = self.store.add_token(record).await;
        // Of several nodes that start at once, one makes it.
        Ok(added.map_err(|why| why.to_string())?.then_some(token))
    }
}

fn listening(config: &Config) -> Result<Option<Listening>, String> {
    let Some(tls) = &config.server.tls else {
        return Ok(None);
    };
    Ok(identity(config)?.map(|identity| Listening {
        identity,
        tls: tls.clone(),
        references: config.references.clone(),
    }))
}

/// What the listener proves itself with; `None` where it speaks plain HTTP.
pub fn identity(config: &Config) -> Result<Option<Identity>, String> {
    let load = |tls| Identity::load(tls, &config.references, SystemClock.now());
    let loaded = config.server.tls.as_ref().map(load).transpose();
    loaded.map_err(|(key, why)| format!("[server] tls {key}: {why}"))
}

/// What of a configuration counts only when the process starts, and differs from what it started with.
pub fn needs_restart(started: &Config, wanted: &Config) -> Vec<&'static str> {
    let (old, new) = (&started.server, &wanted.server);
    let differs = [
        ("[server] listen", old.listen != new.listen),
        ("[server] tls", old.tls != new.tls),
        ("[server] log_format", old.log_format != new.log_format),
        ("[store] url", started.store.url != wanted.store.url),
    ];
    let keys = differs.into_iter().filter(|(_, differs)| *differs);
    keys.map(|(key, _)| key).collect()
}
