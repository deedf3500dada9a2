//! API tokens, as hashes.
//!
//! Ensures that a token itself is never stored.

use slugline_engine::store::TokenRecord;

use super::fault::Done;
use super::session::Session;
use crate::views::tokens as views;

/// All tokens, by name.
pub(crate) async fn list(session: &Session) -> Done<Vec<TokenRecord>> {
    let rows = session.rows(views::SELECT, &[]).await?;
    rows.iter().map(views::read).collect()
}

/// Adds a token; `false` when the name is taken.
pub(crate) async fn add(session: &Session, token: &TokenRecord) -> Done<bool> {
    let sql = "INSERT INTO token (name, hash, role, owner, environments, created_at)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING RETURNING name";
    let TokenRecord {
        name,
        hash,
        role,
        owner,
        environments,
        created_at,
    } = token;
    let environments = serde_json::to_string(environments)?;
    let added = session
        .one(
            sql,
            &[name, hash, role, owner, &environments, &created_at.0],
        )
        .await?;
    Ok(added.is_some())
}

/// Revokes a token; `false` when there is none of this name.
pub(crate) async fn revoke(session: &Session, name: &str) -> Done<bool> {
    let sql = "DELETE FROM token WHERE name = $1 RETURNING name";
    Ok(session.one(sql, &[&name]).await?.is_some())
}
