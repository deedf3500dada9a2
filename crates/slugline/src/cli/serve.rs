//! `slugline serve`: the server.
//!
//! Ensures that a wrong configuration ends with 2 before anything is opened, that the first signal
//! stops gracefully within a stated time, that a second one is immediate and loses nothing, and that SIGHUP takes
//! another configuration only where all of it can be used.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use slugline_core::secret::Secret;
use slugline_engine::stop::Stop;
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;
use tokio::sync::mpsc;

use crate::config::Config;
use crate::ground::{Ground, needs_restart};
use crate::node::{CLOSING, Node};
use crate::place::{Place, Storage};
use crate::running;
use crate::signals::{Ends, listen};
use crate::telemetry::{self, Metrics};

/// The configuration that is taken when none is named and it is there.
pub const DEFAULT_CONFIG: &str = "slugline.toml";
/// Where the data go when nothing else is said.
pub const DEFAULT_DATA: &str = "./slugline-data";
/// What a process ends with when a second signal stops it, as shells report an interrupt.
const INTERRUPTED: i32 = 130;

/// Runs the server: intake, workers, API.
///
/// The first SIGTERM or SIGINT stops intake, lets jobs under way end or puts them back, and exits
/// within `[server] shutdown_grace` (20 s) and 5 s. A second one exits at once; nothing that was
/// acknowledged is lost by it. SIGHUP reads the configuration again: new requests and runs go by it
/// at once, and what is under way ends by the old one; one that is wrong changes nothing.
#[derive(clap::Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline serve\n  slugline serve --config /etc/slugline.toml --data /var/lib/slugline\n  slugline serve --database-url postgres://slugline@db.internal/slugline --region eu\n  SLUGLINE_LISTEN=0.0.0.0:8420 slugline serve\n\nLogs go to standard error; SLUGLINE_LOG=debug shows each run."
)]
pub struct ServeArgs {
    /// Configuration file; ./slugline.toml when it is there
    #[arg(long, value_name = "FILE", env = "SLUGLINE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Directory of the embedded store; one process at a time
    #[arg(long, value_name = "DIR", env = "SLUGLINE_DATA", default_value = DEFAULT_DATA)]
    pub data: PathBuf,
    /// PostgreSQL instead of the directory: any number of nodes may serve from one database
    #[arg(
        long,
        value_name = "URL",
        env = "SLUGLINE_DATABASE_URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,
    /// Deliver to destinations of this region and to those without one; to all when absent
    #[arg(long, value_name = "REGION", env = "SLUGLINE_REGION")]
    pub region: Option<String>,
    /// Address to listen on, instead of [server] listen
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

/// Runs the command.
pub async fn run(args: &ServeArgs) -> ExitCode {
    match serve(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, why)) => {
            eprintln!("slugline: {why}");
            ExitCode::from(code)
        }
    }
}

/// The configuration of a file, of the default file where it exists, or an empty one.
///
/// # Errors
/// All that is wrong with it.
pub fn configuration(file: Option<&Path>) -> Result<Config, String> {
    let default = Path::new(DEFAULT_CONFIG);
    let file = file.or_else(|| default.exists().then_some(default));
    match file {
        Some(file) => Config::load(file).map_err(|why| why.to_string()),
        None => Config::empty().map_err(|why| why.to_string()),
    }
}

async fn serve(args: &ServeArgs) -> Result<(), (u8, String)> {
    let config = load(args).map_err(|why| (2, why))?;
    telemetry::log(config.server.log_format, "info");
    let metrics = Metrics::install().map_err(|why| (1, why))?;
    let address = config.server.listen;
    let grace = config.server.shutdown_grace;
    let place = place(args, &config);
    let scheme = config.server.scheme();
    let wrong = |why| (2, why);
    let ground = Ground::open(&config, &place).map_err(wrong)?;
    let first_token = ground.first_token(&config).await.map_err(wrong)?;
    let node = Node::wire(config.clone(), &ground).await.map_err(wrong)?;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|why| {
        (
            2,
            format!("cannot listen on {address}: {why}; choose another with --listen"),
        )
    })?;
    let bound = listener.local_addr().unwrap_or(address);
    if let Some(token) = first_token {
        eprintln!(
            "No token is configured, so an admin token was made. It is shown only now:\n\n    {token}\n"
        );
    }
    let stop = Stop::default();
    // Before it is said that the server is there: who is told so may signal at once.
    stop_on_signals(stop.clone(), grace).map_err(|why| (1, why))?;
    let successors = reload_on_signal(args.clone(), config, ground).map_err(|why| (1, why))?;
    tracing::info!(address = %bound, store = %place.store, "listening on {scheme}://{bound}");
    running::serve(node, listener, metrics, successors, &stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// The configuration, with what flags say in its place.
fn load(args: &ServeArgs) -> Result<Config, String> {
    let mut config = configuration(args.config.as_deref())?;
    config.server.listen = args.listen.unwrap_or(config.server.listen);
    Ok(config)
}

/// Flags and their variables go before the file.
fn place(args: &ServeArgs, config: &Config) -> Place {
    Place {
        store: storage(args.database_url.as_deref(), &args.data, config),
        region: args.region.clone(),
    }
}

/// The database that is named, else that of the configuration, else the directory.
pub fn storage(database_url: Option<&str>, data: &Path, config: &Config) -> Storage {
    let named = database_url.map(Secret::new);
    match named.or_else(|| config.store.url.clone()) {
        Some(url) => Storage::Database(url),
        None => Storage::Directory(data.to_owned()),
    }
}

/// Reads the configuration again at each SIGHUP, and gives the node that is wired from it. One that cannot be used
/// changes nothing.
fn reload_on_signal(
    args: ServeArgs,
    started: Config,
    ground: Arc<Ground>,
) -> Result<mpsc::Receiver<Node>, String> {
    let mut hangup = listen(SignalKind::hangup())?;
    let (give, take) = mpsc::channel(1);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match again(&args, &started, &ground).await {
                Ok(node) => {
                    if give.send(node).await.is_err() {
                        break;
                    }
                }
                Err(why) => tracing::error!("the configuration stays as it was: {why}"),
            }
        }
    });
    Ok(take)
}

async fn again(args: &ServeArgs, started: &Config, ground: &Arc<Ground>) -> Result<Node, String> {
    let config = load(args)?;
    let fixed = needs_restart(started, &config);
    if !fixed.is_empty() {
        let keys = fixed.join(", ");
        return Err(format!(
            "{keys} cannot change while the server runs; put it back, or restart the server"
        ));
    }
    Node::wire(config, ground).await
}

/// The first signal asks to stop, the second ends the process.
fn stop_on_signals(stop: Stop, grace: std::time::Duration) -> Result<(), String> {
    let mut ends = Ends::listen()?;
    tokio::spawn(async move {
        ends.asked().await;
        tracing::info!(
            "stopping: at most {} s; a second signal stops at once",
            (grace + CLOSING).as_secs()
        );
        stop.request();
        ends.asked().await;
        tracing::warn!("stopped at once; what was acknowledged is on disk");
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}
