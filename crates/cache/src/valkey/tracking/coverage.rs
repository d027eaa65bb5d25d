//! Which master's proof a key stands under.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::address::NodeAddress;
use crate::near::{Coverage, Proof};
use crate::slot::{SLOTS, key_slot};
use crate::valkey::slot_map::SlotMap;

const NOBODY: u16 = u16::MAX;

/// What a master's link proves at this moment: nothing while there is none.
#[derive(Default)]
pub(super) struct Watched(ArcSwapOption<Proof>);

impl Watched {
    /// A link was armed: what is read from now on stands under a new proof, which holds once it is prolonged.
    pub(super) fn begin(&self) {
        self.replace(Some(Arc::default()));
    }

    /// The link answered; what it told until then was passed on.
    pub(super) fn prolong(&self, until_micros: u64) {
        if let Some(proof) = &*self.0.load() {
            proof.prolong(until_micros);
        }
    }

    /// What was read so far may not be told of by this link any more; what is read from now on will be.
    pub(super) fn renew(&self) {
        let before = self.0.rcu(|proof| proof.as_ref().map(|_| Arc::default()));
        if let Some(proof) = before {
            proof.revoke();
        }
    }

    /// The link is over.
    pub(super) fn end(&self) {
        self.replace(None);
    }

    fn replace(&self, proof: Option<Arc<Proof>>) {
        if let Some(before) = self.0.swap(proof) {
            before.revoke();
        }
    }
}

/// Which slot belongs to which master, in an order that does not depend on the node that told it.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Layout {
    masters: Vec<(NodeAddress, String)>,
    /// Index into `masters` for each slot.
    owners: Vec<u16>,
}

impl Layout {
    pub(super) fn of(map: &SlotMap) -> Self {
        let mut masters: Vec<_> =
            map.masters.iter().map(|master| (master.address.clone(), master.id.clone())).collect();
        masters.sort_by_key(|(address, id)| (address.to_string(), id.clone()));
        let index_of = |slot| {
            let owner = map.owner(slot)?;
            let at = masters.iter().position(|(address, id)| *address == owner.address && *id == owner.id)?;
            u16::try_from(at).ok()
        };
        let owners = (0..SLOTS).map(|slot| index_of(slot).unwrap_or(NOBODY)).collect();
        Self { masters, owners }
    }

    pub(super) fn masters(&self) -> impl Iterator<Item = (u16, &NodeAddress)> {
        (0..).zip(self.masters.iter().map(|(address, _)| address))
    }

    pub(super) fn owns(&self, master: u16, slot: u16) -> bool {
        self.owners.get(usize::from(slot)) == Some(&master)
    }

    pub(super) fn first_slot(&self, master: u16) -> Option<u16> {
        (0..SLOTS).find(|&slot| self.owns(master, slot))
    }
}

/// The proofs of one layout.
pub(super) struct SlotCoverage {
    owners: Vec<u16>,
    watched: Vec<Arc<Watched>>,
}

impl SlotCoverage {
    /// `watched` is in the order of the layout's masters.
    pub(super) fn new(layout: &Layout, watched: Vec<Arc<Watched>>) -> Self {
        Self { owners: layout.owners.clone(), watched }
    }
}

impl Coverage for SlotCoverage {
    fn proof(&self, key: &[u8]) -> Option<Arc<Proof>> {
        let owner = *self.owners.get(usize::from(key_slot(key)))?;
        self.watched.get(usize::from(owner))?.0.load_full()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_ends_with_its_link_and_with_the_layout() {
        let watched = Arc::new(Watched::default());
        let layout = Layout::of(&SlotMap::single(NodeAddress::new("one", 1)));
        let coverage = SlotCoverage::new(&layout, vec![Arc::clone(&watched)]);
        watched.renew();
        assert!(coverage.proof(b"k").is_none(), "there is no link yet");
        watched.begin();
        let first = coverage.proof(b"k").unwrap();
        assert!(!first.holds_at(1), "nothing was proved yet");
        watched.prolong(10);
        assert!(first.holds_at(9) && !first.holds_at(10));
        watched.renew();
        let second = coverage.proof(b"k").unwrap();
        watched.prolong(20);
        assert!(!first.holds_at(1) && second.holds_at(19));
        watched.end();
        assert!(!second.holds_at(1) && coverage.proof(b"k").is_none());
    }

    #[test]
    fn slots_without_an_owner_are_not_covered() {
        let layout = Layout { masters: Vec::new(), owners: vec![NOBODY; usize::from(SLOTS)] };
        assert!(SlotCoverage::new(&layout, vec![Arc::new(Watched::default())]).proof(b"k").is_none());
        assert_eq!(layout.first_slot(0), None);
    }
}
