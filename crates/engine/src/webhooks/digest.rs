//! What a webhook says, put to intake change by change.
//!
//! Ensures that each change has a key made of the webhook's number and its place, so that dealing with a
//! webhook again finds what was done, and that a removal without a locale reaches every locale, also one
//! whose publish is still on its way.

use slugline_core::answer::{Answer, Status};
use slugline_core::canonical::Fingerprint;
use slugline_core::ids::WebhookId;
use slugline_core::item::{Action, Class};
use slugline_core::problem::{Code, Problem};
use slugline_core::request::PublishRequest;
use slugline_core::source::{ALL_LOCALES, Change, Locales, What};
use slugline_core::version::Version;
use slugline_core::webhook::Incoming;

use super::{Source, Webhooks, failed, reference};
use crate::intake::{Caller, Said};
use crate::store::{
    ChangeStatus, Changed, ContentView, Decided, Outcome, StoreError, WebhookState,
};

/// Changes of one webhook; HubSpot sends a hundred, Webflow as many items as a person publishes at once.
const MAX_CHANGES: usize = 1_000;

/// Where a change belongs.
struct Place<'a> {
    source: &'a Source,
    id: WebhookId,
    change: &'a Change,
    /// Its place in the webhook.
    number: usize,
    content_id: String,
    environment: String,
}

/// Why a change is not decided on: intake said "later", or the store failed.
enum Pause {
    Later,
    Store(StoreError),
}

impl Webhooks {
    /// Decides on all that a webhook says. `Received`: not all could be decided on yet.
    pub(super) async fn digest(
        &self,
        source: &Source,
        id: WebhookId,
        incoming: &Incoming,
    ) -> Result<(WebhookState, Outcome), StoreError> {
        let changes = match source.settings.source.changes(incoming) {
            Ok(changes) if changes.len() > MAX_CHANGES => {
                let why = format!(
                    "it has {} changes; at most {MAX_CHANGES} are taken at once",
                    changes.len()
                );
                return Ok(failed(why));
            }
            Ok(changes) => changes,
            Err(why) => return Ok(failed(why)),
        };
        let mut changed = Vec::new();
        for (number, change) in changes.iter().enumerate() {
            match self.apply(source, id, number, change).await {
                Ok(outcomes) => changed.extend(outcomes),
                Err(Pause::Later) => return Ok((WebhookState::Received, Outcome::default())),
                Err(Pause::Store(why)) => return Err(why),
            }
        }
        Ok(ended(changed))
    }

    async fn apply(
        &self,
        source: &Source,
        id: WebhookId,
        number: usize,
        change: &Change,
    ) -> Result<Vec<Changed>, Pause> {
        let place = |environment| Place {
            source,
            id,
            change,
            number,
            content_id: format!("{}:{}", source.settings.name, change.entry),
            environment,
        };
        let environment = match source.environment(change) {
            Ok(environment) => environment,
            Err(why) => return Ok(vec![place(String::new()).ignored(&why)]),
        };
        let place = place(environment);
        let outcomes = match change.what {
            What::Published => vec![self.publish(&place).await?],
            What::Unpublished => self.remove(&place, Action::Unpublish).await?,
            What::Deleted => self.remove(&place, Action::Delete).await?,
            What::Draft => vec![place.ignored("what is public did not change")],
            What::Asset => vec![place.ignored("a file by itself is not published")],
            What::Taxonomy => vec![place.ignored("a term by itself is not published")],
        };
        Ok(outcomes)
    }

    async fn publish(&self, place: &Place<'_>) -> Result<Changed, Pause> {
        if place.change.payload.is_none() {
            let why = "the webhook does not carry the content, or no title was found in it; say where it stands with mapping";
            return Ok(place.refused(&place.locale(), &Problem::new(Code::InvalidRequest, why)));
        }
        let locale = place.locale();
        let request = place.request(Action::Publish, place.change.version);
        self.say(place, request, locale).await
    }

    async fn remove(&self, place: &Place<'_>, action: Action) -> Result<Vec<Changed>, Pause> {
        let known = self.known(place).await?;
        if place.change.locales != Locales::All {
            let locale = place.locale();
            let current = known.iter().find(|item| item.locale == locale);
            let version = place.change.version.or(current.map(|item| item.version));
            let Some(version) = version else {
                return Ok(vec![place.nothing_to_remove()]);
            };
            let request = place.request(action, Some(version));
            return Ok(vec![self.say(place, request, locale).await?]);
        }
        let newest = known.iter().map(|item| item.version);
        let newest = newest.max_by_key(|version| version.ordinal());
        let Some(version) = place.change.version.or(newest) else {
            return Ok(vec![place.nothing_to_remove()]);
        };
        // First for all locales, so that none can be published at an older version from here on; then those
        // that were there by then.
        let whole = place.request(action, Some(version));
        let mut outcomes = vec![self.say(place, whole, ALL_LOCALES.into()).await?];
        for item in self.known(place).await? {
            if item.locale != ALL_LOCALES && !item.action.removes() {
                let request = place.request(action, Some(version));
                outcomes.push(self.say(place, request, item.locale).await?);
            }
        }
        Ok(outcomes)
    }

