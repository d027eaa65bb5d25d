//! What the layer counts about itself.

use std::sync::atomic::{AtomicU64, Ordering};

use super::refusal::Refusal;

/// A snapshot of what a layer counted since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IdempotencyCounters {
    /// Times that a handler was called for a write with a key.
    pub executed: u64,
    /// Calls that got the answer of an earlier one.
    pub replayed: u64,
    /// Calls that were answered 409 because the first call of their key was running.
    pub in_progress: u64,
    /// Calls that were answered 422 because their key belongs to another request.
    pub reused: u64,
    /// Calls that were answered 409 because the answer of the first call is not kept.
    pub not_replayable: u64,
    /// Calls that were refused for what they brought: wrong headers, no caller, a body too large, broken or slow.
    pub invalid: u64,
    /// Calls that were answered 503 because too many were at work.
    pub busy: u64,
    /// Calls that failed otherwise: the cache or the ledger gave no answer, the handler did not end, its answer broke off.
    pub failed: u64,
    /// Answers that the cache did not take at once. They are kept later, or not at all.
    pub kept_late: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counting {
    pub(super) executed: AtomicU64,
    pub(super) replayed: AtomicU64,
    in_progress: AtomicU64,
    reused: AtomicU64,
    not_replayable: AtomicU64,
    invalid: AtomicU64,
    busy: AtomicU64,
    failed: AtomicU64,
    pub(super) kept_late: AtomicU64,
}

impl Counting {
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self, refusal: &Refusal) {
        Self::add(match refusal {
            Refusal::InProgress => &self.in_progress,
            Refusal::Reused => &self.reused,
            Refusal::NotReplayable => &self.not_replayable,
            Refusal::Headers(_)
            | Refusal::NoCaller
            | Refusal::BodyTooLarge { .. }
            | Refusal::BodyUnreadable(_)
            | Refusal::BodySlow => &self.invalid,
            Refusal::Busy => &self.busy,
            Refusal::CacheAway(_)
            | Refusal::LedgerAway(_)
            | Refusal::LedgerSlow
            | Refusal::LedgerForgot
            | Refusal::Unfinished
            | Refusal::AnswerBroken(_) => &self.failed,
        });
    }

    pub(super) fn snapshot(&self) -> IdempotencyCounters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        IdempotencyCounters {
            executed: read(&self.executed),
            replayed: read(&self.replayed),
            in_progress: read(&self.in_progress),
            reused: read(&self.reused),
            not_replayable: read(&self.not_replayable),
            invalid: read(&self.invalid),
            busy: read(&self.busy),
            failed: read(&self.failed),
            kept_late: read(&self.kept_late),
        }
    }
}
