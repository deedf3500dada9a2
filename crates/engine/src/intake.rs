//! The way in for API clients: check, route, decide, store; then the answer.
//!
//! Ensures that nothing is answered with success before it is durable (P1), and that a refusal
//! stores nothing. Does not know HTTP beyond the problem's status.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use slugline_core::canonical::Fingerprint;
use slugline_core::intake::{API, Origin, Submission};
use slugline_core::item::{Class, ItemKey};
use slugline_core::media;
use slugline_core::payload::{Media, Payload, StoredMedia};
use slugline_core::pressure::Thresholds;
use slugline_core::problem::{Code, FieldError, Problem};
use slugline_core::request::{self, PublishRequest};
use slugline_core::route::{Labels, Routes};
use slugline_core::source::ALL_LOCALES;

use crate::delivery::{Delivery, Offered};
use crate::headers::Headers;
use crate::store::{Decided, MediaInfo, NewMedia, Store, StoreError};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// As the log names it, such as `token:ops`.
    pub actor: String,
    /// The owner that it acts for.
    pub owner: String,
    /// Environments that it may write to; empty for all.
    pub environments: Vec<String>,
}

/// What a source says of an item.
pub(crate) struct Said {
    /// On whose behalf.
    pub(crate) caller: Caller,
    /// The source's name.
    pub(crate) source: String,
    /// The key.
    pub(crate) key: String,
    /// What makes the same key the same request.
    pub(crate) fingerprint: Fingerprint,
    /// How long the key is remembered.
    pub(crate) key_ttl: Duration,
    /// What is kept as the request.
    pub(crate) raw: Bytes,
    /// The locale; `None` for a removal in all of them.
    pub(crate) locale: Option<String>,
    /// Destinations where it is already, because it comes from there: it is not sent back to them.
    pub(crate) is_at: Vec<String>,
    /// The rest; its `locale` is not looked at.
    pub(crate) request: PublishRequest,
    /// Whether no webhook told of it.
    pub(crate) found_by_poll: bool,
}

/// A new generation that a person makes.
pub(crate) struct Revised {
    /// The key.
    pub(crate) key: String,
    /// The source that the item belongs to.
    pub(crate) source: String,
    /// What the person asked for, as it came.
    pub(crate) raw: Bytes,
    /// What was seen, and what comes back.
    pub(crate) origin: Origin,
    /// Its media, where they are known already.
    pub(crate) media: Option<Vec<StoredMedia>>,
    /// What is to be published, and where.
    pub(crate) request: PublishRequest,
}

/// The member of a problem that says: nothing is left to do, it is at the destinations named here.
pub(crate) const IS_THERE: &str = "is_at";

/// What became of uploaded bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Their name and what they are.
    pub info: MediaInfo,
    /// Whether they were not kept before.
    pub created: bool,
}

/// Says why requests may not go to the address that a URL names itself, if they may not.
pub type AddressGuard = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// What of the configuration intake needs; replaced as a whole on reload.
#[derive(Clone)]
pub struct IntakeSettings {
    /// Routes and destinations.
    pub routes: Routes,
    /// The locale of a request that names none.
    pub default_locale: String,
    /// How long keys are remembered.
    pub key_ttl: Duration,
    /// When to say "later".
    pub thresholds: Thresholds,
    /// Whether a media URL's host is an address that the guard would refuse; says why.
    pub address_guard: AddressGuard,
}

/// The way in.
pub struct Intake {
    store: Arc<dyn Store>,
    delivery: Option<Arc<Delivery>>,
    settings: std::sync::RwLock<Arc<IntakeSettings>>,
}

