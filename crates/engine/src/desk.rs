//! What people do with contents: edits, rollbacks, reverts, erasure.
//!
//! Ensures that each is a new generation that goes the way of any other, that it counts only for who saw the
//! newest one, and that what a destination would refuse is said before anything starts. What people do
//! with jobs is in `slugline_core::operator`.

mod asked;
mod erase;
mod release;

pub use asked::*;
pub use erase::*;
pub use release::*;

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use slugline_core::canonical::Fingerprint;
use slugline_core::connector::Work;
use slugline_core::failure::Failure;
use slugline_core::ids::JobId;
use slugline_core::intake::Origin;
use slugline_core::item::{Action, Class, ItemKey};
use slugline_core::key::{LogicalKey, derived_slug};
use slugline_core::payload::{Payload, StoredMedia};
use slugline_core::problem::{Code, FieldError, Problem};
use slugline_core::request::PublishRequest;
use slugline_core::version::{Generation, Version};

use crate::intake::{Caller, Intake, Revised, problem_of};
use crate::store::{ContentView, Decided, JobDetail, NewNote, Page, RevisionView, Store};

/// Revisions that are read at once while one of them is looked for.
const PAGE: usize = 100;

/// What the destination of some work cannot hold, known before anything is sent.
pub type Rules = Arc<dyn Fn(&Work) -> Result<(), Failure> + Send + Sync>;

/// Where people work.
pub struct Desk {
    store: Arc<dyn Store>,
    intake: Arc<Intake>,
    rules: Rules,
}

