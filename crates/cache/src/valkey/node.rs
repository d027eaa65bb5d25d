//! One node and its links.

use std::sync::{Arc, OnceLock};

use fred::types::Value;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::batch::Batcher;
use super::command::Command;
use super::counters::Counting;
use super::failure::Failure;
use super::keeper::Keeper;
use super::link::LinkSettings;
use crate::address::NodeAddress;

/// Values above this go beside the request link, so that they do not stand in its way.
const LARGE: usize = 64 * 1_024;

/// Which link of a node to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Small requests with a caller waiting.
    Requests,
    /// Scans, deletions, large values.
    Bulk,
}

impl Lane {
    pub(super) fn of(command: &Command) -> Self {
        if command.size() > LARGE { Self::Bulk } else { Self::Requests }
    }
}

/// A node: one link for requests and, once needed and if the pool size allows, one for bulk work.
pub(super) struct Node {
    pub(super) address: NodeAddress,
    requests: Arc<Keeper>,
    /// Where commands that meet may go together.
    batcher: Option<Batcher>,
    bulk: OnceLock<Keeper>,
    surroundings: Surroundings,
}

/// What all nodes of a client share.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) settings: Arc<LinkSettings>,
    pub(super) counting: Arc<Counting>,
    pub(super) tasks: TaskTracker,
    /// Wakes whoever refreshes the layout when a node goes away.
    pub(super) trouble: Arc<Notify>,
    pub(super) pool_size: usize,
    /// Repetitions of one command on failures that may pass.
    pub(super) max_retries: u32,
    /// Whether commands that meet go in one script call: on a single node only, as in a cluster the keys of a script are
    /// of one slot.
    pub(super) batches: bool,
    /// Ends this node, or, on the client's own copy, all of them.
    pub(super) closed: CancellationToken,
}

impl Node {
    /// Begins to connect; the first command waits for the link.
    pub(super) fn start(address: NodeAddress, of_client: &Surroundings) -> Self {
        let surroundings = Surroundings { closed: of_client.closed.child_token(), ..of_client.clone() };
        let requests = Arc::new(surroundings.keeper(&address));
        let batcher = surroundings
            .batches
            .then(|| Batcher::start(address.clone(), Arc::clone(&requests), &surroundings));
        Self { address, requests, batcher, bulk: OnceLock::new(), surroundings }
    }

    fn keeper(&self, lane: Lane) -> &Keeper {
        match lane {
            Lane::Bulk if self.surroundings.pool_size > 1 => {
                self.bulk.get_or_init(|| self.surroundings.keeper(&self.address))
            }
            Lane::Bulk | Lane::Requests => &self.requests,
        }
    }

    /// Sends one command about one key, behind ASKING if so wanted; loads its script when the server lost it.
    pub(super) async fn send(
        &self,
        command: &Command,
        asking: bool,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let lane = Lane::of(command);
        let answer = match &self.batcher {
            // Boxed, because it is rare: the future of every command would hold it.
            _ if asking => Box::pin(self.send_asking(lane, command, deadline)).await,
            Some(batcher) if batcher.takes(command) => batcher.send(command, deadline).await,
            _ => self.keeper(lane).send(command, deadline).await,
        };
        self.count(answer.as_ref().err());
        answer
    }

    async fn send_asking(&self, lane: Lane, command: &Command, deadline: Instant) -> Result<Value, Failure> {
        let keeper = self.keeper(lane);
        let first = async |command| {
            let answers = keeper.send_all(std::slice::from_ref(command), true, deadline).await?;
            answers.into_iter().next().unwrap_or(Err(Failure::Protocol))
        };
        match (first(command).await, command.script) {
            (Err(Failure::NoScript), Some(script)) => first(&command.with_text_of(script)).await,
            (answer, _) => answer,
        }
    }

    /// Sends several commands at once; one answer for each.
    pub(super) async fn send_all(
        &self,
        lane: Lane,
        commands: &[Command],
        asking: bool,
        deadline: Instant,
    ) -> Result<Vec<Result<Value, Failure>>, Failure> {
        let answers = self.keeper(lane).send_all(commands, asking, deadline).await;
        self.count(answers.as_ref().err());
        answers
    }

    /// Sends a few commands at once that must all be answered.
    pub(super) async fn ask<const N: usize>(
        &self,
        lane: Lane,
        commands: [Command; N],
        deadline: Instant,
    ) -> Result<[Value; N], Failure> {
        let answers = self.send_all(lane, &commands, false, deadline).await?;
        let values = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
        values.try_into().map_err(|_| Failure::Protocol)
    }

    fn count(&self, failure: Option<&Failure>) {
        if failure == Some(&Failure::TimedOut) {
            Counting::add(&self.surroundings.counting.timeouts);
        }
    }

    pub(super) fn is_down(&self) -> bool {
        self.requests.is_down()
    }

    /// Opens the links anew: the name may lead to another server by now.
    pub(super) fn renew(&self) {
        self.requests.renew();
        if let Some(bulk) = self.bulk.get() {
            bulk.renew();
        }
    }

    /// Ends the links of this node; those who wait on them go on at once.
    pub(super) fn close(&self) {
        self.surroundings.closed.cancel();
    }
}

impl Surroundings {
    fn keeper(&self, address: &NodeAddress) -> Keeper {
        Keeper::start(
            address.clone(),
            Arc::clone(&self.settings),
            Arc::clone(&self.counting),
            self.closed.clone(),
            Arc::clone(&self.trouble),
            &self.tasks,
        )
    }
}
