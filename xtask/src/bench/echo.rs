//! The HTTP floor: the product's HTTP stack, which parses a JSON body and answers with it, on a thread of its own. What
//! the product does beyond this is the work that the figure shows.

use std::net::SocketAddr;

use anyhow::Result;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::parts::ports;

/// Starts the server; it runs until the process ends.
pub(super) fn start() -> Result<SocketAddr> {
    let listener = std::net::TcpListener::bind(ports::free::<1>()?[0])?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    std::thread::Builder::new()
        .name("echo".into())
        .spawn(move || {
            if let Err(error) = serve(listener) {
                eprintln!("bench: the echo server ended: {error:#}");
            }
        })?;
    Ok(address)
}

fn serve(listener: std::net::TcpListener) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let echo =
            |Json(body): Json<Value>| async { (axum::http::StatusCode::ACCEPTED, Json(body)) };
        let router = Router::new().route("/v1/publish", post(echo));
        Ok(axum::serve(TcpListener::from_std(listener)?, router).await?)
    })
}
