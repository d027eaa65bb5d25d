//! One entry of a near-cache, and until when it may be used.

use std::sync::Arc;
use std::time::Duration;

use super::proof::Proof;
use super::reading::Mark;

/// What the tables spend on an entry besides its key and its value: both keys, times, the table's nodes. Measured.
pub(super) const OVERHEAD_BYTES: usize = 600;

/// The last part of its time in which an entry is due.
const DUE_PART: u64 = 5;

/// A value or an absence. Times are microseconds of the hub's clock.
#[derive(Debug)]
pub(super) struct Entry<T> {
    pub(super) content: T,
    /// Bytes of the content, without key and overhead.
    bytes: usize,
    /// From when on it should be loaded anew, although it may still be used.
    due_at: u64,
    /// Until when it may be used while its key is watched.
    until: u64,
    /// Until when it may be used although nobody would tell of a change.
    unwatched_until: u64,
    /// Until when it tells what once was.
    pub(super) stale_until: u64,
    /// What it was stored under; `None` when its key is not watched.
    proof: Option<Arc<Proof>>,
    epoch: u64,
}

/// How long an entry lives, microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetimes {
    ttl: u64,
    pub(super) unwatched: u64,
    stale: u64,
}

impl Lifetimes {
    pub(super) fn new(ttl: Duration, unwatched: Duration, stale: Duration) -> Self {
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self { ttl: micros(ttl), unwatched: micros(unwatched), stale: micros(stale) }
    }
}

impl<T> Entry<T> {
    /// An entry of what was read at `mark`. `jitter` is any number; it takes up to a tenth from the lifetime, so that what
    /// was loaded together is not loaded anew together.
    pub(super) fn new(
        content: T,
        bytes: usize,
        mark: Mark,
        is_watched: bool,
        lifetimes: Lifetimes,
        jitter: u64,
    ) -> Self {
        let ttl = lifetimes.ttl - jitter % (lifetimes.ttl / 10 + 1);
        let until = mark.at.saturating_add(ttl);
        Self {
            content,
            bytes,
            due_at: until.saturating_sub(ttl / DUE_PART),
            until,
            unwatched_until: mark.at.saturating_add(lifetimes.unwatched).min(until),
            stale_until: until.saturating_add(lifetimes.stale),
            proof: mark.proof.filter(|_| is_watched),
            epoch: mark.epoch,
        }
    }

    /// Whether it may be used: nothing was dropped since it was read, and either a change would have been told, or it is
    /// too young to matter.
    pub(super) fn is_good(&self, now: u64, epoch: u64) -> bool {
        let is_watched = || self.proof.as_ref().is_some_and(|proof| proof.holds_at(now));
        self.epoch == epoch && (now < self.unwatched_until || (now < self.until && is_watched()))
    }

    /// Whether its own time is nearly over.
    pub(super) fn is_due(&self, now: u64) -> bool {
        now >= self.due_at
    }

    pub(super) fn weight(&self, key: &[u8]) -> u32 {
        u32::try_from(key.len().saturating_add(self.bytes).saturating_add(OVERHEAD_BYTES)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVES: Lifetimes = Lifetimes { ttl: 1_000, unwatched: 100, stale: 500 };

    fn entry(proof: Option<Arc<Proof>>, is_watched: bool, jitter: u64) -> Entry<()> {
        Entry::new((), 0, Mark { changes: 0, epoch: 7, at: 10_000, proof }, is_watched, LIVES, jitter)
    }

    #[test]
    fn a_watched_entry_is_good_while_its_proof_holds() {
        let proof = Arc::new(Proof::default());
        proof.prolong(10_800);
        let watched = entry(Some(Arc::clone(&proof)), true, 0);
        assert!(watched.is_good(10_799, 7));
        assert!(!watched.is_good(10_799, 8), "everything was dropped");
        assert!(!watched.is_good(10_800, 7), "the proof ran out");
        proof.prolong(u64::MAX);
        assert!(watched.is_good(10_999, 7));
        assert!(!watched.is_good(11_000, 7), "its own time is over");
        proof.revoke();
        assert!(!watched.is_good(10_100, 7));
        assert!(watched.is_good(10_099, 7), "young enough without a proof");
    }

    #[test]
    fn an_unwatched_entry_is_good_only_while_it_is_young() {
        let lasting = Some(Arc::new(Proof::lasting()));
        for unwatched in [entry(lasting, false, 0), entry(None, true, 0)] {
            assert!(unwatched.is_good(10_099, 7));
            assert!(!unwatched.is_good(10_100, 7));
        }
    }

    #[test]
    fn the_last_fifth_is_due() {
        let entry = entry(None, true, 0);
        assert!(!entry.is_due(10_799) && entry.is_due(10_800));
    }

    #[test]
    fn jitter_takes_up_to_a_tenth() {
        for (jitter, until) in [(0, 11_000), (1, 10_999), (100, 10_900), (101, 11_000), (u64::MAX, 10922)] {
            let entry = entry(None, true, jitter);
            assert_eq!((entry.until, entry.stale_until), (until, until + 500));
        }
    }

    #[test]
    fn an_unwatched_time_longer_than_the_whole_ends_with_it() {
        let lifetimes = Lifetimes { unwatched: 5_000, ..LIVES };
        let mark = Mark { changes: 0, epoch: 7, at: 0, proof: None };
        assert!(!Entry::new((), 0, mark, true, lifetimes, 0).is_good(1_000, 7));
    }
}
