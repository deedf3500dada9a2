//! An installation on PostgreSQL: three equal nodes on one database. Ensures that any of them may be the one that is killed,
//! and now and then PostgreSQL itself is, with all its processes, under the nodes' hands.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use slugline_parts::postgres::Server;
use tokio::task::spawn_blocking;

use super::installation::Installation;
use super::node::{self, Node, Site};

/// Nodes: with one killed and one frozen there would still be one.
const NODES: usize = 3;
/// One in so many kills is PostgreSQL's.
const DATABASE_KILLS: u32 = 5;
/// The database that a fresh server has.
const DATABASE: &str = "postgres";

/// The nodes and their database.
pub(super) struct Cluster {
    nodes: Vec<Node>,
    binary: PathBuf,
    url: String,
    /// `None` only while a start or a kill of it is under way.
    database: Option<Server>,
    killed: Killed,
}

/// What does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Killed {
    Nothing,
    Database,
    Node(usize),
}

impl Cluster {
    /// PostgreSQL's own calls wait; the sink and the producers run on this thread and must not.
    async fn on_database(
        &mut self,
        work: impl FnOnce(&mut Server) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let mut server = self.database.take().context("PostgreSQL was lost")?;
        let (done, server) = spawn_blocking(move || (work(&mut server), server)).await?;
        self.database = Some(server);
        done
    }

    fn store(&self) -> Vec<OsString> {
        vec!["--database-url".into(), self.url.clone().into()]
    }
}

impl Installation for Cluster {
    const STORE: &'static str = "postgres";
    const DOORS: usize = NODES;

    async fn start(site: &Site, doors: &[SocketAddr]) -> Result<Self> {
        let database = spawn_blocking(Server::start).await??;
        let mut cluster = Self {
            nodes: Vec::new(),
            binary: site.binary.clone(),
            url: database.url(DATABASE),
            database: Some(database),
            killed: Killed::Nothing,
        };
        for door in doors {
            let mut node = Node::new(site, *door, cluster.store())?;
            node.start()?;
            cluster.nodes.push(node);
        }
        cluster.ready().await?;
        Ok(cluster)
    }

    async fn kill(&mut self, random: &mut fastrand::Rng) -> Result<()> {
        if random.u32(..DATABASE_KILLS) == 0 {
            // A node that opens a database which is not there has nothing to serve and may end.
            self.ready().await?;
            self.killed = Killed::Database;
            return self.on_database(Server::kill).await;
        }
        let node = random.usize(..self.nodes.len());
        self.killed = Killed::Node(node);
        self.nodes[node].kill()
    }

    async fn restart(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.killed, Killed::Nothing) {
            Killed::Nothing => Ok(()),
            Killed::Database => self.on_database(Server::restart).await,
            Killed::Node(node) => self.nodes[node].start(),
        }
    }

    async fn ready(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.ready().await?;
        }
        Ok(())
    }

    fn freeze(&self) {
        self.nodes[0].freeze();
    }

    fn thaw(&self) {
        self.nodes[0].thaw();
    }

    /// A database that was killed is started first: its log cannot be read otherwise.
    async fn verify_log(&mut self) -> Result<String> {
        if self.killed == Killed::Database {
            self.restart().await?;
        }
        node::verify_log(&self.binary, &self.store()).await
    }

    async fn stop(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.stop().await?;
        }
        Ok(())
    }

    fn log_tail(&self) -> String {
        let tails: Vec<String> = self.nodes.iter().map(Node::log_tail).collect();
        tails.join("\n")
    }
}
