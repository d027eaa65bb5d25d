//! Whether every node of the cache answers, how keys are read there, and what its clocks say.

use ::cache::{
    CacheClient, CacheConfig, CacheError, CacheMode, NodeRole, NodeStats, Refusal, ScanMethod, Selection,
    Stats, Unreachable,
};
use domain::Timestamp;
use middleware::error_chain;
use tokio::time::{Instant, timeout};

use super::cache_port::{speaks_clear_text, speaks_tls};
use super::{LIMIT, Row, clock, late};
use crate::cache_link;

const SUBJECT: &str = "cache";
/// The one that hears of events while services move from it.
const SECOND: &str = "second events";
const SECOND_NAMES: [(&str, &str); 8] = [
    ("CACHE_USERNAME, CACHE_PASSWORD or CACHE_PASSWORD_FILE", "EVENTS_LEGACY_REDIS_PASSWORD"),
    ("CACHE_USERNAME and CACHE_PASSWORD (or CACHE_PASSWORD_FILE)", "EVENTS_LEGACY_REDIS_PASSWORD"),
    ("set CACHE_USERNAME to another user", "let the default user do it"),
    ("set CACHE_MODE=cluster", "name a server that is none"),
    ("set CACHE_MODE as the message says, or correct CACHE_ADDRS", "correct EVENTS_LEGACY_REDIS_HOST"),
    ("CACHE_TLS_ENABLED", "EVENTS_LEGACY_REDIS_TLS"),
    ("CACHE_CA_CERT_BASE64", "EVENTS_LEGACY_REDIS_CA_CERT_BASE64"),
    ("CACHE_ADDRS", "EVENTS_LEGACY_REDIS_HOST"),
];
const REACH: &str = "see that the address in CACHE_ADDRS is right, the server runs, the network (security group) lets us through, \
                     and CACHE_TLS_ENABLED fits";

pub(super) async fn rows(selection: &Selection) -> Vec<Row> {
    match selection {
        Selection::Embedded => vec![Row::well(SUBJECT, "embedded")],
        Selection::Valkey { config, .. } => rows_of(SUBJECT, config).await,
    }
}

/// The same for the second server of events, which has variables of its own.
pub(super) async fn second_rows(config: &CacheConfig) -> Vec<Row> {
    let mut rows = rows_of(SECOND, config).await;
    for row in &mut rows {
        row.detail = of_second(&row.detail);
        row.fix = row.fix.as_deref().map(of_second);
    }
    rows
}

/// The text of a row about the cache, as it is about the second server.
fn of_second(text: &str) -> String {
    SECOND_NAMES.iter().fold(text.to_owned(), |text, (cache, second)| text.replace(cache, second))
}

async fn rows_of(subject: &'static str, config: &CacheConfig) -> Vec<Row> {
    let what = format!(
        "{} at {}{}",
        config.mode.name(),
        cache_link::addresses(config),
        if config.tls { " with TLS" } else { "" }
    );
    let began = Instant::now();
    match timeout(LIMIT, look(config)).await {
        Ok(Ok((stats, method))) => {
            let mut rows = vec![answering(subject, &what, &stats)];
            rows.extend(scan_row(subject, config.mode, method));
            rows.extend(clock_row(subject, &stats, began));
            rows
        }
        Ok(Err(error)) => {
            let detail = format!("{what}: {}", error_chain(&error).replace('\n', "; "));
            vec![match other_speech(config, &error).await {
                Some((fault, fix)) => Row::misconfigured(subject, format!("{detail}; {fault}"), fix),
                None if error.is_misconfiguration() => Row::misconfigured(subject, detail, fix(&error)),
                None => Row::fault(subject, detail, fix(&error)),
            }]
        }
        Err(_elapsed) => {
            vec![Row::fault(subject, format!("{what}: {}", late()), REACH)]
        }
    }
}

async fn look(config: &CacheConfig) -> Result<(Stats, ScanMethod), CacheError> {
    let cache = ::cache::connect(config.clone()).await?;
    let keyspace = cache.keyspace();
    let stats = keyspace.stats().await;
    cache.close().await;
    Ok((stats?, keyspace.scan_method()))
}