impl Intake {
    /// Intake into a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, settings: IntakeSettings) -> Self {
        Self {
            store,
            delivery: None,
            settings: std::sync::RwLock::new(Arc::new(settings)),
        }
    }

    /// Intake whose publishes begin at once where this delivery has room.
    #[must_use]
    pub fn with_delivery(self, delivery: Arc<Delivery>) -> Self {
        Self {
            delivery: Some(delivery),
            ..self
        }
    }

    /// Replaces the settings.
    pub fn configure(&self, settings: IntakeSettings) {
        let mut current = self
            .settings
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *current = Arc::new(settings);
    }

    fn settings(&self) -> Arc<IntakeSettings> {
        Arc::clone(
            &self
                .settings
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }

    /// Accepts a publish request, or says why not. `key` is the `Idempotency-Key` header; `headers` are kept beside the
    /// bytes (see [`crate::headers::kept`]).
    pub async fn publish(
        &self,
        caller: &Caller,
        key: Option<&str>,
        headers: Headers,
        raw: Bytes,
    ) -> Result<Decided, Problem> {
        let settings = self.settings();
        let request = request::decode(&raw)?;
        let key = request.key(key)?;
        // Refused or not, the caller's log line says what it was about.
        tracing::Span::current()
            .record("content_id", &request.content_id)
            .record("request_id", &key);
        request.check(self.store.now())?;
        let media = self.known_media(&settings, &request).await?;
        let payload_place = request::payload_place(&raw);
        let submission = Submission {
            media,
            payload_place,
            headers,
            ..self.submission(&settings, (caller, API), key, request, raw)?
        };
        self.accept(&settings, submission).await
    }

    /// Accepts what a source says of an item, or says why not.
    pub(crate) async fn say(&self, said: Said) -> Result<Decided, Problem> {
        let settings = self.settings();
        let whole = said.locale.is_none();
        let request = PublishRequest {
            locale: said.locale,
            ..said.request
        };
        request.check(self.store.now())?;
        let media = self.known_media(&settings, &request).await?;
        let speaker = (&said.caller, &*said.source);
        let submission = self.submission(&settings, speaker, said.key, request, said.raw)?;
        let mut submission = Submission {
            media,
            fingerprint: said.fingerprint,
            key_ttl: said.key_ttl,
            origin: match said.found_by_poll {
                true => Origin::Poll,
                false => Origin::Producer,
            },
            ..submission
        };
        let before = submission.targets.len();
        submission
            .targets
            .retain(|target| !said.is_at.contains(target));
        let leads_back = submission.targets.len() < before;
        if whole {
            submission.item.locale = ALL_LOCALES.into();
            submission.targets.clear();
        }
        let decided = self.accept(&settings, submission).await;
        decided.map_err(|problem| match problem.code {
            Code::NoDestination if leads_back => nowhere_else(&said.is_at),
            _ => problem,
        })
    }

    /// Accepts what a person makes of an item, or says why not.
    pub(crate) async fn revise(
        &self,
        caller: &Caller,
        revised: Revised,
    ) -> Result<Decided, Problem> {
        let settings = self.settings();
        let Revised {
            key,
            source,
            raw,
            origin,
            media,
            request,
        } = revised;
        request.check(self.store.now())?;
        let media = match media {
            Some(media) => Some(media),
            None => self.known_media(&settings, &request).await?,
        };
        let submission = self.submission(&settings, (caller, &source), key, request, raw)?;
        let submission = Submission {
            media,
            origin,
            ..submission
        };
        self.accept(&settings, submission).await
    }

    async fn accept(
        &self,
        settings: &IntakeSettings,
        submission: Submission,
    ) -> Result<Decided, Problem> {
        self.refuse_under_pressure(settings, submission.request.class)?;
        let outcomes = match self.room_for(&submission) {
            Some(room) => room.accept(submission).await,
            None => self.store.accept(vec![submission]).await,
        };
        let mut outcomes = outcomes.map_err(|error| problem_of(&error))?;
        outcomes
            .pop()
            .unwrap_or_else(|| Err(Problem::new(Code::Internal, "the store gave no answer")))
    }

    /// Room for its runs, where they may begin at once.
    fn room_for(&self, submission: &Submission) -> Option<Offered> {
        let delivery = self.delivery.as_ref().filter(|_| submission.is_ready())?;
        delivery.offer(submission.request.class, &submission.targets)
    }

    /// Refuses what could not even be kept for later: the disk is nearly full, or the writer lags.
    pub(crate) fn refuse_to_keep(&self) -> Result<(), Problem> {
        let pressure = self.store.pressure();
        let (free, waiting) = (pressure.free_bytes, pressure.waiting);
        let refusal = self
            .settings()
            .thresholds
            .refusal(Class::Urgent, 0, free, waiting);
        refusal.map_or(Ok(()), Err)
    }

    /// Keeps uploaded bytes under their SHA-256.
    pub async fn upload_media(
        &self,
        bytes: Bytes,
        claimed_type: Option<&str>,
    ) -> Result<Upload, Problem> {
        let settings = self.settings();
        self.refuse_under_pressure(&settings, Class::Standard)?;
        let content_type = media::content_type(&bytes, claimed_type).map_err(|why| {
            Problem::fields(Code::InvalidRequest, vec![FieldError::new("(body)", why)])
        })?;
        let sha256 = media::sha256(&bytes);
        let info = MediaInfo {
            sha256: sha256.clone(),
            size: bytes.len() as u64,
            content_type: content_type.clone(),
        };
        let known = self.store.media_info(&sha256).await;
        let created = known.map_err(|error| problem_of(&error))?.is_none();
        let stored = self
            .store
            .put_media(NewMedia {
                sha256,
                content_type,
                bytes,
            })
            .await;
        stored
            .map(|()| Upload { info, created })
            .map_err(|error| problem_of(&error))
    }

    fn refuse_under_pressure(
        &self,
        settings: &IntakeSettings,
        class: Class,
    ) -> Result<(), Problem> {
        let pressure = self.store.pressure();
        let refusal = settings.thresholds.refusal(
            class,
            pressure.open_jobs,
            pressure.free_bytes,
            pressure.waiting,
        );
        refusal.map_or(Ok(()), Err)
    }

    fn submission(
        &self,
        settings: &IntakeSettings,
        (caller, source): (&Caller, &str),
        key: String,
        request: PublishRequest,
        raw: Bytes,
    ) -> Result<Submission, Problem> {
        let environment = request.environment().to_owned();
        require_environment(&caller.environments, &environment)?;
        let locale = request
            .locale
            .clone()
            .unwrap_or_else(|| settings.default_locale.clone());
        let draft = request.action == slugline_core::item::Action::Draft;
        let labels = Labels {
            owner: &caller.owner,
            environment: &environment,
            locale: &locale,
            source,
            content_type: request.payload.as_ref().and_then(Payload::content_type),
            class: request.class,
            draft,
        };
        let targets = settings
            .routes
            .resolve(labels, &request.named_destinations())?;
        let fingerprints = request.fingerprints(&locale);
        Ok(Submission {
            fingerprint: fingerprints.request,
            body: fingerprints.payload,
            item: ItemKey {
                owner: caller.owner.clone(),
                environment,
                content_id: request.content_id.clone(),
                locale,
            },
            key,
            source: source.to_owned(),
            actor: caller.actor.clone(),
            targets,
            media: None,
            payload_place: None,
            headers: Vec::new(),
            raw,
            received_at: self.store.now(),
            key_ttl: settings.key_ttl,
            origin: Origin::Producer,
            offers: Vec::new(),
            request,
        })
    }

    /// The request's media, if all bytes are kept here; `None` where some must be fetched first.
    /// Media without a URL must be kept; a URL must not be an address that is off limits.
    async fn known_media(
        &self,
        settings: &IntakeSettings,
        request: &PublishRequest,
    ) -> Result<Option<Vec<StoredMedia>>, Problem> {
        let named = request.payload.iter().flat_map(|payload| &payload.media);
        let (mut known, mut found, mut complete) = (Vec::new(), Vec::new(), true);
        for (index, medium) in named.enumerate() {
            let path = format!("payload.media[{index}]");
            match self.known_medium(settings, medium).await? {
                Ok(Some(stored)) => known.push(stored),
                Ok(None) => complete = false,
                Err((field, why)) => found.push(FieldError::new(format!("{path}{field}"), why)),
            }
        }
        if found.is_empty() {
            Ok(complete.then_some(known))
        } else {
            Err(Problem::fields(Code::InvalidRequest, found))
        }
    }

    async fn known_medium(
        &self,
        settings: &IntakeSettings,
        medium: &Media,
    ) -> Result<Known, Problem> {
        if let Some(Err(why)) = medium
            .fetchable_url()
            .map(|url| (settings.address_guard)(url))
        {
            return Ok(Err((".url", why)));
        }
        let Some(sha256) = &medium.sha256 else {
            return Ok(Ok(None));
        };
        let info = self
            .store
            .media_info(sha256)
            .await
            .map_err(|error| problem_of(&error))?;
        Ok(match info {
            Some(info) => media::describe(medium, sha256, &info.content_type, info.size).map(Some).map_err(|why| ("", why)),
            None if medium.fetchable_url().is_some() => Ok(None),
            None => Err((".sha256", "these bytes are not kept here; upload them with POST /v1/media first, or give a url".into())),
        })
    }
}

