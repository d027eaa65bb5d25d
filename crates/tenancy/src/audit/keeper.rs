//! Puts what waits into the chain, tells its end, and removes what is old.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use domain::{AuditLog, ChainHead, Chaining, Clock, LeaseStore, StoreUnavailable, Timestamp};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::chain::AuditChain;
use super::retention::remove_old;
use super::term::{LEASE, LEASE_TIME, Term};

/// Rows of one round.
const PAGE: usize = 100;
/// Between rounds that leave nothing.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// How often a process that does not chain tries to.
const TRY_EVERY: Duration = Duration::from_secs(1);
const TELL_EVERY: Duration = Duration::from_secs(300);
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// Target of the lines that tell the end of the chain, for filters of logs.
const TARGET: &str = "audit";

/// What the keeper works with.
pub struct AuditKeeperPorts {
    /// Where the rows are.
    pub log: Arc<dyn AuditLog>,
    /// Who chains.
    pub leases: Arc<dyn LeaseStore>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// What links are made with.
    pub chain: AuditChain,
    /// For how long rows are kept.
    pub retention: Duration,
}

/// The keeper of the audit log, of one process: one of all processes chains at a time, under a lease in the store. Cheap to
/// clone; all clones are one.
#[derive(Clone)]
pub struct AuditKeeper(Arc<Shared>);

struct Shared {
    ports: AuditKeeperPorts,
    is_chaining: AtomicBool,
    /// The last round failed, and that was told.
    is_failing: AtomicBool,
    chained: AtomicU64,
    removed: AtomicU64,
    waiting: AtomicU64,
    sequence: AtomicU64,
}

/// What the keeper of this process did since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCounters {
    /// Whether it is this process's turn.
    pub is_chaining: bool,
    /// Rows that it chained.
    pub chained: u64,
    /// Rows that it removed, because they were old.
    pub removed: u64,
    /// Rows that waited when it last looked.
    pub waiting: u64,
    /// The number of the last row, when it last looked.
    pub sequence: u64,
}

/// Why a round ended early.
enum Stopped {
    /// It is another's turn.
    Lost,
    /// The store gave no answer.
    Store(StoreUnavailable),
}

impl From<StoreUnavailable> for Stopped {
    fn from(error: StoreUnavailable) -> Self {
        Self::Store(error)
    }
}

/// How far one term is.
struct Progress {
    head: ChainHead,
    /// The last number that the log was told.
    told: Option<u64>,
    told_at: Instant,
    tidied_at: Option<Instant>,
}

impl AuditKeeper {
    /// Over these ports. It does nothing until it is [run](Self::run).
    pub fn new(ports: AuditKeeperPorts) -> Self {
        let zero = AtomicU64::default;
        let (is_chaining, is_failing) = (AtomicBool::default(), AtomicBool::default());
        let (chained, removed, waiting, sequence) = (zero(), zero(), zero(), zero());
        Self(Arc::new(Shared { ports, is_chaining, is_failing, chained, removed, waiting, sequence }))
    }

    /// What it did so far.
    pub fn counters(&self) -> AuditCounters {
        let Shared { is_chaining, chained, removed, waiting, sequence, .. } = self.0.as_ref();
        AuditCounters {
            is_chaining: is_chaining.load(Ordering::Relaxed),
            chained: chained.load(Ordering::Relaxed),
            removed: removed.load(Ordering::Relaxed),
            waiting: waiting.load(Ordering::Relaxed),
            sequence: sequence.load(Ordering::Relaxed),
        }
    }

