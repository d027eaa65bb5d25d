//! What one of many may hold of a bound that all share.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts what each caller, or each address, holds, so that one of them cannot hold all there is. Who holds nothing has no
/// entry: there are never more of them than calls.
pub struct Shares<Holder: Eq + Hash> {
    /// The most that one holds.
    limit: usize,
    held: Mutex<HashMap<Holder, usize>>,
}

/// What one call holds of the share of its holder, until it is dropped.
#[derive(Debug)]
pub struct Share<Holder: Eq + Hash> {
    shares: Arc<Shares<Holder>>,
    holder: Holder,
    amount: usize,
}

impl<Holder: Clone + Eq + Hash> Shares<Holder> {
    /// Nobody holds more than `limit`.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, held: Mutex::default() })
    }

    /// Takes without waiting; `None` when the holder would have more than its share.
    pub fn take(self: &Arc<Self>, holder: &Holder, amount: usize) -> Option<Share<Holder>> {
        if amount > 0 {
            let mut held = self.lock();
            let total = held.get(holder).copied().unwrap_or_default().checked_add(amount)?;
            if total > self.limit {
                return None;
            }
            held.insert(holder.clone(), total);
        }
        Some(Share { shares: Arc::clone(self), holder: holder.clone(), amount })
    }
}

impl<Holder: Eq + Hash> Shares<Holder> {
    fn give_back(&self, holder: &Holder, amount: usize) {
        let mut held = self.lock();
        if let Some(total) = held.get_mut(holder) {
            *total = total.saturating_sub(amount);
            if *total == 0 {
                held.remove(holder);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Holder, usize>> {
        // Nothing panics between two changes that belong together.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many hold something.
    #[cfg(test)]
    pub(crate) fn holders(&self) -> usize {
        self.lock().len()
    }
}

impl<Holder: Eq + Hash> Share<Holder> {
    /// Keeps no more than `amount`.
    pub fn shrink(&mut self, amount: usize) {
        if let Some(rest) = self.amount.checked_sub(amount) {
            self.shares.give_back(&self.holder, rest);
            self.amount = amount;
        }
    }
}

impl<Holder: Eq + Hash> Drop for Share<Holder> {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

impl<Holder: Eq + Hash> fmt::Debug for Shares<Holder> {
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
        let (one, other) = ("one", "other");
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
        let caller = "one";
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
