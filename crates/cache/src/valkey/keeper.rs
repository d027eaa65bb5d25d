//! Keeps one link to one node up: opens it, pings it, and replaces it when it hangs.
//!
//! Requests never open links. They take the one that is up, wait shortly while one is being opened for the first
//! time or after a cut, and fail at once while the node is known to be down, has let three requests in a row time out, or
//! loads its data: then it answers late and refuses everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::command::Command;
use super::counters::Counting;
use super::failure::Failure;
use super::link::{Link, LinkSettings};
use crate::address::NodeAddress;
use crate::error::Refusal;

/// Time between two pings of a healthy link.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// How long a ping may take.
const PING_LIMIT: Duration = Duration::from_millis(400);
/// A link that answered no ping for this long is replaced.
const HUNG_AFTER: Duration = Duration::from_secs(2);
/// What a node answers to everything until it has read its data.
const LOADING: Failure = Failure::Refused(Refusal::NotReady("LOADING"));
/// Time-outs in a row after which requests stop waiting until a ping is answered.
const TIMEOUTS_TO_SUSPEND: u32 = 3;
/// Waiting time between two attempts to open a link: doubled from the first to the second.
const REOPEN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// Least age of a link that is opened anew on a caller's word.
const RENEW_AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// Commands in flight on one link; more wait, within their budget. Bounds the memory that a slow node can hold: the
/// driver's future of a command alone takes 27 KiB.
const IN_FLIGHT: usize = 1_024;

#[derive(Clone)]
enum State {
    Opening,
    Up(Arc<Link>),
    Down(Failure),
}

/// A link that is kept up by a task of its own.
pub(super) struct Keeper {
    state: watch::Receiver<State>,
    health: Arc<Health>,
    in_flight: Semaphore,
    counting: Arc<Counting>,
}

#[derive(Default)]
struct Health {
    timeouts_in_a_row: AtomicU32,
    /// The node's last word was LOADING.
    is_loading: AtomicBool,
    check_now: Notify,
    renew: Notify,
}

impl Keeper {
    /// Starts keeping a link to `address` until `closed` is cancelled.
    pub(super) fn start(
        address: NodeAddress,
        settings: Arc<LinkSettings>,
        counting: Arc<Counting>,
        closed: CancellationToken,
        trouble: Arc<Notify>,
        tasks: &TaskTracker,
    ) -> Self {
        let (sender, state) = watch::channel(State::Opening);
        let health = Arc::new(Health::default());
        let task = Task {
            address,
            settings,
            counting: Arc::clone(&counting),
            closed,
            health: Arc::clone(&health),
            state: sender,
            trouble,
            away_since: None,
        };
        tasks.spawn(task.run());
        Self { state, health, in_flight: Semaphore::new(IN_FLIGHT), counting }
    }

    /// Sends one command on the link, and its script when the server lost that.
    pub(super) async fn send(
        &self,
        command: &Command,
        deadline: Instant,
    ) -> Result<fred::types::Value, Failure> {
        let answer = self.send_once(command, deadline).await;
        match (&answer, command.script) {
            (Err(Failure::NoScript), Some(script)) => {
                // Boxed, because it is rare: the future of every command would hold it.
                Box::pin(self.send_once(&command.with_text_of(script), deadline)).await
            }
            _ => answer,
        }
    }

    async fn send_once(&self, command: &Command, deadline: Instant) -> Result<fred::types::Value, Failure> {
        let _permit = self.permits(1, deadline).await?;
        let link = self.link(deadline).await?;
        Counting::add(&self.counting.round_trips);
        let answer = link.send(command, deadline).await;
        self.note(answer.as_ref().err());
        answer
    }

    /// Sends several commands at once.
    pub(super) async fn send_all(
        &self,
        commands: &[Command],
        asking: bool,
        deadline: Instant,
    ) -> Result<Vec<Result<fred::types::Value, Failure>>, Failure> {
        let _permits = self.permits(commands.len(), deadline).await?;
        let link = self.link(deadline).await?;
        Counting::add(&self.counting.round_trips);
        let answers = link.send_all(commands, asking, deadline).await;
        self.note(trouble_in(&answers));
        answers
    }