    /// Chains whenever it is this process's turn, until it is cancelled; then what waits is chained, the end told, and another
    /// process can take over at once.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut is_away = false;
        while !cancel.is_cancelled() {
            let asked = Instant::now();
            match self.0.ports.leases.acquire_lease(LEASE, LEASE_TIME).await {
                Ok(Some(lease)) => {
                    is_away = false;
                    self.term(&Term::new(lease, asked), &cancel).await;
                }
                Ok(None) => is_away = false,
                Err(error) if !is_away => {
                    is_away = true;
                    tracing::warn!(error = %error.source, "the store does not say who chains the audit log");
                }
                Err(_still_away) => {}
            }
            let _ = timeout(TRY_EVERY, cancel.cancelled()).await;
        }
    }

    async fn term(&self, term: &Term, cancel: &CancellationToken) {
        tracing::debug!(number = term.lease().number, "this process chains the audit log");
        self.0.is_chaining.store(true, Ordering::Relaxed);
        let leases = self.0.ports.leases.as_ref();
        let work = pin!(self.work(term, cancel));
        tokio::select! {
            () = term.keep(leases) => {}
            ended = work => match ended {
                Ok(()) | Err(Stopped::Lost) => {}
                Err(Stopped::Store(error)) => {
                    if !self.0.is_failing.swap(true, Ordering::Relaxed) {
                        tracing::warn!(error = %error.source, "rows of the audit log cannot be chained");
                    }
                }
            },
        }
        self.0.is_chaining.store(false, Ordering::Relaxed);
        if let Err(error) = leases.release_lease(term.lease()).await {
            tracing::debug!(error = %error.source, "the lease of the audit log ends by itself");
        }
    }

    /// Returns when it is another's turn, when the store gives no answer, and when it is cancelled and nothing waits.
    async fn work(&self, term: &Term, cancel: &CancellationToken) -> Result<(), Stopped> {
        let head = self.0.ports.log.chain_head().await?;
        let mut progress = Progress { head, told: None, told_at: Instant::now(), tidied_at: None };
        self.tell(&mut progress);
        loop {
            // Before the round: what came before the end was asked for is chained.
            let is_last = cancel.is_cancelled();
            let begun = Instant::now();
            let is_full = self.round(term, &mut progress).await?;
            self.0.is_failing.store(false, Ordering::Relaxed);
            if is_last && !is_full {
                self.tell(&mut progress);
                return Ok(());
            }
            if progress.told_at.elapsed() >= TELL_EVERY {
                self.tell(&mut progress);
            }
            self.tidy(&mut progress, term).await?;
            // Others want to write, too.
            let rest = begun.elapsed() / 2;
            let rest = if is_full { rest } else { rest.max(LOOK_EVERY) };
            let _ = timeout(rest, cancel.cancelled()).await;
        }
    }

    /// Chains what waits, at most a page. Says whether there may be more.
    async fn round(&self, term: &Term, progress: &mut Progress) -> Result<bool, Stopped> {
        let Shared { ports, chained, waiting, sequence, .. } = self.0.as_ref();
        let rows = ports.log.unchained(PAGE).await?;
        let is_full = rows.len() == PAGE;
        let count = if is_full { ports.log.unchained_count().await? } else { 0 };
        waiting.store(count, Ordering::Relaxed);
        for row in rows {
            if !term.is_held() {
                return Err(Stopped::Lost);
            }
            let row = ports.chain.link(&progress.head, row, self.now());
            match ports.log.chain(&row).await? {
                Chaining::Done => {
                    progress.head = ChainHead::from(&row);
                    chained.fetch_add(1, Ordering::Relaxed);
                }
                Chaining::Before => {}
                Chaining::Taken => return Err(Stopped::Lost),
            }
        }
        sequence.store(progress.head.sequence, Ordering::Relaxed);
        Ok(is_full)
    }

    /// Leaves the end of the chain in the log, where who can write to the store cannot: what is cut off from then on shows.
    fn tell(&self, progress: &mut Progress) {
        progress.told_at = Instant::now();
        let sequence = progress.head.sequence;
        if sequence == 0 || progress.told == Some(sequence) {
            return;
        }
        progress.told = Some(sequence);
        let signed = self.0.ports.chain.sign(progress.head, self.now());
        tracing::info!(
            target: TARGET,
            sequence,
            hash = %signed.head.link,
            at = %signed.at,
            key = %signed.key,
            signature = %signed.signature,
            head = %signed,
            "head of the audit log"
        );
    }

    /// Removes a page of what is old; the next one after the next round, until there is none.
    async fn tidy(&self, progress: &mut Progress, term: &Term) -> Result<(), Stopped> {
        if progress.tidied_at.is_some_and(|at| at.elapsed() < TIDY_EVERY) || !term.is_held() {
            return Ok(());
        }
        let Shared { ports, removed, .. } = self.0.as_ref();
        let before = self.now().before(ports.retention);
        let old = remove_old(ports.log.as_ref(), &ports.chain, before, self.now()).await?;
        removed.fetch_add(old.removed, Ordering::Relaxed);
        if !old.has_more {
            progress.tidied_at = Some(Instant::now());
        }
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.0.ports.clock.now().into()
    }
}

impl fmt::Debug for AuditKeeper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AuditKeeper").field("counters", &self.counters()).finish_non_exhaustive()
    }
}
