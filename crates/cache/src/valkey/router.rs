//! From a command to its answer: whom to send it to, which refusals to follow, what to send again.
//!
//! A command is sent again when the server said that it did not execute it, or when executing it twice is the same
//! as once. All attempts share one budget, and at most three redirections are followed.

use std::sync::Arc;
use std::time::Duration;

use fred::types::Value;
use tokio::time::{Instant, sleep};

use super::command::{Command, Repeat};
use super::counters::Counting;
use super::failure::Failure;
use super::node::{Lane, Node};
use super::topology::Topology;
use crate::address::NodeAddress;
use crate::config::CacheMode;
use crate::error::{CacheError, Refusal};

/// Budget of a request-path operation, all attempts together.
pub(super) const REQUEST_BUDGET: Duration = Duration::from_millis(500);
/// Redirections followed for one operation.
const MAX_REDIRECTIONS: u32 = 3;
/// Waiting time before the first repetition; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The time one operation has, and when it began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub(super) whole: Duration,
    pub(super) deadline: Instant,
}

impl Budget {
    pub(super) fn of(whole: Duration) -> Self {
        Self { whole, deadline: Instant::now() + whole }
    }

    pub(super) fn request() -> Self {
        Self::of(REQUEST_BUDGET)
    }
}

/// Where the next attempt goes.
struct Route {
    node: Arc<Node>,
    asking: bool,
    generation: u64,
}

/// The progress of one operation over its attempts.
struct Attempts<'a> {
    topology: &'a Topology,
    slot: u16,
    budget: Budget,
    repeat: Repeat,
    redirections: u32,
    retries: u32,
    pause: Duration,
    /// A node to go to instead of the owner, and whether behind ASKING.
    redirected: Option<(NodeAddress, bool)>,
    /// Whether an earlier attempt may have taken effect.
    unsettled: bool,
}

impl Topology {
    /// Sends one command for a key of `slot`. Also answers whether an earlier attempt may have taken effect, which
    /// decides how the caller reads the answer.
    pub(super) async fn execute(
        &self,
        slot: u16,
        command: &Command,
        budget: Budget,
    ) -> Result<(Value, Earlier), CacheError> {
        let mut attempts = Attempts::new(self, slot, budget, command.repeat);
        loop {
            let route = attempts.route()?;
            match route.node.send(command, route.asking, budget.deadline).await {
                Ok(value) => return Ok((value, attempts.earlier())),
                Err(failure) => attempts.after(failure, &route, command.name).await?,
            }
        }
    }

    /// Sends several commands for keys of one slot as one pipeline; repeats it as a whole, so all must be harmless.
    /// An answer that is an error by itself (wrong type) stands in its place.
    pub(super) async fn execute_all(
        &self,
        slot: u16,
        commands: &[Command],
        budget: Budget,
    ) -> Result<Vec<Result<Value, Failure>>, CacheError> {
        let mut attempts = Attempts::new(self, slot, budget, Repeat::Harmless);
        let name = commands.first().map_or("", |command| command.name);
        loop {
            let route = attempts.route()?;
            let failure =
                match route.node.send_all(Lane::Requests, commands, route.asking, budget.deadline).await {
                    Err(failure) => failure,
                    Ok(answers) => match answers
                        .iter()
                        .find_map(|answer| answer.as_ref().err().filter(|f| f.is_about_slot()))
                    {
                        Some(failure) => failure.clone(),
                        None => return Ok(answers),
                    },
                };
            attempts.after(failure, &route, name).await?;
        }
    }
}

/// Whether an attempt before the answered one may have taken effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    /// None: the answer is about the only execution.
    Nothing,
    /// One may have: what stands may be the caller's own doing.
    Perhaps,
}

impl<'a> Attempts<'a> {
    fn new(topology: &'a Topology, slot: u16, budget: Budget, repeat: Repeat) -> Self {
        Self {
            topology,
            slot,
            budget,
            repeat,
            redirections: 0,
            retries: 0,
            pause: FIRST_PAUSE,
            redirected: None,
            unsettled: false,
        }
    }

    fn earlier(&self) -> Earlier {
        if self.unsettled { Earlier::Perhaps } else { Earlier::Nothing }
    }