impl Desk {
    /// A desk before this store; what it makes goes through this intake.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, intake: Arc<Intake>, rules: Rules) -> Self {
        Self {
            store,
            intake,
            rules,
        }
    }

    /// Takes an older generation's body back.
    pub async fn roll_back(
        &self,
        caller: &Caller,
        content_id: &str,
        request: &RollbackRequest,
        key: Option<&str>,
    ) -> Result<RolledBack, Problem> {
        let item = self.item(caller, content_id, request).await?;
        let seen = request.generation.unwrap_or(item.generation);
        if seen != item.generation {
            return Err(superseded(&item, seen));
        }
        let destinations = destinations(&item, request.destinations.as_deref())?;
        let to = match request.to {
            Some(to) => to,
            None => self.last_good(&item, &destinations).await?,
        };
        let revision = self.revision(&item, to).await?;
        let plan = RollbackPlan {
            content_id: content_id.to_owned(),
            environment: item.environment.clone(),
            locale: item.locale.clone(),
            from: item.generation,
            to,
            version: revision.version,
            title: revision.payload.title.clone(),
            destinations,
        };
        self.refuse_what_cannot_be_held(&item, &revision, &plan.destinations)?;
        if request.dry_run {
            return Ok(RolledBack::Planned(plan));
        }
        let key = match key {
            Some(key) => key.to_owned(),
            None => made_key("rollback", &item, &plan),
        };
        let raw = serde_json::to_vec(request).map_err(internal)?;
        let revised = Revised {
            key,
            source: item.source.clone(),
            raw: raw.into(),
            origin: Origin::Person {
                seen,
                restores: Some(to),
                slug: revision.slug.clone(),
            },
            media: revision.kept_media(),
            request: request_for(
                &item,
                Some(revision.version),
                revision.payload,
                plan.destinations,
                Class::Urgent,
            ),
        };
        let decided = self.intake.revise(caller, revised).await?;
        self.note(caller, &item, request.note.as_deref()).await?;
        Ok(RolledBack::Done(decided))
    }

    /// Restores, where a job goes, what was live there before.
    pub async fn revert(
        &self,
        caller: &Caller,
        job: JobId,
        request: &RollbackRequest,
        key: Option<&str>,
    ) -> Result<RolledBack, Problem> {
        let job = self.job(caller, job).await?;
        let request = RollbackRequest {
            destinations: Some(vec![job.job.destination.clone()]),
            environment: Some(job.about.environment.clone()),
            locale: Some(job.about.locale.clone()),
            generation: Some(request.generation.unwrap_or(job.about.generation)),
            ..request.clone()
        };
        self.roll_back(caller, &job.about.content_id, &request, key)
            .await
    }

    /// Publishes a job's content as a person has changed it, wherever its publish goes.
    pub async fn edit(
        &self,
        caller: &Caller,
        job: JobId,
        request: EditRequest,
        (key, raw): (Option<&str>, Bytes),
    ) -> Result<Decided, Problem> {
        let job = self.job(caller, job).await?;
        if job.about.action.removes() {
            let detail = format!(
                "it is a removal ({}): there is no content to edit; retry it, or publish anew",
                job.about.action.as_str()
            );
            return Err(Problem::new(Code::IllegalState, detail));
        }
        let named = RollbackRequest {
            environment: Some(job.about.environment.clone()),
            locale: Some(job.about.locale.clone()),
            ..RollbackRequest::default()
        };
        let item = self.item(caller, &job.about.content_id, &named).await?;
        let publish = self
            .store
            .publish(&caller.owner, &job.about.publish_id.to_string())
            .await;
        let publish = publish.map_err(|error| problem_of(&error))?;
        let jobs = publish.map(|publish| publish.jobs).unwrap_or_default();
        let destinations: Vec<String> = jobs.into_iter().map(|job| job.destination).collect();
        let seen = request.generation.unwrap_or(job.about.generation);
        let key = match key {
            Some(key) => key.to_owned(),
            None => made_key("edit", &item, &(seen, &request.payload)),
        };
        let revised = Revised {
            key,
            source: item.source.clone(),
            raw,
            origin: Origin::Person {
                seen,
                restores: None,
                slug: None,
            },
            media: None,
            request: request_for(&item, None, request.payload, destinations, job.about.class),
        };
        let decided = self.intake.revise(caller, revised).await?;
        self.note(caller, &item, request.note.as_deref()).await?;
        Ok(decided)
    }

    async fn job(&self, caller: &Caller, id: JobId) -> Result<JobDetail, Problem> {
        let found = self.store.job(&caller.owner, id).await;
        let found = found.map_err(|error| problem_of(&error))?;
        found.ok_or_else(|| Problem::new(Code::NotFound, format!("there is no job {id}")))
    }

    /// The one item that is meant.
    async fn item(
        &self,
        caller: &Caller,
        content_id: &str,
        request: &RollbackRequest,
    ) -> Result<ContentView, Problem> {
        let found = self.store.content(&caller.owner, content_id).await;
        let mut found = found.map_err(|error| problem_of(&error))?;
        let is =
            |named: &Option<String>, own: &String| named.as_ref().is_none_or(|named| named == own);
        found.retain(|item| {
            is(&request.environment, &item.environment) && is(&request.locale, &item.locale)
        });
        if found.len() > 1 {
            let places: Vec<String> = found
                .iter()
                .map(|item| format!("{}/{}", item.environment, item.locale))
                .collect();
            let advice = format!(
                "name environment and locale: {content_id:?} is in {}",
                places.join(", ")
            );
            return Err(Problem::fields(
                Code::InvalidRequest,
                vec![FieldError::new("locale", advice)],
            ));
        }
        found.pop().ok_or_else(|| {
            Problem::new(
                Code::NotFound,
                format!("there is no content {content_id:?} here"),
            )
        })
    }

    /// The last generation that was live at all of these destinations alike.
    async fn last_good(
        &self,
        item: &ContentView,
        destinations: &[String],
    ) -> Result<Generation, Problem> {
        let key = key_of(item);
        let mut good: Option<(Generation, &str)> = None;
        for place in item
            .destinations
            .iter()
            .filter(|place| destinations.contains(&place.destination))
        {
            let name = place.destination.as_str();
            let found = self
                .store
                .last_good(&key, name, place.desired_generation)
                .await;
            let found = found.map_err(|error| problem_of(&error))?;
            let found = found.ok_or_else(|| nothing_good(item, name))?;
            match good {
                Some((other, at)) if other != found => {
                    let detail = format!(
                        "generation {other} was good at {at} and {found} at {name}; say which with `to`, or name one destination"
                    );
                    return Err(Problem::new(Code::NothingToRestore, detail));
                }
                _ => good = Some((found, name)),
            }
        }
        good.map(|(generation, _)| generation)
            .ok_or_else(|| nothing_good(item, &destinations.join(", ")))
    }

    /// A generation with its body.
    async fn revision(&self, item: &ContentView, generation: Generation) -> Result<Body, Problem> {
        let mut cursor = None;
        loop {
            let page = Page {
                limit: PAGE,
                cursor,
            };
            let found = self
                .store
                .revisions(&item.owner, &item.content_id, page)
                .await;
            let found = found.map_err(|error| problem_of(&error))?;
            let is_it = |revision: &RevisionView| {
                revision.generation == generation
                    && revision.environment == item.environment
                    && revision.locale == item.locale
            };
            if let Some(revision) = found.items.into_iter().find(is_it) {
                return Body::of(revision);
            }
            cursor = found.next_cursor;
            if cursor.is_none() {
                let detail = format!(
                    "there is no generation {generation} of {:?}",
                    item.content_id
                );
                return Err(Problem::new(Code::NothingToRestore, detail));
            }
        }
    }

    fn refuse_what_cannot_be_held(
        &self,
        item: &ContentView,
        revision: &Body,
        destinations: &[String],
    ) -> Result<(), Problem> {
        for name in destinations {
            let work = self.work(item, revision, name);
            if let Err(failure) = (self.rules)(&work) {
                let detail = format!(
                    "destination {name:?} would refuse generation {}: {}",
                    revision.generation, failure.message
                );
                let problem = Problem::new(Code::WouldBeRefused, detail);
                return Err(problem
                    .with("reason_code", failure.reason)
                    .with("fields", &failure.fields));
            }
        }
        Ok(())
    }

    fn work(&self, item: &ContentView, revision: &Body, destination: &str) -> Work {
        let (key, installation) = (key_of(item), self.store.installation());
        let logical = LogicalKey {
            item: &key,
            action: Action::Publish,
            generation: item.generation.next(),
            destination,
        };
        Work {
            destination: destination.to_owned(),
            action: Action::Publish,
            generation: item.generation.next(),
            version: revision.version,
            request_id: String::new(),
            released_at: self.store.now(),
            slug: revision.slug.clone().unwrap_or_default(),
            payload: revision.payload.clone(),
            media: revision.media.clone(),
            derived_slug: derived_slug(installation, &key, destination),
            delivery_id: logical.delivery_id(installation),
            installation: installation.to_owned(),
            was_shown: true,
            item: key,
        }
    }

    async fn note(
        &self,
        caller: &Caller,
        item: &ContentView,
        text: Option<&str>,
    ) -> Result<(), Problem> {
        let Some(text) = text else {
            return Ok(());
        };
        let note = NewNote {
            item: key_of(item),
            job: None,
            actor: caller.actor.clone(),
            text: text.to_owned(),
        };
        let written = self.store.write_note(note).await;
        written.map(drop).map_err(|error| problem_of(&error))
    }
}

