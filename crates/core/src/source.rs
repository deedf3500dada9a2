//! Sources: who sends webhooks, and what a webhook says once it is known to be genuine.
//!
//! Ensures that every vendor's webhook is read as the same few facts: which entry, in which locale and
//! version, and what became of it. Decides nothing: whether a change is new is intake's business, and
//! an entry's words are the vendor's until intake has checked them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::EventType;
use crate::failure::Failure;
use crate::http::{Request, Response, SendError};
use crate::payload::Payload;
use crate::port::BoxFuture;
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::version::Version;
use crate::webhook::{Flaw, Incoming, Verified, Window};

/// The locale of an item that stands for the content in all of them: a name that no locale can have.
pub const ALL_LOCALES: &str = "*";

/// A kind of sender, configured.
pub trait Source: Send + Sync {
    /// What the sender does and does not do.
    fn manners(&self) -> Manners;

    /// What its proof covers, in words.
    fn covers(&self) -> &str;

    /// How far the time of signing may lie from ours, unless configured.
    fn tolerance(&self) -> Duration;

    /// Whether something that is told anew may have the bytes of something that was told before, and be taken for its
    /// repeat, because nobody knows what the sender puts into a body.
    fn may_read_alike(&self) -> bool {
        false
    }

    /// Whether the secret itself comes as the last part of the URL's path, `/hooks/SOURCE/SECRET`.
    fn has_token_in_path(&self) -> bool {
        false
    }

    /// Says whether a secret can be one of this kind.
    ///
    /// # Errors
    /// What is wrong with it. Never holds the secret.
    fn check_secret(&self, secret: &Secret) -> Result<(), String>;

    /// Says whether a webhook is genuine.
    ///
    /// # Errors
    /// The part that is wrong.
    fn verify(
        &self,
        incoming: &Incoming,
        secrets: &[Secret],
        window: Window,
    ) -> Result<Verified, Flaw>;

    /// What a genuine webhook says; empty where it is about nothing that is published.
    ///
    /// # Errors
    /// It is not what this kind of source sends; in words, for people.
    fn changes(&self, incoming: &Incoming) -> Result<News, String>;

    /// The way to ask it what it has; `None` where it is not configured, or cannot be asked.
    fn library(&self) -> Option<&dyn Library> {
        None
    }
}

/// The way to a source that is asked.
pub trait Wire: Send + Sync {
    /// Sends a request and waits for the whole answer.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>>;

    /// The time of day, for signatures.
    fn now(&self) -> Timestamp;
}

/// A source that can be asked what it has.
pub trait Library: Send + Sync {
    /// What an entry is now, for a webhook that only names it, or whose word is not taken for it: one
    /// change for each locale in which it is public, with its content and version; or a removal, where it
    /// is not public any more.
    fn look_up<'a>(
        &'a self,
        named: &'a Change,
        wire: &'a dyn Wire,
    ) -> BoxFuture<'a, Result<Vec<Change>, Failure>>;

    /// Entries that became public or were changed after a cursor, oldest first, at most one page. Without
    /// a cursor it begins where the source is now: what was there before is not news.
    fn since<'a>(
        &'a self,
        cursor: Option<&'a str>,
        wire: &'a dyn Wire,
    ) -> BoxFuture<'a, Result<Found, Failure>>;

    /// All entries, at most one page after a cursor; `None` where it cannot be listed whole. It is news
    /// and no evidence: what moves while it is read may be missed.
    fn all<'a>(
        &'a self,
        _cursor: Option<&'a str>,
        _wire: &'a dyn Wire,
    ) -> Option<BoxFuture<'a, Result<Found, Failure>>> {
        None
    }
}

/// A page of what a source has.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// As webhooks would tell it.
    pub changes: Vec<Change>,
    /// Where the next page begins. What lies on the edge may be found again.
    pub cursor: String,
    /// Whether there is more at once.
    pub more: bool,
}

/// What a kind of sender does and does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// For how long after the first attempt it may send the same webhook again; zero where it tries once.
    pub retries_for: Duration,
    /// How a repeat is known where the delivery has no signed name.
    pub repeats: Repeats,
    /// Whether what tells of a removal has its time or version.
    pub dates_removals: bool,
    /// Whether only 200 counts as taken, not every 2xx.
    pub only_ok: bool,
    /// Headers in which it says what happened, or to what, where a signature may not cover them. Whoever has
    /// read a webhook could send it again with another word there.
    pub word_headers: &'static [&'static str],
    /// Whether it signs what it sends, rather than sending the secret along.
    pub signs: bool,
    /// What the vendor calls the environment that everything is in where nobody made others.
    pub main_environment: Option<&'static str>,
}

