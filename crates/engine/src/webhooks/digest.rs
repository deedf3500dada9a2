//! What a webhook says, put to intake change by change.
//!
//! Ensures that each change has a key made of the webhook's number and its place, so that dealing with a
//! webhook again finds what was done; that what cannot be read of it keeps nothing else from being done; that a removal without a locale reaches every locale, also one whose
//! publish is still on its way; and that what has no version counts as of when it came, however late it is
//! dealt with.

use std::time::Duration;

use slugline_core::canonical::Fingerprint;
use slugline_core::item::{Action, Class, check_name};
use slugline_core::problem::{Code, Problem};
use slugline_core::request::PublishRequest;
use slugline_core::source::{ALL_LOCALES, Change, Locales, What};
use slugline_core::time::Timestamp;
use slugline_core::version::{Version, VersionKind};

use super::became::ended;
use super::{Came, Digested, Source, Webhooks, ask, failed, reference, slug};
use crate::intake::{Caller, IS_THERE, Said};
use crate::store::{Changed, ContentView, Outcome, Page, StoreError, WebhookState};

/// Changes of one webhook; HubSpot sends a hundred, Webflow as many items as a person publishes at once.
const MAX_CHANGES: usize = 1_000;

/// For so long a slug that another item holds may be on its way to being free: webhooks overtake each
/// other.
const SLUG_PATIENCE: Duration = Duration::from_secs(600);
/// Revisions that are looked through for the newest of an item: it may have that many locales.
const REVISIONS: usize = 100;

/// Where a change belongs.
pub(super) struct Place<'a> {
    pub(super) source: &'a Source,
    came: &'a Came<'a>,
    pub(super) change: &'a Change,
    /// Its place in the webhook.
    number: usize,
    pub(super) content_id: String,
    pub(super) environment: String,
    /// The locale that it names, or the source's.
    pub(super) locale: String,
}

/// Why a change is not decided on: intake said "later", its source has to be asked, or the store failed.
pub(super) enum Pause {
    Later,
    Asks,
    Store(StoreError),
}

impl From<StoreError> for Pause {
    fn from(why: StoreError) -> Self {
        Self::Store(why)
    }
}

impl Webhooks {
    /// Decides on all that a webhook says.
    pub(super) async fn digest(
        &self,
        source: &Source,
        came: &Came<'_>,
    ) -> Result<Digested, StoreError> {
        let news = match came.told {
            Ok(news) if news.len() > MAX_CHANGES => {
                let count = news.len();
                let why =
                    format!("it has {count} changes; at most {MAX_CHANGES} are taken at once");
                return Ok(ended_by(failed(why)));
            }
            Ok(news) => news,
            Err(why) => return Ok(ended_by(failed(why.clone()))),
        };
        let mut changed = Vec::new();
        for (number, named) in &news.changes {
            match self.digest_one(source, came, *number, named).await {
                Ok(outcomes) => changed.extend(outcomes),
                Err(Pause::Later) => return Ok(Digested::Later),
                Err(Pause::Asks) => return Ok(Digested::Asks),
                Err(Pause::Store(why)) => return Err(why),
            }
        }
        let unreadable = news.unreadable.values();
        let unreadable = unreadable.map(|part| source.unreadable(part)).collect();
        Ok(ended_by(ended(changed, unreadable)))
    }

    async fn digest_one(
        &self,
        source: &Source,
        came: &Came<'_>,
        number: usize,
        named: &Change,
    ) -> Result<Vec<Changed>, Pause> {
        if let Some(ours) = self.ours(&source.place(came, number, named)).await? {
            return Ok(vec![ours]);
        }
        let age = self.store.now().since(came.received_at);
        let asked = match source.look_up(came, named, age).await? {
            Some(asked) => asked,
            None => {
                let outcomes = self.apply(source, came, number, named).await?;
                if !outcomes.iter().any(is_in_conflict) {
                    return Ok(outcomes);
                }
                match source.ask(came, named, age).await? {
                    Some(asked) => asked,
                    None => return Ok(outcomes),
                }
            }
        };
        let looked_up = match asked {
            Err(failure) => {
                let problem = Problem::new(Code::Unavailable, failure.message);
                return Ok(vec![source.place(came, number, named).refused(&problem)]);
            }
            Ok(found) => found,
        };
        let mut outcomes = Vec::new();
        for change in &looked_up {
            outcomes.extend(self.apply(source, came, number, change).await?);
        }
        Ok(outcomes)
    }

