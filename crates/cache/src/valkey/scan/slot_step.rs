//! A step in a cluster whose SCAN cursors are made of slot and position.

use std::sync::Arc;

use tokio::time::Instant;

use super::view::View;
use super::{Reading, Scan, Step};
use crate::error::CacheError;
use crate::keyspace::{Phase, RunId, State};
use crate::slot::{SLOTS, key_slot};
use crate::valkey::failure::Failure;
use crate::valkey::node::Node;

/// Bits of a server cursor that hold the slot.
const SLOT_BITS: u32 = 14;
/// How often one step may begin anew because the layout changed under it.
const TURNS: usize = 8;

/// A place in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) slot: u16,
    pub(super) position: u64,
    pub(super) run: RunId,
    pub(super) phase: Phase,
}

impl Position {
    pub(super) fn beginning(slot: u16) -> Self {
        Self { slot, position: 0, run: RunId::NONE, phase: Phase::Owner }
    }

    pub(super) fn state(self) -> State {
        State::Slot { slot: self.slot, position: self.position, run: self.run, phase: self.phase }
    }

    fn cursor(self) -> u64 {
        self.position << SLOT_BITS | u64::from(self.slot)
    }

    /// Whether the position was given by another process than the one that answered.
    fn is_foreign_to(self, run: RunId) -> bool {
        self.position != 0 && self.run != run
    }
}

/// What one attempt led to.
enum Turn {
    Done(Step),
    /// The layout changed: go on from here.
    Again(Position),
}

impl Scan<'_> {
    pub(super) async fn slot_step(
        &self,
        at: Position,
        end: u16,
        count: usize,
        deadline: Instant,
    ) -> Result<Step, CacheError> {
        let mut at = at;
        for _ in 0..TURNS {
            let turn = match at.phase {
                Phase::Owner => self.owner_turn(at, end, count, deadline).await?,
                Phase::MigrationTarget => self.target_turn(at, end, count, deadline).await?,
            };
            match turn {
                Turn::Done(step) => return Ok(step),
                Turn::Again(position) => at = position,
            }
        }
        let reason = "the layout of the cluster keeps changing".to_owned();
        Err(CacheError::Unavailable { node: format!("slot {}", at.slot), reason })
    }

    fn owner(&self, slot: u16) -> Result<(Arc<Node>, u64), CacheError> {
        let map = self.topology.map();
        match map.owner(slot) {
            Some(master) => Ok((self.topology.node(&master.address), map.generation)),
            None => Err(self.topology.unowned(slot)),
        }
    }

    async fn read_with_view(
        &self,
        node: &Node,
        at: Position,
        count: usize,
        deadline: Instant,
    ) -> Result<(Reading, View), CacheError> {
        // The view comes behind the SCAN: what it says of a slot holds after the slot was read.
        let reading = self.read(node, at.cursor(), count, &[View::command()], deadline).await?;
        let view = reading.further.first().map_or(Err(Failure::Protocol), View::of);
        let view = view.map_err(|failure| failure.into_error(&node.address, "CLUSTER", self.answer_limit))?;
        Ok((reading, view))
    }

    async fn owner_turn(
        &self,
        at: Position,
        end: u16,
        count: usize,
        deadline: Instant,
    ) -> Result<Turn, CacheError> {
        let (node, generation) = self.owner(at.slot)?;
        let (reading, view) = self.read_with_view(&node, at, count, deadline).await?;
        if !view.owns(at.slot) {
            self.topology.refreshed(generation, deadline).await;
            return Ok(Turn::Again(Position::beginning(at.slot)));
        }
        if at.is_foreign_to(reading.run) {
            return Ok(Turn::Again(Position::beginning(at.slot)));
        }
        let boundary = view.owned_until(at.slot).min(end);
        let mut next = next_position(&reading, at, boundary);
        // Everything in `at.slot..next.slot` is finished here. A slot on the move goes on at its target.
        if let Some(slot) = view.first_leaving(at.slot, next.slot) {
            next = Position { slot, position: 0, run: RunId::NONE, phase: Phase::MigrationTarget };
        }
        let is_within = |slot: u16| match next.phase {
            Phase::Owner if next.position == 0 => slot < next.slot,
            Phase::MigrationTarget | Phase::Owner => slot <= next.slot,
        };
        // Keys come slot by slot, so what lies beyond stands at the end; it comes again in its turn.
        let mut keys = reading.keys;
        while keys.last().is_some_and(|key| !is_within(key_slot(key))) {
            keys.pop();
        }
        let finished = f64::from(next.slot - at.slot) / f64::from(view.owned_count());
        Ok(Turn::Done(Step {
            keys,
            next: next.within(end),
            node,
            restarted: false,
            node_keys: reading.node_keys,
            finished,
        }))
    }

    /// Reads the target of a slot that is being moved; its source was read to the end before.
    async fn target_turn(
        &self,
        at: Position,
        end: u16,
        count: usize,
        deadline: Instant,
    ) -> Result<Turn, CacheError> {
        let again = Ok(Turn::Again(Position::beginning(at.slot)));
        let (source, generation) = self.owner(at.slot)?;
        let view = self.view(&source, deadline).await?;
        let target = match view.target_of(at.slot) {
            Some(id) if view.owns(at.slot) => self.topology.map().by_id(id).map(|node| node.address.clone()),
            // The migration ended, either way: the slot is whole on its owner.
            _ => {
                self.topology.refreshed(generation, deadline).await;
                return again;
            }
        };
        let Some(target) = target else {
            self.topology.refreshed(generation, deadline).await;
            return Ok(Turn::Again(at));
        };
        let node = self.topology.node(&target);
        let (reading, view) = self.read_with_view(&node, at, count, deadline).await?;
        if at.is_foreign_to(reading.run) {
            return Ok(Turn::Again(Position { position: 0, ..at }));
        }
        let next = next_position(&reading, at, at.slot + 1);
        let is_finished = next.slot > at.slot;
        // It may have become the owner meanwhile; but a target that is neither is none any more.
        let is_still_target =
            view.is_arriving(at.slot) || (view.owns(at.slot) && view.target_of(at.slot).is_none());
        if is_finished && !is_still_target {
            return again;
        }
        let next = if is_finished { next } else { Position { phase: Phase::MigrationTarget, ..next } };
        Ok(Turn::Done(Step {
            keys: reading.keys.into_iter().filter(|key| key_slot(key) == at.slot).collect(),
            next: next.within(end),
            node,
            restarted: false,
            node_keys: reading.node_keys,
            finished: 0.0,
        }))
    }
}

