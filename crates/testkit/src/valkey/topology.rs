//! What the nodes of a cluster say about it, and the keys in it.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{join_all, try_join_all};

use crate::resp::Resp;
use crate::slot::key_slot;
use crate::valkey::load::Load;
use crate::valkey::node::Access;

/// A node as the cluster knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterNode {
    /// Its id, 40 hexadecimal digits.
    pub id: String,
    /// Where clients find it.
    pub address: SocketAddr,
    /// The id of its master; none when it is one.
    pub master_id: Option<String>,
    /// The slots it serves. Empty for replicas.
    pub slots: Vec<RangeInclusive<u16>>,
    /// Whether the others have given it up.
    pub failing: bool,
}

impl ClusterNode {
    /// Whether it serves `slot`.
    pub fn owns(&self, slot: u16) -> bool {
        self.slots.iter().any(|range| range.contains(&slot))
    }
}

/// A cluster as seen from outside: its nodes, who serves what, and its keys.
///
/// Cheap to clone, and bound to no runtime: each call makes its own connections.
#[derive(Debug, Clone)]
pub struct ClusterView {
    members: Arc<Mutex<Vec<Member>>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: String,
    /// What clients are told.
    pub(crate) address: SocketAddr,
    /// Where it really listens: another address behind a proxy.
    pub(crate) direct: SocketAddr,
    pub(crate) access: Access,
}

/// What one node says of the cluster.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) info: String,
    pub(crate) nodes: String,
    pub(crate) replication: String,
}

impl ClusterView {
    pub(crate) fn new(members: Vec<Member>) -> Self {
        Self { members: Arc::new(Mutex::new(members)) }
    }

    /// A view on a cluster that was started outside this process and asks for no password.
    ///
    /// # Panics
    /// When one of the nodes cannot be reached.
    pub(crate) async fn external(addresses: &[SocketAddr]) -> Self {
        let members = addresses.iter().map(async |&address| {
            let access = Access::external(address);
            let mut resp = access.connect().await.expect("every node of the named cluster can be reached");
            let id = resp.command(&["CLUSTER", "MYID"]).await.text();
            Member { id, address, direct: address, access }
        });
        Self::new(join_all(members).await)
    }

