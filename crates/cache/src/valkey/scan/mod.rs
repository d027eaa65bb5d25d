//! The key space of Valkey, read slot by slot.
//!
//! In a cluster the cursor of SCAN holds the slot in its low 14 bits and the place inside the slot above them: the
//! server keeps one hash table for each slot and goes through them in order. So a scan can enter any slot
//! (`SCAN <slot>`), and a position is good for one slot on one server process. That is what a cursor of ours holds;
//! the slot map of the moment says whom to ask. [`self_test`] finds out at start-up whether the servers work this
//! way; where they do not, CLUSTER GETKEYSINSLOT reads whole slots instead.
//!
//! Why no key is missed: a slot is finished only when, after its last SCAN, the node that was read still owns it.
//! While a slot is being moved its keys are on both nodes and only ever go from the source to the target, so the
//! source is read first, then the target, and then the owner is looked at again. A position never goes to another
//! server process: the slot begins again instead, so repeats are bounded by one slot.

mod delete;
mod inspect;
mod node_step;
mod pace;
mod page;
mod slot_keys;
mod slot_step;
mod stream;
mod view;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fred::types::Value;
use tokio::time::{Instant, sleep};

use super::command::Command;
use super::failure::Failure;
use super::node::{Lane, Node};
use super::topology::Topology;
use super::{ValkeyCache, reply};
use crate::address::NodeAddress;
use crate::config::CacheMode;
use crate::error::CacheError;
use crate::glob::Glob;
use crate::keyspace::{RunId, ScanMethod, State};
use crate::slot::{SLOTS, key_slot};

/// One batch of keys and where the next begins.
struct Step {
    keys: Vec<Bytes>,
    /// `None` at the end of the range.
    next: Option<State>,
    node: Arc<Node>,
    /// The scan began again (single node).
    restarted: bool,
    /// Keys the node holds, of the slots it owns.
    node_keys: u64,
    /// Which part of the node's slots this batch finished, 0 to 1.
    finished: f64,
}

/// A half-open range of slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SlotRange {
    from: u16,
    end: u16,
}

impl SlotRange {
    const ALL: Self = Self { from: 0, end: SLOTS };

    /// The slots that keys of a pattern can be in.
    fn of(pattern: &Glob) -> Self {
        pattern.slot().map_or(Self::ALL, |slot| Self { from: slot, end: slot + 1 })
    }

    fn start(self, method: ScanMethod) -> State {
        match method {
            ScanMethod::WholeNode => State::Single { position: 0, run: RunId::NONE },
            ScanMethod::SlotCursor => slot_step::Position::beginning(self.from).state(),
            ScanMethod::SlotKeys => State::SlotKeys { slot: self.from, after: 0 },
        }
    }
}

/// What every step of a scan needs.
struct Scan<'a> {
    topology: &'a Topology,
    pattern: &'a Glob,
    /// Limit on one answer.
    answer_limit: Duration,
}

