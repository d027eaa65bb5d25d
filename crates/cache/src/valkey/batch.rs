//! Commands of one node that meet go in one script call.
//!
//! A command by itself costs its writing to the socket, its way through the driver, and the server's part of both; that is
//! more than what most of ours do. So while one is in flight those that come gather, and all of them go as one call of
//! [`BATCH`]. Each has its own answer, its own error and its own deadline: who sent it sees no difference. Nothing is held
//! back to wait for company, and where the answer to a call takes its time the next call does not wait for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fred::types::Value;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::command::{Command, Repeat, USUAL_ARGUMENTS};
use super::counters::Counting;
use super::failure::Failure;
use super::keeper::Keeper;
use super::node::Surroundings;
use super::reply;
use super::script::BATCH;
use crate::address::NodeAddress;

/// Larger commands go by themselves: they would keep the others waiting.
const SMALL: usize = 4 * 1_024;
/// Commands of one call. The server does nothing else meanwhile: about half a millisecond.
const MOST_TOGETHER: usize = 64;
/// Commands that may wait for the next call, and calls that may be in flight: they bound the memory that a slow node can
/// hold. More commands go by themselves.
const MOST_WAITING: usize = 1_024;
const MOST_CALLS: usize = 16;
/// How long the next call waits for the answer to the one before it. Longer than a server nearby takes, and short beside
/// what a request has.
const PATIENCE: Duration = Duration::from_millis(2);

/// Gathers the small commands of one node.
pub(super) struct Batcher(Arc<Shared>);

struct Shared {
    address: NodeAddress,
    keeper: Arc<Keeper>,
    counting: Arc<Counting>,
    /// Whoever has it need not wait for others.
    alone: Semaphore,
    /// `None` once there is no task any more that would send them.
    waiting: Mutex<Option<Vec<Waiting>>>,
    arrived: Notify,
}

struct Waiting {
    command: Command,
    deadline: Instant,
    answer: oneshot::Sender<Answer>,
}

/// What became of a command in a call.
enum Answer {
    Executed(Result<Value, Failure>),
    /// It was not executed: the answers before it are as much as one call should bring.
    NotRun,
}

impl Batcher {
    /// Starts the task that sends what gathered, until the node is closed.
    pub(super) fn start(address: NodeAddress, keeper: Arc<Keeper>, surroundings: &Surroundings) -> Self {
        let shared = Arc::new(Shared {
            address,
            keeper,
            counting: Arc::clone(&surroundings.counting),
            alone: Semaphore::new(1),
            waiting: Mutex::new(Some(Vec::new())),
            arrived: Notify::new(),
        });
        surroundings.tasks.spawn(Sending(Arc::clone(&shared)).run(surroundings.closed.clone()));
        Self(shared)
    }

    /// Whether this command may go with others.
    pub(super) fn takes(&self, command: &Command) -> bool {
        command.size() <= SMALL && command.step().is_some()
    }

    /// Sends a command about one key, with others where there are some.
    pub(super) async fn send(&self, command: &Command, deadline: Instant) -> Result<Value, Failure> {
        let shared = &self.0;
        if let Ok(_alone) = shared.alone.try_acquire() {
            return shared.keeper.send(command, deadline).await;
        }
        // Nobody gathers at a node that is away.
        shared.keeper.link(deadline).await?;
        let Some(answered) = shared.join(command, deadline) else {
            return shared.keeper.send(command, deadline).await;
        };
        match timeout_at(deadline, answered).await {
            Ok(Ok(Answer::Executed(answer))) => answer,
            Ok(Ok(Answer::NotRun)) => shared.keeper.send(command, deadline).await,
            // The client is closed, perhaps with the call in flight.
            Ok(Err(_)) => Err(Failure::Interrupted),
            Err(_) => {
                shared.keeper.note(Some(&Failure::TimedOut));
                Err(Failure::TimedOut)
            }
        }
    }
}

impl Shared {
    /// Leaves a command for the next call, unless there is no room or nobody to send it.
    fn join(&self, command: &Command, deadline: Instant) -> Option<oneshot::Receiver<Answer>> {
        let mut waiting = self.waiting();
        let room = waiting.as_mut().filter(|waiting| waiting.len() < MOST_WAITING)?;
        let (answer, answered) = oneshot::channel();
        room.push(Waiting { command: command.clone(), deadline, answer });
        drop(waiting);
        self.arrived.notify_one();
        Some(answered)
    }

