//! Whether it is known that the sources of connections give no answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long nobody else is sent to sources that gave one no answer.
const PAUSE: Duration = Duration::from_secs(3);

/// Lasts from the first load without an answer until one succeeds; meanwhile one load in every [`PAUSE`] tries.
#[derive(Default)]
pub(crate) struct Outage(Mutex<Option<Met>>);

/// An outage that goes on.
struct Met {
    next: Instant,
    /// It was the store that gave no answer, as far as is known.
    of_store: bool,
}

impl Outage {
    /// The sources answered.
    pub(crate) fn ended(&self) {
        *self.lock() = None;
    }

    /// They gave no answer, or the store gave none.
    pub(crate) fn was_met(&self, of_store: bool) {
        *self.lock() = Some(Met { next: Instant::now() + PAUSE, of_store });
    }

    /// Whoever follows the store got an answer from it.
    pub(crate) fn store_answers(&self) {
        let mut met = self.lock();
        if met.as_ref().is_some_and(|met| met.of_store) {
            *met = None;
        }
    }

    /// Whether they gave none when they were last asked.
    pub(crate) fn goes_on(&self) -> bool {
        self.lock().is_some()
    }

    /// Whether it is somebody's turn to ask them; of several who come together, it is the turn of one.
    pub(crate) fn may_ask(&self) -> bool {
        match self.lock().as_mut() {
            Some(met) if Instant::now() < met.next => false,
            Some(met) => {
                met.next = Instant::now() + PAUSE;
                true
            }
            None => true,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Met>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_asks_again_now_and_then() {
        let outage = Outage::default();
        assert!(outage.may_ask() && outage.may_ask() && !outage.goes_on());
        outage.was_met(false);
        outage.store_answers();
        assert!(outage.goes_on() && !outage.may_ask());
        tokio::time::advance(PAUSE).await;
        assert!(outage.may_ask());
        assert!(!outage.may_ask(), "one is on its way");
        outage.ended();
        outage.was_met(true);
        outage.store_answers();
        assert!(outage.may_ask() && outage.may_ask() && !outage.goes_on());
    }
}
