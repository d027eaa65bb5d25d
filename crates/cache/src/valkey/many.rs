//! Commands over many keys: one multi-key command for each slot, pipelined to each owner.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::try_join_all;

use super::command::Command;
use super::failure::Failure;
use super::node::{Lane, Node};
use super::reply;
use super::router::{Budget, REQUEST_BUDGET};
use super::topology::Topology;
use crate::error::CacheError;
use crate::slot::key_slot;

/// Keys that one budget is meant for.
const KEYS_PER_BUDGET: usize = 1_000;
/// Commands of one pipeline.
const PIPELINE: usize = 1_000;
/// Single-key commands in flight when a slot could not be served as a whole.
const ONE_BY_ONE: usize = 64;

/// The keys of one slot.
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
        let budget = Budget::of(REQUEST_BUDGET.saturating_mul(budgets));
        let map = self.map();
        let mut per_node: HashMap<String, (Option<Arc<Node>>, Vec<SlotKeys>)> = HashMap::new();
        for group in by_slot(keys) {
            let owner = map.owner(group.slot).map(|master| &master.address);
            let entry = per_node.entry(owner.map_or_else(String::new, ToString::to_string));
            entry.or_insert_with(|| (owner.map(|address| self.node(address)), Vec::new())).1.push(group);
        }
        let counts = per_node.into_values().map(|(node, groups)| async move {
            match node {
                Some(node) => self.count_on(&node, name, &groups, budget).await,
                None => self.count_one_by_one(name, &groups, budget).await,
            }
        });
        Ok(try_join_all(counts).await?.into_iter().sum())
    }

    /// The keys of one node. A slot that the node does not serve as a whole (moved, migrating, hung) is done key by
    /// key: each single key finds its own way.
    pub(super) async fn count_on(
        &self,
        node: &Node,
        name: &'static str,
        groups: &[SlotKeys],
        budget: Budget,
    ) -> Result<u64, CacheError> {
        let mut sum = 0;
        for chunk in groups.chunks(PIPELINE) {
            let commands: Vec<Command> = chunk.iter().map(|group| group.command(name)).collect();
            let answers = node.send_all(Lane::Bulk, &commands, false, budget.deadline).await;
            let answers = match answers {
                Ok(answers) => answers,
                Err(Failure::TimedOut) => {
                    return Err(Failure::TimedOut.into_error(&node.address, name, REQUEST_BUDGET));
                }
                Err(_) => {
                    sum += self.count_one_by_one(name, chunk, budget).await?;
                    continue;
                }
            };
            for (group, answer) in chunk.iter().zip(answers) {
                sum += match answer.ok().as_ref().and_then(reply::unsigned) {
                    Some(count) => count,
                    None => self.count_one_by_one(name, std::slice::from_ref(group), budget).await?,
                };
            }
        }
        Ok(sum)
    }

    /// Key by key, several in flight.
    pub(super) async fn count_one_by_one(
        &self,
        name: &'static str,
        groups: &[SlotKeys],
        budget: Budget,
    ) -> Result<u64, CacheError> {
        let keys: Vec<(u16, Bytes)> =
            groups.iter().flat_map(|group| group.keys.iter().map(|key| (group.slot, key.clone()))).collect();
        let mut sum = 0;
        for chunk in keys.chunks(ONE_BY_ONE) {
            let counts = chunk.iter().map(|(slot, key)| self.count_one(name, *slot, key, budget));
            sum += try_join_all(counts).await?.into_iter().sum::<u64>();
        }
        Ok(sum)
    }
    async fn count_one(
        &self,
        name: &'static str,
        slot: u16,
        key: &Bytes,
        budget: Budget,
    ) -> Result<u64, CacheError> {
        let command = Command::new(name).bytes(key.clone());
        let (answer, _) = self.execute(slot, &command, budget).await?;
        Ok(reply::unsigned(&answer).unwrap_or(0))
    }
}
