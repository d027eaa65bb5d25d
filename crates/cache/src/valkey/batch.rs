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
/// hold.
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
    waiting: Mutex<Vec<Waiting>>,
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
            waiting: Mutex::default(),
            arrived: Notify::new(),
        });
        surroundings.tasks.spawn(Arc::clone(&shared).run(surroundings.closed.clone()));
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
        match timeout_at(deadline, shared.join(command, deadline)?).await {
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
    fn join(&self, command: &Command, deadline: Instant) -> Result<oneshot::Receiver<Answer>, Failure> {
        let (answer, answered) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.len() >= MOST_WAITING {
            return Err(Failure::NotSent(format!("{MOST_WAITING} commands are waiting for it already")));
        }
        waiting.push(Waiting { command: command.clone(), deadline, answer });
        drop(waiting);
        self.arrived.notify_one();
        Ok(answered)
    }

    async fn run(self: Arc<Self>, closed: CancellationToken) {
        let mut calls = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = self.arrived.notified() => {}
                Some(()) = calls.next() => continue,
                () = closed.cancelled() => break,
            }
            while let Some(batch) = self.next() {
                calls.push(self.send_together(batch));
                if calls.len() < MOST_CALLS {
                    let _ = timeout(PATIENCE, calls.next()).await;
                } else {
                    calls.next().await;
                }
            }
        }
        // Those who wait go on at once.
        self.waiting().clear();
    }

    /// Those that came first. Who is gone meanwhile is let go of.
    fn next(&self) -> Option<Vec<Waiting>> {
        let mut waiting = self.waiting();
        waiting.retain(|waiting| !waiting.answer.is_closed());
        let count = waiting.len().min(MOST_TOGETHER);
        let batch: Vec<Waiting> = waiting.drain(..count).collect();
        (!batch.is_empty()).then_some(batch)
    }

    async fn send_together(&self, batch: Vec<Waiting>) {
        let latest = batch.iter().map(|waiting| waiting.deadline).max().unwrap_or_else(Instant::now);
        if let [only] = &batch[..] {
            let answer = self.keeper.send(&only.command, latest).await;
            return deliver(batch, [Answer::Executed(answer)]);
        }
        Counting::add_many(&self.counting.batched, batch.len() as u64);
        match self.keeper.send(&call(&batch), latest).await {
            Ok(answer) => deliver(batch, read(answer, &self.address)),
            Err(failure) => {
                deliver(batch, std::iter::repeat_with(|| Answer::Executed(Err(failure.clone()))));
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        // Every change is complete before anything that can panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
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
