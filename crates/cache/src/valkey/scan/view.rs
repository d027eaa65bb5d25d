//! What a node says of itself in CLUSTER NODES: which slots it owns at this moment and which are on the move.

use std::collections::BTreeMap;

use fred::types::Value;
use tokio::time::Instant;

use super::Scan;
use crate::error::CacheError;
use crate::valkey::command::Command;
use crate::valkey::failure::Failure;
use crate::valkey::node::{Lane, Node};
use crate::valkey::reply;

/// The `myself` line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    owned: Vec<(u16, u16)>,
    /// Slots that are being moved away, and the id of the node they go to.
    leaving: BTreeMap<u16, String>,
    arriving: Vec<u16>,
}

impl Scan<'_> {
    /// Asks a node for its view.
    pub(super) async fn view(&self, node: &Node, deadline: Instant) -> Result<View, CacheError> {
        let answer = node.ask(Lane::Bulk, [View::command()], deadline).await;
        let view = answer.and_then(|[answer]| View::of(&answer));
        view.map_err(|failure| failure.into_error(&node.address, "CLUSTER", self.answer_limit))
    }
}

impl View {
    /// The command that it is read from.
    pub(super) fn command() -> Command {
        Command::new("CLUSTER").text("NODES")
    }

    /// The view in an answer.
    pub(super) fn of(answer: &Value) -> Result<Self, Failure> {
        reply::text(answer).and_then(|text| Self::read(&text)).ok_or(Failure::Protocol)
    }

    /// Reads the answer of CLUSTER NODES; `None` when it has no `myself` line.
    fn read(text: &str) -> Option<Self> {
        let is_myself = |line: &&str| {
            let flags = line.split(' ').nth(2);
            flags.is_some_and(|flags| flags.split(',').any(|flag| flag == "myself"))
        };
        let line = text.lines().find(is_myself)?;
        let mut view = Self::default();
        for part in line.split(' ').skip(8) {
            view.add(part)?;
        }
        Some(view)
    }

    fn add(&mut self, part: &str) -> Option<()> {
        if let Some(moving) = part.strip_prefix('[') {
            let moving = moving.strip_suffix(']')?;
            if let Some((slot, target)) = moving.split_once("->-") {
                self.leaving.insert(slot.parse().ok()?, target.to_owned());
            } else if let Some((slot, _)) = moving.split_once("-<-") {
                self.arriving.push(slot.parse().ok()?);
            }
        } else if !part.is_empty() {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            self.owned.push((from.parse().ok()?, to.parse().ok()?));
        }
        Some(())
    }

    pub(super) fn owns(&self, slot: u16) -> bool {
        self.owned.iter().any(|&(from, to)| (from..=to).contains(&slot))
    }

    /// The first slot behind `slot` that the node does not own.
    pub(super) fn owned_until(&self, slot: u16) -> u16 {
        // Ranges are listed in order and never touch, but nothing is lost if a server were to split one.
        let mut end = slot;
        while let Some(&(_, to)) = self.owned.iter().find(|&&(from, to)| (from..=to).contains(&end)) {
            end = to + 1;
        }
        end
    }

    /// The first slot in `from..end` that is being moved away.
    pub(super) fn first_leaving(&self, from: u16, end: u16) -> Option<u16> {
        // `range` panics on an inverted range.
        if from >= end { None } else { self.leaving.range(from..end).next().map(|(&slot, _)| slot) }
    }

    /// The id of the node that a slot is being moved to.
    pub(super) fn target_of(&self, slot: u16) -> Option<&str> {
        self.leaving.get(&slot).map(String::as_str)
    }

    pub(super) fn is_arriving(&self, slot: u16) -> bool {
        self.arriving.contains(&slot)
    }

    /// How many slots the node owns, at least 1.
    pub(super) fn owned_count(&self) -> u16 {
        self.owned.iter().map(|(from, to)| to - from + 1).sum::<u16>().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: &str = "\
07c3 127.0.0.1:30004@31004,host4 slave e7d1 0 1426238317239 4 connected
e7d1 127.0.0.1:30001@31001,host1 myself,master - 0 0 1 connected 0-5460 7000 [93->-292f] [9000-<-67ed]
292f 127.0.0.1:30003@31003,host3 master - 0 1426238318243 3 connected 10923-16383
";

    #[test]
    fn reads_its_own_line() {
        let view = View::read(NODES).unwrap();
        assert!(
            view.owns(0) && view.owns(5_460) && view.owns(7_000) && !view.owns(5_461) && !view.owns(10_923)
        );
        assert_eq!(
            (view.owned_until(0), view.owned_until(7_000), view.owned_until(6_000)),
            (5_461, 7_001, 6_000)
        );
        assert_eq!((view.first_leaving(0, 5_461), view.first_leaving(94, 5_461)), (Some(93), None));
        assert_eq!(view.target_of(93), Some("292f"));
        assert!(view.is_arriving(9_000) && !view.is_arriving(93));
        assert_eq!(view.owned_count(), 5_462);
    }

    #[test]
    fn refuses_what_is_no_such_answer() {
        assert_eq!(View::read("OK"), None);
        assert_eq!(View::read("e7d1 h:1@2 myself,master - 0 0 1 connected x-y"), None);
    }
}
