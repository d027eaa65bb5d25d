//! A Valkey cluster of real nodes.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;

use crate::certificate::CertificateAuthority;
use crate::port::PortLease;
use crate::proxy::Proxy;
use crate::valkey::node::{Node, NodeSettings};
use crate::valkey::topology::{ClusterNode, ClusterView, Member};
use crate::wait::wait_for;

/// How long a cluster may take for anything; two seconds are the least for a new one.
const LIMIT: Duration = Duration::from_secs(40);
const SLOTS: u16 = 16_384;

/// What a cluster should be like.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Masters that share the slots.
    pub masters: u16,
    /// Replicas of each of them.
    pub replicas_per_master: u16,
    /// Masters without any slot.
    pub empty_masters: u16,
    /// After how long a silent node is given up.
    pub node_timeout: Duration,
    /// Whether all slots are refused when one is not served (`cluster-require-full-coverage`).
    pub require_full_coverage: bool,
    /// Whether clients reach each node through a [`Proxy`]; replicas reach their masters the same way.
    pub proxied: bool,
    /// The password of the default user.
    pub password: Option<String>,
    /// Further lines of every node's `valkey.conf`.
    pub lines: Vec<String>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            masters: 3,
            replicas_per_master: 1,
            empty_masters: 0,
            node_timeout: Duration::from_secs(2),
            require_full_coverage: true,
            proxied: false,
            password: None,
            lines: Vec::new(),
        }
    }
}

/// A running cluster. Everything that only looks at it, or moves slots, is in [`ClusterView`].
#[derive(Debug)]
pub struct ValkeyCluster {
    lines: Vec<String>,
    proxied: bool,
    nodes: Vec<ClusterMember>,
    view: ClusterView,
}

#[derive(Debug)]
struct ClusterMember {
    node: Node,
    proxy: Option<Proxy>,
}

impl ClusterMember {
    fn address(&self) -> SocketAddr {
        self.proxy.as_ref().map_or_else(|| self.node.address(), Proxy::address)
    }
}

impl Deref for ValkeyCluster {
    type Target = ClusterView;

    fn deref(&self) -> &ClusterView {
        &self.view
    }
}

impl ValkeyCluster {
    /// Starts a cluster and waits until every node calls it whole and every replica has its master's data.
    ///
    /// # Panics
    /// When it is not ready within 40 seconds.
    pub async fn start(options: ClusterOptions) -> Self {
        Self::start_inner(&options, None).await
    }

    pub(crate) async fn start_inner(options: &ClusterOptions, tls: Option<&CertificateAuthority>) -> Self {
        let coverage = if options.require_full_coverage { "yes" } else { "no" };
        let mut lines = vec![
            String::from("cluster-enabled yes"),
            format!("cluster-node-timeout {}", options.node_timeout.as_millis()),
            format!("cluster-require-full-coverage {coverage}"),
            // A replica must take over however long it was apart, and must not leave its master by itself.
            String::from("cluster-replica-validity-factor 0"),
            String::from("cluster-allow-replica-migration no"),
        ];
        lines.extend(tls.map(|_authority| String::from("tls-cluster yes")));
        lines.extend(options.password.iter().map(|password| format!("requirepass {password}")));
        lines.extend(options.lines.iter().cloned());
        let view = ClusterView::new(Vec::new());
        let mut cluster = Self { lines, proxied: options.proxied, nodes: Vec::new(), view };

        let masters = options.masters;
        let replicas = masters * options.replicas_per_master;
        for _ in 0..masters + replicas + options.empty_masters {
            cluster.launch(tls).await;
        }
        join_all(cluster.nodes.iter().map(|member| member.node.wait_until_answering())).await;
        for member in &cluster.nodes {
            cluster.view.add(describe(member).await);
        }
        cluster.form(masters, replicas).await;
        cluster
    }