fn answering(subject: &'static str, what: &str, stats: &Stats) -> Row {
    if let Some(away) = stats.unreachable.iter().find(|away| away.node.starts_with("slots ")) {
        let detail = format!("{what}: {}: {}", away.node, away.reason);
        return Row::fault(
            subject,
            detail,
            "see the other rows and the log of the cluster: a part of it has no master",
        );
    }
    if !stats.unreachable.is_empty() {
        let name = |away: &Unreachable| format!("{} ({})", away.node, away.reason);
        let nodes: Vec<_> = stats.unreachable.iter().map(name).collect();
        return Row::fault(subject, format!("{what}: no answer from {}", nodes.join(", ")), REACH);
    }
    let is_misplaced =
        |node: &&NodeStats| node.role == NodeRole::Master && node.own_role == NodeRole::Replica;
    if let Some(node) = stats.nodes.iter().find(is_misplaced) {
        let detail = format!("CACHE_ADDRS: {} is a replica, which takes no writes", node.address);
        return Row::misconfigured(
            subject,
            detail,
            "write the address of the primary, or wait for the fail-over",
        );
    }
    Row::well(subject, format!("{what}, nodes that answer: {}", stats.nodes.len()))
}

/// What the self-test of scans came to, which is made whenever a connection is.
fn scan_row(subject: &'static str, mode: CacheMode, method: ScanMethod) -> Option<Row> {
    match (mode, method) {
        (CacheMode::Single, _) => None,
        (CacheMode::Cluster, ScanMethod::SlotKeys | ScanMethod::WholeNode) => Some(Row::warning(
            subject,
            "scans read whole slots: a server is older than Valkey 8, or its SCAN does not enter a slot by its number",
            "upgrade every node to Valkey 8; until then listing keys is correct, and slower",
        )),
        (CacheMode::Cluster, ScanMethod::SlotCursor) => {
            Some(Row::well(subject, "scans enter slots by their number (self-test)"))
        }
    }
}

/// The clock that is farthest from ours.
fn clock_row(subject: &'static str, stats: &Stats, began: Instant) -> Option<Row> {
    let rows = stats.nodes.iter().filter_map(|node| {
        let millis = i64::try_from(node.clock_micros? / 1_000).ok()?;
        Some(clock::row(
            &format!("that of {subject} {}", node.address),
            Timestamp::from_millis(millis),
            began.elapsed(),
        ))
    });
    rows.max_by_key(|row| row.verdict)
}

/// What is wrong, and the fix, when the port speaks the other of TLS and clear text.
async fn other_speech(config: &CacheConfig, error: &CacheError) -> Option<(&'static str, &'static str)> {
    if matches!(error, CacheError::Refused { .. } | CacheError::Config(_)) {
        return None;
    }
    let address = config.addresses.first()?;
    if config.tls {
        let fault = "the port speaks clear text, and CACHE_TLS_ENABLED is set";
        let fix = "let the server speak TLS (ElastiCache: transit encryption), or remove CACHE_TLS_ENABLED";
        speaks_clear_text(address).await.then_some((fault, fix))
    } else {
        let fault = "the port speaks TLS, and CACHE_TLS_ENABLED is not set";
        speaks_tls(address).await.then_some((fault, "set CACHE_TLS_ENABLED=true"))
    }
}

fn fix(error: &CacheError) -> &'static str {
    match error {
        CacheError::Config(_) => "change the variables that the message names",
        CacheError::Unavailable { .. } | CacheError::Timeout { .. } | CacheError::Interrupted { .. } => REACH,
        CacheError::Protocol { .. } => "see that the address is that of a Valkey server and not of a proxy",
        CacheError::Refused { refusal, .. } => match refusal {
            Refusal::Credentials => {
                "correct CACHE_USERNAME and CACHE_PASSWORD (or CACHE_PASSWORD_FILE), or the user on the server"
            }
            Refusal::Permission(_) => {
                "allow the user the command and the keys (ACL SETUSER), or set CACHE_USERNAME to another user"
            }
            Refusal::Certificate(_) => {
                "set CACHE_CA_CERT_BASE64 to the authority that signed the certificate, and write a host in \
                 CACHE_ADDRS that the certificate names"
            }
            Refusal::Topology(_) => "set CACHE_MODE as the message says, or correct CACHE_ADDRS",
            Refusal::OutOfMemory => "raise maxmemory of the server, or give it an eviction policy",
            Refusal::ReadOnly => "write the address of the primary in CACHE_ADDRS, or wait for the fail-over",
            Refusal::NotReady(_) => {
                "wait until the server has loaded its data, or the cluster is whole; then check again"
            }
            Refusal::Other(_) => "see the log of the server for what it has against the command",
        },
        // What no connection attempt ends in.
        CacheError::Miss | CacheError::Closed | CacheError::WrongType | CacheError::Full { .. } => {
            "check again; if it stays, report it as a fault of this program"
        }
    }
}
