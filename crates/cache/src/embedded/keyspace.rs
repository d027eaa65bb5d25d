//! The key space of the embedded cache. Pages come in the order of a hash of the key, so a cursor is one number
//! and no key that lived through the scan is missed, whatever is stored or evicted meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::EmbeddedCache;
use super::entry::Entry;
use super::store::Store;
use crate::error::CacheError;
use crate::glob::Glob;
use crate::keyspace::{
    Cursor, DeleteReport, DeleteRequest, KeyDetails, KeyStream, KeySummary, MAX_PAGE, NodeDeletion, NodeRole,
    NodeStats, Page, PageRequest, Preview, State, Stats, StatsTotals, ValueKind,
};
use crate::slot::SLOTS;

/// The name of the only node.
const NODE: &str = "embedded";

/// Each batch is one look at every key, so large batches make a whole scan cheap; this many keys are held at once.
const BATCH: usize = 10_000;

const MAX_PREVIEW: usize = 4_096;

impl EmbeddedCache {
    pub(crate) fn page(&self, request: &PageRequest) -> Result<Page, CacheError> {
        let (after, restarted) = match request.cursor.0 {
            State::Edge => (None, false),
            State::Hash { after } => (Some(after), false),
            State::Single { .. } | State::Slot { .. } | State::SlotKeys { .. } => (None, true),
        };
        let limit = request.limit.clamp(1, MAX_PAGE);
        let batch = scan(&self.store, after, limit, |key| request.pattern.matches(key))?;
        let cursor = batch.next.map_or(Cursor::START, |after| Cursor(State::Hash { after }));
        Ok(Page { keys: batch.keys, cursor, restarted })
    }

