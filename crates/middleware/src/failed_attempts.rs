//! Slows down who tries out credentials.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::network;
use moka::sync::Cache;

use crate::pace::Pace;

/// Addresses that are damped at once. Of more, some begin anew.
const MAX_ADDRESSES: u64 = 10_000;
/// Longer than what is owed takes to be paid.
const ADDRESS_IDLE: Duration = Duration::from_secs(60);

/// How often an address may fail to say who it is: after more than a burst, it has to wait. What succeeds is not counted. A
/// network of IPv6 (/64) counts as one address, and who has none is damped with nobody.
///
/// ```
/// # use std::time::{Duration, SystemTime};
/// use middleware::FailedAttempts;
///
/// let attempts = FailedAttempts::new(10, 2);
/// let (address, now) = (Some([10, 0, 0, 7].into()), SystemTime::UNIX_EPOCH);
/// attempts.failed(address, now);
/// attempts.failed(address, now);
/// assert!(!attempts.may_try(address, now));
/// assert!(attempts.may_try(address, now + Duration::from_millis(100)));
/// ```
pub struct FailedAttempts {
    per_second: u32,
    burst: u32,
    addresses: Cache<IpAddr, Arc<Pace>>,
}

impl FailedAttempts {
    /// So many failures in a second, `burst` of them at once.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let addresses = Cache::builder().max_capacity(MAX_ADDRESSES).time_to_idle(ADDRESS_IDLE).build();
        Self { per_second, burst, addresses }
    }

    /// Whether the address may try: ask before anything that costs. Takes nothing.
    pub fn may_try(&self, address: Option<IpAddr>, now: SystemTime) -> bool {
        let pace = address.and_then(|address| self.addresses.get(&network(address)));
        pace.is_none_or(|pace| pace.has_room(self.per_second, self.burst, now))
    }

    /// An attempt of the address failed. Those that were on their way meanwhile are owed, up to one more burst.
    pub fn failed(&self, address: Option<IpAddr>, now: SystemTime) {
        if let Some(address) = address {
            let pace = self.addresses.get_with(network(address), Arc::default);
            pace.charge(self.per_second, self.burst, now);
        }
    }

    /// How many addresses are known to have failed.
    #[cfg(test)]
    pub(crate) fn addresses(&self) -> u64 {
        self.addresses.run_pending_tasks();
        self.addresses.entry_count()
    }
}

impl fmt::Debug for FailedAttempts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FailedAttempts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn an_address_waits_and_others_do_not() {
        let attempts = FailedAttempts::new(10, 5);
        let (one, other) = ("2001:db8::1".parse().ok(), "2001:db8:0:1::1".parse().ok());
        (0..5).for_each(|_| attempts.failed(one, UNIX_EPOCH));
        assert!(!attempts.may_try(one, UNIX_EPOCH));
        assert!(!attempts.may_try("2001:db8::2".parse().ok(), UNIX_EPOCH), "the same network");
        assert!(attempts.may_try(other, UNIX_EPOCH) && attempts.may_try(None, UNIX_EPOCH));
        assert!(attempts.may_try(one, UNIX_EPOCH + Duration::from_millis(100)));
    }

    #[test]
    fn the_addresses_of_a_flood_do_not_pile_up() {
        let attempts = FailedAttempts::new(10, 10);
        (0..20_000_u32).for_each(|number| attempts.failed(Some(number.to_be_bytes().into()), UNIX_EPOCH));
        assert!((1..=MAX_ADDRESSES).contains(&attempts.addresses()), "{}", attempts.addresses());
    }
}
