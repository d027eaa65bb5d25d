//! One Valkey server.

use std::net::SocketAddr;
use std::time::Duration;

use crate::certificate::CertificateAuthority;
use crate::port::PortLease;
use crate::resp::Resp;
use crate::valkey::load::Load;
use crate::valkey::node::{Node, NodeSettings};
use crate::wait::wait_for;

/// What a single server should be like. The default has no password and no limit.
#[derive(Debug, Clone, Default)]
pub struct ValkeyOptions {
    /// The password of the default user (`requirepass`).
    pub password: Option<String>,
    /// Further users as ACL rules, such as `app on >secret ~* &* +@all`.
    pub users: Vec<String>,
    /// `maxmemory`, such as `16mb`; the policy is `noeviction` unless a line says otherwise.
    pub max_memory: Option<String>,
    /// Further lines of `valkey.conf`.
    pub lines: Vec<String>,
}

impl ValkeyOptions {
    fn settings<'a>(&self, tls: Option<&'a CertificateAuthority>) -> NodeSettings<'a> {
        let mut lines = Vec::new();
        lines.extend(self.password.iter().map(|password| format!("requirepass {password}")));
        lines.extend(self.users.iter().map(|user| format!("user {user}")));
        lines.extend(self.max_memory.iter().map(|limit| format!("maxmemory {limit}")));
        lines.extend(self.lines.iter().cloned());
        NodeSettings { tls, lines }
    }
}

/// A running Valkey server of one node.
#[derive(Debug)]
pub struct ValkeyServer {
    node: Node,
    options: ValkeyOptions,
}

impl ValkeyServer {
    /// Starts one with the default options.
    ///
    /// # Panics
    /// When it cannot be started; the text holds its log.
    pub async fn start() -> Self {
        Self::start_with(ValkeyOptions::default()).await
    }

    /// Starts one.
    ///
    /// # Panics
    /// When it cannot be started; the text holds its log.
    pub async fn start_with(options: ValkeyOptions) -> Self {
        Self::start_inner(options, None).await
    }

    pub(crate) async fn start_inner(options: ValkeyOptions, tls: Option<&CertificateAuthority>) -> Self {
        let node = Node::launch(PortLease::claim(), &options.settings(tls));
        node.wait_until_answering().await;
        Self { node, options }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.node.address()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.node.process.pid()
    }

    /// A connection with all rights, past any network that the test has broken.
    ///
    /// # Panics
    /// When the server is not running.
    pub async fn connect(&self) -> Resp {
        self.node.access().connect().await.expect("the server can be reached")
    }

    /// The identity of the server process, another one after each start.
    pub async fn run_id(&self) -> String {
        let info = self.connect().await.command(&["INFO", "server"]).await.text();
        let line = info.lines().find_map(|line| line.strip_prefix("run_id:"));
        line.expect("INFO server has a run_id").to_owned()
    }

    /// Kills it (SIGKILL).
    pub fn kill(&self) {
        self.node.process.kill();
    }

    /// Hangs it (SIGSTOP): it accepts connections and answers nothing.
    pub fn pause(&self) {
        self.node.process.pause();
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        self.node.process.resume();
    }

    /// Starts it again on the same port, killing it first when it runs. Its data is gone.
    pub async fn restart(&self) {
        self.node.process.restart();
        self.node.wait_until_answering().await;
    }

    /// Starts it again with its data, which it then loads so slowly that it refuses commands with LOADING until
    /// [`ValkeyServer::finish_loading`]. It should hold some thousand keys, with values of a kilobyte: it answers
    /// between two of them.
    pub async fn restart_loading(&self) {
        self.node.restart_loading(|| {}).await;
    }

    /// Lets it load the rest at once, and waits until it answers.
    pub async fn finish_loading(&self) {
        self.node.finish_loading().await;
    }

    /// Starts a replica of it with the same options, and waits until their link is up.
    pub async fn start_replica(&self) -> Self {
        let mut options = self.options.clone();
        options.lines.push(format!("replicaof 127.0.0.1 {}", self.address().port()));
        let replica = Self::start_with(options).await;
        wait_for("a replica with its data", Duration::from_secs(20), || async {
            let info = replica.connect().await.command(&["INFO", "replication"]).await.text();
            if info.contains("master_link_status:up") { Ok(()) } else { Err(info) }
        })
        .await;
        replica
    }

    /// Makes a replica a primary.
    pub async fn promote(&self) {
        let reply = self.connect().await.command(&["REPLICAOF", "NO", "ONE"]).await;
        drop(reply.accepted("REPLICAOF NO ONE"));
    }

    /// Sets many keys.
    ///
    /// # Panics
    /// When the server refuses one of them.
    pub async fn fill(&self, pairs: impl IntoIterator<Item = (String, String)>) {
        let mut resp = self.connect().await;
        let mut load = Load::default();
        for (key, value) in pairs {
            load.add(&key, &value);
            if load.is_full() {
                load.send(&mut resp).await.expect("the server takes the keys");
            }
        }
        load.send(&mut resp).await.expect("the server takes the keys");
    }
}
