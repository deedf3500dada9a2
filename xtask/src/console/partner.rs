//! A partner that takes content by webhook. Ensures that what it refuses, it refuses for a reason that an editor can mend:
//! a brief without a summary; and that what it took can be asked for.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;

/// The partner.
#[derive(Clone)]
pub(crate) struct Partner {
    /// Where it listens.
    pub(crate) at: SocketAddr,
    /// Whether it takes what has no summary, too.
    lenient: Arc<AtomicBool>,
    /// The payloads that it took, each with its content's id.
    took: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Partner {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no port.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let partner = Self {
            at: listener
                .local_addr()
                .context("the partner has no address")?,
            lenient: Arc::default(),
            took: Arc::default(),
        };
        let own = partner.clone();
        let answers = post(move |body: Bytes| {
            let answer = own.answer(&body);
            async move { answer }
        });
        tokio::spawn(async move {
            axum::serve(
                listener,
                Router::new()
                    .route("/in", answers)
                    .route("/form", get(form)),
            )
            .await
        });
        Ok(partner)
    }

    /// From now on it takes everything, or only what has a summary.
    pub(crate) fn takes_all(&self, all: bool) {
        self.lenient.store(all, Ordering::SeqCst);
    }

    /// What it took of a content, the oldest first.
    pub(crate) fn took(&self, content: &str) -> Vec<Value> {
        let took = self.took.lock().unwrap_or_else(PoisonError::into_inner);
        let own = took.iter().filter(|(known, _)| known == content);
        own.map(|(_, payload)| payload.clone()).collect()
    }

    fn answer(&self, body: &[u8]) -> (StatusCode, &'static str) {
        let told: Value = serde_json::from_slice(body).unwrap_or_default();
        let payload = &told["data"]["payload"];
        let has_summary = payload["excerpt"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        if !has_summary && !self.lenient.load(Ordering::SeqCst) {
            return (StatusCode::UNPROCESSABLE_ENTITY, "the brief has no summary");
        }
        let content = told["data"]["content_id"].as_str().unwrap_or_default();
        let mut took = self.took.lock().unwrap_or_else(PoisonError::into_inner);
        took.push((content.to_owned(), payload.clone()));
        (StatusCode::OK, "thank you")
    }
}

/// A page whose only button sends a form to the address in the query.
async fn form(RawQuery(to): RawQuery) -> Html<String> {
    let to = to.unwrap_or_default();
    Html(format!(
        "<!doctype html><title>Elsewhere</title><form method=post action=\"{to}\"><button>Win</button></form>"
    ))
}
