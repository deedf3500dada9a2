//! The floors on PostgreSQL: databases of their own on the server that the product is measured on, and no product code.

pub(super) mod records;
pub(super) mod rows;

use anyhow::Result;
use slugline_parts::postgres::Server;
use tokio_postgres::{Client, NoTls};

/// Plans that are made on empty tables would scan them for ever.
const SESSION: &str =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

/// A connection to a new database with these tables.
///
/// # Errors
/// The server's words.
pub(super) async fn database(server: &Server, name: &str, schema: &str) -> Result<Client> {
    server.sql("postgres", &format!("CREATE DATABASE {name}"))?;
    let (client, connection) = tokio_postgres::connect(&server.url(name), NoTls).await?;
    // It ends with the client; what it could say, the client's calls say.
    tokio::spawn(async move { connection.await.is_ok() });
    client.batch_execute(schema).await?;
    client.batch_execute(SESSION).await?;
    Ok(client)
}
