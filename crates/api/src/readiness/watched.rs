//! One dependency under watch: at most one check of it runs at a time, in a task of its own, whoever asks and goes away again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use super::finding::Finding;

/// Looks of one moment share one finding.
pub(super) const FRESH_FOR: Duration = Duration::from_millis(250);
/// A check that has run for so long counts as no answer. Probes commonly give up after one second.
pub(super) const PATIENCE: Duration = Duration::from_millis(600);
/// A check is given up after this: longer than a store that is away needs to say so.
pub(super) const LIMIT: Duration = Duration::from_secs(3);

/// The newest check of a dependency, which may still run.
#[derive(Default)]
pub(super) struct Watched {
    newest: Mutex<Option<Check>>,
}

/// What a check came to, and how long it took.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) finding: Finding,
    pub(super) took: Duration,
}

#[derive(Clone)]
struct Check {
    began: Instant,
    ended: watch::Receiver<Option<(Instant, Outcome)>>,
    /// What the check before this one came to.
    before: Option<Outcome>,
}

impl Watched {
    /// What a check that is fresh found. Where there is none, and none runs, `check` is begun, and `then` is told what it comes to.
    /// Nobody waits for a check that has run for [`PATIENCE`]: until it has ended, the trouble that the check before it found
    /// stands, and where that found none there is no answer.
    pub(super) async fn look<F>(
        &self,
        check: impl FnOnce() -> F,
        then: impl FnOnce(&Outcome) + Send + 'static,
    ) -> Outcome
    where
        F: Future<Output = Finding> + Send + 'static,
    {
        let Check { began, mut ended, before } = self.newest_or(|before| Check::begin(check(), then, before));
        let found = match timeout_at(began + PATIENCE, ended.wait_for(Option::is_some)).await {
            Ok(Ok(found)) => found.as_ref().map(|(_, outcome)| outcome.clone()),
            Ok(Err(_panicked)) => None,
            Err(_elapsed) => before.filter(|before| before.finding.is_trouble()),
        };
        found.unwrap_or_else(|| Outcome { finding: Finding::silent(PATIENCE), took: PATIENCE })
    }

    fn newest_or(&self, begin: impl FnOnce(Option<Outcome>) -> Check) -> Check {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*newest {
            Some(check) if check.counts() => check.clone(),
            former => {
                let before = former.as_ref().and_then(Check::outcome);
                newest.insert(begin(before)).clone()
            }
        }
    }
}

impl Check {
    fn begin(
        check: impl Future<Output = Finding> + Send + 'static,
        then: impl FnOnce(&Outcome) + Send + 'static,
        before: Option<Outcome>,
    ) -> Self {
        let (sender, ended) = watch::channel(None);
        let began = Instant::now();
        tokio::spawn(async move {
            let finding = timeout(LIMIT, check).await.unwrap_or_else(|_elapsed| Finding::silent(LIMIT));
            // What is said of the time agrees with the finding, also where this task was late to run.
            let outcome = Outcome { finding, took: began.elapsed().min(LIMIT) };
            then(&outcome);
            sender.send_replace(Some((Instant::now(), outcome)));
        });
        Self { began, ended, before }
    }

    fn outcome(&self) -> Option<Outcome> {
        self.ended.borrow().as_ref().map(|(_, outcome)| outcome.clone())
    }

    /// Whether it runs, or ended only now.
    fn counts(&self) -> bool {
        match &*self.ended.borrow() {
            Some((ended, _)) => ended.elapsed() < FRESH_FOR,
            None => self.ended.has_changed().is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::readiness::CheckStatus;

    /// Checks that take so long.
    #[derive(Default)]
    struct Slow {
        watched: Watched,
        begun: AtomicUsize,
        ended: Arc<AtomicUsize>,
    }

    impl Slow {
        async fn look(&self, takes: Duration) -> Outcome {
            self.look_at(CheckStatus::Up, takes).await
        }

        async fn look_at(&self, status: CheckStatus, takes: Duration) -> Outcome {
            let check = || {
                self.begun.fetch_add(1, Ordering::SeqCst);
                async move {
                    tokio::time::sleep(takes).await;
                    Finding { status, reason: None }
                }
            };
            let ended = Arc::clone(&self.ended);
            let then = move |_outcome: &Outcome| {
                ended.fetch_add(1, Ordering::SeqCst);
            };
            self.watched.look(check, then).await
        }

        fn begun(&self) -> usize {
            self.begun.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_costs_one_look_its_patience_and_the_next_nothing() {
        let (slow, hangs) = (Slow::default(), Duration::from_secs(3_600));
        let began = Instant::now();
        let first = slow.look(hangs).await;
        assert_eq!((first.finding.status, first.took), (CheckStatus::Down, PATIENCE));
        assert_eq!(began.elapsed(), PATIENCE);
        assert_eq!(first.finding.reason.as_deref(), Some("no answer within 600 ms"));
        let second = slow.look(hangs).await;
        assert_eq!((began.elapsed(), second.finding.status), (PATIENCE, CheckStatus::Down));
        assert_eq!(slow.begun(), 1, "one check runs");
        tokio::time::sleep(LIMIT).await;
        assert_eq!(slow.ended.load(Ordering::SeqCst), 1, "it was given up");
        assert_eq!(slow.look(Duration::ZERO).await.finding.status, CheckStatus::Up);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_away_leaves_the_check_to_the_next() {
        let (slow, takes) = (Slow::default(), Duration::from_millis(500));
        let began = Instant::now();
        let gave_up = timeout(Duration::from_millis(400), slow.look(takes)).await;
        assert!(gave_up.is_err());
        let next = slow.look(takes).await;
        assert_eq!((next.finding.status, next.took), (CheckStatus::Up, takes));
        assert_eq!((began.elapsed(), slow.begun()), (takes, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_finding_is_shared_while_it_is_fresh() {
        let slow = Slow::default();
        for _ in 0..3 {
            slow.look(Duration::ZERO).await;
        }
        assert_eq!(slow.begun(), 1);
        tokio::time::advance(FRESH_FOR).await;
        slow.look(Duration::ZERO).await;
        assert_eq!(slow.begun(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_trouble_that_is_known_stands_while_a_check_takes_long() {
        let (slow, takes) = (Slow::default(), Duration::from_secs(1));
        let first = slow.look_at(CheckStatus::Degraded, takes).await;
        assert_eq!(first.finding.status, CheckStatus::Down, "nothing was known");
        tokio::time::sleep(takes).await;
        let second = slow.look_at(CheckStatus::Degraded, takes).await;
        assert_eq!((second.finding.status, second.took), (CheckStatus::Degraded, takes));
        tokio::time::sleep(takes).await;
        assert_eq!(slow.look(Duration::ZERO).await.finding.status, CheckStatus::Up);
        tokio::time::sleep(FRESH_FOR).await;
        let third = slow.look(takes).await;
        assert_eq!(third.finding.status, CheckStatus::Down, "that it was well says nothing");
    }

    async fn broken() -> Finding {
        panic!("a check");
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_panics_is_no_answer_and_no_end() {
        let watched = Watched::default();
        let panicked = watched.look(broken, |_outcome| ()).await;
        assert_eq!(panicked.finding.status, CheckStatus::Down);
        let next = watched.look(|| async { Finding { status: CheckStatus::Up, reason: None } }, |_| ()).await;
        assert_eq!(next.finding.status, CheckStatus::Up);
    }
}
