//! A site's directory.

mod crashes;
mod front_matter;
mod left_alone;
mod shown;
mod vendor;

use bytes::Bytes;
use slugline_core::connector::{Connector, Verification, Work};
use slugline_core::failure::Failure;
use slugline_core::markdown::{self, Document};

use crate::port::{Crash, MemoryPort, World, run};
use crate::samples::{connector, stored_media};

pub(super) const PAGE: &str = "content/posts/hello.md";

pub(super) fn site() -> Box<dyn Connector> {
    connector("folder", "path = \"site\"")
}

pub(super) fn empty_site() -> World {
    World {
        media: stored_media(),
        ..World::default()
    }
}

pub(super) fn port() -> MemoryPort {
    MemoryPort::new(empty_site(), Crash::Never)
}

/// Runs the work and expects it to be verified.
pub(super) fn shows(work: &Work, port: &MemoryPort) {
    let outcome = run(site().as_ref(), work, port);
    assert!(
        matches!(outcome, Ok(Verification::Matched(_))),
        "{outcome:?}"
    );
}

pub(super) fn fails(work: &Work, port: &MemoryPort) -> Failure {
    run(site().as_ref(), work, port).unwrap_err()
}

pub(super) fn put(port: &MemoryPort, path: &str, text: &str) {
    port.world()
        .files
        .insert(path.into(), Bytes::copy_from_slice(text.as_bytes()));
}

pub(super) fn document(port: &MemoryPort, path: &str) -> Document {
    let bytes = port.world().files[path].clone();
    markdown::parse(std::str::from_utf8(&bytes).unwrap()).unwrap()
}

pub(super) fn pages(port: &MemoryPort) -> Vec<String> {
    port.world()
        .files
        .keys()
        .filter(|path| path.starts_with("content/"))
        .cloned()
        .collect()
}

/// The next generation of a work, released an hour later.
pub(super) fn next(work: &Work) -> Work {
    let later = work.released_at.plus(std::time::Duration::from_secs(3_600));
    Work {
        generation: work.generation.next(),
        released_at: later,
        ..work.clone()
    }
}
