//! Two tries of one write, one of which is stopped before each of its commands in turn while the other goes all its way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::*;
use crate::mongo::OnCommand;
use crate::mongo::testing::assert_known;

const PATIENCE: Duration = Duration::from_secs(20);

/// What the other try has done when the one that is looked at begins.
#[derive(Debug, Clone, Copy)]
enum Other {
    /// Nothing.
    Comes,
    /// It has the row, and was paused.
    Claimed,
    /// It has committed.
    Committed,
}

/// A try in a thread of its own, which stands still before its command number `nth`.
struct Stopped {
    thread: JoinHandle<Result<(), CommitError>>,
    reached: Receiver<()>,
    go_on: Sender<()>,
}

impl Stopped {
    fn start(settings: &MongoSettings, nth: usize, tenant: Tenant) -> Self {
        let (reach, reached) = channel();
        let (go_on, gone_on) = channel();
        // Not before it is told to: connecting takes commands too.
        let count = Arc::new(AtomicUsize::new(usize::MAX / 2));
        let counted = Arc::clone(&count);
        let gone_on = Mutex::new(gone_on);
        let on_command: OnCommand = Arc::new(move |words: &[String]| {
            assert_known(words);
            if counted.fetch_add(1, Ordering::SeqCst) == nth {
                reach.send(()).unwrap();
                // Also where the test has failed meanwhile.
                let _gone = gone_on.lock().unwrap().recv_timeout(PATIENCE);
            }
        });
        // It stands for as long as the other waits for it.
        let operation_time = PATIENCE;
        let settings = MongoSettings { on_command: Some(on_command), operation_time, ..settings.clone() };
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let store = MongoStore::connect(settings, clock()).await.unwrap();
                count.store(0, Ordering::SeqCst);
                commit(&store, &tenant, "order-17").await
            })
        });
        Self { thread, reached, go_on }
    }

    /// Waits until it stands still; `false` when it ended before.
    fn stands(&self) -> bool {
        loop {
            if self.reached.try_recv().is_ok() {
                return true;
            }
            if self.thread.is_finished() {
                return self.reached.try_recv().is_ok();
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn end(self) -> Result<(), CommitError> {
        drop(self.go_on);
        self.thread.join().unwrap()
    }
}

fn check(nth: usize, results: [&Result<(), CommitError>; 2]) {
    let done = results.iter().filter(|result| result.is_ok()).count();
    let is_fair = |result: &&Result<(), CommitError>| match result {
        Ok(()) | Err(CommitError::AlreadyCommitted | CommitError::Unavailable(_)) => true,
        Err(CommitError::Stale | CommitError::Taken) => false,
    };
    assert!(done == 1 && results.iter().all(is_fair), "stopped before command {nth}: {results:?}");
}

/// Both tries write one of `known` anew, or make a tenant; while one is stopped the other ends, and all is settled. Says before
/// how many commands the one was stopped.
async fn walk(known: &[Tenant], [first, second]: [Tenant; 2], other: Other, is_settled: bool) -> usize {
    for nth in 0.. {
        let hasty = MongoSettings { operation_time: Duration::from_secs(1), ..settings().await };
        let store = MongoStore::connect(hasty.clone(), clock()).await.unwrap();
        for tenant in known {
            put(&store, tenant).await;
        }
        store.settle(100).await.unwrap();
        let paused = match other {
            Other::Comes => None,
            Other::Claimed | Other::Committed => Some(Paused::new(&store, &first, "order-17").await),
        };
        let mut outcome = None;
        if let (Other::Committed, Some(paused)) = (other, &paused) {
            outcome = Some(paused.wake().await);
        }
        let stopped = Stopped::start(&hasty, nth, second.clone());
        let stands = stopped.stands();
        let outcome = match (outcome, &paused) {
            (Some(outcome), _) => outcome,
            (None, Some(paused)) => paused.wake().await,
            (None, None) => commit(&store, &first, "order-17").await,
        };
        if is_settled {
            store.settle(100).await.unwrap();
        }
        let own = stopped.end();
        check(nth, [&own, &outcome]);
        let written = [&first, &second].map(|it| async { store.tenant(&it.id).await.unwrap() });
        let [of_first, of_second] = written;
        let written = [(of_first.await, &first), (of_second.await, &second)];
        let is_written = |(kept, wanted): &(Option<Tenant>, &Tenant)| kept.as_ref() == Some(wanted);
        let count =
            if first.id == second.id { 1 } else { written.iter().filter(|it| is_written(it)).count() };
        assert_eq!(count, 1, "stopped before command {nth}");
        assert!(store.find(&row("order-17").key).await.unwrap().is_some(), "stopped before command {nth}");
        if !stands {
            return nth;
        }
    }
    0
}

async fn walks(known: &[Tenant], tries: [Tenant; 2]) {
    for other in [Other::Comes, Other::Claimed, Other::Committed] {
        for is_settled in [false, true] {
            let commands = walk(known, tries.clone(), other, is_settled).await;
            assert!(commands >= 2, "{commands}");
        }
    }
}

#[tokio::test]
async fn of_two_that_make_a_tenant() {
    walks(&[], [tenant("first"), tenant("second")]).await;
}

#[tokio::test]
async fn of_two_that_change_one_tenant() {
    let known = tenant("known");
    let first = next(&known);
    let second = Tenant { name: "Other".parse().unwrap(), ..first.clone() };
    walks(&[known], [first, second]).await;
}

#[tokio::test]
async fn of_two_that_change_two_tenants() {
    let known = [tenant("first"), tenant("second")];
    let tries = [next(&known[0]), next(&known[1])];
    walks(&known, tries).await;
}