    /// Those that came first. Who is gone meanwhile is let go of.
    fn next(&self) -> Option<Vec<Waiting>> {
        let mut gathered = self.waiting();
        let waiting = gathered.as_mut()?;
        waiting.retain(|waiting| !waiting.answer.is_closed());
        let count = waiting.len().min(MOST_TOGETHER);
        let batch: Vec<Waiting> = waiting.drain(..count).collect();
        (!batch.is_empty()).then_some(batch)
    }

    async fn send_together(&self, mut batch: Vec<Waiting>) {
        let latest = batch.iter().map(|waiting| waiting.deadline).max().unwrap_or_else(Instant::now);
        // First the link, which may be long in coming: what somebody gave up meanwhile must not be executed after all.
        if let Err(failure) = self.keeper.link(latest).await {
            return deliver_failure(batch, &failure);
        }
        batch.retain(|waiting| !waiting.answer.is_closed());
        if batch.is_empty() {
            return;
        }
        if let [only] = &batch[..] {
            let answer = self.keeper.send(&only.command, latest).await;
            return deliver(batch, [Answer::Executed(answer)]);
        }
        Counting::add_many(&self.counting.batched, batch.len() as u64);
        match self.keeper.send(&call(&batch), latest).await {
            Ok(answer) => deliver(batch, read(answer, &self.address)),
            Err(failure) => deliver_failure(batch, &failure),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Vec<Waiting>>> {
        // Every change is complete before anything that can panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that sends what gathered. However it ends, those who wait go on at once, and nobody joins them any more.
struct Sending(Arc<Shared>);

impl Sending {
    async fn run(self, closed: CancellationToken) {
        let shared = &self.0;
        let mut calls = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = shared.arrived.notified() => {}
                Some(()) = calls.next() => continue,
                () = closed.cancelled() => break,
            }
            while let Some(batch) = shared.next() {
                calls.push(shared.send_together(batch));
                if calls.len() < MOST_CALLS {
                    let _ = timeout(PATIENCE, calls.next()).await;
                } else {
                    calls.next().await;
                }
            }
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let waiting = self.0.waiting().take();
        // Whoever this wakes may want the lock, which is free by now.
        drop(waiting);
    }
}

/// The call that executes all of them.
fn call(batch: &[Waiting]) -> Command {
    let mut command = Command::new("EVALSHA").over(&BATCH, Repeat::Never, batch.len() as u64);
    command.arguments.reserve(batch.len() * USUAL_ARGUMENTS);
    let steps = || batch.iter().filter_map(|waiting| waiting.command.step());
    command.arguments.extend(steps().map(|(_, key, _)| key.clone()));
    for (name, _, others) in steps() {
        command = command.bytes(Bytes::from_static(name.as_bytes())).number(others.len() as u64);
        command.arguments.extend_from_slice(others);
    }
    command
}

/// Hands each its answer. Who is left without one is told that nobody knows what became of it.
fn deliver(batch: Vec<Waiting>, answers: impl IntoIterator<Item = Answer>) {
    let mut answers = answers.into_iter();
    for waiting in batch {
        let answer = answers.next().unwrap_or(Answer::Executed(Err(Failure::Protocol)));
        // Who does not wait any more needs no answer.
        let _ = waiting.answer.send(answer);
    }
}

fn deliver_failure(batch: Vec<Waiting>, failure: &Failure) {
    deliver(batch, std::iter::repeat_with(|| Answer::Executed(Err(failure.clone()))));
}

/// Reads what the script answers: of each command the kind of its outcome, and what belongs to it.
fn read(answer: Value, from: &NodeAddress) -> Vec<Answer> {
    let mut parts = reply::list(answer).unwrap_or_default().into_iter();
    let kinds = parts.next().as_ref().and_then(reply::bytes).unwrap_or_default();
    let answers = parts.next().and_then(reply::list).unwrap_or_default();
    let outcomes = kinds.into_iter().zip(answers).map(|(kind, answer)| match kind {
        b'a' => Answer::Executed(Ok(answer)),
        b'e' => {
            let text = reply::text(&answer).unwrap_or_default();
            Answer::Executed(Err(Failure::of_text(&text, from)))
        }
        b'n' => Answer::NotRun,
        _ => Answer::Executed(Err(Failure::Protocol)),
    });
    outcomes.collect()
}

#[cfg(test)]
mod tests {
    use testkit::ValkeyServer;
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::config::CacheConfig;
    use crate::valkey::link::LinkSettings;

    /// Begins to connect; nothing runs before the test awaits something.
    fn start(address: NodeAddress) -> (Batcher, Surroundings) {
        let surroundings = Surroundings {
            settings: Arc::new(LinkSettings::new(&CacheConfig::single(address.clone())).unwrap()),
            counting: Arc::default(),
            tasks: TaskTracker::new(),
            trouble: Arc::default(),
            pool_size: 1,
            max_retries: 0,
            batches: true,
            closed: CancellationToken::new(),
        };
        let keeper = Keeper::start(
            address.clone(),
            Arc::clone(&surroundings.settings),
            Arc::clone(&surroundings.counting),
            surroundings.closed.clone(),
            Arc::clone(&surroundings.trouble),
            &surroundings.tasks,
        );
        (Batcher::start(address, Arc::new(keeper), &surroundings), surroundings)
    }

    fn address_of(server: &ValkeyServer) -> NodeAddress {
        NodeAddress::new(server.address().ip().to_string(), server.address().port())
    }

    fn nowhere() -> NodeAddress {
        NodeAddress::new("localhost", 1)
    }

    fn get() -> Command {
        Command::new("GET").key(b"k")
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    fn wait() -> (Waiting, oneshot::Receiver<Answer>) {
        let (answer, answered) = oneshot::channel();
        (Waiting { command: get(), deadline: soon(), answer }, answered)
    }

    #[tokio::test]
    async fn who_finds_no_room_goes_alone() {
        let server = ValkeyServer::start().await;
        let (batcher, _surroundings) = start(address_of(&server));
        assert!(batcher.0.keeper.link(soon()).await.is_ok());
        let _alone = batcher.0.alone.try_acquire().unwrap();
        let waiting: Vec<_> = std::iter::from_fn(|| batcher.0.join(&get(), soon())).collect();
        assert_eq!(waiting.len(), MOST_WAITING);
        assert_eq!(batcher.send(&get(), soon()).await, Ok(Value::Null));
    }

    #[tokio::test]
    async fn nobody_waits_for_a_task_that_ended() {
        let (batcher, _surroundings) = start(nowhere());
        let answered = batcher.0.join(&get(), soon()).unwrap();
        drop(Sending(Arc::clone(&batcher.0)));
        assert!(answered.await.is_err());
        assert!(batcher.0.join(&get(), soon()).is_none());
    }

    #[tokio::test]
    async fn nobody_joins_once_the_node_is_closed() {
        let (batcher, surroundings) = start(nowhere());
        surroundings.closed.cancel();
        surroundings.tasks.close();
        surroundings.tasks.wait().await;
        assert!(batcher.0.join(&get(), soon()).is_none());
        assert!(matches!(batcher.send(&get(), soon()).await, Err(Failure::NotSent(_))));
    }

    #[tokio::test]
    async fn what_was_given_up_while_the_link_was_opened_is_not_sent() {
        let server = ValkeyServer::start().await;
        let (batcher, surroundings) = start(address_of(&server));
        let ((stays, answered), (leaves, given_up)) = (wait(), wait());
        tokio::join!(batcher.0.send_together(vec![stays, leaves]), async { drop(given_up) });
        assert!(matches!(answered.await, Ok(Answer::Executed(Ok(Value::Null)))));
        let (leaves, given_up) = wait();
        drop(given_up);
        batcher.0.send_together(vec![leaves]).await;
        let counters = surroundings.counting.snapshot();
        assert_eq!((counters.batched, counters.round_trips), (0, 1));
    }

    #[tokio::test]
    async fn everybody_is_told_why_there_is_no_link() {
        let (batcher, surroundings) = start(nowhere());
        surroundings.closed.cancel();
        let ((first, first_answered), (second, second_answered)) = (wait(), wait());
        batcher.0.send_together(vec![first, second]).await;
        for answered in [first_answered, second_answered] {
            assert!(matches!(answered.await, Ok(Answer::Executed(Err(Failure::NotSent(_))))));
        }
    }
}