/// An older body, whole.
struct Body {
    generation: Generation,
    version: Version,
    slug: Option<String>,
    payload: Payload,
    media: Vec<StoredMedia>,
}

impl Body {
    fn of(revision: RevisionView) -> Result<Self, Problem> {
        let generation = revision.generation;
        let Some(payload) = revision.payload else {
            let why = match revision.erased {
                true => "it was erased on request",
                false => "it was a removal, or is not kept any more",
            };
            let detail = format!(
                "generation {generation} has no body ({why}); unpublish, or choose another"
            );
            return Err(Problem::new(Code::NothingToRestore, detail));
        };
        Ok(Self {
            generation,
            version: revision.version,
            slug: revision.slug,
            payload,
            media: revision.media,
        })
    }

    /// Its media, if all of them are kept. What was taken back while it waited for them never had them: they are
    /// fetched as those of any publish.
    fn kept_media(&self) -> Option<Vec<StoredMedia>> {
        let are_all_kept = self.media.len() == self.payload.media.len();
        are_all_kept.then(|| self.media.clone())
    }
}

fn key_of(item: &ContentView) -> ItemKey {
    ItemKey {
        owner: item.owner.clone(),
        environment: item.environment.clone(),
        content_id: item.content_id.clone(),
        locale: item.locale.clone(),
    }
}

/// The named destinations, or all where it is desired.
fn destinations(item: &ContentView, named: Option<&[String]>) -> Result<Vec<String>, Problem> {
    let desired = || item.destinations.iter().map(|place| &place.destination);
    // Without a name it would go where routes lead, and it never went there.
    if item.destinations.is_empty() {
        let detail = format!(
            "{:?} was never released anywhere: there is nothing to roll back; publish it, or retry what was taken back",
            item.content_id
        );
        return Err(Problem::new(Code::NothingToRestore, detail));
    }
    let Some(named) = named.filter(|named| !named.is_empty()) else {
        return Ok(desired().cloned().collect());
    };
    match named
        .iter()
        .find(|name| !desired().any(|desired| desired == *name))
    {
        None => Ok(named.to_vec()),
        Some(name) => {
            let detail = format!("{:?} never went to {name:?}", item.content_id);
            Err(Problem::new(Code::NoDestination, detail))
        }
    }
}

fn superseded(item: &ContentView, seen: Generation) -> Problem {
    let detail = format!(
        "generation {} is the newest of {:?}, not {seen}; look at it, then decide again",
        item.generation, item.content_id
    );
    Problem::new(Code::Superseded, detail).with("generation", item.generation)
}

fn nothing_good(item: &ContentView, at: &str) -> Problem {
    let detail = format!(
        "nothing older of {:?} was live at {at} with a body that is kept; name a generation with `to`, or unpublish it",
        item.content_id
    );
    Problem::new(Code::NothingToRestore, detail)
}

fn request_for(
    item: &ContentView,
    version: Option<Version>,
    payload: Payload,
    destinations: Vec<String>,
    class: Class,
) -> PublishRequest {
    PublishRequest {
        request_id: None,
        content_id: item.content_id.clone(),
        version,
        action: Action::Publish,
        environment: Some(item.environment.clone()),
        locale: Some(item.locale.clone()),
        class,
        destinations: Some(destinations),
        publish_at: None,
        depends_on: None,
        payload: Some(payload),
    }
}

/// The key of an action without one: who presses a button twice gets one outcome.
fn made_key(what: &str, item: &ContentView, done: &impl Serialize) -> String {
    let named = (
        &item.owner,
        &item.environment,
        &item.content_id,
        &item.locale,
        done,
    );
    let digest = Fingerprint::of(&named).hex();
    format!("{what}-{}", digest.get(..24).unwrap_or(&digest))
}

fn internal(error: serde_json::Error) -> Problem {
    Problem::new(Code::Internal, error.to_string())
}