    pub(crate) fn add(&self, member: Member) {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).push(member);
    }

    pub(crate) fn members(&self) -> Vec<Member> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn member(&self, address: SocketAddr) -> Member {
        let found = self.members().into_iter().find(|member| member.address == address);
        found.unwrap_or_else(|| panic!("{address} is no node of this cluster"))
    }

    /// Where all nodes listen, masters and replicas.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.members().iter().map(|member| member.address).collect()
    }

    /// The same as one text, `127.0.0.1:12000,127.0.0.1:12001`, as `CACHE_ADDRS` takes it.
    pub fn node_list(&self) -> String {
        self.addresses().iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(",")
    }

    /// A connection to one node with all rights, past any network that the test has broken.
    ///
    /// # Panics
    /// When the node is not running.
    pub async fn connect(&self, address: SocketAddr) -> Resp {
        self.member(address).access.connect().await.expect("the node can be reached")
    }

    /// All nodes, in the newest view that a running node has.
    ///
    /// # Panics
    /// When no node answers.
    pub async fn nodes(&self) -> Vec<ClusterNode> {
        let reports = self.reports().await;
        let newest = reports.iter().rev().max_by_key(|report| report.epoch());
        self.parse(&newest.expect("at least one node of the cluster answers").nodes)
    }

    /// The masters that are not given up, with their slots; also those without any.
    pub async fn masters(&self) -> Vec<ClusterNode> {
        let nodes = self.nodes().await;
        nodes.into_iter().filter(|node| node.master_id.is_none() && !node.failing).collect()
    }

    /// The replicas of a master that are not given up.
    pub async fn replicas_of(&self, master_id: &str) -> Vec<ClusterNode> {
        let nodes = self.nodes().await.into_iter();
        nodes.filter(|node| node.master_id.as_deref() == Some(master_id) && !node.failing).collect()
    }

    /// The master that serves `slot`.
    ///
    /// # Panics
    /// When none does.
    pub async fn node_for_slot(&self, slot: u16) -> ClusterNode {
        let owner = self.masters().await.into_iter().find(|node| node.owns(slot));
        owner.unwrap_or_else(|| panic!("no master serves slot {slot}"))
    }

    /// Sets many keys, on all masters at once.
    ///
    /// # Panics
    /// When a master refuses one of them, or slots move meanwhile.
    pub async fn fill(&self, pairs: impl IntoIterator<Item = (String, String)>) {
        let masters = self.masters().await;
        let mut owner_of_slot = HashMap::new();
        let mut loads = Vec::new();
        for (position, master) in masters.iter().enumerate() {
            owner_of_slot.extend(master.slots.iter().cloned().flatten().map(|slot| (slot, position)));
            loads.push((self.connect(master.address).await, Load::default()));
        }
        for (key, value) in pairs {
            let owner = owner_of_slot.get(&key_slot(key.as_bytes()));
            let owner = owner.and_then(|position| loads.get_mut(*position));
            let (_, load) = owner.expect("every slot has a master");
            load.add(&key, &value);
            if load.is_full() {
                send(&mut loads).await;
            }
        }
        send(&mut loads).await;
        for (master, (connection, _)) in masters.iter().zip(&mut loads) {
            // What was not copied yet would not live through the fail-over that the caller may be about to cause.
            let replicas = self.replicas_of(&master.id).await.len().to_string();
            let reply = connection.command(&["WAIT", &replicas, "5000"]).await;
            assert!(
                reply.integer() >= replicas.parse().unwrap_or_default(),
                "{} has no copies",
                master.address
            );
        }
    }

    /// How many keys all masters hold together.
    pub async fn key_count(&self) -> u64 {
        let masters = self.masters().await;
        let counts = masters.iter().map(async |master| {
            let mut resp = self.connect(master.address).await;
            u64::try_from(resp.command(&["DBSIZE"]).await.integer()).unwrap_or_default()
        });
        join_all(counts).await.into_iter().sum()
    }

    /// Empties all masters. Never on a cluster that is shared.
    pub async fn flush(&self) {
        for master in self.masters().await {
            let reply = self.connect(master.address).await.command(&["FLUSHALL"]).await;
            drop(reply.accepted("FLUSHALL"));
        }
    }

    /// What each running node says; nodes that do not answer are left out.
    pub(crate) async fn reports(&self) -> Vec<Report> {
        let members = self.members().into_iter().filter(|member| member.access.is_up());
        join_all(members.map(async |member| report(&member.access).await.ok()))
            .await
            .into_iter()
            .flatten()
            .collect()
    }

    /// Reads CLUSTER NODES.
    pub(crate) fn parse(&self, text: &str) -> Vec<ClusterNode> {
        let members = self.members();
        let nodes = text.lines().filter_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let [id, _, flags, master, _, _, _, _, slots @ ..] = words.as_slice() else {
                return None;
            };
            // The address is ours, not the one in the text: that depends on how one asks (TLS, host names).
            let member = members.iter().find(|member| member.id == *id)?;
            Some(ClusterNode {
                id: member.id.clone(),
                address: member.address,
                master_id: (*master != "-").then(|| (*master).to_owned()),
                slots: slots.iter().filter_map(|word| slot_range(word)).collect(),
                failing: flags.split(',').any(|flag| flag == "fail"),
            })
        });
        nodes.collect()
    }
}

impl Report {
    /// The number of the last change of the cluster that the node knows.
    fn epoch(&self) -> u64 {
        let line = self.info.lines().find_map(|line| line.strip_prefix("cluster_current_epoch:"));
        line.and_then(|number| number.parse().ok()).unwrap_or_default()
    }
}

async fn report(access: &Access) -> io::Result<Report> {
    let mut resp = access.connect().await?.with_limit(Duration::from_secs(1));
    Ok(Report {
        info: resp.try_command(&["CLUSTER", "INFO"]).await?.text(),
        nodes: resp.try_command(&["CLUSTER", "NODES"]).await?.text(),
        replication: resp.try_command(&["INFO", "replication"]).await?.text(),
    })
}

async fn send(loads: &mut [(Resp, Load)]) {
    let sent = try_join_all(loads.iter_mut().map(|(resp, load)| load.send(resp))).await;
    sent.expect("the masters take the keys");
}

/// `0-5460` or `7`; a slot under way (`[7->-id]`) is none.
fn slot_range(word: &str) -> Option<RangeInclusive<u16>> {
    match word.split_once('-') {
        Some((first, last)) => Some(first.parse().ok()?..=last.parse().ok()?),
        None => word.parse().ok().map(|slot| slot..=slot),
    }
}
