//! Somebody tries keys that look right, thousands a second.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::ApiKey;
use futures::future::join_all;
use reqwest::Method;
use testkit::{ValkeyServer, scaled};

use super::replica::Replica;
use super::service::{CLIENTS, LIMIT, client, got};

const CALLERS: usize = 50;
const CONNECTIONS: usize = 64;
/// How many keys are tried in all, at full size; the pace is what a machine of the tests manages.
const KEYS: usize = 200_000;
/// What the service may grow by: what it remembers of unknown keys is bounded, and so is what 64 connections hold.
const GROWTH: u64 = 48 << 20;

/// The `number`th of the tried keys: the form and the checksum are right.
fn guess(number: usize) -> ApiKey {
    let mut random = [0x5A; ApiKey::RANDOM_BYTES];
    random[..8].copy_from_slice(&(number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    random[8..16].copy_from_slice(&(number as u64).to_le_bytes());
    ApiKey::generate("staging", random)
}

/// How long the reads of those who are known take, one after the other, until told to stop.
async fn known(replica: &Replica, stopped: impl Fn(usize) -> bool) -> Vec<Duration> {
    let mut times = Vec::new();
    for turn in 0.. {
        if stopped(turn) {
            break;
        }
        let answer = got(replica.request(Method::GET, "/test/read", turn % CALLERS)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.took < LIMIT, "{answer:?}");
        times.push(answer.took);
    }
    times.sort();
    times
}

fn shown(times: &[Duration]) -> String {
    format!(
        "{} reads, p50 {:.1?}, p99 {:.1?}",
        times.len(),
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_known_are_served_and_memory_holds() {
    let server = ValkeyServer::start().await;
    let variables = [("CACHE_MODE", "single".to_owned()), ("CACHE_ADDRS", server.address().to_string())]
        .map(|(name, value)| (name.to_owned(), value));
    let replica = Replica::start(&variables).await;
    let before = known(&replica, |turn| turn >= 20 * CALLERS).await;
    let (next, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let keys = scaled(KEYS);
    let memory_before = replica.resident_bytes();

    let began = Instant::now();
    let flood = async {
        let refusals = join_all((0..CONNECTIONS).map(async |number| {
            let client = client(CLIENTS + number);
            let (mut unknown, mut damped) = (0, 0);
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                if number >= keys {
                    return (unknown, damped);
                }
                let request = client.get(format!("{}/test/read", replica.base()));
                let answer = got(request.header("X-API-Key", guess(number).expose())).await;
                assert!(answer.took < LIMIT, "{answer:?}");
                match answer.status {
                    401 => unknown += 1,
                    429 => damped += 1,
                    _ => panic!("{answer:?}"),
                }
            }
        }))
        .await;
        done.store(true, Ordering::SeqCst);
        refusals.into_iter().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1))
    };
    let ((unknown, damped), during) =
        tokio::join!(flood, known(&replica, |turn| turn > CALLERS && done.load(Ordering::SeqCst)));
    let took = began.elapsed();
    let memory = replica.resident_bytes();
    println!(
        "{keys} unknown keys, {:.0} a second: {unknown} x 401, {damped} x 429",
        keys as f64 / took.as_secs_f64()
    );
    println!("the known before: {}; during: {}", shown(&before), shown(&during));
    println!("memory before: {} KiB, after: {} KiB", memory_before >> 10, memory >> 10);
    assert!(unknown > 0 && damped > 0, "{unknown} {damped}");
    assert!(memory < memory_before + GROWTH, "{memory_before} bytes became {memory}");
    // What was learned of them is not kept where others read.
    let size = server.connect().await.command(&["DBSIZE"]).await.integer();
    assert!(size < 10 * CALLERS as i64, "{size} keys in Valkey");
}