    async fn apply(
        &self,
        source: &Source,
        came: &Came<'_>,
        number: usize,
        change: &Change,
    ) -> Result<Vec<Changed>, Pause> {
        let mut place = source.place(came, number, change);
        match source.environment(change) {
            Ok(environment) => place.environment = environment,
            Err(why) => return Ok(vec![place.ignored(&why)]),
        }
        if let Err(why) = check_name(&place.locale) {
            let problem = Problem::new(Code::InvalidRequest, format!("its locale {why}"));
            return Ok(vec![place.refused(&problem)]);
        }
        let outcomes = match change.what {
            What::Published => vec![self.publish(&place).await?],
            What::Unpublished => self.remove(&place, Action::Unpublish).await?,
            What::Deleted => self.remove(&place, Action::Delete).await?,
            What::Draft
            | What::Asset
            | What::Taxonomy
            | What::AssetRemoved
            | What::TaxonomyRemoved => vec![place.noted()],
        };
        Ok(outcomes)
    }

    async fn publish(&self, place: &Place<'_>) -> Result<Changed, Pause> {
        if place.change.payload.is_none() {
            let why = "the webhook does not carry the content, or no title was found in it; say where it stands with mapping";
            return Ok(place.refused(&Problem::new(Code::InvalidRequest, why)));
        }
        let version = match place.change.version {
            None => self.version_by_arrival(place).await?,
            given => given,
        };
        self.say(
            place,
            place.request(Action::Publish, version),
            Some(&place.locale),
        )
        .await
    }

    /// A publish without a version has the time at which it came, so that dealing with it late does not make
    /// it the newest. Where the item has numbers, the next one is assigned.
    async fn version_by_arrival(&self, place: &Place<'_>) -> Result<Option<Version>, Pause> {
        let known = self.known(place).await?;
        let mut own = known.iter().filter(|item| item.locale == place.locale);
        let counts = own.any(|item| item.version.kind() == VersionKind::Number);
        Ok((!counts).then_some(Version::Time(place.came.received_at)))
    }

    async fn remove(&self, place: &Place<'_>, action: Action) -> Result<Vec<Changed>, Pause> {
        let of_all = place.change.locales == Locales::All;
        let meant = self.meant(place).await?;
        let newest = newest(&meant);
        let version = match (place.change.version, newest) {
            (Some(version), _) => version,
            (None, Some(item)) => match self.version_of_removal(place, item).await? {
                Some(version) => place.at_least_when_told(version),
                None => {
                    return Ok(vec![
                        place.ignored("something newer was accepted since it came"),
                    ]);
                }
            },
            // Its publish may be on its way.
            (None, None) => match place.told_gone_at() {
                Some(at) => Version::Time(at),
                None => return Ok(vec![place.nothing_to_remove()]),
            },
        };
        let request = || place.request(action, Some(version));
        if !of_all {
            return Ok(vec![self.say(place, request(), Some(&place.locale)).await?]);
        }
        // First for all locales, so that none can be published at an older version from here on; then those
        // that were there by then.
        let mut outcomes = vec![self.say(place, request(), None).await?];
        for item in self.known(place).await? {
            if item.locale != ALL_LOCALES && !item.action.removes() {
                outcomes.push(self.say(place, request(), Some(&item.locale)).await?);
            }
        }
        Ok(outcomes)
    }

