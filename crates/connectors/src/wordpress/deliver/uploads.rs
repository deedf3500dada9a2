//! Uploads of this item whose outcome is not known yet.
//!
//! Ensures that an upload which arrives after its client gave up is found by the second look, even
//! when the item's newest generation does not want that medium any more.

use std::collections::BTreeMap;

use serde_json::json;
use slugline_core::failure::Failure;
use slugline_core::port::{EffectKey, Port};

/// The effect: a JSON object from the media's SHA-256 to their names at the destination.
const UPLOADS: EffectKey = EffectKey::Item("uploads");

/// The open uploads.
pub(super) async fn open(port: &dyn Port) -> Result<BTreeMap<String, String>, Failure> {
    let text = port.recall(&UPLOADS).await?.unwrap_or_default();
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// Notes an upload before it is sent. Says whether it is the only one that may arrive.
pub(super) async fn begin(sha256: &str, name: &str, port: &dyn Port) -> Result<bool, Failure> {
    let mut open = open(port).await?;
    let is_only = open.insert(sha256.to_owned(), name.to_owned()).is_none();
    if is_only {
        write(&open, port).await?;
    }
    Ok(is_only)
}

/// Notes that nothing of this medium is on its way any more.
pub(super) async fn end(sha256: &str, port: &dyn Port) -> Result<(), Failure> {
    let mut open = open(port).await?;
    open.remove(sha256);
    write(&open, port).await
}

async fn write(open: &BTreeMap<String, String>, port: &dyn Port) -> Result<(), Failure> {
    if open.is_empty() {
        return port.forget(&UPLOADS).await;
    }
    port.remember(&UPLOADS, &json!(open).to_string()).await
}
