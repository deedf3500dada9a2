//! What a run is given, whatever keeps it.
//!
//! Ensures that a run finds the same whether its job was taken from the queue or in the moment of acceptance.

use std::collections::BTreeMap;
use std::time::Duration;

use slugline_core::connector::Shown;
use slugline_core::lifecycle::{Delivering, JobState};
use slugline_core::payload::{Payload, StoredMedia};
use slugline_core::version::Generation;
use slugline_engine::store::ClaimedJob;

use crate::job::JobRow;

/// What a run shows: slug, payload and media.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) slug: String,
    pub(crate) payload: Payload,
    pub(crate) media: Vec<StoredMedia>,
}

/// What of a run's task its job's row does not say.
#[derive(Default)]
pub(crate) struct Task {
    /// `None`: there is no body, and a removal needs none.
    pub(crate) body: Option<Body>,
    /// The generation that is desired; `None` where that is the job's.
    pub(crate) newest: Option<Generation>,
    pub(crate) shown: Option<(Generation, Shown)>,
    pub(crate) undisturbed: bool,
    pub(crate) adopted: Option<String>,
    pub(crate) owes_look: bool,
    pub(crate) effects: BTreeMap<String, String>,
}

impl Task {
    /// The job as its run is given it; `Err` says that its body is missing. `ended`: the state that a look finds it in.
    pub(crate) fn of(
        self,
        job: JobRow,
        taken: &Delivering,
        lease: Duration,
        ended: Option<JobState>,
    ) -> Result<ClaimedJob, String> {
        let body = match self.body {
            Some(body) => body,
            None if job.action.removes() => Body::default(),
            None => return Err(format!("the body of {} is missing", job.id)),
        };
        Ok(ClaimedJob {
            job: job.id,
            publish: job.publish,
            fence: taken.fence,
            lease,
            attempt: taken.attempts,
            destination: job.destination_name,
            class: job.class,
            item: job.key,
            action: job.action,
            generation: job.generation,
            newest: self.newest.unwrap_or(job.generation),
            version: job.version,
            request_id: job.request_id,
            released_at: job.published_at.or(job.released_at).unwrap_or(job.due),
            queued_at: job.released_at.unwrap_or(job.due),
            overwrites: job.overwrites,
            slug: body.slug,
            payload: body.payload,
            media: body.media,
            effects: self.effects,
            shown: self.shown,
            undisturbed: self.undisturbed,
            adopted: self.adopted,
            owes_look: self.owes_look,
            ended,
        })
    }
}
