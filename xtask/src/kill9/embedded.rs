//! An installation with embedded storage: one process, one data directory.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::installation::Installation;
use super::node::{self, Node, Site};

/// The process and its directory.
pub(super) struct Embedded {
    node: Node,
    binary: PathBuf,
    data: PathBuf,
}

/// The data directory of a site.
pub(super) fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn store(data: &Path) -> Vec<OsString> {
    vec!["--data".into(), data.into()]
}

impl Installation for Embedded {
    const STORE: &'static str = "sqlite";
    const DOORS: usize = 1;

    async fn start(site: &Site, doors: &[SocketAddr]) -> Result<Self> {
        let data = data(&site.folder);
        let mut node = Node::new(site, doors[0], store(&data))?;
        node.start()?;
        node.ready().await?;
        let binary = site.binary.clone();
        Ok(Self { node, binary, data })
    }

    async fn kill(&mut self, _: &mut fastrand::Rng) -> Result<()> {
        self.node.kill()
    }

    async fn restart(&mut self) -> Result<()> {
        self.node.start()
    }

    async fn ready(&mut self) -> Result<()> {
        self.node.ready().await
    }

    fn freeze(&self) {
        self.node.freeze();
    }

    fn thaw(&self) {
        self.node.thaw();
    }

    async fn verify_log(&mut self) -> Result<String> {
        node::verify_log(&self.binary, &store(&self.data)).await
    }

    async fn stop(&mut self) -> Result<()> {
        self.node.stop().await
    }

    fn log_tail(&self) -> String {
        self.node.log_tail()
    }
}
