//! The demo's stage: a directory with samples and configuration, a sandbox that fails often, a server.
//!
//! Ensures that the demo runs the same code as `serve`, from a configuration file that a person can
//! read and copy. Touches nothing outside its own temporary directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slugline_connectors::fake::Faults;
use slugline_engine::stop::Stop;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::samples::SAMPLES;
use crate::cli::sandbox::{PASSWORD, USER, Vendor, fake};
use crate::clock::random_bytes;
use crate::config::Config;
use crate::ground::Ground;
use crate::node::Node;
use crate::place::{Place, Storage};
use crate::running;
use crate::sandbox::Sandbox;
use crate::telemetry::Metrics;

/// The server's usual address; another port is taken when it is in use.
const USUAL: &str = "127.0.0.1:8420";
/// Any free port of this machine.
const ANY: &str = "127.0.0.1:0";

/// A running demo.
pub struct Stage {
    /// Its directory.
    pub directory: PathBuf,
    /// The server.
    pub server: SocketAddr,
    /// The sandbox.
    pub sandbox: SocketAddr,
    /// The server's token.
    pub token: String,
    stop: Stop,
    serving: JoinHandle<()>,
    playing: JoinHandle<()>,
    player: Arc<Sandbox>,
}

impl Stage {
    /// Sets everything up and starts it.
    ///
    /// # Errors
    /// What could not be set up.
    pub async fn set(faults: &str) -> Result<Self, String> {
        let faults = Faults::parse(faults)?;
        let directory = std::env::temp_dir().join(format!("slugline-demo-{}", std::process::id()));
        let token = slugline_web::token_of(&random_bytes::<16>()?);
        let (sandbox, player, playing) = play(faults).await?;
        let listener = listen().await?;
        let server = listener.local_addr().map_err(|why| why.to_string())?;
        furnish(&directory, server, sandbox, &token)
            .map_err(|why| format!("{}: {why}", directory.display()))?;
        let config =
            Config::load(&directory.join("slugline.toml")).map_err(|why| why.to_string())?;
        let place = Place {
            store: Storage::Directory(directory.join("data")),
            region: None,
        };
        let ground = Ground::open(&config, &place)?;
        let node = Node::wire(config, &ground).await?;
        let metrics = Metrics::install()?;
        let stop = Stop::default();
        let stopping = stop.clone();
        let (_, none) = mpsc::channel(1);
        let serving = tokio::spawn(async move {
            running::serve(node, listener, metrics, none, &stopping).await;
        });
        Ok(Self {
            directory,
            server,
            sandbox,
            token,
            stop,
            serving,
            playing,
            player,
        })
    }

    /// Where the folder site lies.
    #[must_use]
    pub fn site(&self) -> PathBuf {
        self.directory.join("site")
    }

    /// Where the samples lie.
    #[must_use]
    pub fn posts(&self) -> PathBuf {
        self.directory.join("posts")
    }

    /// The sandbox behaves from now on, so that what the public sees can be read.
    pub fn calm(&self) {
        self.player.calm();
    }

    /// Stops everything and removes the directory.
    pub async fn strike(self) {
        self.stop.request();
        // Its result was reported in the log.
        let _ = self.serving.await;
        self.playing.abort();
        if let Err(why) = std::fs::remove_dir_all(&self.directory) {
            eprintln!("{} could not be removed: {why}", self.directory.display());
        }
    }
}

async fn play(faults: Faults) -> Result<(SocketAddr, Arc<Sandbox>, JoinHandle<()>), String> {
    let listener = TcpListener::bind(ANY)
        .await
        .map_err(|why| why.to_string())?;
    let address = listener.local_addr().map_err(|why| why.to_string())?;
    let sandbox = Sandbox::new(fake(Vendor::Wordpress, address), faults, |_, _| {});
    let playing = tokio::spawn(Arc::clone(&sandbox).serve(listener));
    Ok((address, sandbox, playing))
}

async fn listen() -> Result<TcpListener, String> {
    match TcpListener::bind(USUAL).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind(ANY)
            .await
            .map_err(|why| format!("no port of this machine is free: {why}")),
    }
}

fn furnish(
    directory: &Path,
    server: SocketAddr,
    sandbox: SocketAddr,
    token: &str,
) -> std::io::Result<()> {
    std::fs::create_dir_all(directory.join("posts"))?;
    std::fs::create_dir_all(directory.join("site"))?;
    for sample in SAMPLES {
        std::fs::write(directory.join("posts").join(sample.name), sample.bytes)?;
    }
    std::fs::write(directory.join("token"), token)?;
    std::fs::write(directory.join("wordpress-password"), PASSWORD)?;
    std::fs::write(
        directory.join("slugline.toml"),
        configuration(directory, server, sandbox),
    )
}

/// Short patience throughout, so that a minute shows what otherwise takes hours.
fn configuration(directory: &Path, server: SocketAddr, sandbox: SocketAddr) -> String {
    let site = directory.join("site").display().to_string();
    format!(
        r#"[server]
listen = "{server}"
allow_private_networks = ["127.0.0.0/8"]
shutdown_grace = "3s"

[[token]]
name = "demo"
secret = "file:token"
role = "admin"

[[destination]]
name = "blog"                  # a sandbox WordPress that fails often
type = "wordpress"
url = "http://{sandbox}"
username = "{USER}"
password = "file:wordpress-password"
concurrency = 5
timeout = "1s"                 # its late commits come after 3 s: the client has given up by then
commit_window = "4s"           # so a second look is due 4 s after a write of unknown outcome

[[destination]]
name = "site"                  # the content directory of a static site
type = "folder"
path = {site:?}

[[route]]
name = "all"
to = ["blog", "site"]

[[retry]]
class = "standard"
base = "200ms"
cap = "1s"
max_attempts = 60
"#
    )
}
