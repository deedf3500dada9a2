//! What the engine does once faults have stopped: retries, second looks, undoing, orphans.

use std::collections::BTreeSet;
use std::time::Duration;

use slugline_connectors::fake::Faults;
use slugline_core::connector::{Connector, Work};
use slugline_core::failure::Failure;
use slugline_core::port::EffectKey;
use slugline_core::reason::ErrorClass;

use super::stage::StagePort;
use super::{Rehearsal, Vendor};
use crate::port::end;

/// Longer than every late commit.
const COMMIT_WINDOW: Duration = Duration::from_secs(60);
/// Runs after the faults have stopped: enough to observe again after a conflict.
const CALM_RUNS: usize = 4;

impl<V: Vendor> Rehearsal<V> {
    /// Brings every item to its end.
    pub(super) fn settle(&mut self) {
        self.stage.faults = Faults::default();
        self.stage.pass(COMMIT_WINDOW);
        let items: Vec<usize> = self.stories.keys().copied().collect();
        for item in &items {
            self.calm_runs(*item);
        }
        for item in &items {
            if self.stage.unknown.contains(item) {
                self.step(*item, |connector, work, port| {
                    end(connector.tidy(work, port))
                });
                self.run(*item);
            }
            let story = &self.stories[item];
            if story.failure.is_some() && !story.work.was_shown {
                self.step(*item, |connector, work, port| {
                    end(connector.undo(work, port))
                });
            }
        }
        self.discard_orphans();
    }

    fn calm_runs(&mut self, item: usize) {
        for _ in 0..CALM_RUNS {
            self.run(item);
            let failure = &self.stories[&item].failure;
            if failure
                .as_ref()
                .is_none_or(|failure| failure.class() == ErrorClass::Invalid)
            {
                return;
            }
        }
    }

    fn step(
        &mut self,
        item: usize,
        act: impl FnOnce(&dyn Connector, &Work, &StagePort<'_, V>) -> Result<(), Failure>,
    ) {
        let port = StagePort::new(&mut self.stage, item);
        act(self.connector.as_ref(), &self.stories[&item].work, &port)
            .expect("nothing fails any more");
    }

    fn wanted_media(&self) -> BTreeSet<String> {
        let works = self.stories.values().map(|story| &story.work);
        works
            .flat_map(|work| work.media.iter().map(|medium| medium.sha256.clone()))
            .collect()
    }

    fn discard_orphans(&mut self) {
        let wanted = self.wanted_media();
        let orphans: Vec<_> = self.stage.effects.clone().into_iter().filter(|((_, key), _)| {
            matches!(key, EffectKey::Shared("media", sha256) if !wanted.contains(sha256))
        }).collect();
        for (place, result_ref) in orphans {
            self.step_discard(&result_ref);
            self.stage.effects.remove(&place);
        }
    }

    fn step_discard(&mut self, result_ref: &str) {
        let port = StagePort::new(&mut self.stage, 0);
        end(self.connector.discard_media(result_ref, &port)).expect("nothing fails any more");
    }
}
