//! Deleting and listing keys of a real cluster, beside what operators do by hand today. Run by
//! `cargo xtask bench scan`; prints ratios from one run.
//!
//! Each of our own measurements runs in a process of its own (this program again), so that its memory is its own.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measuring program stops at the first surprise"
)]

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cache::{CacheClient, CacheConfig, Cursor, DeleteReport, DeleteRequest, Glob, NodeAddress, PageRequest};
use futures::StreamExt;
use testkit::{ClusterOptions, ValkeyCluster};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// As the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const KEYS: usize = 1_000_000;
/// Every fifth key matches.
const PATTERN: &str = "tenant-connections:*";
const MATCHING: u64 = 200_000;
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match arguments.iter().position(|argument| argument == "--worker") {
        Some(at) => runtime.block_on(worker(&arguments[at + 1], &arguments[at + 2])),
        None => runtime.block_on(compare()),
    }
}

async fn compare() {
    let servers = ValkeyCluster::start(ClusterOptions::default()).await;
    println!("cluster of 3 masters and 3 replicas, {KEYS} keys, {MATCHING} match {PATTERN}; seconds");
    println!("machine: {}", machine());

    let mut by_hand = Vec::new();
    let mut by_shell = Vec::new();
    let mut ours = Vec::new();
    for round in 0..ROUNDS {
        if round == 0 {
            refill(&servers).await;
            by_hand.push(key_by_key(&servers).await);
        }
        refill(&servers).await;
        by_shell.push(by_pipe(&servers).await);
        refill(&servers).await;
        ours.push(measure(&servers, "delete"));
        assert_eq!(servers.key_count().await, KEYS as u64 - MATCHING);
    }
    let (hand, shell) = (median(&mut by_hand), median(&mut by_shell));
    ours.sort_by_key(|measured| measured.took);
    let own = ours[ROUNDS / 2];
    println!("| delete by pattern | seconds | ratio to ours |");
    println!("|---|---|---|");
    println!(
        "| (a) one master after another, DEL key by key (once) | {hand:.2} | {:.1} |",
        hand / own.seconds()
    );
    println!(
        "| (b) all masters at once, valkey-cli --scan, sed, valkey-cli --pipe (median of {ROUNDS}) | {shell:.2} | {:.2} |",
        shell / own.seconds()
    );
    println!("| ours (median of {ROUNDS}) | {:.2} | 1 |", own.seconds());
    let peak = ours.iter().map(|measured| measured.grown_kib).max().unwrap_or(0);
    println!("delete: peak memory {:.1} MiB above idle ({:.1} MiB)", mib(peak), mib(own.idle_kib));

    refill(&servers).await;
    let listings = ["stream", "pages-1000", "pages-200"];
    let measured: Vec<Measured> = listings.iter().map(|listing| measure(&servers, listing)).collect();
    println!("| list all {KEYS} keys | seconds | ratio to the stream | peak memory above idle, MiB |");
    println!("|---|---|---|---|");
    for (listing, own) in listings.iter().zip(&measured) {
        let ratio = own.seconds() / measured[0].seconds();
        println!("| {listing} | {:.2} | {ratio:.2} | {:.1} |", own.seconds(), mib(own.grown_kib));
    }
}

#[derive(Clone, Copy)]
struct Measured {
    took: Duration,
    idle_kib: u64,
    grown_kib: u64,
}

