//! Where entries are: bounded by bytes, for values and absences apart.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;

use super::counters::Counting;
use super::entry::Entry;
use super::settings::NearSettings;

pub(super) type Table<T> = moka::sync::Cache<Bytes, Arc<Entry<T>>>;

/// Values that are used again and again outlast a flood of values that are used once.
pub(super) fn values<V: Send + Sync + 'static>(
    settings: &NearSettings,
    counting: &Arc<Counting>,
) -> Table<V> {
    let lifetime = settings.ttl.saturating_add(settings.stale_for);
    table(settings.max_bytes, lifetime, EvictionPolicy::tiny_lfu(), counting)
}

/// The newest absences stay: each is of use for a short time only.
pub(super) fn absences(settings: &NearSettings, counting: &Arc<Counting>) -> Table<()> {
    table(settings.max_absent_bytes, settings.absent_ttl, EvictionPolicy::lru(), counting)
}

fn table<T: Send + Sync + 'static>(
    max_bytes: u64,
    lifetime: Duration,
    policy: EvictionPolicy,
    counting: &Arc<Counting>,
) -> Table<T> {
    let counting = Arc::clone(counting);
    Table::builder()
        .max_capacity(max_bytes)
        .weigher(|key: &Bytes, entry: &Arc<Entry<T>>| entry.weight(key))
        .eviction_policy(policy)
        // Only frees memory; whether an entry may be used it says itself, by the hub's clock.
        .time_to_live(lifetime.min(LONGEST))
        .eviction_listener(move |_, _, cause| {
            if cause == RemovalCause::Size {
                Counting::add(&counting.evictions);
            }
        })
        .build()
}

/// The table refuses lifetimes of a thousand years and more.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
