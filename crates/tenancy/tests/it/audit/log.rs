//! An audit log that somebody tampers with, or that is away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AuditEntry, AuditLog, AuditPage, AuditQuery, ChainAnchor, ChainHead, ChainedRow, Chaining,
    StoreUnavailable, UnchainedRow,
};
use tenancy::{AuditChain, AuditKeeper, AuditKeeperPorts};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::desk::{Desk, ring};

/// How long anything may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// What was done to the rows behind the back of the service.
type Tamper = Box<dyn Fn(&mut Vec<ChainedRow>) + Send + Sync>;

/// Another log, with what a test does to it.
pub(super) struct Meddled {
    log: Arc<dyn AuditLog>,
    tamper: Mutex<Option<Tamper>>,
    anchor: Mutex<Option<ChainAnchor>>,
    pub(super) is_away: AtomicBool,
}

impl Meddled {
    pub(super) fn with(log: Arc<dyn AuditLog>) -> Arc<Self> {
        Arc::new(Self {
            log,
            tamper: Mutex::default(),
            anchor: Mutex::default(),
            is_away: AtomicBool::default(),
        })
    }

    /// From here on the rows are as if this had been done to them.
    pub(super) fn tamper(&self, tamper: impl Fn(&mut Vec<ChainedRow>) + Send + Sync + 'static) {
        *self.tamper.lock().unwrap() = Some(Box::new(tamper));
    }

    /// From here on the chain is said to begin there.
    pub(super) fn forge(&self, anchor: ChainAnchor) {
        *self.anchor.lock().unwrap() = Some(anchor);
    }

    fn answers(&self) -> Result<(), StoreUnavailable> {
        if self.is_away.load(Ordering::SeqCst) { Err(StoreUnavailable::new("away")) } else { Ok(()) }
    }
}

#[async_trait]
impl AuditLog for Meddled {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreUnavailable> {
        self.answers()?;
        self.log.append_audit(entry).await
    }

    async fn unchained(&self, limit: usize) -> Result<Vec<UnchainedRow>, StoreUnavailable> {
        self.log.unchained(limit).await
    }

    async fn unchained_count(&self) -> Result<u64, StoreUnavailable> {
        self.log.unchained_count().await
    }

    async fn chain(&self, row: &ChainedRow) -> Result<Chaining, StoreUnavailable> {
        self.answers()?;
        self.log.chain(row).await
    }

    async fn chain_head(&self) -> Result<ChainHead, StoreUnavailable> {
        self.log.chain_head().await
    }

    async fn chained_after(&self, sequence: u64, limit: usize) -> Result<Vec<ChainedRow>, StoreUnavailable> {
        let mut rows = self.log.chained_after(0, 10_000).await?;
        if let Some(tamper) = &*self.tamper.lock().unwrap() {
            tamper(&mut rows);
        }
        Ok(rows.into_iter().filter(|row| row.sequence > sequence).take(limit).collect())
    }

    async fn audit_page(&self, query: &AuditQuery) -> Result<AuditPage, StoreUnavailable> {
        self.log.audit_page(query).await
    }

    async fn chain_anchor(&self) -> Result<Option<ChainAnchor>, StoreUnavailable> {
        let forged = self.anchor.lock().unwrap().clone();
        if forged.is_some() { Ok(forged) } else { self.log.chain_anchor().await }
    }

    async fn remove_chained(&self, anchor: &ChainAnchor) -> Result<u64, StoreUnavailable> {
        self.log.remove_chained(anchor).await
    }
}

/// A keeper at work in a process of its own.
pub(super) struct Process {
    pub(super) keeper: AuditKeeper,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Process {
    pub(super) fn start(desk: &Desk, log: Arc<dyn AuditLog>, retention: Duration) -> Self {
        Self::with_chain(desk, log, AuditChain::of(&ring()), retention)
    }

    pub(super) fn with_chain(
        desk: &Desk,
        log: Arc<dyn AuditLog>,
        chain: AuditChain,
        retention: Duration,
    ) -> Self {
        let (leases, clock) = (desk.parts.leases.clone(), desk.parts.clock.clone());
        let keeper = AuditKeeper::new(AuditKeeperPorts { log, leases, clock, chain, retention });
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let (keeper, stop) = (keeper.clone(), stop.clone());
            async move { keeper.run(stop).await }
        });
        Self { keeper, stop, task }
    }

    /// Stops softly: what waits is chained.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }

    /// Kills it, wherever it is.
    pub(super) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Waits until nothing waits for its place.
pub(super) async fn all_chained(log: &Arc<dyn AuditLog>) {
    testkit::wait_until("all rows to be chained", PATIENCE, async || {
        log.unchained_count().await.unwrap() == 0
    })
    .await;
}

/// Leaves so many rows.
pub(super) async fn leave(desk: &Desk, rows: usize) {
    for number in 0..rows {
        let entry = desk.use_cases.audit_notes.entry(
            &desk.actor,
            domain::AuditAction::Delete,
            "cache/keys",
            serde_json::json!({ "number": number }),
        );
        assert!(desk.use_cases.audit_notes.note(entry).await);
    }
}