impl Measured {
    fn seconds(&self) -> f64 {
        self.took.as_secs_f64()
    }
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn machine() -> String {
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores, {}", model.trim_start_matches([' ', '\t', ':']))
}

/// Deletes what is there and writes all keys anew, so that every round begins alike.
async fn refill(servers: &ValkeyCluster) {
    servers.flush().await;
    let key = |number: usize| match number % 5 {
        0 => format!("tenant-connections:{number}:ledger"),
        _ => format!("tenant:{number}:settings:ledger"),
    };
    servers.fill((0..KEYS).map(|number| (key(number), "x".repeat(64)))).await;
    assert_eq!(servers.key_count().await, KEYS as u64);
}

async fn masters(servers: &ValkeyCluster) -> Vec<SocketAddr> {
    servers.masters().await.into_iter().map(|master| master.address).collect()
}

/// (a): one master after another, one DEL for each key, one after another.
async fn key_by_key(servers: &ValkeyCluster) -> f64 {
    let began = Instant::now();
    let mut deleted = 0;
    for master in masters(servers).await {
        let mut connection = testkit::Resp::connect(master).await.unwrap();
        let mut cursor = "0".to_owned();
        loop {
            let page = connection.command(&["SCAN", &cursor, "MATCH", PATTERN, "COUNT", "1000"]).await;
            let page = page.array();
            cursor = page[0].text();
            for key in page[1].array() {
                deleted += connection.command(&["DEL", &key.text()]).await.integer();
            }
            if cursor == "0" {
                break;
            }
        }
    }
    assert_eq!(u64::try_from(deleted).unwrap(), MATCHING);
    began.elapsed().as_secs_f64()
}

/// (b): the fastest known shell line, on all masters at once.
async fn by_pipe(servers: &ValkeyCluster) -> f64 {
    let masters = masters(servers).await;
    let began = Instant::now();
    let shells: Vec<_> = masters
        .iter()
        .map(|master| {
            let (host, port) = (master.ip(), master.port());
            let line = format!(
                "valkey-cli -h {host} -p {port} --scan --pattern '{PATTERN}' --count 1000 \
                 | sed 's/^/UNLINK /' | valkey-cli -h {host} -p {port} --pipe"
            );
            Command::new("sh").args(["-c", &line]).stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut shell in shells {
        assert!(shell.wait().unwrap().success());
    }
    let took = began.elapsed().as_secs_f64();
    assert_eq!(servers.key_count().await, KEYS as u64 - MATCHING);
    took
}

/// Runs one of our own operations in a process of its own.
fn measure(servers: &ValkeyCluster, operation: &str) -> Measured {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--worker", operation, &servers.addresses()[0].to_string()])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<u64> = text.split_whitespace().map(|number| number.parse().expect("a number")).collect();
    let [micros, idle_kib, peak_kib] = numbers[..] else { panic!("{operation} printed {text:?}") };
    Measured { took: Duration::from_micros(micros), idle_kib, grown_kib: peak_kib.saturating_sub(idle_kib) }
}

async fn worker(operation: &str, seed: &str) {
    let seed: NodeAddress = seed.parse().unwrap();
    let cache = cache::connect(CacheConfig::cluster(vec![seed])).await.unwrap();
    let keyspace = cache.keyspace();
    cache.ping().await.unwrap();
    let idle_kib = resident("VmRSS");
    let began = Instant::now();
    let count = match operation {
        "delete" => {
            let request = DeleteRequest::matching(PATTERN.parse().unwrap());
            let progress = watch::Sender::new(DeleteReport::default());
            let report = keyspace.delete(&request, &progress, &CancellationToken::new()).await.unwrap();
            assert!(report.is_complete() && report.deleted() == MATCHING, "{report:?}");
            KEYS
        }
        "stream" => {
            let mut stream = keyspace.stream(&Glob::everything());
            let mut count = 0;
            while let Some(batch) = stream.next().await {
                count += batch.unwrap().len();
            }
            count
        }
        pages => {
            let limit = pages.rsplit('-').next().unwrap().parse().unwrap();
            let mut request = PageRequest { pattern: Glob::everything(), cursor: Cursor::START, limit };
            let mut count = 0;
            loop {
                let page = keyspace.page(&request).await.unwrap();
                count += page.keys.len();
                request.cursor = page.cursor;
                if page.cursor.is_edge() {
                    break count;
                }
            }
        }
    };
    assert_eq!(count, KEYS);
    let micros = began.elapsed().as_micros();
    let mut out = std::io::stdout();
    writeln!(out, "{micros} {idle_kib} {}", resident("VmHWM")).unwrap();
    cache.close().await;
}

/// A line of this process's memory figures, KiB.
fn resident(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
