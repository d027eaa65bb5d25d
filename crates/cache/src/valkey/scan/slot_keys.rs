//! A step in a cluster whose SCAN knows no slots (before Valkey 8): whole slots by CLUSTER GETKEYSINSLOT.
//!
//! Inside a slot the keys are ordered by a hash of ours, so a place is the hash of the last key that was given: no
//! server process and no memory of ours is behind it. The price is that each step of a large slot reads it whole.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::view::View;
use super::{Scan, Step};
use crate::error::CacheError;
use crate::keyspace::State;
use crate::valkey::command::Command;
use crate::valkey::failure::Failure;
use crate::valkey::node::{Lane, Node};
use crate::valkey::reply;

/// Slots that are looked at in one round trip to find the next one with keys.
const SLOTS_AT_ONCE: u16 = 256;
/// More keys than a slot is ever asked for.
const NO_LIMIT: u64 = i32::MAX as u64;

impl Scan<'_> {
    pub(super) async fn slot_keys_step(
        &self,
        slot: u16,
        after: u64,
        end: u16,
        count: usize,
        deadline: Instant,
    ) -> Result<Step, CacheError> {
        let map = self.topology.map();
        let Some(master) = map.owner(slot) else { return Err(self.topology.unowned(slot)) };
        let node = self.topology.node(&master.address);
        let here = Some(State::SlotKeys { slot, after });
        let view = self.view(&node, deadline).await?;
        if !view.owns(slot) {
            self.topology.refreshed(map.generation, deadline).await;
            return Ok(step(node, here));
        }
        let boundary = view.owned_until(slot).min(end).min(slot + SLOTS_AT_ONCE);
        let share = |slots: u16| f64::from(slots) / f64::from(view.owned_count());
        let Some((found, held)) = self.first_filled(&node, &view, slot, boundary, deadline).await? else {
            let next = (boundary < end).then_some(State::SlotKeys { slot: boundary, after: 0 });
            return Ok(Step { finished: share(boundary - slot), ..step(node, next) });
        };
        let mut keys = self.keys_in(&node, found, held, deadline).await?;
        if let Some(id) = view.target_of(found) {
            let Some(target) = map.by_id(id) else {
                self.topology.refreshed(map.generation, deadline).await;
                return Ok(step(node, here));
            };
            // Keys only go from here to there, and there is read second: none slips through between the two.
            let target = self.topology.node(&target.address);
            keys.extend(self.keys_in(&target, found, NO_LIMIT, deadline).await?);
        }
        let view_after = self.view(&node, deadline).await?;
        if !view_after.owns(found) || view_after.target_of(found) != view.target_of(found) {
            // The migration began or ended under the reading, which may have been too early or too late for a key.
            return Ok(step(node, here));
        }
        let after = if found == slot { after } else { 0 };
        let (keys, cut) = self.choose(keys, after, count);
        let next = match cut {
            Some(cut) => Some(State::SlotKeys { slot: found, after: cut }),
            None => (found + 1 < end).then_some(State::SlotKeys { slot: found + 1, after: 0 }),
        };
        let finished = share(found - slot + u16::from(cut.is_none()));
        Ok(Step { keys, finished, ..step(node, next) })
    }

    /// The first `count` places after `after` that match, and the place of the last, if there are more.
    fn choose(&self, keys: Vec<Bytes>, after: u64, count: usize) -> (Vec<Bytes>, Option<u64>) {
        let mut placed: Vec<(u64, Bytes)> = keys
            .into_iter()
            .filter(|key| self.pattern.matches(key))
            .map(|key| (place(&key), key))
            .filter(|(place, _)| *place > after)
            .collect();
        placed.sort_unstable();
        // A key on both sides of a migration stands there twice.
        placed.dedup();
        let last = placed.get(count.max(1) - 1).map(|(last, _)| *last);
        let cut = last.filter(|cut| placed.last().is_some_and(|(last, _)| last > cut));
        if let Some(cut) = cut {
            // Keys of one place stay together: a cursor cannot point between them.
            placed.retain(|(place, _)| *place <= cut);
        }
        (placed.into_iter().map(|(_, key)| key).collect(), cut)
    }

    /// The first slot with keys, or on the move, and how many keys it holds.
    async fn first_filled(
        &self,
        node: &Node,
        view: &View,
        from: u16,
        end: u16,
        deadline: Instant,
    ) -> Result<Option<(u16, u64)>, CacheError> {
        let count = |slot: u16| Command::new("CLUSTER").text("COUNTKEYSINSLOT").number(u64::from(slot));
        let commands: Vec<Command> = (from..end).map(count).collect();
        let failed = |failure: Failure| failure.into_error(&node.address, "CLUSTER", self.answer_limit);
        let answers = node.send_all(Lane::Bulk, &commands, false, deadline).await.map_err(failed)?;
        for (slot, answer) in (from..end).zip(answers) {
            // A count that failed must not pass for an empty slot.
            let held =
                answer.and_then(|held| reply::unsigned(&held).ok_or(Failure::Protocol)).map_err(failed)?;
            if held > 0 || view.target_of(slot).is_some() {
                return Ok(Some((slot, held)));
            }
        }
        Ok(None)
    }

    async fn keys_in(
        &self,
        node: &Node,
        slot: u16,
        held: u64,
        deadline: Instant,
    ) -> Result<Vec<Bytes>, CacheError> {
        // Room for keys that are written between the count and this.
        let room = held.saturating_mul(2).saturating_add(1_000).min(NO_LIMIT);
        let command = Command::new("CLUSTER").text("GETKEYSINSLOT").number(u64::from(slot)).number(room);
        let answer = node.ask(Lane::Bulk, [command], deadline).await;
        let keys = answer.and_then(|[keys]| reply::list(keys).ok_or(Failure::Protocol));
        let keys = keys.map_err(|failure| failure.into_error(&node.address, "CLUSTER", self.answer_limit))?;
        Ok(keys.iter().filter_map(reply::bytes).collect())
    }
}

/// A step without keys.
fn step(node: Arc<Node>, next: Option<State>) -> Step {
    Step { keys: Vec::new(), next, node, restarted: false, node_keys: 0, finished: 0.0 }
}

/// The place of a key in its slot, above 0: FNV-1a with 64 bits. Replicas of the service that were built at different
/// times must agree on it, so it is none of the standard library's.
fn place(key: &[u8]) -> u64 {
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    key.iter().fold(0xcbf2_9ce4_8422_2325, hash).max(1)
}

#[cfg(test)]
mod tests;
