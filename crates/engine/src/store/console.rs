//! What the console reads beyond the API, and how far each reading walks.
//!
//! Ensures that no page walks a whole table: where nothing leads to the rows, a reading ends after a
//! number of rows that is named here, and says so by a cursor or a mark.

use std::time::Duration;

use slugline_core::drift::Drift;
use slugline_core::event::LogEntry;
use slugline_core::item::Action;
use slugline_core::lifecycle::JobState;
use slugline_core::time::Timestamp;
use slugline_core::version::{Generation, Version};

use super::{EventFilter, Page, Paged, PublishView, Stored};

/// Log entries that one page of [`Overviews::recent`] looks at where only a filter tells them apart: some tens of
/// milliseconds.
pub const ENTRIES_A_PAGE: i64 = 20_000;
/// Items that one page of [`Overviews::contents`] looks at.
pub const ITEMS_A_PAGE: i64 = 20_000;
/// Items that [`Overviews::standing`] counts, the newest; and pending jobs.
pub const ITEMS_COUNTED: i64 = 20_000;
/// Runs of one span that are looked at; with more it is marked.
pub const RUNS_A_SPAN: usize = 250;
/// Publishes that wait and come up next, of which [`Overviews::upcoming`] shows those with a time.
pub const WAITING_LOOKED_AT: i64 = 2_000;

/// The part of the memory that people oversee the rest with. Changes nothing.
pub trait Overviews: Send + Sync {
    /// Log entries before a cursor, newest first. A page may hold fewer than there are, or none, and yet a cursor
    /// to look further back: see [`ENTRIES_A_PAGE`].
    fn recent(&self, filter: EventFilter, page: Page) -> Stored<'_, Paged<LogEntry>>;

    /// Items, the newest first, as far as [`ITEMS_A_PAGE`] reaches; then a cursor goes on.
    fn contents(&self, filter: ContentFilter, page: Page) -> Stored<'_, Paged<Listed>>;

    /// How many items stand how, by environment and destination, among the newest [`ITEMS_COUNTED`].
    fn standing(&self, owner: &str) -> Stored<'_, Vec<Standing>>;

    /// What runs of an owner's jobs came to in each span; [`RUNS_A_SPAN`] of them are looked at.
    fn spans(&self, owner: &str, spans: Vec<Span>) -> Stored<'_, Vec<Ran>>;

    /// An owner's publishes whose `publish_at` lies ahead, the next first, of the [`WAITING_LOOKED_AT`] that come
    /// up next.
    fn upcoming(&self, owner: &str, limit: usize) -> Stored<'_, Vec<PublishView>>;

    /// An owner's publishes with a job that waits for a slot within a span, those with the first slots.
    fn slots(&self, owner: &str, span: Span, limit: usize) -> Stored<'_, Vec<PublishView>>;
}

/// Which items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentFilter {
    /// Only this owner's.
    pub owner: String,
    /// Whose content id begins so, or whose slug has it within.
    pub search: Option<String>,
    /// In this environment.
    pub environment: Option<String>,
    /// In this locale.
    pub locale: Option<String>,
    /// How they stand.
    pub state: Option<ContentState>,
}

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentState {
    /// A job of its newest publish is live.
    Live,
    /// A job of its newest publish is on its way or waits.
    OnTheWay,
    /// A job of its newest publish is a dead letter.
    Failed,
    /// It has drifted somewhere.
    Drifted,
}

/// An item in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its place in the list.
    pub place: i64,
    /// The item.
    pub content_id: String,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// The newest accepted version.
    pub version: Version,
    /// The newest accepted generation.
    pub generation: Generation,
    /// What it wants.
    pub action: Action,
    /// The claimed slug.
    pub slug: Option<String>,
    /// When the newest generation was accepted.
    pub accepted_at: Timestamp,
    /// Its destinations, by name.
    pub destinations: Vec<ListedAt>,
}

/// An item at a destination, in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAt {
    /// The destination.
    pub destination: String,
    /// The newest job's state.
    pub state: JobState,
    /// What differs there.
    pub drift: Option<Drift>,
}

/// How many items of an environment stand how at a destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The environment.
    pub environment: String,
    /// The destination.
    pub destination: String,
    /// Shown as desired.
    pub live: u64,
    /// Taken away, as desired.
    pub removed: u64,
    /// Released, and not there yet.
    pub on_the_way: u64,
    /// Accepted, and held back.
    pub pending: u64,
    /// Dead letters.
    pub failed: u64,
    /// Drifted.
    pub drifted: u64,
}

/// From one moment on, up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

/// What runs came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Those that ended live: from acceptance, or the time asked for, to the end of the run; shortest first.
    pub live: Vec<Duration>,
    /// Those that are tried again.
    pub retried: u64,
    /// Dead letters.
    pub failed: u64,
    /// Whether there were more than were looked at.
    pub more: bool,
}