impl Position {
    fn within(self, end: u16) -> Option<State> {
        (self.slot < end).then(|| self.state())
    }
}

/// Where the server's cursor leads, inside `at.slot..boundary`; the beginning of `boundary` when it leads beyond.
fn next_position(reading: &Reading, at: Position, boundary: u16) -> Position {
    let slot = u16::try_from(reading.cursor & u64::from(SLOTS - 1)).unwrap_or(0);
    if reading.cursor == 0 || slot >= boundary || slot < at.slot {
        return Position::beginning(boundary);
    }
    Position { slot, position: reading.cursor >> SLOT_BITS, run: reading.run, phase: Phase::Owner }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(cursor: u64) -> Reading {
        Reading { run: RunId(7), cursor, keys: Vec::new(), node_keys: 0, further: Vec::new() }
    }

    #[test]
    fn a_server_cursor_is_slot_and_position() {
        let at = Position::beginning(100);
        let inside = next_position(&reading(5 << SLOT_BITS | 120), at, 200);
        assert_eq!(inside, Position { slot: 120, position: 5, run: RunId(7), phase: Phase::Owner });
        assert_eq!(inside.cursor(), 5 << SLOT_BITS | 120);
        assert_eq!(next_position(&reading(0), at, 200), Position::beginning(200));
        assert_eq!(next_position(&reading(250), at, 200), Position::beginning(200));
    }

    #[test]
    fn only_a_position_inside_a_slot_belongs_to_a_process() {
        let at = Position { slot: 1, position: 9, run: RunId(7), phase: Phase::Owner };
        assert!(at.is_foreign_to(RunId(8)) && !at.is_foreign_to(RunId(7)));
        assert!(!Position::beginning(1).is_foreign_to(RunId(8)));
    }
}
