//! Takes what changes left in the store to whoever is to be told.
//!
//! One process relays at a time, under a lease in the store. It gives each event that waits its number (`releaser`), and takes
//! what has a number to every target (`publisher`), each at its own pace. A mark says how far a target is; it moves after the
//! target acknowledged, so what is published twice is what was published when a process died. Numbers are taken by inserting
//! the next one, and a number that is there already tells a process that it is not its turn any more.

mod pacer;
mod publisher;
mod releaser;
mod stats;
mod term;

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{Backlog, Clock, Environment, EventLog, Invalidator, LeaseStore, StoreUnavailable, Timestamp};
use futures::future::join_all;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::target::Target;
use publisher::{Look, Publisher};
use releaser::{Releaser, Stopped};
pub use stats::{RelayCounters, TargetCounters};
use stats::{Stats, TargetStats};
use term::{LEASE, LEASE_TIME, Term};

/// Between rounds of releasing while events come.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The longest pause between rounds once there is nothing for long.
const IDLE_LOOK_EVERY: Duration = Duration::from_millis(400);
/// How often a process that does not relay tries to.
const TRY_EVERY: Duration = Duration::from_millis(1_000);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// What the relay works with.
pub struct RelayPorts {
    /// Where events are.
    pub log: Arc<dyn EventLog>,
    /// Who relays.
    pub leases: Arc<dyn LeaseStore>,
    /// Forgets what an event makes outdated, before it is published.
    pub invalidator: Arc<dyn Invalidator>,
    /// Where events go.
    pub targets: Vec<Arc<dyn Target>>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// For how long what every target has is kept.
    pub retention: Duration,
}

/// The relay of one process. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Relay(Arc<Parts>);

struct Parts {
    log: Arc<dyn EventLog>,
    leases: Arc<dyn LeaseStore>,
    invalidator: Arc<dyn Invalidator>,
    outlets: Vec<Outlet>,
    clock: Arc<dyn Clock>,
    retention: Duration,
    stats: Stats,
    /// Something has a number that is not published.
    released: Notify,
}

/// A target and how it fares.
struct Outlet {
    target: Arc<dyn Target>,
    stats: TargetStats,
    is_failing: AtomicBool,
}

impl Outlet {
    /// Says so once, until it answers again.
    fn failed(&self, reason: &(dyn Error + 'static)) {
        Stats::one_more(&self.stats.failed);
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(target_name = self.target.name(), error = reason, "events are not published");
        }
    }

    fn answered(&self) {
        if self.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!(target_name = self.target.name(), "events are published again");
        }
    }
}

impl Parts {
    fn now(&self) -> Timestamp {
        self.clock.now().into()
    }
}

impl Relay {
    /// Over these ports. It does nothing until it is [run](Self::run).
    pub fn new(ports: RelayPorts) -> Self {
        let RelayPorts { log, leases, invalidator, targets, clock, retention } = ports;
        let outlets = targets.into_iter().map(|target| Outlet {
            target,
            stats: TargetStats::default(),
            is_failing: AtomicBool::new(false),
        });
        let (outlets, stats, released) = (outlets.collect(), Stats::default(), Notify::new());
        Self(Arc::new(Parts { log, leases, invalidator, outlets, clock, retention, stats, released }))
    }

    /// What it did since the process began.
    pub fn counters(&self) -> RelayCounters {
        let Parts { stats, outlets, .. } = self.0.as_ref();
        RelayCounters {
            is_relaying: stats.is_relaying.load(Ordering::Relaxed),
            released: stats.released.load(Ordering::Relaxed),
            set_aside: stats.set_aside.load(Ordering::Relaxed),
            targets: outlets.iter().map(|outlet| outlet.stats.counters(outlet.target.name())).collect(),
        }
    }

    /// How much some target has not got yet, whichever process relays: what waits to be released, and what was released behind the
    /// mark of the target that is the farthest back.
    pub async fn backlog(&self) -> Result<Backlog, StoreUnavailable> {
        let log = self.0.log.as_ref();
        let mut backlog = log.backlog().await?;
        for environment in Environment::ALL {
            let last = log.last_released(environment).await?;
            let mut mark = last;
            for outlet in &self.0.outlets {
                // One that is new begins with what is new.
                mark = mark.min(log.mark(outlet.target.name(), environment).await?.unwrap_or(last));
            }
            backlog.depth += last - mark;
            if let Some(oldest) = log.released_after(environment, mark, 1).await?.first() {
                let at = oldest.event.at;
                backlog.oldest_at = Some(backlog.oldest_at.map_or(at, |oldest| oldest.min(at)));
            }
        }
        Ok(backlog)
    }

