//! What is counted at the doors.
//!
//! Ensures that no label is unbounded: routes are the router's patterns, methods a fixed list,
//! outcomes the decisions and problem codes. Rendering is the recorder's business.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use slugline_core::drift::Drift;
use slugline_core::item::Class;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::Problem;
use slugline_core::time::Timestamp;
use slugline_engine::store::{Counts, Decided, DecidedKind, Pressure};

/// Seconds: the buckets that OpenTelemetry recommends for `http.server.request.duration`.
pub const DURATION_BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Seconds: from a webhook that comes at once to one that its sender gave up repeating after three days.
pub const LAG_BUCKETS: [f64; 10] = [
    1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0, 259_200.0,
];
/// How late webhooks come; [`LAG_BUCKETS`] are its buckets.
pub const LAG: &str = "slugline_source_lag_seconds";

const TLS_FAILED: &str = "slugline_tls_handshakes_failed_total";
const WEBHOOKS: &str = "slugline_webhooks_total";
const MISSES: &str = "slugline_source_misses_total";
const POLL_FAILURES: &str = "slugline_source_poll_failures_total";
const REQUESTS: &str = "slugline_http_requests_total";
const DURATION: &str = "slugline_http_request_duration_seconds";
const INTAKE: &str = "slugline_intake_total";
const QUEUE: &str = "slugline_queue_depth";
const DEAD: &str = "slugline_dead_letters";
const OLDEST: &str = "slugline_queue_oldest_seconds";
const DRIFT: &str = "slugline_drift_items";
const RECONCILIATIONS: &str = "slugline_reconciliations_total";
const LOOKS: &str = "slugline_second_looks_owed";
const LOG: &str = "slugline_log_entries";
const OPEN: &str = "slugline_open_jobs";
const FREE: &str = "slugline_storage_free_bytes";
const STORE_UP: &str = "slugline_store_up";
const WAITING: &str = "slugline_intake_waiting";

/// Says what each metric means.
pub(crate) fn describe() {
    describe_counter!(REQUESTS, "HTTP requests by route, method and status.");
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "Time from a request's headers to its answer."
    );
    describe_counter!(
        INTAKE,
        "Publish requests by outcome: accepted, replayed, duplicate, stale, or the problem's code."
    );
    describe_counter!(
        TLS_FAILED,
        "Connections to the listener that ended before TLS was agreed on."
    );
    describe_counter!(
        WEBHOOKS,
        "Webhooks by source and outcome: the first word of the answer, or the problem's code."
    );
    describe_counter!(
        POLL_FAILURES,
        "Times that a source could not be asked what it has."
    );
    describe_counter!(
        MISSES,
        "Changes that no webhook told of, found when the source was asked."
    );
    describe_histogram!(
        LAG,
        Unit::Seconds,
        "Time from when something happened at a source to when its webhook came."
    );
    describe_gauge!(
        QUEUE,
        "Jobs that are not final, by destination, class and state."
    );
    describe_gauge!(DEAD, "Dead letters by destination and class.");
    describe_gauge!(
        OLDEST,
        Unit::Seconds,
        "How long the oldest queued job has been due."
    );
    describe_gauge!(
        DRIFT,
        "Items that a destination shows otherwise than desired, by destination and kind."
    );
    describe_counter!(
        RECONCILIATIONS,
        "Comparisons of destinations with what is desired there, by outcome: done or stopped."
    );
    describe_gauge!(LOOKS, "Second looks that are owed after unknown writes.");
    describe_gauge!(LOG, "Entries in the log.");
    describe_gauge!(OPEN, "Jobs that are not final.");
    describe_gauge!(
        STORE_UP,
        "1 when the store answered at this scrape; 0: its gauges are old."
    );
    describe_gauge!(
        FREE,
        Unit::Bytes,
        "Bytes free where the store keeps its data."
    );
    describe_gauge!(WAITING, "Publish requests that wait for their commit.");
}

/// A method as a label.
pub(crate) fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Counts an answered request.
pub(crate) fn request(route: &str, method: &'static str, status: StatusCode, took: Duration) {
    let status = status.as_str().to_owned();
    counter!(REQUESTS, "route" => route.to_owned(), "method" => method, "status" => status)
        .increment(1);
    histogram!(DURATION, "route" => route.to_owned(), "method" => method)
        .record(took.as_secs_f64());
}

/// Counts what became of a publish request.
pub(crate) fn intake(outcome: &Result<Decided, Problem>) {
    let outcome = match outcome {
        Ok(decided) => decision(decided.kind).to_owned(),
        Err(problem) => problem.code.as_str(),
    };
    counter!(INTAKE, "outcome" => outcome).increment(1);
}

fn decision(kind: DecidedKind) -> &'static str {
    match kind {
        DecidedKind::Accepted => "accepted",
        DecidedKind::Replayed => "replayed",
        DecidedKind::Duplicate => "duplicate",
        DecidedKind::Stale => "stale",
    }
}

/// Gauges that were shown: one that has nothing to count any more must fall to zero, not stay.
#[derive(Default)]
pub(crate) struct Gauges(Mutex<Shown>);

#[derive(Default)]
struct Shown {
    jobs: BTreeSet<(String, Class, JobState)>,
    drift: BTreeSet<(String, Drift)>,
}

impl Gauges {
    /// Sets all gauges from what the store counts.
    pub(crate) fn set(&self, counts: &Counts, now: Timestamp) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set_all(&mut shown.jobs, &counts.jobs, jobs);
        set_all(&mut shown.drift, &counts.drift, drift);
        gauge!(OLDEST).set(
            counts
                .oldest_due
                .map_or(0.0, |due| now.since(due).as_secs_f64()),
        );
        gauge!(LOOKS).set(counts.looks_owed as f64);
        gauge!(LOG).set(counts.log_entries as f64);
    }
}

fn set_all<K: Ord + Clone>(shown: &mut BTreeSet<K>, counts: &BTreeMap<K, u64>, set: fn(&K, u64)) {
    for gone in shown.iter().filter(|key| !counts.contains_key(*key)) {
        set(gone, 0);
    }
    for (key, count) in counts {
        set(key, *count);
    }
    shown.extend(counts.keys().cloned());
}

fn drift((destination, kind): &(String, Drift), count: u64) {
    let destination = destination.clone();
    gauge!(DRIFT, "destination" => destination, "kind" => kind.as_str()).set(count as f64);
}

fn jobs((destination, class, state): &(String, Class, JobState), count: u64) {
    let (destination, class) = (destination.clone(), class.as_str());
    let gauge = match state {
        JobState::Failed => gauge!(DEAD, "destination" => destination, "class" => class),
        state => {
            gauge!(QUEUE, "destination" => destination, "class" => class, "state" => state.as_str())
        }
    };
    gauge.set(count as f64);
}

/// Says whether the store answered.
pub(crate) fn store_up(up: bool) {
    gauge!(STORE_UP).set(f64::from(u8::from(up)));
}

/// Sets the gauges of how full the store is.
pub(crate) fn pressure(pressure: Pressure) {
    gauge!(OPEN).set(pressure.open_jobs as f64);
    gauge!(WAITING).set(pressure.waiting as f64);
    if pressure.free_bytes != u64::MAX {
        gauge!(FREE).set(pressure.free_bytes as f64);
    }
}
