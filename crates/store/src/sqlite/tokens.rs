//! API tokens, as hashes.
//!
//! Ensures that a token itself is never stored.

use rusqlite::{Connection, params};
use slugline_engine::store::TokenRecord;

use super::column::Json;
use super::fault::Done;
use super::statements::Statements;
use super::tx::Tx;
use crate::views::tokens as views;

/// All tokens, by name.
pub(crate) fn list(connection: &Connection) -> Done<Vec<TokenRecord>> {
    connection.all(views::SELECT, [], |row| views::read(row))
}

/// Adds a token; `false` when the name is taken.
pub(crate) fn add(tx: &Tx<'_>, token: &TokenRecord) -> Done<bool> {
    let sql = "INSERT OR IGNORE INTO token (name, hash, role, owner, environments, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let TokenRecord {
        name,
        hash,
        role,
        owner,
        environments,
        created_at,
    } = token;
    Ok(tx.run(
        sql,
        params![name, hash, role, owner, Json(environments), created_at.0],
    )? > 0)
}

/// Revokes a token; `false` when there is none of this name.
pub(crate) fn revoke(tx: &Tx<'_>, name: &str) -> Done<bool> {
    Ok(tx.run("DELETE FROM token WHERE name = ?1", [name])? > 0)
}
