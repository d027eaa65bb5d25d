//! Who is told which keys change.

use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;

use crate::near::{Coverage, Hub, Proof};

/// The hubs that are told. Evictions are not told: what a near-cache holds of an evicted key is still right.
#[derive(Default)]
pub(super) struct Listeners(ArcSwap<Vec<Weak<Hub>>>);

impl Listeners {
    pub(super) fn add(&self, hub: &Arc<Hub>) {
        self.0.rcu(|hubs| {
            let living = hubs.iter().filter(|hub| hub.strong_count() > 0).cloned();
            living.chain([Arc::downgrade(hub)]).collect::<Vec<_>>()
        });
        // From here on no change is missed, so what is read from here on may be held.
        hub.cover(Box::new(Always(Arc::new(Proof::lasting()))));
    }

    pub(super) fn tell(&self, key: &[u8]) {
        for hub in self.0.load().iter().filter_map(Weak::upgrade) {
            hub.invalidate(key);
        }
    }
}

/// Every key is watched, always: changes are told by whoever makes them.
struct Always(Arc<Proof>);

impl Coverage for Always {
    fn proof(&self, _key: &[u8]) -> Option<Arc<Proof>> {
        Some(Arc::clone(&self.0))
    }
}