    async fn launch(&mut self, tls: Option<&CertificateAuthority>) {
        let lease = PortLease::claim();
        let mut settings = NodeSettings { tls, lines: self.lines.clone() };
        let proxy = if self.proxied {
            let proxy = Proxy::start(lease.address()).await;
            settings.lines.push(format!("cluster-announce-port {}", proxy.address().port()));
            settings.lines.push(format!("cluster-announce-bus-port {}", lease.port() + 10_000));
            Some(proxy)
        } else {
            None
        };
        self.nodes.push(ClusterMember { node: Node::launch(lease, &settings), proxy });
    }

    /// Gives out the slots, introduces everybody to everybody, attaches the replicas.
    async fn form(&self, masters: u16, replicas: u16) {
        let members = self.view.members();
        let owners = members.iter().take(usize::from(masters));
        for (position, (number, member)) in (0_u32..).zip(owners).enumerate() {
            let share = |count: u32| (u32::from(SLOTS) * count / u32::from(masters)).to_string();
            let last = (u32::from(SLOTS) * (number + 1) / u32::from(masters) - 1).to_string();
            order(member, &["CLUSTER", "ADDSLOTSRANGE", &share(number), &last]).await;
            order(member, &["CLUSTER", "SET-CONFIG-EPOCH", &(position + 1).to_string()]).await;
        }
        if let Some((first, others)) = members.split_first() {
            for other in others {
                meet(first, other).await;
            }
        }
        self.wait_until_known().await;
        let waiting = members.iter().skip(usize::from(masters)).take(usize::from(replicas));
        for (member, master) in waiting.zip(members.iter().take(usize::from(masters)).cycle()) {
            order(member, &["CLUSTER", "REPLICATE", &master.id]).await;
        }
        self.wait_until_ready(usize::from(replicas)).await;
    }

    /// Kills a node (SIGKILL).
    pub fn kill(&self, address: SocketAddr) {
        self.at(address).node.process.kill();
    }

    /// Hangs a node (SIGSTOP).
    pub fn pause(&self, address: SocketAddr) {
        self.at(address).node.process.pause();
    }

    /// Lets a hung node go on (SIGCONT).
    pub fn resume(&self, address: SocketAddr) {
        self.at(address).node.process.resume();
    }

    /// Starts a node again; it comes back under its id and without its data.
    pub async fn restart(&self, address: SocketAddr) {
        let node = &self.at(address).node;
        node.process.kill();
        forget_shards(&node.process.directory().join("nodes.conf"));
        node.process.restart();
        node.wait_until_answering().await;
    }

    /// Starts a node again with its data, which it loads so slowly that it refuses commands with LOADING until
    /// [`ValkeyCluster::finish_loading`]. It should hold some thousand keys, with values of a kilobyte. The others
    /// cannot talk to it meanwhile, and give it up after the node time-out.
    pub async fn restart_loading(&self, address: SocketAddr) {
        let node = &self.at(address).node;
        node.restart_loading(|| forget_shards(&node.process.directory().join("nodes.conf"))).await;
    }

    /// Lets it load the rest at once, and waits until it answers.
    pub async fn finish_loading(&self, address: SocketAddr) {
        self.at(address).node.finish_loading().await;
    }

    /// The proxy before a node.
    ///
    /// # Panics
    /// When the cluster was not started with `proxied`.
    pub fn proxy(&self, address: SocketAddr) -> &Proxy {
        self.at(address).proxy.as_ref().expect("the cluster was started with `proxied: true`")
    }

    /// Adds a master that owns no slot. Not for a cluster with TLS.
    pub async fn add_empty_master(&mut self) -> ClusterNode {
        self.launch(None).await;
        let newest = self.nodes.last().expect("a node was just added");
        newest.node.wait_until_answering().await;
        let member = describe(newest).await;
        let running = self.view.members().into_iter().find(|member| member.access.is_up());
        meet(&running.expect("one node of the cluster runs"), &member).await;
        self.view.add(member.clone());
        self.wait_until_known().await;
        // A node that joins refuses keys for its first two seconds.
        self.wait_until_ok().await;
        let node = self.view.nodes().await.into_iter().find(|node| node.id == member.id);
        node.expect("the cluster knows the node it was introduced to")
    }

