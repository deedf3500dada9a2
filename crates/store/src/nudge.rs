//! The hint that jobs may have become due.
//!
//! Ensures that a nudge that comes while nobody waits is not lost, and that all who wait hear it.

use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};

/// Nudges since the start, and who waits for the next.
#[derive(Default)]
pub(crate) struct Nudge(Mutex<State>);

#[derive(Default)]
struct State {
    given: u64,
    heard: u64,
    waiting: Vec<Waker>,
}

impl Nudge {
    /// Wakes all who wait.
    pub(crate) fn give(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.given += 1;
        state.waiting.drain(..).for_each(Waker::wake);
    }

    /// Resolves when a nudge was given after the last one that was heard when this was called.
    pub(crate) async fn next(&self) {
        let after = self.0.lock().unwrap_or_else(PoisonError::into_inner).heard;
        std::future::poll_fn(|context| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.given > after {
                state.heard = state.given;
                return Poll::Ready(());
            }
            // One entry per task, so that a loop that waits with a timeout does not pile them up.
            if !state
                .waiting
                .iter()
                .any(|waker| waker.will_wake(context.waker()))
            {
                state.waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn a_nudge_before_the_wait_is_heard_once() {
        let nudge = Nudge::default();
        nudge.give();
        nudge.give();
        assert!(nudge.next().now_or_never().is_some());
        assert!(nudge.next().now_or_never().is_none());
    }

    #[test]
    fn all_who_wait_hear_it() {
        let nudge = Nudge::default();
        let (mut one, mut other) = (Box::pin(nudge.next()), Box::pin(nudge.next()));
        assert!(one.as_mut().now_or_never().is_none());
        assert!(other.as_mut().now_or_never().is_none());
        nudge.give();
        assert!(one.now_or_never().is_some());
        assert!(other.now_or_never().is_some());
    }
}
