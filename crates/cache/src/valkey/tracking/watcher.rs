//! Keeps one tracking link to one master: opens and arms it, passes on what it tells, and replaces it when it does not
//! prove to be alive.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use bytes::Bytes;
use fred::types::client::Invalidation;
use futures::future::{Fuse, FusedFuture, FutureExt};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::coverage::{Layout, Watched};
use super::probe::{self, Finding, Probe};
use crate::address::NodeAddress;
use crate::near::Hub;
use crate::valkey::command::Command;
use crate::valkey::counters::Counting;
use crate::valkey::failure::Failure;
use crate::valkey::link::Link;
use crate::valkey::topology::Topology;

/// Time between two probes.
const PROBE_EVERY: Duration = Duration::from_millis(250);
/// How long what is held may be used after a probe was sent that was answered well.
const GOOD_FOR_MICROS: u64 = 1_500_000;
/// A link without a good answer for this long is replaced.
const HUNG_AFTER: Duration = Duration::from_secs(2);
/// Limit on arming a link that was just opened.
const ARM_LIMIT: Duration = Duration::from_secs(2);
/// Waiting time before a link is opened again: doubled from the first to the second while none proves to be alive.
const REOPEN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// A task that watches one master, as its owner sees it.
pub(super) struct Watcher {
    address: NodeAddress,
    /// A slot of the master, where the probe key is.
    slot: Option<u16>,
    pub(super) watched: Arc<Watched>,
    stopped: CancellationToken,
}

impl Watcher {
    pub(super) fn start(
        topology: Arc<Topology>,
        hub: Arc<Hub>,
        address: NodeAddress,
        slot: Option<u16>,
        prefixes: Vec<Bytes>,
    ) -> Self {
        let watched = Arc::new(Watched::default());
        let stopped = topology.surroundings.closed.child_token();
        let tasks = topology.surroundings.tasks.clone();
        let task = Task {
            topology,
            hub,
            address: address.clone(),
            slot,
            prefixes,
            watched: Arc::clone(&watched),
            stopped: stopped.clone(),
            silent_since: None,
        };
        tasks.spawn(task.run());
        Self { address, slot, watched, stopped }
    }

    /// Whether it can go on as the watcher of this master.
    pub(super) fn fits(&self, address: &NodeAddress, master: u16, layout: &Layout) -> bool {
        self.address == *address
            && match self.slot {
                Some(slot) => layout.owns(master, slot),
                None => layout.first_slot(master).is_none(),
            }
    }

    /// Ends it.
    pub(super) fn stop(&self) {
        self.stopped.cancel();
        self.watched.end();
    }
}

struct Task {
    topology: Arc<Topology>,
    hub: Arc<Hub>,
    address: NodeAddress,
    slot: Option<u16>,
    prefixes: Vec<Bytes>,
    watched: Arc<Watched>,
    stopped: CancellationToken,
    /// Since when the master tells nothing, as it was logged.
    silent_since: Option<Instant>,
}

impl Task {
    async fn run(mut self) {
        let stopped = self.stopped.clone();
        let mut pause = REOPEN.0;
        // Whether anything may be held that a link before this one vouched for.
        let mut was_proved = false;
        loop {
            let opened = tokio::select! {
                biased;
                () = stopped.cancelled() => return,
                opened = self.open() => opened,
            };
            match opened {
                Ok((link, told)) => {
                    Counting::add(&self.counting().tracking_armed);
                    if was_proved {
                        self.reset("the link was made anew");
                    }
                    self.watched.begin();
                    let proved = self.watch(&link, told).await;
                    // First of all, so that nothing is used while the rest takes its time.
                    self.watched.end();
                    link.close().await;
                    if stopped.is_cancelled() {
                        return;
                    }
                    Counting::add(&self.counting().tracking_lost);
                    was_proved = proved;
                    if proved {
                        pause = REOPEN.0;
                    }
                }
                Err(failure) => self.is_silent(&failure),
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = stopped.cancelled() => return,
            }
            pause = (pause * 2).min(REOPEN.1);
        }
    }

    /// Opens a link and arms it. What it tells is received from before that on.
    async fn open(&self) -> Result<(Link, Receiver<Invalidation>), Failure> {
        let link = Link::open_for_news(&self.address, &self.topology.surroundings.settings).await?;
        let told = link.news();
        let mut arm = Command::new("CLIENT").text("TRACKING").text("ON").text("BCAST");
        for prefix in &self.prefixes {
            arm = arm.text("PREFIX").bytes(prefix.clone());
        }
        // The server refuses prefixes that overlap.
        if !self.prefixes.iter().any(|prefix| probe::PREFIX.as_bytes().starts_with(prefix)) {
            arm = arm.text("PREFIX").text(probe::PREFIX);
        }
        match link.send(&arm, Instant::now() + ARM_LIMIT).await {
            Ok(_) => Ok((link, told)),
            Err(failure) => {
                link.close().await;
                Err(failure)
            }
        }
    }