    /// Waits until no running node sees `old_master` serve a slot and other masters serve them all.
    pub async fn wait_until_failed_over(&self, old_master: SocketAddr) {
        wait_for("a replica that took over", LIMIT, || async {
            self.check(|nodes| !nodes.iter().any(|node| node.address == old_master && !node.slots.is_empty()))
                .await
        })
        .await;
    }

    /// Waits until every running node calls the cluster whole and sees a live master for every slot.
    pub async fn wait_until_ok(&self) {
        wait_for("a cluster that is whole", LIMIT, || self.check(|_nodes| true)).await;
    }

    async fn check(&self, also: impl Fn(&[ClusterNode]) -> bool) -> Result<(), String> {
        let reports = self.view.reports().await;
        for report in &reports {
            let nodes = self.view.parse(&report.nodes);
            let live = nodes.iter().filter(|node| node.master_id.is_none() && !node.failing);
            let served: usize = live.flat_map(|node| &node.slots).map(ExactSizeIterator::len).sum();
            let whole = report.info.contains("cluster_state:ok") && served == usize::from(SLOTS);
            if !whole || !also(&nodes) {
                return Err(report.nodes.clone());
            }
        }
        if reports.is_empty() { Err(String::from("no node answers")) } else { Ok(()) }
    }

    /// Every running node has heard of every member.
    async fn wait_until_known(&self) {
        let members = self.view.members();
        wait_for("nodes that know each other", LIMIT, || async {
            let strangers = |text: &str| {
                text.contains("handshake") || members.iter().any(|member| !text.contains(&member.id))
            };
            match self.view.reports().await.into_iter().find(|report| strangers(&report.nodes)) {
                Some(report) => Err(report.nodes),
                None => Ok(()),
            }
        })
        .await;
    }

    /// The cluster is whole, all nodes know all replicas, and these have their data: a master that is killed
    /// before that can never be replaced.
    async fn wait_until_ready(&self, replicas: usize) {
        wait_for("a cluster that is whole", LIMIT, || async {
            self.check(|nodes| nodes.iter().filter(|node| node.master_id.is_some()).count() == replicas)
                .await?;
            let reports = self.view.reports().await;
            let linked = reports.iter().filter(|report| report.replication.contains("master_link_status:up"));
            match linked.count() {
                count if count == replicas => Ok(()),
                count => Err(format!("{count} of {replicas} replicas have their master's data")),
            }
        })
        .await;
    }

    fn at(&self, address: SocketAddr) -> &ClusterMember {
        let found = self.nodes.iter().find(|member| member.address() == address);
        found.unwrap_or_else(|| panic!("{address} is no node of this cluster"))
    }
}

/// Takes the shard ids out of a node's memory of the cluster. A node killed soon after a replica found its master
/// may have written different ones for the two, and Valkey 8.0 then calls the file corrupted and does not start.
/// Without them a replica is given its master's, and the others tell the rest.
fn forget_shards(file: &Path) {
    let text = std::fs::read_to_string(file).expect("a cluster node has a nodes.conf");
    let without = |line: &str| match line.split_once(",shard-id=") {
        Some((start, rest)) => {
            let end = rest.find([' ', ',']).and_then(|end| rest.get(end..)).unwrap_or_default();
            format!("{start}{end}\n")
        }
        None => format!("{line}\n"),
    };
    let text: String = text.lines().map(without).collect();
    std::fs::write(file, text).expect("the nodes.conf of a killed node can be written");
}

async fn describe(member: &ClusterMember) -> Member {
    let access = member.node.access();
    let mut resp = access.connect().await.expect("a node that answers can be reached");
    let id = resp.command(&["CLUSTER", "MYID"]).await.text();
    Member { id, address: member.address(), direct: member.node.address(), access }
}

async fn meet(member: &Member, newcomer: &Member) {
    let host = newcomer.direct.ip().to_string();
    let port = newcomer.direct.port();
    order(member, &["CLUSTER", "MEET", &host, &port.to_string(), &(port + 10_000).to_string()]).await;
}

async fn order(member: &Member, command: &[&str]) {
    let mut resp = member.access.connect().await.expect("a node that answers can be reached");
    drop(resp.command(command).await.accepted(&command.join(" ")));
}
