//! The tokens that open the doors.
//!
//! Ensures that a token is known by its SHA-256 only, compared in constant time, and that a change
//! made through this node counts at once, one made elsewhere within [`KNOWN_FOR`]. Tokens from
//! configuration need no store.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sha2::{Digest, Sha256};
use slugline_engine::intake::Caller;
use slugline_engine::ports::Clock;
use slugline_engine::store::{Store, StoreError, TokenRecord};
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;

use super::role::Role;

/// How long stored tokens are believed without asking: the longest that a token lives on after
/// another node revoked it.
const KNOWN_FOR: Duration = Duration::from_secs(10);
/// How long it is believed that there is no such token, so that guessing does not reach the store.
const UNKNOWN_FOR: Duration = Duration::from_secs(1);

/// Who holds a token.
#[derive(Debug)]
pub(crate) struct Principal {
    /// The token's name.
    pub(crate) name: String,
    /// What it allows.
    pub(crate) role: Role,
    /// As intake knows it.
    pub(crate) caller: Caller,
}

impl Principal {
    fn of(record: &TokenRecord) -> Result<Self, String> {
        let caller = Caller {
            actor: format!("token:{}", record.name),
            owner: record.owner.clone(),
            environments: record.environments.clone(),
        };
        Ok(Self {
            name: record.name.clone(),
            role: record.role.parse()?,
            caller,
        })
    }
}

/// All tokens that count.
pub(crate) struct Keyring {
    records: Vec<TokenRecord>,
    configured: Ring,
    stored: RwLock<Arc<Snapshot>>,
    refreshing: Mutex<()>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Snapshot {
    ring: Ring,
    /// By the clock's monotonic time; `None` when it must not be believed.
    read_at: Option<Duration>,
}

impl Keyring {
    pub(crate) fn new(
        configured: Vec<TokenRecord>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let ring = Ring::of(&configured);
        Self {
            records: configured,
            configured: ring,
            stored: RwLock::default(),
            refreshing: Mutex::new(()),
            store,
            clock,
        }
    }

    /// The tokens from configuration.
    pub(crate) fn configured(&self) -> &[TokenRecord] {
        &self.records
    }

    /// Who holds this token, if anybody does.
    pub(crate) async fn find(&self, token: &str) -> Result<Option<Arc<Principal>>, StoreError> {
        self.of(&Sha256::digest(token.as_bytes())).await
    }

    /// Who holds the token with this hash, if anybody does.
    pub(crate) async fn find_hashed(
        &self,
        hash: &str,
    ) -> Result<Option<Arc<Principal>>, StoreError> {
        match from_hex(hash) {
            Some(digest) => self.of(&digest).await,
            None => Ok(None),
        }
    }

    async fn of(&self, digest: &[u8]) -> Result<Option<Arc<Principal>>, StoreError> {
        if let Some(found) = self.configured.find(digest) {
            return Ok(Some(found));
        }
        for age in [KNOWN_FOR, UNKNOWN_FOR] {
            if let Some(found) = self.snapshot(age).await?.ring.find(digest) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Stored tokens were changed through this node. Waits for a reading that may have begun
    /// before the change.
    pub(crate) async fn forget(&self) {
        let _none_under_way = self.refreshing.lock().await;
        self.replace(Snapshot::default());
    }

    async fn snapshot(&self, age: Duration) -> Result<Arc<Snapshot>, StoreError> {
        if let Some(young) = self.younger_than(age) {
            return Ok(young);
        }
        let _one_at_a_time = self.refreshing.lock().await;
        if let Some(young) = self.younger_than(age) {
            return Ok(young);
        }
        let read_at = Some(self.clock.monotonic());
        let ring = Ring::of(&self.store.tokens().await?);
        Ok(self.replace(Snapshot { ring, read_at }))
    }

    fn younger_than(&self, age: Duration) -> Option<Arc<Snapshot>> {
        let current = Arc::clone(&self.stored.read().unwrap_or_else(PoisonError::into_inner));
        let read_at = current.read_at?;
        (self.clock.monotonic().saturating_sub(read_at) < age).then_some(current)
    }

    fn replace(&self, snapshot: Snapshot) -> Arc<Snapshot> {
        let snapshot = Arc::new(snapshot);
        *self.stored.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&snapshot);
        snapshot
    }
}

/// Tokens by the first bytes of their hash. Those bytes may be found out by timing: they are a
/// hash's, so they say nothing of the token. The rest is compared in constant time.
#[derive(Default)]
struct Ring(BTreeMap<[u8; 4], Vec<Held>>);

struct Held {
    digest: Vec<u8>,
    by: Arc<Principal>,
}

impl Ring {
    fn of(records: &[TokenRecord]) -> Self {
        let mut ring = Self::default();
        for record in records {
            if let Err(why) = ring.add(record) {
                tracing::warn!(token = record.name, "a token is ignored: {why}");
            }
        }
        ring
    }

    fn add(&mut self, record: &TokenRecord) -> Result<(), String> {
        let digest = from_hex(&record.hash).ok_or("its hash is not a SHA-256 in hex")?;
        let by = Arc::new(Principal::of(record)?);
        let near = self.0.entry(first_bytes(&digest)).or_default();
        near.push(Held { digest, by });
        Ok(())
    }

    fn find(&self, digest: &[u8]) -> Option<Arc<Principal>> {
        let near = self.0.get(&first_bytes(digest))?;
        let same = near
            .iter()
            .find(|held| bool::from(held.digest.as_slice().ct_eq(digest)));
        same.map(|held| Arc::clone(&held.by))
    }
}

fn first_bytes(digest: &[u8]) -> [u8; 4] {
    std::array::from_fn(|index| digest.get(index).copied().unwrap_or_default())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    bytes.filter(|bytes| bytes.len() == 32 && digits.len() == 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use slugline_core::time::Timestamp;

    fn record(name: &str, hash: String, role: &str) -> TokenRecord {
        TokenRecord {
            name: name.into(),
            hash,
            role: role.into(),
            owner: "default".into(),
            environments: Vec::new(),
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn a_ring_knows_the_token_and_nothing_else() {
        let ring = Ring::of(&[
            record("ops", crate::token_hash("right"), "admin"),
            record("broken", "zz".into(), "admin"),
            record("odd", crate::token_hash("odd"), "root"),
        ]);
        let find = |token: &str| {
            ring.find(&Sha256::digest(token.as_bytes()))
                .map(|found| found.name.clone())
        };
        assert_eq!(find("right").as_deref(), Some("ops"));
        assert_eq!((find("wrong"), find("odd"), find("")), (None, None, None));
    }
}
