//! Room for look-ups.

use std::net::IpAddr;

use tokio::sync::OwnedSemaphorePermit;

use crate::shares::Share;

/// Room for one look-up, free again when dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Room {
    _permit: OwnedSemaphorePermit,
    _of_address: Option<Share<IpAddr>>,
}

impl Room {
    /// The same, with what it takes from the room of an address.
    pub(super) fn of_address(self, room: Share<IpAddr>) -> Self {
        Self { _of_address: Some(room), ..self }
    }
}

impl From<OwnedSemaphorePermit> for Room {
    fn from(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: permit, _of_address: None }
    }
}
