//! A step in a cluster whose SCAN knows no slots (before Valkey 8): whole slots by CLUSTER GETKEYSINSLOT.
//!
//! Inside a slot the keys are ordered by a hash of ours, so a place is the hash of the last key that was given: no
//! server process and no memory of ours is behind it. The price is that each step of a large slot reads it whole.

use std::hash::{DefaultHasher, Hash, Hasher};
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
        let Some(master) = map.owner(slot) else {
            return Err(self.topology.unowned(slot));
        };
        let node = self.topology.node(&master.address);
        let view = self.view(&node, deadline).await?;
        if !view.owns(slot) {
            self.topology.refreshed(map.generation, deadline).await;
            return Ok(self.nothing_yet(node, State::SlotKeys { slot, after }));
        }
        let boundary = view.owned_until(slot).min(end).min(slot + SLOTS_AT_ONCE);
        let share = |slots: u16| f64::from(slots) / f64::from(view.owned_count());
        let Some((found, held)) = self.first_filled(&node, &view, slot, boundary, deadline).await? else {
            let next = (boundary < end).then_some(State::SlotKeys { slot: boundary, after: 0 });
            return Ok(Step {
                finished: share(boundary - slot),
                next,
                ..self.nothing_yet(node, State::Edge)
            });
        };
        let mut keys = self.keys_in(&node, found, held, deadline).await?;
        if let Some(target) = view.target_of(found).and_then(|id| map.by_id(id)) {
            // Keys only go from here to there, and there is read second: none slips through between the two.
            let target = self.topology.node(&target.address);
            keys.extend(self.keys_in(&target, found, u64::from(u32::MAX), deadline).await?);
        }
        let after = if found == slot { after } else { 0 };
        let mut placed: Vec<(u64, Bytes)> = keys
            .into_iter()
            .filter(|key| self.pattern.matches(key))
            .map(|key| (place(&key), key))
            .filter(|(place, _)| *place > after)
            .collect();
        placed.sort_unstable();
        placed.dedup();
        let cut = placed.get(count.max(1) - 1).map(|(last, _)| *last);
        let is_cut = cut.filter(|cut| placed.last().is_some_and(|(last, _)| last > cut));
        let next = match is_cut {
            Some(cut) => {
                placed.retain(|(place, _)| *place <= cut);
                Some(State::SlotKeys { slot: found, after: cut })
            }
            None => (found + 1 < end).then_some(State::SlotKeys { slot: found + 1, after: 0 }),
        };
        let finished = share(found - slot + u16::from(is_cut.is_none()));
        let keys = placed.into_iter().map(|(_, key)| key).collect();
        Ok(Step { keys, next, finished, ..self.nothing_yet(node, State::Edge) })
    }

    fn nothing_yet(&self, node: Arc<Node>, next: State) -> Step {
        Step { keys: Vec::new(), next: Some(next), node, restarted: false, node_keys: 0, finished: 0.0 }
    }

    async fn view(&self, node: &Node, deadline: Instant) -> Result<View, CacheError> {
        let answer = self.ask(node, Command::new("CLUSTER").text("NODES"), deadline).await?;
        let view = reply::text(&answer).and_then(|text| View::read(&text));
        view.ok_or_else(|| CacheError::Protocol { node: node.address.to_string(), command: "CLUSTER" })
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
            let held = answer.ok().as_ref().and_then(reply::unsigned).unwrap_or(0);
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
        let room = held.saturating_mul(2).saturating_add(1_000).min(u64::from(i32::MAX.unsigned_abs()));
        let command = Command::new("CLUSTER").text("GETKEYSINSLOT").number(u64::from(slot)).number(room);
        let answer = self.ask(node, command, deadline).await?;
        Ok(reply::list(answer).unwrap_or_default().iter().filter_map(reply::bytes).collect())
    }

    async fn ask(
        &self,
        node: &Node,
        command: Command,
        deadline: Instant,
    ) -> Result<fred::types::Value, CacheError> {
        let failed = |failure: Failure| failure.into_error(&node.address, "CLUSTER", self.answer_limit);
        let answers = node.send_all(Lane::Bulk, &[command], false, deadline).await.map_err(failed)?;
        answers.into_iter().next().unwrap_or(Err(Failure::Protocol)).map_err(failed)
    }
}

/// The place of a key in its slot, above 0. The hasher has fixed keys, so every process agrees.
fn place(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests;
