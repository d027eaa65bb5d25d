//! The memory of a near-cache. A program of its own, because it measures the memory of its process.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::time::Duration;

use cache::{Cache, CacheHandle, LoadAborted, Loaded, NearCache, NearSettings};

const MIB: u64 = 1024 * 1024;

/// Resident memory of this process, bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[tokio::test]
async fn a_million_keys_stay_within_the_bound() {
    let keys = testkit::scaled(1_000_000);
    let handle = CacheHandle::connected(Cache::embedded());
    let settings = NearSettings {
        prefix: "apikey:",
        max_bytes: 16 * MIB,
        max_absent_bytes: 8 * MIB,
        ttl: Duration::from_secs(3_600),
        absent_ttl: Duration::from_secs(3_600),
        unwatched_ttl: Duration::from_secs(1),
        stale_for: Duration::from_secs(3_600),
    };
    let near: NearCache<Box<[u8]>> = NearCache::new(&handle, settings);
    let before = resident();
    let mut most_resident = 0;
    let mut most_counted = 0;
    for number in 0..keys {
        let value: Option<Box<[u8]>> = (number % 2 == 0).then(|| vec![7; 200].into());
        // As long as a real one.
        let key = format!("apikey:sha256:{number:064x}");
        let load = || async move {
            let bytes = value.as_ref().map_or(0, |value| value.len());
            Ok::<_, LoadAborted>(Loaded { value, bytes, is_watched: true, may_be_held: true })
        };
        near.get_or_load(key.as_bytes(), load).await.unwrap();
        if number % 10_000 == 0 {
            most_resident = most_resident.max(resident());
            most_counted = most_counted.max(near.counters().bytes);
        }
    }
    let grown = most_resident.max(resident()).saturating_sub(before);
    let counters = near.counters();
    println!("{keys} keys: {grown} bytes grown, {most_counted} counted at most, {counters:?}");
    // The tables count a few hundred entries late.
    assert!(most_counted <= 25 * MIB, "{most_counted}");
    // What the allocator keeps, on top.
    assert!(grown <= 24 * MIB + 8 * MIB, "{grown}");
    assert!(counters.bytes > 20 * MIB || keys < 100_000, "it holds far less than it may: {counters:?}");
}
