//! Tells of refusals that come in floods once in a while, not once a request.

use super::refusal::Refusal;
use crate::error_chain::error_chain;
use crate::flood_gate::FloodGate;

/// Says of each [`Flood`] at most once in ten seconds that writes are not done, and how many more there were since.
#[derive(Debug, Default)]
pub(super) struct RefusalLog {
    floods: [FloodGate; 3],
}

/// Why many writes are refused at once.
#[derive(Debug, Clone, Copy)]
pub(super) enum Flood {
    Busy,
    Cache,
    Ledger,
}

impl RefusalLog {
    /// Says of a refusal what its answer does not say.
    pub(super) fn tell(&self, refusal: &Refusal) {
        if !refusal.is_fault() {
            tracing::debug!(reason = error_chain(refusal), "keyed write refused");
            return;
        }
        let Some(flood) = refusal.flood() else {
            tracing::warn!(cause = error_chain(refusal), "keyed write not done");
            return;
        };
        match self.floods[flood as usize].left_out() {
            Some(left_out) => tracing::warn!(cause = error_chain(refusal), left_out, "keyed write not done"),
            None => tracing::debug!(cause = error_chain(refusal), "keyed write not done"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cache::CacheError;

    use super::*;
    use crate::test_log::TestLog;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_one_line_in_ten_seconds_with_its_count() {
        let (captured, _guard) = TestLog::capture();
        let log = RefusalLog::default();
        let flood = || {
            for _ in 0..5 {
                log.tell(&Refusal::CacheAway(CacheError::Closed));
                log.tell(&Refusal::Busy);
                log.tell(&Refusal::LedgerSlow);
            }
        };
        flood();
        let warned = || captured.lines_with("WARN").len();
        assert_eq!((warned(), captured.lines_with("left_out=0").len()), (3, 3), "{}", captured.text());
        tokio::time::advance(Duration::from_secs(9)).await;
        flood();
        assert_eq!(warned(), 3);
        tokio::time::advance(Duration::from_secs(1)).await;
        flood();
        assert_eq!((warned(), captured.lines_with("left_out=9").len()), (6, 3), "{}", captured.text());
    }

    #[tokio::test]
    async fn single_faults_are_told_each_time_and_refusals_of_the_caller_are_no_warning() {
        let (captured, _guard) = TestLog::capture();
        let log = RefusalLog::default();
        for _ in 0..2 {
            log.tell(&Refusal::Unfinished);
            log.tell(&Refusal::Reused);
        }
        assert_eq!(captured.lines_with("WARN").len(), 2, "{}", captured.text());
        assert_eq!(captured.lines_with("keyed write refused").len(), 2, "{}", captured.text());
    }
}
