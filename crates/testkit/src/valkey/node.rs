//! One server process, whatever it is a part of, and the way the harness talks to it.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::certificate::CertificateAuthority;
use crate::port::PortLease;
use crate::process::{Process, ServerDirectory};
use crate::resp::Resp;
use crate::valkey::server_program;
use crate::wait::wait_for;

/// A user every server here has, so that the harness and replication keep their rights whatever a test does to
/// the other users. Not a secret: it exists on loopback, for as long as a test.
pub(crate) const HARNESS_USER: &str = "testkit";
/// Its password.
pub(crate) const HARNESS_PASSWORD: &str = "made-for-tests";

/// How to start a node.
#[derive(Debug, Default)]
pub(crate) struct NodeSettings<'a> {
    /// Serve TLS, and nothing else, with a certificate of this authority.
    pub(crate) tls: Option<&'a CertificateAuthority>,
    /// Further lines of `valkey.conf`.
    pub(crate) lines: Vec<String>,
}

/// A server process on its port.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) process: Process,
    lease: PortLease,
}

impl Node {
    /// Starts one without waiting for it: see [`Node::wait_until_answering`].
    pub(crate) fn launch(lease: PortLease, settings: &NodeSettings<'_>) -> Self {
        let directory = ServerDirectory::create();
        let mut lines = vec![
            String::from("bind 127.0.0.1 -::1"),
            String::from("protected-mode no"),
            format!("dir {}", directory.path().display()),
            format!("unixsocket {}", directory.path().join("valkey.sock").display()),
            String::from("save \"\""),
            String::from("appendonly no"),
            // A new primary otherwise waits five seconds for more replicas before it feeds its first; killed in
            // that time it has no replica that could take over.
            String::from("repl-diskless-sync-delay 0"),
            String::from("enable-debug-command local"),
            format!("user {HARNESS_USER} on >{HARNESS_PASSWORD} ~* &* +@all"),
            format!("masteruser {HARNESS_USER}"),
            format!("masterauth {HARNESS_PASSWORD}"),
        ];
        match settings.tls {
            None => lines.push(format!("port {}", lease.port())),
            Some(authority) => {
                let certificate = authority.issue(directory.path());
                lines.push(String::from("port 0"));
                lines.push(format!("tls-port {}", lease.port()));
                lines.push(format!("tls-cert-file {}", certificate.certificate_file.display()));
                lines.push(format!("tls-key-file {}", certificate.key_file.display()));
                lines.push(format!("tls-ca-cert-file {}", certificate.authority_file.display()));
                lines.push(String::from("tls-auth-clients no"));
                lines.push(String::from("tls-replication yes"));
            }
        }
        lines.extend(settings.lines.iter().cloned());
        let file = directory.write("valkey.conf", &(lines.join("\n") + "\n"));
        let process = Process::start(directory, &server_program(), &[OsString::from(file)]);
        Self { process, lease }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.lease.address()
    }

    /// The way the harness talks to it.
    pub(crate) fn access(&self) -> Access {
        Access { door: Door::Unix(self.process.directory().join("valkey.sock")), up: self.process.up_flag() }
    }

    /// Starts the server again so that it loads what it holds, slowly, and waits until it says so to everybody: see
    /// [`Node::finish_loading`]. `while_dead` is called between its two lives.
    ///
    /// # Panics
    /// When it holds no data, or does not begin to load within 20 seconds.
    pub(crate) async fn restart_loading(&self, while_dead: impl FnOnce()) {
        let mut resp = self.access().connect().await.expect("the server can be reached");
        drop(resp.command(&["SAVE"]).await.accepted("SAVE"));
        assert!(resp.command(&["DBSIZE"]).await.integer() > 0, "there is nothing to load");
        // Not with the configuration it was started with: the next start is to be fast again.
        let file = self.process.directory().join("valkey.conf");
        let configuration = std::fs::read_to_string(&file).expect("a server has its valkey.conf");
        let slowly =
            format!("{configuration}key-load-delay 2000\nloading-process-events-interval-bytes 1024\n");
        self.process.kill();
        std::fs::write(&file, slowly).expect("the valkey.conf can be written");
        while_dead();
        self.process.restart();
        wait_for("a server that loads", Duration::from_secs(20), || async {
            let mut resp = self.access().connect().await.map_err(|error| self.describe(&error))?;
            let reply = resp.try_command(&["PING"]).await.map_err(|error| self.describe(&error))?.text();
            if reply.starts_with("LOADING") { Ok(()) } else { Err(reply) }
        })
        .await;
        std::fs::write(&file, configuration).expect("the valkey.conf can be written");
    }

    /// Lets a server that loads slowly load the rest at once.
    ///
    /// # Panics
    /// When it does not answer within 20 seconds.
    pub(crate) async fn finish_loading(&self) {
        let mut resp = self.access().connect().await.expect("the server can be reached");
        drop(
            resp.command(&["CONFIG", "SET", "key-load-delay", "0"])
                .await
                .accepted("CONFIG SET key-load-delay"),
        );
        self.wait_until_answering().await;
    }

    /// Waits until the server answers PING.
    ///
    /// # Panics
    /// With its log, when it ends or does not answer within 20 seconds.
    pub(crate) async fn wait_until_answering(&self) {
        let access = self.access();
        wait_for("a Valkey server that answers", Duration::from_secs(20), || async {
            if self.process.has_ended() {
                panic!("{}", self.process.failure("ended at once"));
            }
            let mut resp = access.connect().await.map_err(|error| self.describe(&error))?;
            let reply = resp.try_command(&["PING"]).await.map_err(|error| self.describe(&error))?;
            if reply.is_error() { Err(reply.text()) } else { Ok(()) }
        })
        .await;
    }

    fn describe(&self, error: &io::Error) -> String {
        self.process.failure(&format!("does not answer ({error})"))
    }
}

/// How to reach a node with all rights.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    door: Door,
    up: Arc<AtomicBool>,
}

#[derive(Debug, Clone)]
enum Door {
    /// A server of ours: its unix socket needs neither TLS nor the port that a test may have cut.
    Unix(PathBuf),
    /// A server that somebody else started, without a password.
    Tcp(SocketAddr),
}

impl Access {
    /// Access to a server that was started outside this process.
    pub(crate) fn external(address: SocketAddr) -> Self {
        Self { door: Door::Tcp(address), up: Arc::new(AtomicBool::new(true)) }
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> io::Result<Resp> {
        match &self.door {
            Door::Tcp(address) => Resp::connect(*address).await,
            Door::Unix(path) => {
                let mut resp = Resp::connect_unix(path).await?;
                resp.authenticate(Some(HARNESS_USER), HARNESS_PASSWORD).await?;
                Ok(resp)
            }
        }
    }

    /// Whether the harness has neither killed nor paused the server.
    pub(crate) fn is_up(&self) -> bool {
        self.up.load(Ordering::SeqCst)
    }

    /// The words that let MIGRATE into this server.
    pub(crate) fn migrate_credentials(&self) -> &'static [&'static str] {
        match self.door {
            Door::Unix(_) => &["AUTH2", HARNESS_USER, HARNESS_PASSWORD],
            Door::Tcp(_) => &[],
        }
    }
}