/// What makes a webhook without a signed name a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// The same bytes: they hold the time or the version of what they tell.
    SameBytes,
    /// Nothing does: two changes of an entry may read alike. Acting on one twice does no harm, because
    /// the entry is looked up.
    None,
}

/// What a webhook says, by its places: where a part of it cannot be read, or has no say, the others keep theirs, so
/// that each is the same change again when the webhook is dealt with again under another mapping.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    /// What could be read.
    pub changes: BTreeMap<usize, Change>,
    /// What could not.
    pub unreadable: BTreeMap<usize, Unreadable>,
}

/// A part of a webhook that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it stands, as a mapping says where.
    pub path: String,
    /// The entry, as the sender names it, where that can be read.
    pub entry: Option<String>,
    /// What is wrong, in words, for people.
    pub reason: String,
}

impl News {
    /// How many places say something that counts, or that cannot be read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len() + self.unreadable.len()
    }

    /// Whether it is about nothing that counts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<Change>> for News {
    fn from(changes: Vec<Change>) -> Self {
        Self {
            changes: changes.into_iter().enumerate().collect(),
            unreadable: BTreeMap::new(),
        }
    }
}

impl From<Change> for News {
    fn from(change: Change) -> Self {
        vec![change].into()
    }
}

/// Of each place: a change, or nothing that counts.
impl FromIterator<Result<Option<Change>, Unreadable>> for News {
    fn from_iter<I: IntoIterator<Item = Result<Option<Change>, Unreadable>>>(places: I) -> Self {
        let mut news = Self::default();
        for (place, read) in places.into_iter().enumerate() {
            match read {
                Ok(Some(change)) => drop(news.changes.insert(place, change)),
                Ok(None) => {}
                Err(why) => drop(news.unreadable.insert(place, why)),
            }
        }
        news
    }
}

/// One thing that a webhook says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What became of the entry.
    pub what: What,
    /// The entry, as the sender names it.
    pub entry: String,
    /// Which locales it is about.
    pub locales: Locales,
    /// The sender's own name of the environment, where it has several.
    pub environment: Option<String>,
    /// The sender's order of the entry's states; `None` where the webhook has none.
    pub version: Option<Version>,
    /// The entries that must be live before this one is released, as the sender names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// The content as of this change; `None` where the webhook does not carry it.
    pub payload: Option<Payload>,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is public in this form.
    Published,
    /// It is not public any more.
    Unpublished,
    /// It is gone.
    Deleted,
    /// It was saved, but what is public did not change.
    Draft,
    /// A file changed.
    Asset,
    /// A category, tag or the like changed.
    Taxonomy,
    /// A file is not public any more.
    AssetRemoved,
    /// A category, tag or the like is gone.
    TaxonomyRemoved,
}

impl Change {
    /// Whether another change of its entry may read the same: it takes the entry away, and tells neither time nor
    /// version.
    #[must_use]
    pub fn may_read_alike(&self) -> bool {
        self.version.is_none() && matches!(self.what, What::Unpublished | What::Deleted)
    }

    /// The same entry, not public any more. A version is not told: which one it had is not known.
    #[must_use]
    pub fn gone(&self) -> Self {
        Self {
            what: match self.what {
                What::Deleted => What::Deleted,
                _ => What::Unpublished,
            },
            version: None,
            payload: None,
            ..self.clone()
        }
    }
}

impl What {
    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Unpublished => "unpublished",
            Self::Deleted => "deleted",
            Self::Draft => "draft",
            Self::Asset => "asset",
            Self::Taxonomy => "taxonomy",
            Self::AssetRemoved => "asset_removed",
            Self::TaxonomyRemoved => "taxonomy_removed",
        }
    }

    /// Of what publishes nothing: what the log says of it.
    #[must_use]
    pub fn noted_as(self) -> Option<EventType> {
        match self {
            Self::Asset | Self::AssetRemoved => Some(EventType::AssetChanged),
            Self::Taxonomy | Self::TaxonomyRemoved => Some(EventType::TaxonomyChanged),
            Self::Draft => Some(EventType::DraftReady),
            Self::Published | Self::Unpublished | Self::Deleted => None,
        }
    }

    /// Whether it is about an entry, and not about a file or a term.
    #[must_use]
    pub fn is_of_an_entry(self) -> bool {
        matches!(
            self,
            Self::Published | Self::Unpublished | Self::Deleted | Self::Draft
        )
    }

    /// Whether it says that something is not there any more.
    #[must_use]
    pub fn removes(self) -> bool {
        matches!(
            self,
            Self::Unpublished | Self::Deleted | Self::AssetRemoved | Self::TaxonomyRemoved
        )
    }
}

/// Which locales of an entry a change is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locales {
    /// The sender has no locales, or does not say which: the source's own.
    Unsaid,
    /// This one.
    One(String),
    /// All that there are.
    All,
}
