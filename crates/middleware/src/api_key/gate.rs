//! Bounds what unknown keys may cost.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::network;
use tokio::sync::Semaphore;

use super::refusal::Refusal;
use super::room::Room;
use crate::failed_attempts::FailedAttempts;
use crate::pace::Pace;
use crate::shares::Shares;

/// How often and how many at once [`ApiKeyLayer`](super::ApiKeyLayer) asks its source, in this process.
///
/// A key is a stranger until it was found once, and again when it is no longer found. What is over the limit of strangers
/// is refused with 429. Keys that were found before have room of their own, so that no flood of strangers keeps them out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLimits {
    /// Questions for strangers in a second, as many of them at once. A stranger that is found is asked for once more, as a
    /// known key, to fill the shared cache.
    pub strangers_per_second: u32,
    /// Strangers being looked up at the source.
    pub strangers_in_flight: usize,
    /// Strangers being looked up in the shared cache or at the source.
    pub strangers_in_cache: usize,
    /// Of those, the ones of one address. A network of IPv6 (/64) counts as one address. Enough for every service of a platform
    /// behind one ingress to come at once after a restart: nobody waits here, and who finds no room is refused.
    pub address_in_cache: usize,
    /// Keys in a second of which the source may tell one address that there is no such key. After more than that no
    /// stranger of this address reaches the source for a moment; keys that exist are not counted.
    pub address_per_second: u32,
    /// The same, all at once.
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
            strangers_in_cache: 256,
            address_in_cache: 128,
            address_per_second: 10,
            address_burst: 10,
            known_in_flight: 64,
            time_limit: Duration::from_millis(500),
        }
    }
}

/// Lets look-ups through, or not.
pub(super) struct Gate {
    limits: SourceLimits,
    in_cache: Arc<Semaphore>,
    in_cache_by_address: Arc<Shares<IpAddr>>,
    strangers: Arc<Semaphore>,
    known: Arc<Semaphore>,
    strangers_pace: Pace,
    unknown: FailedAttempts,
}

impl Gate {
    pub(super) fn new(limits: SourceLimits) -> Self {
        let room = |size: usize| Arc::new(Semaphore::new(size.min(Semaphore::MAX_PERMITS)));
        Self {
            in_cache: room(limits.strangers_in_cache),
            in_cache_by_address: Shares::new(limits.address_in_cache),
            strangers: room(limits.strangers_in_flight),
            known: room(limits.known_in_flight),
            strangers_pace: Pace::default(),
            unknown: FailedAttempts::new(limits.address_per_second, limits.address_burst),
            limits,
        }
    }

    /// Whether another stranger would find no room: cheaper to ask than to try.
    pub(super) fn is_full(&self) -> bool {
        self.in_cache.available_permits() == 0
    }

    /// Room for looking a stranger up at all.
    pub(super) fn stranger(&self, address: Option<IpAddr>) -> Result<Room, Refusal> {
        let permit = Arc::clone(&self.in_cache).try_acquire_owned().map_err(|_| Refusal::TooMany)?;
        let Some(address) = address else { return Ok(Room::from(permit)) };
        let of_address = self.in_cache_by_address.take(&network(address), 1);
        Ok(Room::from(permit).of_address(of_address.ok_or(Refusal::TooMany)?))
    }

    /// Room for asking the source for a stranger. The address comes first: one that is damped takes nothing from others.
    pub(super) fn stranger_at_source(
        &self,
        address: Option<IpAddr>,
        now: SystemTime,
    ) -> Result<Room, Refusal> {
        if !self.unknown.may_try(address, now) {
            return Err(Refusal::TooMany);
        }
        let room = Arc::clone(&self.strangers).try_acquire_owned().map_err(|_| Refusal::TooMany)?;
        let per_second = self.limits.strangers_per_second;
        if !self.strangers_pace.take(per_second, per_second, now) {
            return Err(Refusal::TooMany);
        }
        Ok(Room::from(room))
    }

    /// The source said that there is no such key.
    pub(super) fn was_unknown(&self, address: Option<IpAddr>, now: SystemTime) {
        self.unknown.failed(address, now);
    }

    /// Room for asking the source for a known key; waits for it as long as the source may take.
    pub(super) async fn known_at_source(&self) -> Result<Room, Refusal> {
        let room = Arc::clone(&self.known).acquire_owned();
        match tokio::time::timeout(self.limits.time_limit, room).await {
            Ok(Ok(room)) => Ok(Room::from(room)),
            // Nobody closes the semaphore.
            Ok(Err(_)) | Err(_) => Err(Refusal::TooSlow),
        }
    }

    #[cfg(test)]
    pub(super) fn addresses(&self) -> u64 {
        self.unknown.addresses()
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
        let passes = |try_| gate.stranger_at_source(address(try_), now).is_ok();
        (0..tries).filter(|try_| passes(*try_)).inspect(|try_| gate.was_unknown(address(*try_), now)).count()
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
    fn an_address_is_damped_by_what_is_unknown_only() {
        let gate = Gate::new(SourceLimits::default());
        let found = (0..1_000).filter(|_| gate.stranger_at_source(address(1), NOW).is_ok()).count();
        assert_eq!(found, 50, "those that exist have the room of all");
        assert_eq!(gate.addresses(), 0);
        let later = NOW + Duration::from_secs(1);
        assert_eq!(passed(&gate, 1_000, |_| address(1), later), 10);
    }

    #[test]
    fn what_was_in_flight_when_it_turned_out_unknown_is_owed() {
        let gate = Gate::new(SourceLimits::default());
        for _ in 0..16 {
            gate.was_unknown(address(1), NOW);
        }
        let passes = |millis| {
            let now = NOW + Duration::from_millis(millis);
            gate.stranger_at_source(address(1), now).is_ok()
        };
        assert!(!passes(699), "six more than a burst");
        assert!(passes(700));
    }

    #[test]
    fn an_address_has_its_share_of_the_places_in_front_of_the_shared_cache() {
        let gate = Gate::new(SourceLimits::default());
        let rooms =
            |number| -> Vec<Room> { (0..1_000).map_while(|_| gate.stranger(address(number)).ok()).collect() };
        let mut held = vec![rooms(1)];
        assert_eq!(held[0].len(), 128);
        assert!(gate.stranger(address(1)).is_err() && !gate.is_full());
        held.extend((2..=3).map(rooms));
        assert_eq!(held.iter().map(Vec::len).collect::<Vec<_>>(), [128, 128, 0]);
        assert_eq!(gate.in_cache_by_address.holders(), 2, "an address without a place is not kept");
        held[0].pop();
        assert!(gate.stranger(address(1)).is_ok(), "the place is free again");
        drop(held);
        assert_eq!(gate.in_cache_by_address.holders(), 0);
        assert_eq!(gate.in_cache.available_permits(), 256);
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

        let room = gate.stranger(None).unwrap();
        assert!(gate.is_full() && matches!(gate.stranger(None), Err(Refusal::TooMany)));
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
}
