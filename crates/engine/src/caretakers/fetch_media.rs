//! Fetch media: the bytes that a publish names by URL are fetched, checked and kept before release.
//!
//! Ensures that every delivery and rollback uses the bytes that were there at acceptance, that no
//! address off limits is asked, and that what is wrong names the field. The bytes decide the type.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use slugline_core::backoff::{AfterFailure, RetryPolicy, after_failure};
use slugline_core::failure::{Failure, retry_after};
use slugline_core::http::{Method, Request, Response, SendError};
use slugline_core::media::{self, MAX_MEDIA_BYTES};
use slugline_core::payload::{Media, StoredMedia};
use slugline_core::port::BoxFuture;
use slugline_core::reason::Reason;

use super::{Caretaker, Pass};
use crate::delivery::Shared;
use crate::ports::Entropy;
use crate::store::{MediaOutcome, NewMedia, ResolvedMedia, StoreError, WantedMedia};

/// Publishes of one pass.
const BATCH: usize = 32;
/// Publishes whose media are fetched at once.
const AT_ONCE: usize = 8;
/// Longest time for one medium, to the last byte.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Redirects that are followed; each target passes the address guard.
const REDIRECTS: u8 = 3;

/// Fetches media.
pub struct FetchMedia {
    /// Store, network, clock.
    pub shared: Shared,
    /// The dice.
    pub entropy: Arc<dyn Entropy>,
    /// Each class's patience, in the order of `Class::ALL`.
    pub policies: Vec<RetryPolicy>,
}

impl Caretaker for FetchMedia {
    fn name(&self) -> &'static str {
        "fetch_media"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            let wanted = self.shared.store.wanted_media(BATCH).await?;
            let count = wanted.len();
            let mut fetching = stream::iter(wanted)
                .map(|wanted| self.resolve(wanted))
                .buffer_unordered(AT_ONCE);
            while let Some(resolved) = fetching.next().await {
                self.shared.store.resolve_media(vec![resolved?]).await?;
            }
            Ok(Pass::of(count, BATCH))
        })
    }
}

impl FetchMedia {
    async fn resolve(&self, wanted: WantedMedia) -> Result<ResolvedMedia, StoreError> {
        let mut stored = Vec::new();
        for (index, medium) in wanted.payload.media.iter().enumerate() {
            match self.medium(medium).await? {
                Ok(found) => stored.push(found),
                Err(failure) => {
                    return Ok(self.failed(
                        &wanted,
                        failure.with_fields([format!("payload.media[{index}].url")]),
                    ));
                }
            }
        }
        Ok(ResolvedMedia {
            publish: wanted.publish,
            outcome: MediaOutcome::Stored(stored),
        })
    }

    fn failed(&self, wanted: &WantedMedia, failure: Failure) -> ResolvedMedia {
        let failure = Failure {
            message: format!("{}: {}", failure.fields.join(", "), failure.message),
            ..failure
        };
        let (policy, now) = (&self.policies[wanted.class.rank()], self.shared.store.now());
        let next = after_failure(
            policy,
            wanted.attempts + 1,
            wanted.accepted_at,
            failure.clone(),
            now,
            self.entropy.unit(),
        );
        let outcome = match next {
            AfterFailure::Retry(at) => MediaOutcome::Later(at, failure),
            AfterFailure::Dead(failure) => MediaOutcome::Failed(failure),
        };
        ResolvedMedia {
            publish: wanted.publish,
            outcome,
        }
    }

    async fn medium(&self, medium: &Media) -> Result<Result<StoredMedia, Failure>, StoreError> {
        if let Some(sha256) = &medium.sha256
            && let Some(info) = self.shared.store.media_info(sha256).await?
        {
            return Ok(describe(medium, sha256, &info.content_type, info.size));
        }
        let Some(url) = medium.fetchable_url() else {
            return Ok(Err(Failure::new(
                Reason::MediaMissing,
                "its bytes are not kept here and it has no url",
            )));
        };
        let response = match self.fetch(url).await {
            Ok(response) => response,
            Err(failure) => return Ok(Err(failure)),
        };
        self.keep(medium, response).await
    }

    async fn fetch(&self, url: &str) -> Result<Response, Failure> {
        let mut request = Request::new(Method::Get, url);
        request.timeout = Some(TIMEOUT);
        request.max_response = MAX_MEDIA_BYTES;
        request.redirects = REDIRECTS;
        let response = self
            .shared
            .transport
            .send(request)
            .await
            .map_err(|error| unsendable(&error))?;
        if response.is_success() {
            return Ok(response);
        }
        let mut failure = Failure::new(
            Reason::MediaUnreachable,
            format!("its server answered {}", response.status),
        );
        failure.status = Some(response.status);
        failure.retry_after = response
            .header("retry-after")
            .and_then(|text| retry_after(text, self.shared.clock.now()));
        Err(failure)
    }

    async fn keep(
        &self,
        medium: &Media,
        response: Response,
    ) -> Result<Result<StoredMedia, Failure>, StoreError> {
        let content_type =
            match media::content_type(&response.body, response.header("content-type")) {
                Ok(content_type) => content_type,
                Err(why) => return Ok(Err(Failure::new(Reason::MediaInvalid, why))),
            };
        let sha256 = media::sha256(&response.body);
        let described = describe(medium, &sha256, &content_type, response.body.len() as u64);
        if described.is_ok() {
            self.shared
                .store
                .put_media(NewMedia {
                    sha256,
                    content_type,
                    bytes: response.body,
                })
                .await?;
        }
        Ok(described)
    }
}

fn describe(
    medium: &Media,
    sha256: &str,
    content_type: &str,
    size: u64,
) -> Result<StoredMedia, Failure> {
    media::describe(medium, sha256, content_type, size)
        .map_err(|why| Failure::new(Reason::MediaInvalid, why))
}

fn unsendable(error: &SendError) -> Failure {
    match error {
        SendError::Refused(why) => Failure::new(Reason::MediaRefused, why.clone()),
        SendError::TooLarge(limit) => Failure::new(
            Reason::MediaInvalid,
            format!("is larger than {} MiB", limit >> 20),
        ),
        SendError::NotSent(why) | SendError::NoAnswer(why) => {
            Failure::new(Reason::MediaUnreachable, why.clone())
        }
        SendError::LeaseLost => Failure::new(Reason::Interrupted, "interrupted"),
        SendError::NoCredential(failure) => failure.as_ref().clone(),
    }
}
