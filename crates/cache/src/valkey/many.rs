//! Commands over many keys: one multi-key command for each slot, pipelined to each owner.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::future::try_join_all;

use super::command::Command;
use super::failure::Failure;
use super::node::{Lane, Node};
use super::reply;
use super::router::{Budget, REQUEST_BUDGET};
use super::topology::Topology;
use crate::address::NodeAddress;
use crate::error::CacheError;
use crate::slot::key_slot;

/// Keys that one budget is meant for.
const KEYS_PER_BUDGET: usize = 1_000;
/// The most budgets that one operation gets, however many keys it has: somebody is waiting.
const MOST_BUDGETS: u32 = 3;
/// Commands of one pipeline.
const PIPELINE: usize = 1_000;
/// Single-key commands in flight when a slot could not be served as a whole.
const ONE_BY_ONE: usize = 64;

/// What was counted, also by an operation that failed half-way.
#[derive(Default)]
pub(super) struct Tally(AtomicU64);

impl Tally {
    fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn sum(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The keys of one slot.
#[derive(Clone)]
pub(super) struct SlotKeys {
    pub(super) slot: u16,
    pub(super) keys: Vec<Bytes>,
}

/// Groups keys by slot, keeping the order inside each.
pub(super) fn by_slot(keys: &[Bytes]) -> Vec<SlotKeys> {
    let mut groups: Vec<SlotKeys> = Vec::new();
    let mut places: HashMap<u16, usize> = HashMap::new();
    for key in keys {
        let slot = key_slot(key);
        let place = *places.entry(slot).or_insert(groups.len());
        if place == groups.len() {
            groups.push(SlotKeys { slot, keys: Vec::new() });
        }
        groups[place].keys.push(key.clone());
    }
    groups
}

/// Groups keys that come slot by slot, as SCAN gives them. Out of that order a slot makes several groups, which
/// costs commands and is no error.
pub(super) fn runs_of_slot(keys: Vec<Bytes>) -> Vec<SlotKeys> {
    let mut groups: Vec<SlotKeys> = Vec::new();
    for key in keys {
        let slot = key_slot(&key);
        match groups.last_mut() {
            Some(group) if group.slot == slot => group.keys.push(key),
            _ => groups.push(SlotKeys { slot, keys: vec![key] }),
        }
    }
    groups
}

impl SlotKeys {
    fn command(&self, name: &'static str) -> Command {
        self.keys.iter().fold(Command::new(name), |command, key| command.bytes(key.clone()))
    }
}

impl Topology {
    /// UNLINK or EXISTS over keys of any slots; the sum of the answers.
    pub(super) async fn count_over(&self, name: &'static str, keys: &[Bytes]) -> Result<u64, CacheError> {
        if self.surroundings.closed.is_cancelled() {
            return Err(CacheError::Closed);
        }
        let budgets = u32::try_from(keys.len().div_ceil(KEYS_PER_BUDGET)).unwrap_or(u32::MAX);
        let budget = Budget::of(REQUEST_BUDGET * budgets.clamp(1, MOST_BUDGETS));
        let tally = Tally::default();
        self.count_at_owners(name, by_slot(keys), budget, &tally).await?;
        Ok(tally.sum())
    }

    /// Each slot at its owner, all nodes at the same time.
    pub(super) async fn count_at_owners(
        &self,
        name: &'static str,
        groups: Vec<SlotKeys>,
        budget: Budget,
        tally: &Tally,
    ) -> Result<(), CacheError> {
        let map = self.map();
        let mut per_owner: HashMap<Option<&NodeAddress>, Vec<SlotKeys>> = HashMap::new();
        for group in groups {
            let owner = map.owner(group.slot).map(|master| &master.address);
            per_owner.entry(owner).or_default().push(group);
        }
        let counts = per_owner.into_iter().map(|(owner, groups)| async move {
            match owner {
                Some(owner) => self.count_on(&self.node(owner), name, &groups, budget, tally).await,
                None => self.count_one_by_one(name, &groups, budget, tally).await,
            }
        });
        try_join_all(counts).await.map(drop)
    }

    /// The keys of one node. A slot that the node does not serve as a whole (moved, migrating, cut off) is done key
    /// by key: each single key finds its own way.
    pub(super) async fn count_on(
        &self,
        node: &Node,
        name: &'static str,
        groups: &[SlotKeys],
        budget: Budget,
        tally: &Tally,
    ) -> Result<(), CacheError> {
        for chunk in groups.chunks(PIPELINE) {
            let commands: Vec<Command> = chunk.iter().map(|group| group.command(name)).collect();
            let answers = match node.send_all(Lane::Bulk, &commands, false, budget.deadline).await {
                Ok(answers) => answers,
                Err(failure @ (Failure::TimedOut | Failure::Refused(_))) => {
                    return Err(failure.into_error(&node.address, name, budget.whole));
                }
                Err(_) => {
                    self.count_one_by_one(name, chunk, budget, tally).await?;
                    continue;
                }
            };
            for (group, answer) in chunk.iter().zip(answers) {
                match answer.ok().as_ref().and_then(reply::unsigned) {
                    Some(count) => tally.add(count),
                    None => self.count_one_by_one(name, std::slice::from_ref(group), budget, tally).await?,
                }
            }
        }
        Ok(())
    }

    /// Key by key, several in flight.
    async fn count_one_by_one(
        &self,
        name: &'static str,
        groups: &[SlotKeys],
        budget: Budget,
        tally: &Tally,
    ) -> Result<(), CacheError> {
        let keys: Vec<(u16, &Bytes)> =
            groups.iter().flat_map(|group| group.keys.iter().map(|key| (group.slot, key))).collect();
        for chunk in keys.chunks(ONE_BY_ONE) {
            try_join_all(chunk.iter().map(|(slot, key)| self.count_one(name, *slot, key, budget, tally)))
                .await?;
        }
        Ok(())
    }

    async fn count_one(
        &self,
        name: &'static str,
        slot: u16,
        key: &Bytes,
        budget: Budget,
        tally: &Tally,
    ) -> Result<(), CacheError> {
        let command = Command::new(name).bytes(key.clone());
        let (answer, _) = self.execute(slot, &command, budget).await?;
        tally.add(reply::unsigned(&answer).unwrap_or(0));
        Ok(())
    }
}