    pub(crate) fn stream(&self, pattern: &Glob) -> KeyStream {
        let start = Some((Arc::clone(&self.store), pattern.clone(), None));
        Box::pin(stream::unfold(start, |state| async move {
            let (store, pattern, after) = state?;
            // A batch takes its time; others may run between two.
            tokio::task::yield_now().await;
            match scan(&store, after, BATCH, |key| pattern.matches(key)) {
                Ok(batch) => {
                    let next = batch.next.map(|after| (store, pattern, Some(after)));
                    Some((Ok(batch.keys), next))
                }
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    pub(crate) fn inspect(&self, key: &[u8], preview: usize) -> Result<Option<KeyDetails>, CacheError> {
        self.store.step(key, |slot| {
            let Some(entry) = slot.read() else { return Ok(None) };
            Ok(Some(KeyDetails {
                summary: summary(slot.key, &entry, slot.now),
                encoding: entry.encoding().to_owned(),
                preview: (preview > 0).then(|| Preview {
                    bytes: entry.value.slice(..entry.value.len().min(preview).min(MAX_PREVIEW)),
                    length: entry.value.len() as u64,
                }),
            }))
        })
    }

    pub(crate) fn summaries(&self, keys: &[Bytes]) -> Result<Vec<Option<KeySummary>>, CacheError> {
        self.check_open()?;
        let look = |key: &Bytes| {
            self.store.step(key, |slot| Ok(slot.read().map(|entry| summary(slot.key, &entry, slot.now))))
        };
        keys.iter().map(look).collect()
    }

    pub(crate) fn stats(&self) -> Result<Stats, CacheError> {
        let evictable = self.store.evictable()?;
        // Both tables remove lazily, and the evictable one counts behind the changes.
        self.store.reclaim();
        evictable.run_pending_tasks();
        let counters = &self.store.counters;
        let nodes = vec![NodeStats {
            address: NODE.to_owned(),
            role: NodeRole::Embedded,
            own_role: NodeRole::Embedded,
            slots: SLOTS,
            keys: evictable.entry_count() + self.store.room.used() as u64,
            used_memory_bytes: evictable.weighted_size() + self.store.room.bytes(),
            max_memory_bytes: Some(self.limits.max_bytes),
            hits: counters.hits.load(Ordering::Relaxed),
            misses: counters.misses.load(Ordering::Relaxed),
            evictions: counters.evictions.load(Ordering::Relaxed),
            expirations: counters.expirations.load(Ordering::Relaxed),
            clients: 0,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            clock_micros: None,
        }];
        Ok(Stats { mode: None, totals: StatsTotals::of(&nodes), nodes, unreachable: Vec::new() })
    }

    pub(crate) async fn delete_matching(
        &self,
        request: &DeleteRequest,
        progress: &watch::Sender<DeleteReport>,
        cancel: &CancellationToken,
    ) -> Result<DeleteReport, CacheError> {
        let started = self.store.now();
        let wanted = |key: &[u8]| {
            request.patterns.iter().any(|pattern| pattern.matches(key))
                && request.filter.as_ref().is_none_or(|filter| filter.accepts(key))
        };
        let mut report = DeleteReport::default();
        let mut node = NodeDeletion { node: NODE.to_owned(), ..NodeDeletion::default() };
        let mut after = None;
        loop {
            report.cancelled = cancel.is_cancelled();
            if !report.cancelled {
                let batch = scan(&self.store, after, BATCH, wanted)?;
                node.scanned += batch.scanned;
                node.matched += batch.keys.len() as u64;
                let room = request.samples.saturating_sub(report.samples.len());
                report.samples.extend(batch.keys.iter().take(room).cloned());
                if !request.dry_run {
                    for key in &batch.keys {
                        node.deleted += u64::from(self.remove(key)?);
                    }
                }
                after = batch.next;
            }
            node.took = Duration::from_micros(self.store.now().saturating_sub(started));
            report.took = node.took;
            report.nodes = vec![node.clone()];
            progress.send_replace(report.clone());
            if report.cancelled || after.is_none() {
                return Ok(report);
            }
            // Requests go on between two batches.
            tokio::task::yield_now().await;
        }
    }
}

fn summary(key: &[u8], entry: &Entry, now: u64) -> KeySummary {
    KeySummary { kind: ValueKind::String, ttl: entry.ttl(now), memory_bytes: entry.weight(key) }
}

/// The next keys in the order of their hashes.
struct Batch {
    keys: Vec<Bytes>,
    /// The hash to go on after; `None` at the end.
    next: Option<u64>,
    /// About how many keys lie between the beginning and the end of this batch.
    scanned: u64,
}

/// Reads the first `limit` hashes after `after` that have an accepted key. Memory is that of the batch: what lies
/// beyond is dropped while it is read. Keys of one hash stay together, since the cursor cannot point between them.
fn scan(
    store: &Store,
    after: Option<u64>,
    limit: usize,
    accepts: impl Fn(&[u8]) -> bool,
) -> Result<Batch, CacheError> {
    let now = store.now();
    let mut chosen: BTreeMap<u64, Vec<Bytes>> = BTreeMap::new();
    let (mut is_full, mut ahead) = (false, 0_u64);
    store.for_each(|key, entry| {
        let hash = entry.key_hash;
        if after.is_some_and(|after| hash <= after) || entry.is_expired(now) {
            return;
        }
        ahead += 1;
        let is_beyond =
            chosen.len() >= limit && chosen.last_key_value().is_some_and(|(last, _)| hash > *last);
        if is_beyond {
            is_full = true;
        } else if accepts(key) {
            let same_hash = chosen.entry(hash).or_default();
            if !same_hash.contains(key) {
                same_hash.push(key.clone());
            }
            if chosen.len() > limit {
                chosen.pop_last();
                is_full = true;
            }
        }
    })?;
    let next = chosen.last_key_value().map(|(last, _)| *last).filter(|_| is_full);
    let keys: Vec<Bytes> = chosen.into_values().flatten().collect();
    let scanned = match next {
        None => ahead,
        Some(last) => share(ahead, after.unwrap_or(0), last).max(keys.len() as u64),
    };
    Ok(Batch { keys, next, scanned })
}

/// How many of `ahead` keys, spread evenly over the hashes after `after`, come up to `last`.
fn share(ahead: u64, after: u64, last: u64) -> u64 {
    let part = u128::from(ahead) * u128::from(last - after) / u128::from((u64::MAX - after).max(1));
    u64::try_from(part).unwrap_or(ahead)
}
