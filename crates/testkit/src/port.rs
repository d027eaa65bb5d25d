//! Free ports on the loopback address, never the same one twice.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// First port handed out. The range and its bus ports end below Linux's ephemeral ports (32768 and up), so no
/// outgoing connection can take one between our look and the server's bind.
const FIRST: u16 = 12_000;
/// How many ports there are to hand out.
const COUNT: u16 = 10_000;
/// A cluster node listens for its peers on its port plus this.
const BUS_OFFSET: u16 = 10_000;

/// A port of 127.0.0.1 that is free, and whose cluster bus port is free, kept from other test processes for as
/// long as this value lives.
///
/// The claim is a lock on a file, which the kernel lifts however the process ends.
#[derive(Debug)]
pub struct PortLease {
    port: u16,
    _lock: File,
}

impl PortLease {
    /// Claims a port.
    ///
    /// # Panics
    /// When no port of the range is free, or the lock directory cannot be written.
    pub fn claim() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let directory = std::env::temp_dir().join("pool-manager-testkit-ports");
        fs::create_dir_all(&directory).expect("the directory for port locks can be made");
        // Processes begin at different places, so that they rarely contend for one lock.
        let start = u16::try_from(std::process::id() % 499).unwrap_or_default() * 20;
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let port = FIRST + start.wrapping_add(step) % COUNT;
            let file = directory.join(port.to_string());
            let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&file);
            let Ok(lock) = lock else { continue };
            if lock.try_lock().is_ok() && is_free(port) && is_free(port + BUS_OFFSET) {
                return Self { port, _lock: lock };
            }
        }
        panic!("no free port between {FIRST} and {}: are old test servers running?", FIRST + COUNT);
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port on 127.0.0.1.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
