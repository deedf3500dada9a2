//! Sweeps: what a source has is compared with what there is of it here, to find removals that nobody told.
//!
//! Ensures that nothing counts as gone because it was not listed: each is looked up by itself, and removed
//! only at its source's word and at the version that was known before it was asked, so that a newer publish
//! stands. That a listing which is suspiciously short stops all, and that no more is removed than the cap
//! allows. A sweep goes in steps, each under a lease; what a step does twice has one effect.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use slugline_core::failure::Failure;
use slugline_core::remedy::is_suspiciously_short;
use slugline_core::source::{ALL_LOCALES, Change, Library, Locales, What};
use slugline_core::time::Timestamp;

use super::ask::passes;
use super::settings::SweepSettings;
use super::tally::PollFailure;
use super::{Source, Webhooks};
use crate::store::{ListedEntry, StoreError, Sweep, Swept, SweptItem};

/// A node that takes a step is gone after this time.
const STEP: Duration = Duration::from_secs(300);
/// Between two steps: a sweep is in no hurry, and its source has others to answer.
const PAUSE: Duration = Duration::from_secs(1);
/// Items that are gone through at once.
const BATCH: usize = 1_000;
/// Items that are looked up in one step.
const LOOKS: usize = 10;
/// Steps in a row without an answer after which a sweep is given up.
const FAILURES: u32 = 5;
/// Between two of them.
const AFTER_FAILURE: Duration = Duration::from_secs(60);
/// What a sweep does at present.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// It goes through what the source has.
    Listing(Option<String>),
    /// It counts what the source should have, after this item.
    Counting(i64),
    /// It looks up what the source should have and did not list, after this item.
    Looking(i64),
}

/// A sweep as it is kept from one step to the next; JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    began_at: Timestamp,
    stage: Stage,
    /// Our names of the environments that were listed, and the source's.
    environments: BTreeMap<String, Option<String>>,
    /// Entries that were listed.
    listed: u64,
    /// Items that should be there, and those of them that were listed.
    expected: u64,
    met: u64,
    /// Items of which a removal was kept.
    removed: u64,
    /// Steps in a row without an answer.
    failures: u32,
    /// Items that could not be looked up, and why the last of them.
    doubtful: u64,
    why: Option<String>,
}

impl Kept {
    fn new(now: Timestamp) -> Self {
        Self {
            began_at: now,
            stage: Stage::Listing(None),
            environments: BTreeMap::new(),
            listed: 0,
            expected: 0,
            met: 0,
            removed: 0,
            failures: 0,
            doubtful: 0,
            why: None,
        }
    }
}

/// How a step ended.
enum End {
    On,
    Done,
    /// It cannot go on.
    Stop(String),
}

/// What can go wrong in a step.
enum Trouble {
    Store(StoreError),
    Source(Failure),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Webhooks {
    /// Takes a step of every sweep whose time has come; how many removals were found.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let mut found = 0;
        for source in self.sources.values() {
            let (Some(library), Some(settings)) =
                (source.settings.source.library(), source.settings.sweep)
            else {
                continue;
            };
            if source.reach.rests(self.clock.now()) {
                continue;
            }
            let Some(poll) = self.store.begin_poll(&key(source), STEP).await? else {
                continue;
            };
            let kept = poll
                .cursor
                .and_then(|text| serde_json::from_str(&text).ok());
            let kept = kept.unwrap_or_else(|| Kept::new(self.store.now()));
            let run = Run {
                webhooks: self,
                source,
                library,
                settings,
            };
            found += run.step(kept).await?;
        }
        Ok(found)
    }
}

/// Its name among the polls: no source is called so.
fn key(source: &Source) -> String {
    format!("{}:sweep", source.settings.name)
}

/// What a step needs.
struct Run<'a> {
    webhooks: &'a Webhooks,
    source: &'a Source,
    library: &'a dyn Library,
    settings: SweepSettings,
}

