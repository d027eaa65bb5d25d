//! Room for look-ups, together and of each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedSemaphorePermit;

/// Room for one look-up, free again when dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Room {
    _permit: OwnedSemaphorePermit,
    _of_address: Option<AddressRoom>,
}

impl Room {
    /// The same, with what it takes from the room of an address.
    pub(super) fn of_address(self, room: AddressRoom) -> Self {
        Self { _of_address: Some(room), ..self }
    }
}

impl From<OwnedSemaphorePermit> for Room {
    fn from(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: permit, _of_address: None }
    }
}

/// How many look-ups each address has under way. An address without any is not held, so there are never more of them than
/// look-ups.
#[derive(Debug, Default)]
pub(super) struct AddressRooms(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// Room for one look-up of an address, free again when dropped.
#[derive(Debug)]
pub(super) struct AddressRoom {
    rooms: AddressRooms,
    address: IpAddr,
}

impl AddressRooms {
    /// One more of `address`; `None` when it has `most` under way.
    pub(super) fn take(&self, address: IpAddr, most: usize) -> Option<AddressRoom> {
        let mut counts = self.lock();
        let count = counts.get(&address).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        counts.insert(address, count + 1);
        Some(AddressRoom { rooms: Self(Arc::clone(&self.0)), address })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Nothing panics between two changes that belong together.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

impl Drop for AddressRoom {
    fn drop(&mut self) {
        let mut counts = self.rooms.lock();
        match counts.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.address)),
        }
    }
}
