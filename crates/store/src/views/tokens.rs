//! API tokens as they are kept.

use slugline_engine::store::TokenRecord;

use crate::record::{Json, Record};

/// The columns that [`read`] reads, by name of the token.
pub(crate) const SELECT: &str =
    "SELECT name, hash, role, owner, environments, created_at FROM token ORDER BY name";

/// A token.
pub(crate) fn read<R: Record>(row: &R) -> Result<TokenRecord, R::Error> {
    Ok(TokenRecord {
        name: row.read(0)?,
        hash: row.read(1)?,
        role: row.read(2)?,
        owner: row.read(3)?,
        environments: row.read::<Json<_>>(4)?.0,
        created_at: row.read(5)?,
    })
}
