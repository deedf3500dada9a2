//! Logs and metrics of this process.
//!
//! Ensures that log lines go to standard error (standard output is for results) and that metrics
//! exist before the first of them is counted.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// The environment variable that sets what is logged, as in `SLUGLINE_LOG=debug`.
const LOG_VARIABLE: &str = "SLUGLINE_LOG";

/// Renders the metrics of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the recorder; once per process.
    ///
    /// # Errors
    /// When one is installed already.
    pub fn install() -> Result<Self, String> {
        let seconds = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(seconds, &slugline_web::DURATION_BUCKETS);
        let lag = Matcher::Full(slugline_web::LAG.to_owned());
        let builder = builder
            .and_then(|builder| builder.set_buckets_for_metric(lag, &slugline_web::LAG_BUCKETS))
            .map_err(|why| why.to_string())?;
        builder
            .install_recorder()
            .map(Self)
            .map_err(|why| why.to_string())
    }

    /// The metrics in the Prometheus text format.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

/// Begins logging to standard error.
pub fn log(format: LogFormat, default_level: &str) {
    let filter =
        EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new(default_level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would say on standard error that standard error is gone, and panic over that.
        .log_internal_errors(false)
        .with_target(false);
    match format {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        LogFormat::Text => builder.with_ansi(crate::output::colours_on_stderr()).init(),
    }
}
