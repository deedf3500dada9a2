//! The site's files, through the port.
//!
//! Ensures that a failed operation names the file and is classified as the directory's fault, not
//! the network's. Does not decide whose a file is.

use bytes::Bytes;
use slugline_core::failure::Failure;
use slugline_core::port::{FileOp, FileReply, Port};

use super::errors::{failure, unexpected};

/// A directory and the way to it.
pub(super) struct Files<'a> {
    port: &'a dyn Port,
    root: &'a str,
}

impl<'a> Files<'a> {
    pub(super) fn new(port: &'a dyn Port, root: &'a str) -> Self {
        Self { port, root }
    }

    /// A whole file, or `None` where there is none.
    pub(super) async fn read(&self, path: &str) -> Result<Option<Bytes>, Failure> {
        let path = path.to_owned();
        match self.run(FileOp::Read { path }).await? {
            FileReply::Contents(contents) => Ok(contents),
            other => Err(unexpected(&other)),
        }
    }

    /// Writes a file, whole or not at all.
    pub(super) async fn write(&self, path: &str, bytes: Bytes) -> Result<(), Failure> {
        let path = path.to_owned();
        self.run(FileOp::Write { path, bytes }).await.map(drop)
    }

    /// Removes a file that may be there.
    pub(super) async fn remove(&self, path: &str) -> Result<(), Failure> {
        let path = path.to_owned();
        self.run(FileOp::Remove { path }).await.map(drop)
    }

    /// The paths of all files below a directory.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<String>, Failure> {
        let path = path.to_owned();
        match self.run(FileOp::List { path }).await? {
            FileReply::Paths(paths) => Ok(paths),
            other => Err(unexpected(&other)),
        }
    }

    async fn run(&self, operation: FileOp) -> Result<FileReply, Failure> {
        let (path, writes) = match &operation {
            FileOp::Write { path, .. } | FileOp::Remove { path } => (path.clone(), true),
            FileOp::Read { path } | FileOp::List { path } => (path.clone(), false),
        };
        let done = self.port.file(self.root, operation).await;
        done.map_err(|why| failure(&why, writes, &format!("{}/{path}", self.root)))
    }
}
