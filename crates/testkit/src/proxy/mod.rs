//! A TCP proxy that breaks the network between a client and a server.

mod connection;
mod cut;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::port::PortLease;
use crate::wait::wait_until;
use cut::CutRule;

/// How long a new mode may take to be in force.
const LIMIT: Duration = Duration::from_secs(5);

/// What the proxy does with what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pass,
    Delay(Duration),
    Cut,
    HalfOpen,
}

/// A proxy before one server. Its task ends with it, or with the runtime that it was started on.
#[derive(Debug)]
pub struct Proxy {
    lease: PortLease,
    mode: watch::Sender<Mode>,
    state: Arc<State>,
}

/// What the proxy's handle and its connections share.
#[derive(Debug)]
struct State {
    upstream: Mutex<SocketAddr>,
    rule: Mutex<Option<CutRule>>,
    /// What was passed to the server since it was to be kept.
    kept: Mutex<Option<Vec<u8>>>,
    /// 1 while the port is listened on.
    listening: AtomicU64,
    accepted: AtomicU64,
    open: AtomicU64,
    cuts: AtomicU64,
    bytes_to_server: AtomicU64,
    bytes_to_client: AtomicU64,
}

impl Proxy {
    /// Starts one that passes everything.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(upstream: SocketAddr) -> Self {
        let state = Arc::new(State {
            upstream: Mutex::new(upstream),
            rule: Mutex::new(None),
            kept: Mutex::new(None),
            listening: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            open: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
            bytes_to_server: AtomicU64::new(0),
            bytes_to_client: AtomicU64::new(0),
        });
        let (mode, modes) = watch::channel(Mode::Pass);
        let proxy = Self { lease: PortLease::claim(), mode, state };
        tokio::spawn(accept(proxy.address(), modes, Arc::clone(&proxy.state)));
        proxy.pass().await;
        proxy
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.lease.address()
    }

    /// Sends new connections to another server; those that are open stay.
    pub fn set_upstream(&self, upstream: SocketAddr) {
        *lock(&self.state.upstream) = upstream;
    }

    /// Passes everything. Connections that were half open are closed: they have lost bytes.
    pub async fn pass(&self) {
        self.enter(Mode::Pass).await;
    }

    /// Holds each piece of an answer back for `delay`.
    pub async fn delay(&self, delay: Duration) {
        self.enter(Mode::Delay(delay)).await;
    }

    /// Closes all connections and refuses new ones.
    pub async fn cut(&self) {
        self.enter(Mode::Cut).await;
        wait_until("the end of all connections", LIMIT, || async { self.open() == 0 }).await;
    }

    /// Accepts connections, reads what comes from either side, and passes nothing.
    pub async fn half_open(&self) {
        self.enter(Mode::HalfOpen).await;
    }

    /// The next request is executed, but its answer is swallowed and its connection closed.
    pub fn cut_replies_once(&self) {
        self.cut_after_request(1);
    }

    /// The same for the `n`th request from now, counted in pieces as they come from the clients. A client that
    /// writes several requests at once, or pings by itself, makes the count a guess: see
    /// [`Proxy::cut_replies_to`].
    pub fn cut_after_request(&self, n: usize) {
        *lock(&self.state.rule) = Some(CutRule::after(n));
    }

    /// The next `times` requests that contain `needle` (a key, a command name as the client writes it) are
    /// executed, but their answers are swallowed and their connections closed.
    pub fn cut_replies_to(&self, needle: &[u8], times: usize) {
        *lock(&self.state.rule) = Some(CutRule::containing(needle, times));
    }

    /// How many connections such a rule has closed.
    pub fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// How many connections were accepted.
    pub fn accepted(&self) -> u64 {
        self.state.accepted.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    pub fn open(&self) -> u64 {
        self.state.open.load(Ordering::SeqCst)
    }

    /// Keeps what is passed to the server from now on.
    pub fn keep_requests(&self) {
        *lock(&self.state.kept) = Some(Vec::new());
    }

    /// What was passed to the server since; nothing where it was not [kept](Self::keep_requests).
    pub fn kept_requests(&self) -> Vec<u8> {
        lock(&self.state.kept).clone().unwrap_or_default()
    }

    /// How many bytes were passed to the server.
    pub fn bytes_to_server(&self) -> u64 {
        self.state.bytes_to_server.load(Ordering::SeqCst)
    }

    /// How many bytes were passed to clients.
    pub fn bytes_to_client(&self) -> u64 {
        self.state.bytes_to_client.load(Ordering::SeqCst)
    }

    async fn enter(&self, mode: Mode) {
        self.mode.send_replace(mode);
        let listening = u64::from(mode != Mode::Cut);
        wait_until("the proxy's new mode", LIMIT, || async {
            self.state.listening.load(Ordering::SeqCst) == listening
        })
        .await;
    }
}

/// Accepts until the handle is dropped. Closing the port is the only way to have new connections refused.
async fn accept(address: SocketAddr, mut modes: watch::Receiver<Mode>, state: Arc<State>) {
    let given_to_connections = modes.clone();
    loop {
        if modes.wait_for(|mode| *mode != Mode::Cut).await.is_err() {
            return;
        }
        let listener = TcpListener::bind(address).await.expect("the proxy's port is its own");
        state.listening.store(1, Ordering::SeqCst);
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((client, _)) = accepted else { continue };
                    state.accepted.fetch_add(1, Ordering::SeqCst);
                    state.open.fetch_add(1, Ordering::SeqCst);
                    let (modes, state) = (given_to_connections.clone(), Arc::clone(&state));
                    tokio::spawn(async move {
                        connection::carry(client, modes, &state).await;
                        state.open.fetch_sub(1, Ordering::SeqCst);
                    });
                }
                changed = modes.wait_for(|mode| *mode == Mode::Cut) => {
                    if changed.is_err() { return }
                    break;
                }
            }
        }
        drop(listener);
        state.listening.store(0, Ordering::SeqCst);
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
