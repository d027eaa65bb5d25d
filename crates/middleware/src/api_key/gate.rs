//! Bounds what unknown keys may cost.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::pace::Pace;
use super::refusal::Refusal;

/// Addresses that are damped at once. Of more, some begin anew; the limits for all together stay.
const MAX_ADDRESSES: u64 = 10_000;
/// Any longer than a burst takes to come back.
const ADDRESS_IDLE: Duration = Duration::from_secs(60);

/// How often and how many at once [`ApiKeyLayer`](super::ApiKeyLayer) asks its source, in this process.
///
/// A key is a stranger until it was found once, and again when it is no longer found. What is over the limit of strangers
/// is refused with 429. Keys that were found before have room of their own, so that no flood of strangers keeps them out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLimits {
    /// Strangers looked up in a second, as many of them at once.
    pub strangers_per_second: u32,
    /// Strangers being looked up at the source.
    pub strangers_in_flight: usize,
    /// Strangers being looked up in the shared cache or at the source.
    pub strangers_in_cache: usize,
    /// Strangers of one address looked up in a second. A network of IPv6 (/64) counts as one address.
    pub address_per_second: u32,
    /// Strangers of one address looked up at once.
    pub address_burst: u32,
    /// Known keys being looked up at the source; more wait within the time limit.
    pub known_in_flight: usize,
    /// How long the source may take.
    pub time_limit: Duration,
}

impl Default for SourceLimits {
    fn default() -> Self {
        Self {
            strangers_per_second: 50,
            strangers_in_flight: 16,
            strangers_in_cache: 128,
            address_per_second: 10,
            address_burst: 10,
            known_in_flight: 64,
            time_limit: Duration::from_millis(500),
        }
    }
}

/// Room for one look-up, free again when dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Room(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

/// Lets look-ups through, or not.
pub(super) struct Gate {
    limits: SourceLimits,
    in_cache: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    known: Arc<Semaphore>,
    strangers_pace: Pace,
    addresses: Cache<IpAddr, Arc<Pace>>,
}

impl Gate {
    pub(super) fn new(limits: SourceLimits) -> Self {
        let room = |size: usize| Arc::new(Semaphore::new(size.min(Semaphore::MAX_PERMITS)));
        Self {
            in_cache: room(limits.strangers_in_cache),
            strangers: room(limits.strangers_in_flight),
            known: room(limits.known_in_flight),
            strangers_pace: Pace::default(),
            addresses: Cache::builder().max_capacity(MAX_ADDRESSES).time_to_idle(ADDRESS_IDLE).build(),
            limits,
        }
    }

    /// Whether another stranger would find no room: cheaper to ask than to try.
    pub(super) fn is_full(&self) -> bool {
        self.in_cache.available_permits() == 0
    }

    /// Room for looking a stranger up at all.
    pub(super) fn stranger(&self) -> Result<Room, Refusal> {
        Arc::clone(&self.in_cache).try_acquire_owned().map(Room).map_err(|_| Refusal::TooMany)
    }

    /// Room for asking the source for a stranger. The address comes first: one that asks too often takes nothing from others.
    pub(super) fn stranger_at_source(
        &self,
        address: Option<IpAddr>,
        now: SystemTime,
    ) -> Result<Room, Refusal> {
        if let Some(address) = address {
            let pace = self.addresses.get_with(network(address), Arc::default);
            if !pace.take(self.limits.address_per_second, self.limits.address_burst, now) {
                return Err(Refusal::TooMany);
            }
        }
        let room = Arc::clone(&self.strangers).try_acquire_owned().map_err(|_| Refusal::TooMany)?;
        let per_second = self.limits.strangers_per_second;
        if !self.strangers_pace.take(per_second, per_second, now) {
            return Err(Refusal::TooMany);
        }
        Ok(Room(room))
    }

    /// Room for asking the source for a known key; waits for it as long as the source may take.
    pub(super) async fn known_at_source(&self) -> Result<Room, Refusal> {
        let room = Arc::clone(&self.known).acquire_owned();
        match tokio::time::timeout(self.limits.time_limit, room).await {
            Ok(Ok(room)) => Ok(Room(room)),
            // Nobody closes the semaphore.
            Ok(Err(_)) | Err(_) => Err(Refusal::TooSlow),
        }
    }

    #[cfg(test)]
    pub(super) fn addresses(&self) -> u64 {
        self.addresses.run_pending_tasks();
        self.addresses.entry_count()
    }
}

/// What one household or host has: an address, or of IPv6 a /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const NOW: SystemTime = UNIX_EPOCH;

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from(number.to_be_bytes()))
    }

    fn passed(gate: &Gate, tries: u32, address: impl Fn(u32) -> Option<IpAddr>, now: SystemTime) -> usize {
        (0..tries).filter(|try_| gate.stranger_at_source(address(*try_), now).is_ok()).count()
    }

    #[test]
    fn strangers_are_bounded_each_and_together() {
        let gate = Gate::new(SourceLimits::default());
        assert_eq!(passed(&gate, 1_000, |_| address(1), NOW), 10, "one address");
        assert_eq!(passed(&gate, 1_000, address, NOW), 40, "and all others");
        let later = NOW + Duration::from_secs(1);
        assert_eq!(passed(&gate, 1_000, |_| None, later), 50, "of no known address");
    }

    #[test]
    fn no_more_at_once_than_there_is_room() {
        let gate = Gate::new(SourceLimits {
            strangers_in_flight: 2,
            strangers_in_cache: 1,
            ..SourceLimits::default()
        });
        let rooms =
            [gate.stranger_at_source(None, NOW).unwrap(), gate.stranger_at_source(None, NOW).unwrap()];
        assert!(matches!(gate.stranger_at_source(None, NOW), Err(Refusal::TooMany)));
        drop(rooms);
        assert!(gate.stranger_at_source(None, NOW).is_ok());

        let room = gate.stranger().unwrap();
        assert!(gate.is_full() && matches!(gate.stranger(), Err(Refusal::TooMany)));
        drop(room);
        assert!(!gate.is_full());
    }

    #[tokio::test(start_paused = true)]
    async fn a_known_key_waits_for_room_but_not_for_ever() {
        let gate = Gate::new(SourceLimits { known_in_flight: 1, ..SourceLimits::default() });
        let room = gate.known_at_source().await.unwrap();
        assert!(matches!(gate.known_at_source().await, Err(Refusal::TooSlow)));
        let (later, ()) = tokio::join!(gate.known_at_source(), async { drop(room) });
        assert!(later.is_ok());
    }

    #[test]
    fn the_addresses_of_a_flood_do_not_pile_up() {
        let gate = Gate::new(SourceLimits::default());
        passed(&gate, 50_000, address, NOW);
        assert!(gate.addresses() <= MAX_ADDRESSES, "{}", gate.addresses());
    }

    #[test]
    fn a_network_counts_as_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1:2:3"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.2"), of("10.0.0.1"));
    }
}