    /// A removal without a version is one of what there was when it came; `None` where that is not what there
    /// is now.
    async fn version_of_removal(
        &self,
        place: &Place<'_>,
        newest: &ContentView,
    ) -> Result<Option<Version>, StoreError> {
        let is_newer = self.is_accepted_since(place, newest).await?;
        Ok((!is_newer).then_some(newest.version))
    }

    /// Whether something of the item was accepted since a webhook came, other than what that itself has led to.
    pub(super) async fn is_accepted_since(
        &self,
        place: &Place<'_>,
        item: &ContentView,
    ) -> Result<bool, StoreError> {
        let page = Page {
            limit: REVISIONS,
            cursor: None,
        };
        let owner = &place.source.settings.owner;
        let revisions = self.store.revisions(owner, &place.content_id, page).await?;
        let mut later = revisions.items.iter().filter(|revision| {
            revision.environment == place.environment
                && revision.locale == item.locale
                && revision.accepted_at > place.came.received_at
        });
        Ok(later.any(|revision| !revision.request_id.starts_with(&place.came.id.to_string())))
    }

    /// The items that a change is about: in its locale, or in all of them.
    pub(super) async fn meant(&self, place: &Place<'_>) -> Result<Vec<ContentView>, StoreError> {
        let of_all = place.change.locales == Locales::All;
        let mut meant = self.known(place).await?;
        meant.retain(|item| of_all || item.locale == place.locale);
        Ok(meant)
    }

    /// The items of a change's content in its environment.
    async fn known(&self, place: &Place<'_>) -> Result<Vec<ContentView>, StoreError> {
        let owner = &place.source.settings.owner;
        let mut known = self.store.content(owner, &place.content_id).await?;
        known.retain(|item| item.environment == place.environment);
        Ok(known)
    }

    /// Puts a change to intake, in one locale or for all of them.
    async fn say(
        &self,
        place: &Place<'_>,
        request: PublishRequest,
        locale: Option<&str>,
    ) -> Result<Changed, Pause> {
        let settings = &place.source.settings;
        let named = locale.unwrap_or(ALL_LOCALES);
        let Came {
            id, received_at, ..
        } = place.came;
        let said = Said {
            caller: Caller {
                actor: format!("source:{}", settings.name),
                owner: settings.owner.clone(),
                environments: Vec::new(),
            },
            source: settings.name.clone(),
            key: format!("{id}.{}.{named}", place.number),
            // Of what came, not of what it was read as: another mapping must not make it another request.
            fingerprint: Fingerprint::of(&(&settings.name, id, place.number, named)),
            key_ttl: settings.keep_for,
            found_by_poll: ask::was_found(place.came.incoming),
            raw: reference(*id, place.number),
            locale: locale.map(str::to_owned),
            is_at: settings.certainly_at(),
            request,
        };
        let age = self.store.now().since(*received_at);
        match self.intake.say(said).await {
            Ok(decided) => Ok(place.decided(named, &decided)),
            Err(problem) if problem.extra.contains_key(IS_THERE) => {
                Ok(place.ignored(&problem.detail))
            }
            Err(problem) if is_passing(problem.code, age) => Err(Pause::Later),
            Err(problem)
                if problem.code == Code::VersionConflict && ask::was_found(place.came.incoming) =>
            {
                Ok(place.known(named))
            }
            Err(problem) => Ok(Changed {
                locale: Some(named.to_owned()),
                ..place.refused(&problem)
            }),
        }
    }
}

/// Whether the same request may be accepted later as it is.
fn is_passing(code: Code, age: Duration) -> bool {
    match code {
        Code::QueueFull | Code::RateLimited | Code::DiskLow => true,
        Code::Unavailable | Code::Internal => true,
        Code::SlugTaken => age < SLUG_PATIENCE,
        _ => false,
    }
}

/// Whether the version is there with another body: it was found by asking, perhaps, which words it otherwise.
fn is_in_conflict(changed: &Changed) -> bool {
    changed.code == Some(Code::VersionConflict)
}