    async fn permits(&self, commands: usize, deadline: Instant) -> Result<SemaphorePermit<'_>, Failure> {
        if Instant::now() >= deadline {
            return Err(Failure::NotSent("the time for it is over".to_owned()));
        }
        let permits = u32::try_from(commands.clamp(1, IN_FLIGHT)).unwrap_or(u32::MAX);
        match timeout_at(deadline, self.in_flight.acquire_many(permits)).await {
            Ok(Ok(permits)) => Ok(permits),
            _ => Err(Failure::NotSent(format!("{IN_FLIGHT} commands are waiting for it already"))),
        }
    }

    /// The link that is up, or why there is none.
    pub(super) async fn link(&self, deadline: Instant) -> Result<Arc<Link>, Failure> {
        if self.health.timeouts_in_a_row.load(Ordering::Relaxed) >= TIMEOUTS_TO_SUSPEND {
            return Err(Failure::NotSent("it let several requests time out and answers no ping".to_owned()));
        }
        if self.health.is_loading.load(Ordering::Relaxed) {
            return Err(LOADING);
        }
        let mut state = self.state.clone();
        let settled = timeout_at(deadline, state.wait_for(|state| !matches!(state, State::Opening))).await;
        match settled {
            Ok(Ok(state)) => match &*state {
                State::Up(link) => Ok(Arc::clone(link)),
                State::Down(failure) => Err(failure.clone()),
                State::Opening => Err(Failure::NotSent("the link is being opened".to_owned())),
            },
            Ok(Err(_)) => Err(Failure::NotSent("the link is closed".to_owned())),
            Err(_) => {
                // As good as a request that timed out: the next ones need not wait as long.
                self.health.timeouts_in_a_row.fetch_add(1, Ordering::Relaxed);
                Err(Failure::NotSent("the link could not be opened in time".to_owned()))
            }
        }
    }

    /// What came of an attempt, for whoever asks after it.
    pub(super) fn note(&self, failure: Option<&Failure>) {
        match failure {
            Some(Failure::TimedOut) => {
                self.health.timeouts_in_a_row.fetch_add(1, Ordering::Relaxed);
                self.health.check_now.notify_one();
            }
            Some(failure) if *failure == LOADING => self.health.is_loading.store(true, Ordering::Relaxed),
            Some(_) => {}
            None => self.health.answered(),
        }
    }

    /// Has the link closed and opened anew, unless that was done within the last second.
    pub(super) fn renew(&self) {
        self.health.renew.notify_one();
    }

    /// Whether the node is known to be down or hung.
    pub(super) fn is_down(&self) -> bool {
        matches!(&*self.state.borrow(), State::Down(_))
            || self.health.timeouts_in_a_row.load(Ordering::Relaxed) >= TIMEOUTS_TO_SUSPEND
    }
}

/// What the answers to several commands say against the node: one that loads refuses each by itself.
fn trouble_in<T>(answers: &Result<Vec<Result<T, Failure>>, Failure>) -> Option<&Failure> {
    match answers {
        Ok(answers) => {
            let mut failures = answers.iter().filter_map(|answer| answer.as_ref().err());
            failures.find(|failure| **failure == LOADING)
        }
        Err(failure) => Some(failure),
    }
}

impl Health {
    fn answered(&self) {
        // Read first: on the hot path the line stays shared between the cores.
        if self.timeouts_in_a_row.load(Ordering::Relaxed) != 0 {
            self.timeouts_in_a_row.store(0, Ordering::Relaxed);
        }
        if self.is_loading.load(Ordering::Relaxed) {
            self.is_loading.store(false, Ordering::Relaxed);
        }
    }
}

struct Task {
    address: NodeAddress,
    settings: Arc<LinkSettings>,
    counting: Arc<Counting>,
    closed: CancellationToken,
    health: Arc<Health>,
    state: watch::Sender<State>,
    /// Told when the node goes away: the layout may change now.
    trouble: Arc<Notify>,
    /// Since when the node is away, as it was logged.
    away_since: Option<Instant>,
}

