//! What one caller may hold of a bound that all callers share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::CallerId;

/// Counts what each caller holds, so that one of them cannot hold all there is. A caller who holds nothing has no entry: there
/// are never more of them than calls.
pub(super) struct Shares {
    /// The most that one caller holds.
    limit: usize,
    held: Mutex<HashMap<CallerId, usize>>,
}

/// What one call holds of the share of its caller, until it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    shares: Arc<Shares>,
    caller: CallerId,
    amount: usize,
}

impl Shares {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, held: Mutex::default() })
    }

    /// Takes without waiting; `None` when the caller would hold more than its share.
    pub(super) fn take(self: &Arc<Self>, caller: &CallerId, amount: usize) -> Option<Share> {
        if amount > 0 {
            let mut held = self.lock();
            let total = held.get(caller).copied().unwrap_or_default().checked_add(amount)?;
            if total > self.limit {
                return None;
            }
            held.insert(caller.clone(), total);
        }
        Some(Share { shares: Arc::clone(self), caller: caller.clone(), amount })
    }

    fn give_back(&self, caller: &CallerId, amount: usize) {
        let mut held = self.lock();
        if let Some(total) = held.get_mut(caller) {
            *total = total.saturating_sub(amount);
            if *total == 0 {
                held.remove(caller);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallerId, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Keeps no more than `amount`.
    pub(super) fn shrink(&mut self, amount: usize) {
        if let Some(rest) = self.amount.checked_sub(amount) {
            self.shares.give_back(&self.caller, rest);
            self.amount = amount;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

impl fmt::Debug for Shares {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shares").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_holds_its_share_and_no_more() {
        let shares = Shares::new(10);
        let (one, other) = ("one".into(), "other".into());
        let mut first = shares.take(&one, 8).unwrap();
        assert!(shares.take(&one, 3).is_none());
        assert!(shares.take(&one, usize::MAX).is_none());
        let second = shares.take(&one, 2).unwrap();
        assert!(shares.take(&one, 1).is_none());
        let third = shares.take(&other, 10).unwrap();
        first.shrink(5);
        first.shrink(9);
        assert!(shares.take(&one, 4).is_none());
        assert!(shares.take(&one, 3).is_some());
        drop((first, second, third));
        assert!(shares.take(&one, 10).is_some());
    }

    #[test]
    fn who_holds_nothing_is_forgotten() {
        let shares = Shares::new(10);
        let caller = "one".into();
        let nothing = shares.take(&caller, 0).unwrap();
        assert!(shares.lock().is_empty());
        let something = shares.take(&caller, 3).unwrap();
        drop(nothing);
        assert_eq!(shares.lock().len(), 1);
        assert!(shares.take(&caller, 11).is_none());
        drop(something);
        assert!(shares.lock().is_empty());
    }
}