/// The newest of the items of an entry, in the kind in which those are counted that are not removed.
fn newest(items: &[ContentView]) -> Option<&ContentView> {
    let is_there = |item: &&ContentView| !item.action.removes();
    let kind = items.iter().find(is_there).map(|item| item.version.kind());
    let of_kind = |item: &&ContentView| kind.is_none_or(|kind| item.version.kind() == kind);
    let alike = items.iter().filter(of_kind);
    alike.max_by_key(|item| item.version.ordinal())
}

fn ended_by((state, outcome): (WebhookState, Outcome)) -> Digested {
    Digested::Ended(state, outcome)
}

impl Source {
    pub(super) fn place<'a>(
        &'a self,
        came: &'a Came<'a>,
        number: usize,
        change: &'a Change,
    ) -> Place<'a> {
        Place {
            source: self,
            came,
            change,
            number,
            content_id: self.content_id(change),
            environment: self.settings.environment.clone(),
            locale: self.locale(change),
        }
    }

    /// What the item of a change is called here.
    pub(super) fn content_id(&self, change: &Change) -> String {
        self.content_id_of(&change.entry)
    }

    pub(super) fn content_id_of(&self, entry: &str) -> String {
        format!("{}:{entry}", self.settings.name)
    }

    /// What the entries are called here that a change depends on, each once; its own is not among them.
    fn depends_on(&self, change: &Change) -> Vec<String> {
        let own = self.content_id(change);
        let mut ids = Vec::new();
        for entry in &change.depends_on {
            let id = self.content_id_of(entry);
            if id != own && !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// The locale that a change names, or the source's.
    pub(super) fn locale(&self, change: &Change) -> String {
        match &change.locales {
            Locales::One(locale) => locale.clone(),
            Locales::Unsaid | Locales::All => self.settings.locale.clone(),
        }
    }

    /// Our name of the environment that a change is about; else why it is not taken.
    pub(super) fn environment(&self, change: &Change) -> Result<String, String> {
        let settings = &self.settings;
        let Some(theirs) = &change.environment else {
            return Ok(settings.environment.clone());
        };
        if let Some(ours) = settings.environments.get(theirs) {
            return Ok(ours.clone());
        }
        let main = settings.source.manners().main_environment;
        let is_ours = *theirs == settings.environment || Some(&**theirs) == main;
        if settings.environments.is_empty() && is_ours {
            return Ok(settings.environment.clone());
        }
        Err(format!(
            "its environment {theirs:?} is not taken; name it in environments of the source, as in {{ {theirs} = {:?} }}",
            settings.environment
        ))
    }
}

impl Place<'_> {
    /// When a webhook said that it is gone, by the clock of its sender where that is signed, and never later than it
    /// came: what is published next must not seem older. `None` where that was only found, at some time before.
    fn told_gone_at(&self) -> Option<Timestamp> {
        let came = self.came;
        let news = came.told.as_ref().ok()?;
        let named = news.changes.get(&self.number)?;
        let is_told = named.what.removes() && !ask::was_found(came.incoming);
        let signed_at = came.proof.signed_at.unwrap_or(came.received_at);
        is_told.then(|| signed_at.min(came.received_at))
    }

    /// The version of a removal that tells none, of an item at this one: a publish that is older than the removal may
    /// still be on its way, which only times tell.
    fn at_least_when_told(&self, version: Version) -> Version {
        match (version, self.told_gone_at()) {
            (Version::Time(known), Some(at)) => Version::Time(known.max(at)),
            _ => version,
        }
    }

    fn request(&self, action: Action, version: Option<Version>) -> PublishRequest {
        let payload = self.change.payload.clone();
        PublishRequest {
            request_id: None,
            content_id: self.content_id.clone(),
            version,
            action,
            environment: Some(self.environment.clone()),
            locale: None,
            class: Class::Standard,
            destinations: None,
            publish_at: None,
            depends_on: Some(self.source.depends_on(self.change)),
            payload: payload.filter(|_| !action.removes()).map(slug::fit),
        }
    }
}
