//! Rows of what changes no record.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Actor, AuditAction, AuditEntry, AuditLog, Clock};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::parts::Random;

/// Rows that wait for a store that is away. What comes when there are as many is counted and dropped; the log line of it stays.
const MOST: usize = 4_000;
/// How many of those may be of refused attempts: strangers must not drive out what operators did.
const MOST_OF_REFUSALS: usize = MOST / 2;
/// Whoever is to be answered waits no longer for a row to be written.
const PATIENCE: Duration = Duration::from_millis(500);
/// One call may take so long where nobody waits for it.
const LIMIT: Duration = Duration::from_secs(10);
const TRY_EVERY: Duration = Duration::from_secs(1);

/// Writes rows of what changes no record, such as a deletion from the cache. While the store is away they wait in a bounded
/// queue: what they tell of goes on. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct AuditNotes(Arc<Shared>);

struct Shared {
    log: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    random: Random,
    waiting: Mutex<VecDeque<AuditEntry>>,
    /// The last call got no answer: nobody waits for another.
    is_away: AtomicBool,
    dropped: AtomicU64,
    added: Notify,
    /// One writes from the queue at a time, so that rows keep their order.
    writing: tokio::sync::Mutex<()>,
}

/// What became of the rows of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotesCounters {
    /// Waiting for the store.
    pub waiting: u64,
    /// Dropped, because too many waited.
    pub dropped: u64,
}

impl AuditNotes {
    /// Rows for this log.
    pub fn new(log: Arc<dyn AuditLog>, clock: Arc<dyn Clock>, random: Random) -> Self {
        Self(Arc::new(Shared {
            log,
            clock,
            random,
            waiting: Mutex::default(),
            is_away: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            added: Notify::new(),
            writing: tokio::sync::Mutex::default(),
        }))
    }

    /// A row of what somebody did now.
    pub fn entry(&self, actor: &Actor, action: AuditAction, target: &str, after: Value) -> AuditEntry {
        AuditEntry {
            id: (self.0.random.uuid)(),
            at: self.0.clock.now().into(),
            actor: actor.caller.to_string(),
            address: actor.address,
            request_id: actor.request_id.clone(),
            action,
            target: target.to_owned(),
            environment: None,
            before: None,
            after: Some(after),
        }
    }

    /// Writes a row; `false` when it could not be written in half a second and waits. While others wait it waits behind them.
    pub async fn note(&self, entry: AuditEntry) -> bool {
        let is_first = self.lock().is_empty() && !self.0.is_away.load(Ordering::Relaxed);
        if is_first && let Ok(Ok(())) = timeout(PATIENCE, self.0.log.append_audit(&entry)).await {
            return true;
        }
        self.0.is_away.store(true, Ordering::Relaxed);
        self.leave(entry);
        false
    }

    /// Leaves a row to be written soon. Does not wait.
    pub fn leave(&self, entry: AuditEntry) {
        let most = if entry.action == AuditAction::Refuse { MOST_OF_REFUSALS } else { MOST };
        let mut waiting = self.lock();
        if waiting.len() < most {
            waiting.push_back(entry);
        } else {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
        drop(waiting);
        self.0.added.notify_one();
    }

    /// What became of the rows so far.
    pub fn counters(&self) -> NotesCounters {
        let waiting = u64::try_from(self.lock().len()).unwrap_or(u64::MAX);
        NotesCounters { waiting, dropped: self.0.dropped.load(Ordering::Relaxed) }
    }

    /// Writes what waits whenever the store answers, for ever.
    pub(crate) async fn keep_writing(&self) {
        loop {
            self.0.added.notified().await;
            let mut told_dropped = self.counters().dropped;
            let mut is_told = false;
            while !self.write_out().await {
                if !std::mem::replace(&mut is_told, true) {
                    tracing::warn!("rows of the audit log wait for the record store");
                }
                let dropped = self.counters().dropped;
                if told_dropped != dropped {
                    told_dropped = dropped;
                    tracing::error!(dropped, "rows of the audit log were dropped: too many wait");
                }
                sleep(TRY_EVERY).await;
            }
            let dropped = self.counters().dropped;
            if told_dropped != dropped {
                tracing::error!(dropped, "rows of the audit log were dropped: too many wait");
            }
            if is_told {
                tracing::info!("no row of the audit log waits any more");
            }
        }
    }

    /// Writes what waits now; `false` when the store gave no answer.
    pub async fn write_out(&self) -> bool {
        let _turn = self.0.writing.lock().await;
        while let Some(entry) = self.first() {
            let written = timeout(LIMIT, self.0.log.append_audit(&entry)).await;
            let is_written = matches!(written, Ok(Ok(())));
            self.0.is_away.store(!is_written, Ordering::Relaxed);
            if !is_written {
                return false;
            }
            self.gone(entry.id);
        }
        self.0.is_away.store(false, Ordering::Relaxed);
        true
    }

    fn first(&self) -> Option<AuditEntry> {
        self.lock().front().cloned()
    }

    fn gone(&self, id: Uuid) {
        let mut waiting = self.lock();
        if waiting.front().is_some_and(|first| first.id == id) {
            waiting.pop_front();
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<AuditEntry>> {
        // Nothing panics between two changes that belong together.
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for AuditNotes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AuditNotes").field("counters", &self.counters()).finish_non_exhaustive()
    }
}
