//! Moving slots from one master to another, step by step or all at once.

use std::ops::RangeInclusive;

use crate::reply::Reply;
use crate::valkey::topology::{ClusterNode, ClusterView};

/// How many slots are under way at a time when many are moved.
const SLOTS_AT_ONCE: usize = 64;
/// How many keys one MIGRATE carries.
const KEYS_AT_ONCE: usize = 200;

/// A slot on its way: its keys are on both nodes, the source answers ASK for those that have gone.
#[derive(Debug)]
#[must_use = "the slot stays half-way until `finish`"]
pub struct SlotMigration {
    slot: u16,
    route: Route,
}

impl SlotMigration {
    /// The node that still owns the slot.
    pub fn source(&self) -> &ClusterNode {
        &self.route.source
    }

    /// The node that will own it.
    pub fn target(&self) -> &ClusterNode {
        &self.route.target
    }

    /// Moves up to `count` keys of the slot and says how many there were to move.
    pub async fn move_keys(&self, count: usize) -> usize {
        self.route.move_keys(&[self.slot], count).await
    }

    /// Moves the keys that are left and tells all masters of the new owner.
    pub async fn finish(self) {
        self.route.finish(&[self.slot]).await;
    }
}

impl ClusterView {
    /// Marks `slot` as being moved from its owner to `target`. No key moves yet.
    pub async fn begin_migration(&self, slot: u16, target: &ClusterNode) -> SlotMigration {
        let source = self.node_for_slot(slot).await;
        let route = Route { view: self.clone(), source, target: target.clone() };
        route.begin(&[slot]).await;
        SlotMigration { slot, route }
    }

    /// Moves the slots of `range` with their keys to `target`; those it owns already stay.
    pub async fn move_slots(&self, range: RangeInclusive<u16>, target: &ClusterNode) {
        for source in self.masters().await {
            if source.id == target.id {
                continue;
            }
            let slots: Vec<u16> = range.clone().filter(|slot| source.owns(*slot)).collect();
            let route = Route { view: self.clone(), source, target: target.clone() };
            for slots in slots.chunks(SLOTS_AT_ONCE) {
                route.begin(slots).await;
                route.finish(slots).await;
            }
        }
    }
}

#[derive(Debug)]
struct Route {
    view: ClusterView,
    source: ClusterNode,
    target: ClusterNode,
}

impl Route {
    /// The target first: a client that is sent there must be let in.
    async fn begin(&self, slots: &[u16]) {
        self.set(&self.target, slots, "IMPORTING", &self.source.id).await;
        self.set(&self.source, slots, "MIGRATING", &self.target.id).await;
    }

    async fn move_keys(&self, slots: &[u16], count_per_slot: usize) -> usize {
        let mut resp = self.view.connect(self.source.address).await;
        let questions: Vec<Vec<String>> = slots
            .iter()
            .map(|slot| words(&["CLUSTER", "GETKEYSINSLOT", &slot.to_string(), &count_per_slot.to_string()]))
            .collect();
        let target = self.view.member(self.target.address);
        let (host, port) = (target.direct.ip().to_string(), target.direct.port().to_string());
        let mut start = words(&["MIGRATE", &host, &port, "", "0", "5000"]);
        start.extend(words(target.access.migrate_credentials()));
        start.push(String::from("KEYS"));
        let start: Vec<Vec<u8>> = start.into_iter().map(String::into_bytes).collect();
        let mut moved = 0;
        let mut commands = Vec::new();
        for answer in resp.pipeline(&questions).await {
            let keys: Vec<Vec<u8>> = answer.array().iter().map(bytes).collect();
            moved += keys.len();
            for keys in keys.chunks(KEYS_AT_ONCE) {
                commands.push([start.as_slice(), keys].concat());
            }
        }
        for reply in resp.pipeline(&commands).await {
            drop(reply.accepted("MIGRATE"));
        }
        moved
    }

    async fn finish(&self, slots: &[u16]) {
        while self.move_keys(slots, 10_000).await > 0 {}
        // The order the cluster tutorial asks for: the new owner, the old one, the others.
        self.set(&self.target, slots, "NODE", &self.target.id).await;
        self.set(&self.source, slots, "NODE", &self.target.id).await;
        for master in self.view.masters().await {
            if master.id != self.source.id && master.id != self.target.id {
                self.set(&master, slots, "NODE", &self.target.id).await;
            }
        }
    }

    async fn set(&self, node: &ClusterNode, slots: &[u16], state: &str, id: &str) {
        let commands: Vec<Vec<String>> =
            slots.iter().map(|slot| words(&["CLUSTER", "SETSLOT", &slot.to_string(), state, id])).collect();
        for reply in self.view.connect(node.address).await.pipeline(&commands).await {
            drop(reply.accepted("CLUSTER SETSLOT"));
        }
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn bytes(reply: &Reply) -> Vec<u8> {
    match reply {
        Reply::Bulk(bytes) => bytes.clone(),
        _ => panic!("not a key: {reply:?}"),
    }
}