impl Scan<'_> {
    /// One step of about `count` keys.
    async fn step(&self, at: State, end: u16, count: usize, deadline: Instant) -> Result<Step, CacheError> {
        if self.topology.surroundings.closed.is_cancelled() {
            return Err(CacheError::Closed);
        }
        match at {
            State::Single { position, run } => self.node_step(position, run, count, deadline).await,
            State::SlotKeys { slot, after } => self.slot_keys_step(slot, after, end, count, deadline).await,
            State::Slot { slot, position, run, phase } => {
                let position = slot_step::Position { slot, position, run, phase };
                self.slot_step(position, end, count, deadline).await
            }
            State::Edge | State::Hash { .. } => {
                Err(CacheError::Protocol { node: String::new(), command: "SCAN" })
            }
        }
    }

    /// The same, waiting up to `patience` for a node that does not answer or a slot that has no owner.
    async fn patient_step(
        &self,
        at: State,
        end: u16,
        count: usize,
        patience: Duration,
    ) -> Result<Step, CacheError> {
        let until = Instant::now() + patience;
        let mut pause = Duration::from_millis(25);
        loop {
            let deadline = until.min(Instant::now() + self.answer_limit);
            // Boxed: callers hold several of these, and each is large.
            let error = match Box::pin(self.step(at, end, count, deadline)).await {
                Err(error) if can_wait_for(&error) => error,
                settled => return settled,
            };
            if Instant::now() + pause >= until {
                return Err(error);
            }
            self.topology.request_refresh(self.topology.map().generation);
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    /// Reads from a node: which process it is, a SCAN, and further commands in the same pipeline, so that all of it
    /// is one process at one time.
    async fn read(
        &self,
        node: &Node,
        cursor: u64,
        count: usize,
        further: &[Command],
        deadline: Instant,
    ) -> Result<Reading, CacheError> {
        let budget = deadline.saturating_duration_since(Instant::now());
        let failed = |failure: Failure| failure.into_error(&node.address, "SCAN", budget);
        let scan = Command::new("SCAN").number(cursor).text("MATCH").text(self.pattern.as_str());
        let mut commands = vec![
            Command::new("INFO").text("server"),
            scan.text("COUNT").number(count as u64),
            Command::new("DBSIZE"),
        ];
        commands.extend_from_slice(further);
        let answers = node.send_all(Lane::Bulk, &commands, false, deadline).await.map_err(failed)?;
        let mut answers = answers.into_iter().collect::<Result<Vec<_>, _>>().map_err(failed)?.into_iter();
        let mut parts = || -> Option<Reading> {
            let run = run_id(&reply::text(&answers.next()?)?)?;
            let mut scanned = reply::list(answers.next()?)?.into_iter();
            let cursor = reply::unsigned(&scanned.next()?)?;
            let keys = reply::list(scanned.next()?)?.iter().filter_map(reply::bytes).collect();
            let node_keys = reply::unsigned(&answers.next()?)?;
            Some(Reading { run, cursor, keys, node_keys, further: answers.by_ref().collect() })
        };
        parts().ok_or_else(|| failed(Failure::Protocol))
    }
}

struct Reading {
    run: RunId,
    cursor: u64,
    keys: Vec<Bytes>,
    node_keys: u64,
    further: Vec<Value>,
}

/// Whether a later attempt may succeed without anybody changing a setting.
fn can_wait_for(error: &CacheError) -> bool {
    error.is_outage() && !error.is_misconfiguration() && *error != CacheError::Closed
}

/// The process behind an INFO answer.
fn run_id(info: &str) -> Option<RunId> {
    let text = reply::info_field(info, "run_id")?;
    Some(RunId(u64::from_str_radix(text.get(..16)?, 16).ok()?))
}

impl ValkeyCache {
    fn scan<'a>(&'a self, pattern: &'a Glob) -> Scan<'a> {
        Scan { topology: &self.topology, pattern, answer_limit: self.read_timeout }
    }

    /// The parts that are read at the same time: the slots of each master, or a single node.
    fn parts(&self, pattern: &Glob) -> Vec<Vec<SlotRange>> {
        let within = SlotRange::of(pattern);
        let map = self.topology.map();
        if self.topology.mode == CacheMode::Single || within != SlotRange::ALL {
            return vec![vec![within]];
        }
        let ranges =
            |master| map.ranges_of(master).into_iter().map(|(from, end)| SlotRange { from, end }).collect();
        let unowned = (!map.is_complete()).then(|| ranges(None));
        map.owners().map(|master| ranges(Some(master))).chain(unowned).collect()
    }
}

/// Finds out whether SCAN enters a slot by its number, by comparing it with CLUSTER GETKEYSINSLOT on one filled slot
/// of each master. Where a master holds no key, its version decides: one hash table for each slot came with 8.0.
pub(super) async fn self_test(topology: &Topology, infos: &[String], deadline: Instant) -> ScanMethod {
    let has_slot_tables = |info: &String| {
        let version = reply::info_field(info, "valkey_version").and_then(|version| version.split('.').next());
        version.and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= 8)
    };
    if !infos.iter().all(has_slot_tables) {
        tracing::warn!("a server is older than Valkey 8: key scans read whole slots");
        return ScanMethod::SlotKeys;
    }
    for master in topology.map().owners() {
        if test_node(topology, &master.address, deadline).await == Some(false) {
            tracing::warn!(node = %master.address, "SCAN does not enter a slot by its number: key scans read whole slots");
            return ScanMethod::SlotKeys;
        }
    }
    ScanMethod::SlotCursor
}

/// Whether the node's SCAN enters a slot; `None` when it holds no key or does not answer.
async fn test_node(topology: &Topology, address: &NodeAddress, deadline: Instant) -> Option<bool> {
    let node = topology.node(address);
    let ask = |commands: Vec<Command>| {
        let node = Arc::clone(&node);
        async move {
            let answers = node.send_all(Lane::Bulk, &commands, false, deadline).await.ok()?;
            answers.into_iter().collect::<Result<Vec<_>, _>>().ok()
        }
    };
    let scan = |cursor: u64, count: u64| Command::new("SCAN").number(cursor).text("COUNT").number(count);
    let any = reply::list(ask(vec![scan(0, 10)]).await?.pop()?)?;
    let key = reply::bytes(reply::list(any.into_iter().nth(1)?)?.first()?)?;
    let slot = key_slot(&key);
    let keys_of_slot = Command::new("CLUSTER").text("GETKEYSINSLOT").number(u64::from(slot)).number(100);
    let mut answers = ask(vec![scan(u64::from(slot), 1_000), keys_of_slot]).await?.into_iter();
    let mut scanned = reply::list(answers.next()?)?.into_iter();
    let cursor = reply::unsigned(&scanned.next()?)?;
    let scanned: Vec<Bytes> = reply::list(scanned.next()?)?.iter().filter_map(reply::bytes).collect();
    let listed: Vec<Bytes> = reply::list(answers.next()?)?.iter().filter_map(reply::bytes).collect();
    let goes_up = cursor == 0 || cursor & u64::from(SLOTS - 1) >= u64::from(slot);
    let only_from_here = scanned.iter().all(|key| key_slot(key) >= slot);
    // With more keys than one answer holds, the slot is not finished and need not be whole.
    let is_whole = listed.len() == 100
        || cursor & u64::from(SLOTS - 1) == u64::from(slot)
        || listed.iter().all(|key| scanned.contains(key));
    Some(goes_up && only_from_here && is_whole)
}
