//! The current slot map, the nodes it names, and the one task that refreshes it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout_at};

use super::command::Command;
use super::counters::Counting;
use super::failure::Failure;
use super::node::{Lane, Node, Surroundings};
use super::refreshing::{PATIENCE, Refreshing};
use super::reply;
use super::slot_map::SlotMap;
use crate::address::NodeAddress;
use crate::config::CacheMode;
use crate::error::{CacheError, Refusal};

/// How long one node may take to tell the map.
const REFRESH_LIMIT: Duration = Duration::from_millis(800);
/// Time between two refreshes that nobody asked for, while all is well and while something is down.
const IDLE: Duration = Duration::from_secs(10);
const TROUBLED: Duration = Duration::from_millis(500);
/// Least time between two refreshes: a node that learns of a change late must not make us ask in a loop.
const SPACING: Duration = Duration::from_millis(50);
/// How long the answers of other nodes are waited for after the first.
const SECOND_OPINION: Duration = Duration::from_millis(30);
/// Nodes that are asked at the same time.
const ASKED_AT_ONCE: usize = 3;

/// A map as one node tells it.
struct Told {
    map: SlotMap,
    /// The node's cluster epoch: it grows with every fail-over and move that the node heard of.
    epoch: u64,
}

impl Told {
    fn rank(&self) -> (u64, bool) {
        (self.epoch, self.map.is_complete())
    }
}

/// See the module.
pub(super) struct Topology {
    pub(super) mode: CacheMode,
    seeds: Vec<NodeAddress>,
    map: ArcSwap<SlotMap>,
    nodes: Mutex<HashMap<NodeAddress, Arc<Node>>>,
    wanted: Notify,
    /// The generation that a refresh was already asked for, plus one: the next thousand askers need not.
    asked_for: AtomicU64,
    generation: watch::Sender<u64>,
    refreshing: Refreshing,
    pub(super) surroundings: Surroundings,
}

impl Topology {
    pub(super) fn new(mode: CacheMode, seeds: Vec<NodeAddress>, surroundings: Surroundings) -> Self {
        let map =
            SlotMap::single(seeds.first().cloned().unwrap_or_else(|| NodeAddress::new("localhost", 6_379)));
        Self {
            mode,
            seeds,
            map: ArcSwap::from_pointee(map),
            nodes: Mutex::default(),
            wanted: Notify::new(),
            asked_for: AtomicU64::new(0),
            generation: watch::Sender::new(0),
            refreshing: Refreshing::new(Instant::now()),
            surroundings,
        }
    }

    /// The map of this moment.
    pub(super) fn map(&self) -> Arc<SlotMap> {
        self.map.load_full()
    }