    /// Passes on what the link tells until it ends or is worthless. Answers whether it ever proved to be alive.
    async fn watch(&mut self, link: &Link, mut told: Receiver<Invalidation>) -> bool {
        let stopped = self.stopped.clone();
        let mut probe = Probe::new(self.slot);
        let mut proved = false;
        let mut last_good = Instant::now();
        let mut sent_micros = 0;
        // Why the newest probe that failed did; hanging, as long as none has.
        let mut unproved = Failure::TimedOut;
        let mut ticks = interval(PROBE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ended = link.wait_until_ended();
        tokio::pin!(ended);
        let answer = Fuse::terminated();
        tokio::pin!(answer);
        loop {
            tokio::select! {
                () = stopped.cancelled() => return proved,
                () = &mut ended => {
                    tracing::debug!(node = %self.address, "the tracking link ended");
                    return proved;
                }
                news = told.recv() => match news {
                    Ok(news) => self.pass_on(&news, &mut probe),
                    Err(RecvError::Lagged(_)) => self.news_was_lost(),
                    Err(RecvError::Closed) => return proved,
                },
                () = sleep_until(last_good + HUNG_AFTER) => {
                    self.is_silent(&unproved);
                    return proved;
                }
                _ = ticks.tick(), if answer.is_terminated() => {
                    let Some(value) = random_value() else { return proved };
                    sent_micros = self.hub.now_micros();
                    // Boxed: the driver's future of a pipeline is large.
                    answer.set(Probe::send(link, probe.commands(value)).boxed().fuse());
                }
                answers = &mut answer => {
                    // What was told before the answer is in force before the answer counts.
                    self.drain(&mut told, &mut probe);
                    match probe.read(answers) {
                        Finding::Alive => {}
                        // What was read before might be of a time before the server was emptied.
                        Finding::Placed => self.watched.renew(),
                        Finding::Replaced => self.reset("the server was emptied"),
                        Finding::Emptied => {
                            self.reset("the server was emptied");
                            ticks.reset_immediately();
                            continue;
                        }
                        Finding::Unproved(failure) => {
                            unproved = failure;
                            continue;
                        }
                        Finding::Worthless(reason) => {
                            self.is_silent(reason);
                            self.topology.request_refresh(self.topology.map().generation);
                            return proved;
                        }
                    }
                    self.watched.prolong(sent_micros.saturating_add(GOOD_FOR_MICROS));
                    self.is_telling();
                    last_good = Instant::now();
                    proved = true;
                }
            }
        }
    }

    fn pass_on(&self, news: &Invalidation, probe: &mut Probe) {
        for key in &news.keys {
            self.hub.invalidate(key.as_bytes());
            if let Some(lag) = probe.told(key.as_bytes()) {
                self.hub.record_lag(lag);
            }
        }
    }

    /// Passes on what is there already.
    fn drain(&self, told: &mut Receiver<Invalidation>, probe: &mut Probe) {
        // At most as much as there was at the beginning: a flood must not keep us here.
        for _ in 0..told.len() {
            match told.try_recv() {
                Ok(news) => self.pass_on(&news, probe),
                Err(TryRecvError::Empty) => return,
                Err(_) => self.news_was_lost(),
            }
        }
    }

    /// Drops everything that is held: nobody knows what changed.
    fn reset(&self, reason: &'static str) {
        tracing::info!(node = %self.address, reason, "what is held of the cache is dropped");
        self.drop_all();
    }

    /// The same. Not worth a line in the log: it comes again and again while too many keys change.
    fn news_was_lost(&self) {
        tracing::debug!(node = %self.address, "more keys changed than could be followed; all that is held is dropped");
        self.drop_all();
    }

    fn drop_all(&self) {
        Counting::add(&self.counting().tracking_resets);
        self.watched.renew();
        self.hub.clear();
    }

    /// Says once that the master tells nothing, and why.
    fn is_silent(&mut self, reason: impl Display) {
        if self.silent_since.is_none() {
            self.silent_since = Some(Instant::now());
            tracing::warn!(node = %self.address, %reason, "the cache node tells no changes of keys");
        }
    }

    fn is_telling(&mut self) {
        if let Some(since) = self.silent_since.take() {
            let silent_seconds = since.elapsed().as_secs();
            tracing::info!(node = %self.address, silent_seconds, "the cache node tells changes of keys again");
        }
    }

    fn counting(&self) -> &Counting {
        &self.topology.surroundings.counting
    }
}

/// What tells the probe key of one filling of a server from that of another.
fn random_value() -> Option<Bytes> {
    let mut value = [0; 16];
    rand::fill(&mut value).ok()?;
    Some(Bytes::copy_from_slice(&value))
}