impl Run<'_> {
    fn name(&self) -> &str {
        &self.source.settings.name
    }

    /// Does one step and keeps it; how many removals it found.
    async fn step(&self, mut kept: Kept) -> Result<usize, StoreError> {
        let before = kept.removed;
        let ended = match &kept.stage {
            Stage::Listing(cursor) => self.list(cursor.clone(), &mut kept).await,
            Stage::Counting(after) => self.count(*after, &mut kept).await,
            Stage::Looking(after) => self.look(*after, &mut kept).await,
        };
        let end = match ended {
            Ok(end) => end,
            Err(Trouble::Store(why)) => return Err(why),
            Err(Trouble::Source(failure)) => failed(&mut kept, failure),
        };
        let found = kept.removed - before;
        self.source.tally.missed(self.name(), found);
        self.keep(kept, end).await?;
        Ok(usize::try_from(found).unwrap_or(usize::MAX))
    }

    async fn keep(&self, kept: Kept, end: End) -> Result<(), StoreError> {
        let store = &self.webhooks.store;
        let (stopped, next) = match end {
            End::On => {
                let pause = match kept.failures {
                    0 => PAUSE,
                    _ => AFTER_FAILURE,
                };
                let cursor = serde_json::to_string(&kept).unwrap_or_default();
                return store.end_poll(&key(self.source), cursor, pause).await;
            }
            End::Done => (None, self.settings.every),
            End::Stop(why) => (Some(why), self.settings.every),
        };
        let name = self.name();
        let why = stopped.or_else(|| doubts(&kept));
        let Kept {
            listed,
            expected,
            removed,
            ..
        } = kept;
        match &why {
            None => tracing::info!(source = name, listed, expected, removed, "a sweep ended"),
            Some(why) => tracing::warn!(
                source = name,
                listed,
                expected,
                removed,
                why,
                "a sweep ended"
            ),
        }
        let failure = why.map(|detail| PollFailure {
            at: store.now(),
            detail,
        });
        self.source.tally.swept(name, failure);
        // What was listed is of no use any more.
        let after = Sweep {
            began_at: store.now(),
            ..self.sweep(&kept)
        };
        store.note_listed(&after, Vec::new()).await?;
        store.end_poll(&key(self.source), "null".into(), next).await
    }

    fn sweep(&self, kept: &Kept) -> Sweep {
        Sweep {
            source: self.name().to_owned(),
            owner: self.source.settings.owner.clone(),
            began_at: kept.began_at,
            settled_by: kept.began_at.minus(self.settings.settles),
        }
    }

    /// A page of what the source has.
    async fn list(&self, cursor: Option<String>, kept: &mut Kept) -> Result<End, Trouble> {
        let wire = &self.webhooks.wire;
        let Some(page) = self.library.all(cursor.as_deref(), wire) else {
            return Ok(End::Stop(
                "this kind of source cannot be listed whole".into(),
            ));
        };
        let page = page.await;
        self.source.reach.learn(&page, self.webhooks.clock.now());
        let page = page.map_err(Trouble::Source)?;
        kept.failures = 0;
        let public = page.changes.iter();
        let public = public.filter(|change| change.what == What::Published);
        let mut entries = Vec::new();
        for change in public {
            // What is not taken from there is not missed here.
            let Ok(environment) = self.source.environment(change) else {
                continue;
            };
            let theirs = change.environment.clone();
            kept.environments.insert(environment.clone(), theirs);
            entries.push(ListedEntry {
                environment,
                content_id: self.source.content_id(change),
                locale: match change.locales {
                    Locales::All => ALL_LOCALES.to_owned(),
                    _ => self.source.locale(change),
                },
            });
        }
        kept.listed += entries.len() as u64;
        let sweep = self.sweep(kept);
        self.webhooks.store.note_listed(&sweep, entries).await?;
        kept.stage = match page.more {
            true => Stage::Listing(Some(page.cursor)),
            false => Stage::Counting(0),
        };
        Ok(End::On)
    }

    async fn batch(&self, after: i64, kept: &Kept) -> Result<Swept, StoreError> {
        let sweep = self.sweep(kept);
        let mut swept = self.webhooks.store.swept(&sweep, after, BATCH).await?;
        // Where nothing was listed, all that is here is missed.
        let is_there = |environment: &String| kept.environments.contains_key(environment);
        let any = kept.environments.is_empty();
        swept
            .items
            .retain(|item| any || is_there(&item.environment));
        Ok(swept)
    }

    /// A batch of what should be there; behind the last one, whether the listing can be believed.
    async fn count(&self, after: i64, kept: &mut Kept) -> Result<End, Trouble> {
        let swept = self.batch(after, kept).await?;
        let met = swept.items.iter().filter(|item| item.is_listed);
        kept.met += met.count() as u64;
        kept.expected += swept.items.len() as u64;
        let (expected, met, listed) = (kept.expected, kept.met, kept.listed);
        if let Some(last) = swept.last {
            kept.stage = Stage::Counting(last);
            return Ok(End::On);
        }
        let is_blank = met == 0 && expected > 0;
        if is_blank || is_suspiciously_short(expected, met) {
            return Ok(End::Stop(format!(
                "the source lists {listed} entries and only {met} of the {expected} items that came from it; nothing is \
                 removed. Is it the right site, with all that was in it, and may the account read all of it?"
            )));
        }
        kept.stage = Stage::Looking(0);
        match expected > met {
            true => Ok(End::On),
            false => Ok(End::Done),
        }
    }

    /// Some of what should be there and was not listed, each looked up by itself.
    async fn look(&self, after: i64, kept: &mut Kept) -> Result<End, Trouble> {
        let swept = self.batch(after, kept).await?;
        let missed = swept.items.iter().filter(|item| !item.is_listed);
        for (looks, item) in missed.enumerate() {
            if looks == LOOKS {
                return Ok(End::On);
            }
            let most = self.settings.max_removals;
            if kept.removed >= most {
                return Ok(End::Stop(format!(
                    "max_removals = {most} is reached; what else is gone is found by the next sweep"
                )));
            }
            match self.removal(item, kept).await {
                Ok(None) => kept.failures = 0,
                Ok(Some(removal)) => {
                    kept.failures = 0;
                    let new = self.webhooks.keep_removal(self.source, removal).await?;
                    kept.removed += u64::from(new);
                }
                Err(failure) if passes(&failure) => return Err(Trouble::Source(failure)),
                Err(failure) => {
                    kept.doubtful += 1;
                    kept.why = Some(failure.message);
                }
            }
            kept.stage = Stage::Looking(item.number);
        }
        match swept.last {
            None => Ok(End::Done),
            Some(last) => {
                kept.stage = Stage::Looking(last);
                Ok(End::On)
            }
        }
    }

    /// The removal of an item, where its source says that it is gone.
    async fn removal(&self, item: &SweptItem, kept: &Kept) -> Result<Option<Change>, Failure> {
        let prefix = format!("{}:", self.name());
        let Some(entry) = item.content_id.strip_prefix(&prefix) else {
            return Ok(None);
        };
        let named = Change {
            what: What::Unpublished,
            entry: entry.to_owned(),
            locales: Locales::One(item.locale.clone()),
            environment: kept.environments.get(&item.environment).cloned().flatten(),
            // It may well be there, as it is known here: that would be no older state than was told.
            version: None,
            depends_on: Vec::new(),
            payload: None,
        };
        let wire = &self.webhooks.wire;
        let told = self.library.look_up(&named, wire).await;
        self.source.reach.learn(&told, self.webhooks.clock.now());
        let told = told?;
        let is_gone = |change: &Change| matches!(change.what, What::Unpublished | What::Deleted);
        let is_gone = !told.is_empty() && told.iter().all(is_gone);
        let version = Some(item.version);
        Ok(is_gone.then_some(Change { version, ..named }))
    }
}

/// A source that does not answer is asked again; another failure ends the sweep.
fn failed(kept: &mut Kept, failure: Failure) -> End {
    kept.failures += 1;
    match passes(&failure) && kept.failures < FAILURES {
        true => End::On,
        false => End::Stop(failure.message),
    }
}

/// What a sweep that came to its end has to say.
fn doubts(kept: &Kept) -> Option<String> {
    let why = kept.why.as_ref()?;
    let count = kept.doubtful;
    Some(format!(
        "{count} items were not listed and could not be looked up; the last: {why}"
    ))
}