    /// The items of a change's content in its environment.
    async fn known(&self, place: &Place<'_>) -> Result<Vec<ContentView>, Pause> {
        let owner = &place.source.settings.owner;
        let known = self.store.content(owner, &place.content_id);
        let mut known = known.await.map_err(Pause::Store)?;
        known.retain(|item| item.environment == place.environment);
        Ok(known)
    }

    async fn say(
        &self,
        place: &Place<'_>,
        request: PublishRequest,
        locale: String,
    ) -> Result<Changed, Pause> {
        let settings = &place.source.settings;
        let said = Said {
            caller: Caller {
                actor: format!("source:{}", settings.name),
                owner: settings.owner.clone(),
                environments: Vec::new(),
            },
            source: settings.name.clone(),
            key: place.key(&locale),
            // Of what came, not of what it was read as: another mapping must not make it another request.
            fingerprint: Fingerprint::of(&(&settings.name, place.id, place.number, &locale)),
            key_ttl: settings.keep_for,
            raw: reference(place.id, place.number),
            locale: locale.clone(),
            request,
        };
        match self.intake.say(said).await {
            Ok(decided) => Ok(place.decided(&locale, &decided)),
            Err(problem) if is_passing(problem.code) => Err(Pause::Later),
            Err(problem) => Ok(place.refused(&locale, &problem)),
        }
    }
}

/// Whether the same request may be accepted later as it is.
fn is_passing(code: Code) -> bool {
    matches!(
        code,
        Code::QueueFull | Code::RateLimited | Code::DiskLow | Code::Unavailable | Code::Internal
    )
}

fn ended(changes: Vec<Changed>) -> (WebhookState, Outcome) {
    let (any, all) = (
        |status| changes.iter().any(|change| change.status == status),
        |status| changes.iter().all(|change| change.status == status),
    );
    let state = match () {
        () if any(ChangeStatus::Refused) => WebhookState::Failed,
        () if all(ChangeStatus::Ignored) => WebhookState::Ignored,
        () => WebhookState::Done,
    };
    let reason = changes
        .is_empty()
        .then(|| "it is about nothing that is published".to_owned());
    (state, Outcome { reason, changes })
}

impl Source {
    /// Our name of the environment that a change is about; else why it is not taken.
    fn environment(&self, change: &Change) -> Result<String, String> {
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
    /// The locale that the change names, or the source's.
    fn locale(&self) -> String {
        match &self.change.locales {
            Locales::One(locale) => locale.clone(),
            Locales::Unsaid | Locales::All => self.source.settings.locale.clone(),
        }
    }

    fn key(&self, locale: &str) -> String {
        format!("{}.{}.{locale}", self.id, self.number)
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
            depends_on: None,
            payload: payload.filter(|_| !action.removes()),
        }
    }

    fn changed(&self, status: ChangeStatus, locale: Option<&str>) -> Changed {
        Changed {
            what: self.change.what,
            content_id: self.content_id.clone(),
            locale: locale.map(str::to_owned),
            status,
            version: self.change.version,
            publish_id: None,
            generation: None,
            code: None,
            reason: None,
        }
    }

    fn ignored(&self, why: &str) -> Changed {
        Changed {
            reason: Some(why.to_owned()),
            ..self.changed(ChangeStatus::Ignored, None)
        }
    }

    fn nothing_to_remove(&self) -> Changed {
        self.ignored("nothing of it is known here, so there is nothing to remove")
    }

    fn refused(&self, locale: &str, problem: &Problem) -> Changed {
        Changed {
            code: Some(problem.code),
            reason: Some(problem.detail.clone()),
            ..self.changed(ChangeStatus::Refused, Some(locale))
        }
    }

    fn decided(&self, locale: &str, decided: &Decided) -> Changed {
        let Answer {
            status,
            publish_id,
            generation,
            version,
            reason,
            ..
        } = &decided.answer;
        let status = match status {
            Status::Ok => ChangeStatus::Ok,
            Status::Duplicate => ChangeStatus::Duplicate,
            Status::StaleUpdateIgnored => ChangeStatus::StaleUpdateIgnored,
        };
        Changed {
            publish_id: *publish_id,
            generation: *generation,
            version: version.or(self.change.version),
            reason: reason.clone(),
            ..self.changed(status, Some(locale))
        }
    }
}