    /// Relays whenever it is this process's turn, until it is cancelled; then another process can take over at once.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut is_away = false;
        while !cancel.is_cancelled() {
            let asked = Instant::now();
            match self.0.leases.acquire_lease(LEASE, LEASE_TIME).await {
                Ok(Some(lease)) => {
                    is_away = false;
                    self.term(&Term::new(lease, asked), &cancel).await;
                }
                Ok(None) => is_away = false,
                Err(error) if !is_away => {
                    is_away = true;
                    tracing::warn!(error = %error.source, "the store does not say who relays events");
                }
                Err(_still_away) => {}
            }
            let _ = timeout(TRY_EVERY, cancel.cancelled()).await;
        }
    }

    async fn term(&self, term: &Term, cancel: &CancellationToken) {
        tracing::info!(number = term.lease().number, "this process relays events");
        self.0.stats.is_relaying.store(true, Ordering::Relaxed);
        let work = pin!(self.work(term));
        tokio::select! {
            () = term.keep(self.0.leases.as_ref()) => {}
            () = work => {}
            () = cancel.cancelled() => {}
        }
        self.0.stats.is_relaying.store(false, Ordering::Relaxed);
        if let Err(error) = self.0.leases.release_lease(term.lease()).await {
            tracing::debug!(error = %error.source, "the lease of the relay ends by itself");
        }
        tracing::info!(number = term.lease().number, "this process does not relay events any more");
    }

    /// Returns when it is another's turn, or when the store gives no answer.
    async fn work(&self, term: &Term) {
        // Before anything is released: what a new target is not to get is what was released before it was there.
        let begun = async {
            self.begin_marks().await?;
            Releaser::new(&self.0, term).await
        };
        match begun.await {
            Ok(releaser) => {
                tokio::select! {
                    () = release(releaser) => {}
                    () = self.publish(term) => {}
                    () = self.tidy() => {}
                }
            }
            Err(error) => tracing::warn!(error = %error.source, "events cannot be relayed"),
        }
    }

    async fn begin_marks(&self) -> Result<(), StoreUnavailable> {
        for outlet in &self.0.outlets {
            for environment in Environment::ALL {
                if self.0.log.mark(outlet.target.name(), environment).await?.is_none() {
                    let last = self.0.log.last_released(environment).await?;
                    self.0.log.set_mark(outlet.target.name(), environment, last).await?;
                }
            }
        }
        Ok(())
    }

    /// Each target at its own pace, for ever.
    async fn publish(&self, term: &Term) {
        let all = self.0.outlets.iter().map(|outlet| self.publish_to(term, outlet));
        join_all(all).await;
        // There was none.
        std::future::pending::<()>().await;
    }

    async fn publish_to(&self, term: &Term, outlet: &Outlet) {
        let mut publisher = Publisher::new(&self.0, term, outlet);
        let (mut pause, mut is_away) = (FIRST_PAUSE, false);
        loop {
            let released = self.0.released.notified();
            let look = publisher.look().await;
            if let Err(error) = &look
                && !is_away
            {
                tracing::warn!(error = %error.source, "what is to be published cannot be read");
            }
            is_away = look.is_err();
            let look = look.unwrap_or(Look::Failed);
            if look == Look::Failed {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
            pause = FIRST_PAUSE;
            if look == Look::Idle {
                let _ = timeout(TRY_EVERY, released).await;
            }
        }
    }

    /// Removes what is old and what every target has, for ever.
    async fn tidy(&self) {
        loop {
            if let Err(error) = self.remove_old().await {
                tracing::warn!(error = %error.source, "old events are not removed");
            }
            sleep(TIDY_EVERY).await;
        }
    }

    async fn remove_old(&self) -> Result<(), StoreUnavailable> {
        let before = self.0.now().before(self.0.retention);
        for environment in Environment::ALL {
            let mut up_to = u64::MAX;
            for outlet in &self.0.outlets {
                let mark = self.0.log.mark(outlet.target.name(), environment).await?;
                up_to = up_to.min(mark.unwrap_or_default());
            }
            self.0.log.remove_released(environment, before, up_to).await?;
        }
        Ok(())
    }
}

/// Releases round by round until it is another's turn. A round that took long is followed by a longer rest, and so is one that
/// found nothing.
async fn release(mut releaser: Releaser<'_>) {
    let mut rest = LOOK_EVERY;
    loop {
        let begun = Instant::now();
        match releaser.round().await {
            Ok(released) => {
                rest = if released > 0 { LOOK_EVERY } else { (rest * 11 / 10).min(IDLE_LOOK_EVERY) };
                sleep(rest.max(begun.elapsed() / 2)).await;
            }
            Err(Stopped::Lost) => return,
            Err(Stopped::Store(error)) => {
                tracing::warn!(error = %error.source, "events cannot be released");
                return;
            }
        }
    }
}
