//! Tells of an outage of a store twice: when it begins and when it is over, not once a call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A store that fails and answers by turns is told of no more often.
const PERIOD: Duration = Duration::from_secs(10);

/// What was told of one store.
#[derive(Debug, Default)]
pub(crate) struct OutageLog {
    /// Whether there is something to take back; the only thing that is looked at while all is well.
    is_failing: AtomicBool,
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    /// When the first call of this outage failed.
    since: Option<Instant>,
    told_at: Option<Instant>,
    /// Whether this outage was told.
    is_told: bool,
}

impl OutageLog {
    /// Whether the last that was heard of the store is a failure.
    pub(crate) fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Acquire)
    }

    /// A call failed. `tell` is called where that is news.
    pub(crate) fn failed(&self, tell: impl FnOnce()) {
        let now = Instant::now();
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_failing.store(true, Ordering::Release);
        times.since.get_or_insert(now);
        if times.is_told || times.told_at.is_some_and(|told_at| now < told_at + PERIOD) {
            return;
        }
        times.told_at = Some(now);
        times.is_told = true;
        drop(times);
        tell();
    }

    /// A call succeeded. `tell` is called with the seconds that the outage took, where one was told.
    pub(crate) fn succeeded(&self, tell: impl FnOnce(u64)) {
        if !self.is_failing() {
            return;
        }
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_failing.store(false, Ordering::Release);
        let (since, was_told) = (times.since.take(), std::mem::take(&mut times.is_told));
        drop(times);
        if let Some(since) = since.filter(|_| was_told) {
            tell(since.elapsed().as_secs());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_told_when_it_begins_and_when_it_is_over() {
        let (log, told) = (OutageLog::default(), RefCell::new(Vec::new()));
        let failed = || log.failed(|| told.borrow_mut().push("away".to_owned()));
        let succeeded = || log.succeeded(|seconds| told.borrow_mut().push(format!("back after {seconds} s")));
        succeeded();
        assert!(told.borrow().is_empty() && !log.is_failing());
        for _ in 0..30 {
            failed();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(log.is_failing());
        succeeded();
        succeeded();
        assert_eq!(*told.borrow(), ["away", "back after 30 s"]);
        assert!(!log.is_failing());
    }

    #[tokio::test(start_paused = true)]
    async fn failures_and_answers_by_turns_are_told_once_in_ten_seconds() {
        let (log, told) = (OutageLog::default(), RefCell::new(Vec::new()));
        for _ in 0..95 {
            log.failed(|| told.borrow_mut().push("away"));
            log.succeeded(|_seconds| told.borrow_mut().push("back"));
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        assert_eq!(*told.borrow(), ["away", "back"]);
        tokio::time::advance(PERIOD).await;
        log.failed(|| told.borrow_mut().push("away"));
        assert_eq!(told.borrow().len(), 3);
    }
}