    fn route(&mut self) -> Result<Route, CacheError> {
        if self.topology.surroundings.closed.is_cancelled() {
            return Err(CacheError::Closed);
        }
        let map = self.topology.map();
        let generation = map.generation;
        if let Some((address, asking)) = self.redirected.take() {
            return Ok(Route { node: self.topology.node(&address), asking, generation });
        }
        match map.owner(self.slot) {
            Some(master) => {
                Ok(Route { node: self.topology.node(&master.address), asking: false, generation })
            }
            None => {
                self.topology.request_refresh(generation);
                Err(self.topology.unowned(self.slot))
            }
        }
    }

    /// Decides what a failed attempt means: ready for the next attempt, or the error of the operation.
    async fn after(&mut self, failure: Failure, route: &Route, name: &'static str) -> Result<(), CacheError> {
        let node = &route.node.address;
        let counting = &self.topology.surroundings.counting;
        let give_up = |failure: Failure| Err(failure.into_error(node, name, self.budget.whole));
        self.unsettled |= failure.outcome_is_unknown();
        match &failure {
            _ if self.topology.surroundings.closed.is_cancelled() => return Err(CacheError::Closed),
            Failure::Moved(_) | Failure::Ask(_) if self.topology.mode == CacheMode::Single => {
                return give_up(Failure::Refused(Refusal::Topology(
                    "the server is a cluster; set CACHE_MODE=cluster",
                )));
            }
            Failure::Moved(_) | Failure::Ask(_) if self.redirections == MAX_REDIRECTIONS => {
                return give_up(failure);
            }
            Failure::Moved(target) => {
                Counting::add(&counting.redirections);
                self.redirections += 1;
                self.topology.request_refresh(route.generation);
                self.redirected = Some((target.clone(), false));
                return Ok(());
            }
            Failure::Ask(target) => {
                Counting::add(&counting.redirections);
                self.redirections += 1;
                if !self.topology.map().names(target) {
                    // A node that joined: it is to be watched before keys on it change.
                    self.topology.request_refresh(route.generation);
                }
                self.redirected = Some((target.clone(), true));
                return Ok(());
            }
            Failure::Refused(Refusal::ReadOnly) if self.topology.mode == CacheMode::Single => {
                // The name of a primary endpoint leads to the new primary after a fail-over; the old link does not.
                route.node.renew();
            }
            Failure::Refused(Refusal::NotReady("CLUSTERDOWN")) => {
                // The driver gives up the link at this answer, and with it what others have in flight: not again.
                self.topology.request_refresh(route.generation);
                return give_up(failure);
            }
            Failure::Refused(Refusal::NotReady("LOADING")) => {
                // It takes longer than a caller has, and all of them would wait for it.
                self.topology.request_refresh(route.generation);
                return give_up(failure);
            }
            Failure::Refused(Refusal::NotReady(_) | Refusal::ReadOnly) => {
                self.topology.request_refresh(route.generation);
            }
            Failure::NotSent(_) => return self.after_not_sent(failure, route, name).await,
            _ if failure.outcome_is_unknown() && self.repeat == Repeat::Harmless => {
                self.topology.request_refresh(route.generation);
            }
            _ => return give_up(failure),
        }
        if self.may_retry() {
            self.pause().await;
            Ok(())
        } else {
            give_up(failure)
        }
    }

    /// Whether there is time, and a repetition left. Learning what became of an attempt that may have been executed
    /// takes as many as the time allows.
    fn may_retry(&self) -> bool {
        let max_retries = self.topology.surroundings.max_retries;
        (self.unsettled || self.retries < max_retries) && Instant::now() + self.pause < self.budget.deadline
    }

    async fn pause(&mut self) {
        Counting::add(&self.topology.surroundings.counting.retries);
        sleep(self.pause).await;
        self.retries += 1;
        self.pause *= 2;
    }

    /// The node is down. Another may own the slot by now; if not, waiting does not help the caller.
    async fn after_not_sent(
        &mut self,
        failure: Failure,
        route: &Route,
        name: &'static str,
    ) -> Result<(), CacheError> {
        if self.topology.mode == CacheMode::Cluster {
            self.topology.refreshed_soon(route.generation, self.budget.deadline).await;
        }
        let map = self.topology.map();
        let elsewhere = map.owner(self.slot).is_some_and(|master| master.address != route.node.address);
        // An attempt before this one may have been executed: then the budget is better spent on learning the truth.
        if (elsewhere || self.unsettled) && self.may_retry() {
            self.pause().await;
            return Ok(());
        }
        let failure = if self.unsettled { Failure::Interrupted } else { failure };
        Err(failure.into_error(&route.node.address, name, self.budget.whole))
    }
}
