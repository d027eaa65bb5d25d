//! Tells near-caches which keys changed on the servers.
//!
//! [`watcher`] keeps one link to one master on which the server pushes the names of keys that change (RESP3,
//! `CLIENT TRACKING ON BCAST`), and proves every quarter of a second that the link is alive ([`probe`]). [`Tracker`]
//! has one watcher for each master of the slot map. Under which proof a key stands is [`coverage`]: a slot belongs to
//! a master, and a master's proof lasts as long as its link.
//!
//! Masters without slots are watched, too: a slot that is being moved to one has keys there before the map says so.

mod coverage;
mod probe;
#[cfg(test)]
mod tests;
mod watcher;

use std::sync::Arc;

use bytes::Bytes;

use super::counters::Counting;
use super::topology::Topology;
use crate::near::Hub;
use coverage::{Layout, SlotCoverage};
use watcher::Watcher;

/// Begins to watch the servers for `hub`, until the client ends.
pub(super) fn start(topology: Arc<Topology>, hub: Arc<Hub>) {
    let tasks = topology.surroundings.tasks.clone();
    let tracker =
        Tracker { topology, hub, prefixes: Vec::new(), layout: Layout::default(), watchers: Vec::new() };
    tasks.spawn(tracker.run());
}

/// See the module.
struct Tracker {
    topology: Arc<Topology>,
    hub: Arc<Hub>,
    prefixes: Vec<Bytes>,
    layout: Layout,
    /// One for each master of the layout, in its order.
    watchers: Vec<Watcher>,
}

impl Tracker {
    async fn run(mut self) {
        let closed = self.topology.surroundings.closed.clone();
        let mut prefixes = self.hub.prefixes();
        let mut generations = self.topology.generations();
        loop {
            let wanted = prefixes.borrow_and_update().clone();
            generations.borrow_and_update();
            if !wanted.is_empty() {
                self.follow(wanted, Layout::of(&self.topology.map()));
            }
            tokio::select! {
                () = closed.cancelled() => return,
                changed = prefixes.changed() => if changed.is_err() { return },
                changed = generations.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Watches these prefixes on the masters of this layout. Every change of either makes all that is held worthless:
    /// a key may be told of by another link now.
    fn follow(&mut self, prefixes: Vec<Bytes>, layout: Layout) {
        let rearm = prefixes != self.prefixes;
        if !rearm && layout == self.layout {
            return;
        }
        if !self.watchers.is_empty() {
            Counting::add(&self.topology.surroundings.counting.tracking_resets);
        }
        self.prefixes = prefixes;
        let mut before = std::mem::take(&mut self.watchers);
        for (index, master) in layout.masters() {
            let stays = |watcher: &Watcher| !rearm && watcher.fits(master, index, &layout);
            let watcher = match before.iter().position(stays) {
                Some(at) => before.swap_remove(at),
                None => Watcher::start(
                    Arc::clone(&self.topology),
                    Arc::clone(&self.hub),
                    master.clone(),
                    layout.first_slot(index),
                    self.prefixes.clone(),
                ),
            };
            // A load that began under the old layout must not be held by the proof of the new one.
            watcher.watched.renew();
            self.watchers.push(watcher);
        }
        for gone in before {
            gone.stop();
        }
        let watched = self.watchers.iter().map(|watcher| Arc::clone(&watcher.watched)).collect();
        self.hub.cover(Box::new(SlotCoverage::new(&layout, watched)));
        self.layout = layout;
    }
}