/// Refuses a token that is limited to other environments than this one; one that names none is limited to none.
pub fn require_environment(own: &[String], environment: &str) -> Result<(), Problem> {
    if own.is_empty() || own.iter().any(|own| own == environment) {
        return Ok(());
    }
    let detail = format!(
        "this token may write to {}, not to {environment:?}",
        own.join(", ")
    );
    Err(Problem::new(Code::Forbidden, detail))
}

/// Routes that lead only to where an item is already are no mistake.
fn nowhere_else(is_at: &[String]) -> Problem {
    let detail = format!("its routes lead only to where it is: {}", is_at.join(", "));
    Problem::new(Code::NoDestination, detail).with(IS_THERE, is_at)
}

/// A medium that is kept, one that is to be fetched, or what is wrong with which field.
type Known = Result<Option<StoredMedia>, (&'static str, String)>;

/// A store's error as the API says it: whether something was stored, and when to come back.
#[must_use]
pub fn problem_of(error: &StoreError) -> Problem {
    match error {
        StoreError::Full(_) => {
            Problem::new(Code::DiskLow, format!("{error}; nothing was stored")).retry_after(60)
        }
        // A store on another machine may have been lost after it did it.
        StoreError::Unavailable(_) => {
            let advice = format!("{error}; repeat it with the same key, it is stored once");
            Problem::new(Code::Unavailable, advice).retry_after(5)
        }
        StoreError::Corrupt(_) => {
            Problem::new(Code::Unavailable, format!("{error}; nothing was stored")).retry_after(300)
        }
        StoreError::Internal(_) => {
            Problem::new(Code::Internal, format!("{error}; nothing was stored"))
        }
    }
}