    /// Tells when the map is read anew.
    pub(super) fn generations(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// The node at an address, connecting to it if it is new.
    pub(super) fn node(&self, address: &NodeAddress) -> Arc<Node> {
        // The map of nodes is whole at every unlock, so a panic elsewhere does not spoil it.
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = nodes.get(address) {
            return Arc::clone(node);
        }
        let node = Arc::new(Node::start(address.clone(), &self.surroundings));
        nodes.insert(address.clone(), Arc::clone(&node));
        node
    }

    /// Asks for a newer map than the one of `generation`; does not wait. A thousand callers with one map cause one
    /// refresh.
    pub(super) fn request_refresh(&self, generation: u64) {
        if self.mode == CacheMode::Cluster
            && self.map.load().generation == generation
            && self.asked_for.swap(generation + 1, Ordering::AcqRel) != generation + 1
        {
            self.wanted.notify_one();
        }
    }

    /// Asks for a newer map and waits for it, at most until `deadline`.
    pub(super) async fn refreshed(&self, generation: u64, deadline: Instant) {
        self.request_refresh(generation);
        let mut current = self.generation.subscribe();
        let _ = timeout_at(deadline, current.wait_for(|current| *current > generation)).await;
    }

    /// The same for a request, which waits for a moment and only where the map may be new: while a node is down nobody
    /// waits for maps that say so again.
    pub(super) async fn refreshed_soon(&self, generation: u64, deadline: Instant) {
        let now = Instant::now();
        if self.refreshing.is_worth_waiting_for(now) {
            self.refreshed(generation, deadline.min(now + PATIENCE)).await;
        } else {
            self.request_refresh(generation);
        }
    }

    /// The task of a cluster: refreshes when asked to, and now and then.
    pub(super) async fn keep_fresh(self: Arc<Self>) {
        let mut was_told = true;
        loop {
            let pause = if self.is_troubled() { TROUBLED } else { IDLE };
            tokio::select! {
                () = self.wanted.notified() => {}
                () = self.surroundings.trouble.notified() => {}
                () = sleep(pause) => {}
                () = self.surroundings.closed.cancelled() => return,
            }
            self.refreshing.begins(Instant::now());
            let refreshed = tokio::select! {
                refreshed = self.refresh() => refreshed,
                () = self.surroundings.closed.cancelled() => return,
            };
            self.refreshing.ends(Instant::now());
            match (&refreshed, was_told) {
                (Err(failure), true) => tracing::warn!(?failure, "no node tells the slot map"),
                (Ok(()), false) => tracing::info!("the slot map is known again"),
                _ => {}
            }
            was_told = refreshed.is_ok();
            if !was_told {
                self.asked_for.store(0, Ordering::Release);
            }
            sleep(SPACING).await;
        }
    }

    fn is_troubled(&self) -> bool {
        let map = self.map();
        !map.is_complete() || map.owners().any(|master| self.node(&master.address).is_down())
    }

    /// Whether no configured address can be connected to.
    pub(super) fn seeds_are_down(&self) -> bool {
        self.seeds.iter().all(|address| self.node(address).is_down())
    }

    /// The error about a slot that no node owns.
    pub(super) fn unowned(&self, slot: u16) -> CacheError {
        let map = self.map();
        let range = map.ranges_of(None).into_iter().find(|(from, end)| (*from..*end).contains(&slot));
        let (from, end) = range.unwrap_or((slot, slot + 1));
        CacheError::Unavailable {
            node: format!("slots {from}-{}", end - 1),
            reason: "no node owns them".to_owned(),
        }
    }

    /// Reads the map from a few nodes at once and takes the newest of the first answers: a node that was cut off may
    /// still tell an old one.
    pub(super) async fn refresh(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + REFRESH_LIMIT;
        let mut candidates = self.candidates().into_iter();
        let mut asked = FuturesUnordered::new();
        asked.extend(candidates.by_ref().take(ASKED_AT_ONCE).map(|node| self.ask(node, deadline)));
        let mut last = Failure::NotSent("the cluster has no known node".to_owned());
        let mut newest: Option<Told> = None;
        let mut wait_until = deadline;
        while let Ok(Some(answer)) = timeout_at(wait_until, asked.next()).await {
            match answer {
                Ok(told) => {
                    if newest.as_ref().is_none_or(|newest| told.rank() > newest.rank()) {
                        newest = Some(told);
                    }
                    wait_until = wait_until.min(Instant::now() + SECOND_OPINION);
                    continue;
                }
                // What cannot get better says more than what can.
                Err(failure) if !last.is_final() => last = failure,
                Err(_) => {}
            }
            asked.extend(candidates.next().map(|node| self.ask(node, deadline)));
        }
        match newest {
            Some(told) => {
                self.replace(told.map);
                Ok(())
            }
            None => Err(last),
        }
    }

    /// Whom to ask: masters that are up first, then the configured addresses, replicas, and what seems down.
    fn candidates(&self) -> Vec<Arc<Node>> {
        let map = self.map();
        let known = map.generation > 0;
        let masters = map.masters.iter().filter(|_| known).map(|master| &master.address);
        let replicas = map.masters.iter().filter(|_| known).flat_map(|master| &master.replicas);
        let mut addresses: Vec<&NodeAddress> = Vec::new();
        for address in masters.chain(&self.seeds).chain(replicas) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        let (down, up): (Vec<_>, Vec<_>) =
            addresses.into_iter().map(|address| self.node(address)).partition(|node| node.is_down());
        up.into_iter().chain(down).collect()
    }

    async fn ask(&self, node: Arc<Node>, deadline: Instant) -> Result<Told, Failure> {
        let cluster = |what| Command::new("CLUSTER").text(what);
        let [shards, info] = node.ask(Lane::Requests, [cluster("SHARDS"), cluster("INFO")], deadline).await?;
        let map = SlotMap::from_shards(shards, &node.address, self.surroundings.settings.uses_tls());
        let map = map.ok_or(Failure::Protocol)?;
        if map.owners().next().is_none() {
            return Err(Failure::Refused(Refusal::NotReady("the cluster has no slots")));
        }
        let epoch = reply::text(&info).map_or(0, |info| reply::info_number(&info, "cluster_current_epoch"));
        Ok(Told { map, epoch })
    }

    /// Puts a new map in force and lets go of nodes that it does not name.
    fn replace(&self, map: SlotMap) {
        Counting::add(&self.surroundings.counting.map_refreshes);
        let generation = self.map.load().generation + 1;
        let map = Arc::new(map.with_generation(generation));
        self.map.store(Arc::clone(&map));
        self.generation.send_replace(generation);
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.retain(|address, node| {
            let stays = map.names(address) || self.seeds.contains(address);
            if !stays {
                node.close();
            }
            stays
        });
    }
}
