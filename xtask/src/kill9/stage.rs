//! Everything that runs while a story is told: sink, installation, producers; and how every story ends. Ensures that no
//! story passes before all keys are decided, everything has settled, the count is made and the log is checked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::audit;
use super::client::Client;
use super::findings::Wrong;
use super::installation::Installation;
use super::node::{Site, TOKEN};
use super::producers::{Books, Producers};
use super::sink::Sink;
use super::tally::Tally;
use crate::wire::{self, Connection};

/// From the last kill until everything accepted is shown; outages and backoff take a few seconds.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);
/// Between two looks at what has settled; one reads all publishes.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// Where a story is told.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    /// What tallies call the story; its folder too.
    pub(super) story: &'static str,
    pub(super) binary: PathBuf,
    pub(super) folder: PathBuf,
    /// Free addresses: the first is the sink's, the others the installation's.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) seed: u64,
    /// When whoever is not done gives up.
    pub(super) deadline: Instant,
}

impl Ground {
    /// Where the first process listens: the one that a freeze meets.
    pub(super) fn first_door(&self) -> SocketAddr {
        self.addresses[1]
    }
}

/// A running story.
pub(super) struct Stage<I> {
    ground: Ground,
    pub(super) installation: I,
    pub(super) producers: Producers,
    pub(super) books: Books,
    pub(super) sink: Rc<Sink>,
    began: Instant,
}

impl<I: Installation> Stage<I> {
    /// Starts all of it. Must be called within a `LocalSet`.
    pub(super) async fn set(ground: Ground) -> Result<Self> {
        let books = Books {
            ledger: Rc::default(),
            findings: Rc::default(),
            counters: Rc::default(),
        };
        let (first, doors) = ground
            .addresses
            .split_first()
            .context("no address is left")?;
        let doors = &doors[..I::DOORS];
        let sink = Sink::start(*first, books.findings.clone()).await?;
        let site = Site {
            binary: ground.binary.clone(),
            folder: ground.folder.clone(),
            sink: sink.address,
        };
        let installation = I::start(&site, doors).await?;
        let client = Client::new(doors.to_vec(), books.counters.clone(), ground.deadline);
        let producers = Producers::start(&books, &client, ground.seed);
        Ok(Self {
            ground,
            installation,
            producers,
            books,
            sink,
            began: Instant::now(),
        })
    }

    /// Ends the load, waits, counts, stops, checks the log.
    pub(super) async fn finish(mut self, kills: usize) -> Result<Tally> {
        self.producers.end().await?;
        let door = self.ground.first_door();
        let all = settled(&self.books, &self.sink, door).await?;
        audit::compare(&self.books, &self.sink, &all);
        let rescued = rescued(door).await?;
        self.installation.stop().await?;
        let log = self
            .installation
            .verify_log()
            .await
            .unwrap_or_else(|error| {
                self.books.findings.note(Wrong::Log, format!("{error:#}"));
                String::new()
            });
        let counters = &self.books.counters;
        Ok(Tally {
            store: I::STORE.to_owned(),
            story: self.ground.story.to_owned(),
            seed: self.ground.seed,
            seconds: self.began.elapsed().as_secs_f64(),
            kills,
            acknowledged: self.books.ledger.borrow().count(),
            unanswered: counters.unanswered.get(),
            replayed: counters.replayed.get(),
            later: counters.later.get(),
            messages: self.sink.messages(),
            repeats: self.sink.repeats(),
            rescued,
            findings: self.books.findings.counts(),
            told: self.books.findings.told(),
            log,
        })
    }
}

/// Waits until the sink shows the newest of everything and no publish is open, or the time for it is over; then all
/// publishes, for the count to judge.
async fn settled(books: &Books, sink: &Sink, door: SocketAddr) -> Result<Vec<audit::Publish>> {
    let deadline = Instant::now() + SETTLED_WITHIN;
    loop {
        let waits = Instant::now() < deadline;
        if waits && !audit::is_settled(&books.ledger.borrow(), sink) {
            sleep(BETWEEN_LOOKS).await;
            continue;
        }
        let all = audit::publishes(door).await?;
        if audit::open(&all) == 0 || !waits {
            return Ok(all);
        }
        sleep(BETWEEN_LOOKS).await;
    }
}

/// Leases that ran out and were taken back, as the log has them.
async fn rescued(door: SocketAddr) -> Result<usize> {
    #[derive(Deserialize)]
    struct Page {
        items: Vec<serde_json::Value>,
        next_cursor: Option<String>,
    }
    let mut connection = Connection::open(door).await?;
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let path = format!("/v1/events?type=lease_rescued&limit=500{cursor}");
        let answer = connection.exchange(&wire::get(&path, TOKEN)).await?;
        ensure!(answer.status == 200, "{path} answers {}", answer.status);
        let page: Page = serde_json::from_slice(answer.body).context(path)?;
        count += page.items.len();
        match page.next_cursor {
            Some(next) => cursor = format!("&after={next}"),
            None => return Ok(count),
        }
    }
}