impl Task {
    async fn run(mut self) {
        let mut pause = REOPEN.0;
        loop {
            let opened = tokio::select! {
                biased;
                () = self.closed.cancelled() => break,
                opened = Link::open(&self.address, &self.settings) => opened,
            };
            match opened {
                Ok(link) => {
                    Counting::add(&self.counting.links_opened);
                    pause = REOPEN.0;
                    self.health.answered();
                    self.is_back();
                    let link = Arc::new(link);
                    self.state.send_replace(State::Up(Arc::clone(&link)));
                    let ended_by_us = self.watch(&link).await;
                    // A node that loads is known by its link only.
                    self.health.is_loading.store(false, Ordering::Relaxed);
                    self.state.send_replace(State::Opening);
                    link.close().await;
                    if ended_by_us {
                        break;
                    }
                }
                Err(failure) => {
                    self.is_away(&failure);
                    self.state.send_replace(State::Down(failure));
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = self.closed.cancelled() => break,
                    }
                    pause = (pause * 2).min(REOPEN.1);
                }
            }
        }
        self.state.send_replace(State::Down(Failure::NotSent("the client is closed".to_owned())));
    }

    /// Says once that the node is away, and what keeps it.
    fn is_away(&mut self, failure: &Failure) {
        if self.away_since.is_none() {
            self.away_since = Some(Instant::now());
            tracing::warn!(node = %self.address, reason = %failure, "the cache node is away");
            self.trouble.notify_one();
        }
    }

    fn is_back(&mut self) {
        if let Some(since) = self.away_since.take() {
            tracing::info!(node = %self.address, away_seconds = since.elapsed().as_secs(), "the cache node is back");
        }
    }

    /// Pings until the link ends, hangs or the client is closed; true for the last.
    async fn watch(&self, link: &Link) -> bool {
        tokio::select! {
            biased;
            () = link.wait_until_ended() => {
                tracing::debug!(node = %self.address, "the link ended");
                false
            }
            () = self.closed.cancelled() => true,
            () = self.ping(link) => false,
        }
    }

    /// Pings until the link is to be replaced.
    async fn ping(&self, link: &Link) {
        let ping = Command::new("PING");
        let opened = Instant::now();
        let mut last_answer = opened;
        loop {
            tokio::select! {
                () = self.health.renew.notified() => {
                    if opened.elapsed() >= RENEW_AT_MOST_EVERY {
                        return;
                    }
                }
                () = sleep(HEARTBEAT) => {}
                () = self.health.check_now.notified() => {}
            }
            match link.send(&ping, Instant::now() + PING_LIMIT).await {
                // It lives, and is of no use yet.
                Err(failure) if failure == LOADING => {
                    last_answer = Instant::now();
                    self.health.timeouts_in_a_row.store(0, Ordering::Relaxed);
                    self.health.is_loading.store(true, Ordering::Relaxed);
                }
                // An error is an answer, too: the server is there.
                Ok(_) | Err(Failure::Refused(_)) => {
                    last_answer = Instant::now();
                    self.health.answered();
                }
                Err(_) if last_answer.elapsed() >= HUNG_AFTER => {
                    tracing::warn!(node = %self.address, "the link hangs and is replaced");
                    Counting::add(&self.counting.links_replaced);
                    self.trouble.notify_one();
                    // Until a new link answers, requests fail at once instead of waiting for it.
                    self.health.timeouts_in_a_row.store(TIMEOUTS_TO_SUSPEND, Ordering::Relaxed);
                    return;
                }
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;
    use testkit::ValkeyServer;

    use super::*;
    use crate::config::CacheConfig;

    const LONG: Duration = Duration::from_secs(10);

    fn task(server: &ValkeyServer) -> Task {
        let address = NodeAddress::new(server.address().ip().to_string(), server.address().port());
        Task {
            settings: Arc::new(LinkSettings::new(&CacheConfig::single(address.clone())).unwrap()),
            address,
            counting: Arc::default(),
            closed: CancellationToken::new(),
            health: Arc::default(),
            state: watch::Sender::new(State::Opening),
            trouble: Arc::default(),
            away_since: None,
        }
    }

    #[test]
    fn one_of_several_commands_tells_that_the_node_loads() {
        let loading = || Err(Failure::Refused(Refusal::NotReady("LOADING")));
        assert_eq!(trouble_in(&Ok(vec![Ok(()), Err(Failure::WrongType), loading()])), Some(&LOADING));
        assert_eq!(trouble_in(&Ok(vec![Ok(()), Err(Failure::WrongType)])), None);
        assert_eq!(trouble_in::<()>(&Err(Failure::TimedOut)), Some(&Failure::TimedOut));
    }

    #[tokio::test]
    async fn a_client_that_is_closed_waits_for_no_ping() {
        let server = ValkeyServer::start().await;
        let task = task(&server);
        let link = Link::open(&task.address, &task.settings).await.unwrap();
        let mut watching = Box::pin(task.watch(&link));
        // Nothing else runs between two polls: the ping stays without an answer.
        task.health.check_now.notify_one();
        assert!(poll!(&mut watching).is_pending());
        task.closed.cancel();
        assert!(poll!(&mut watching).is_ready(), "it waits for the answer to its ping");
    }

    #[tokio::test]
    async fn a_node_that_went_away_while_it_loaded_is_down() {
        let server = ValkeyServer::start().await;
        let task = task(&server);
        let keeper = Keeper {
            state: task.state.subscribe(),
            health: Arc::clone(&task.health),
            in_flight: Semaphore::new(IN_FLIGHT),
            counting: Arc::clone(&task.counting),
        };
        tokio::spawn(task.run());
        assert!(keeper.link(Instant::now() + LONG).await.is_ok());
        keeper.note(Some(&LOADING));
        server.kill();
        let mut state = keeper.state.clone();
        assert!(state.wait_for(|state| matches!(state, State::Down(_))).await.is_ok());
        let failure = keeper.link(Instant::now() + LONG).await.err();
        assert!(matches!(failure, Some(Failure::NotSent(_))), "{failure:?}");
    }
}
