//! What is remembered, by one process and the next.

mod connections;
mod keys;
mod snapshot;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use domain::{
    Association, Environment, Isolation, ManualClock, Owner, ServiceSettings, TenantStatus, TextMap,
};
use seal::SealingKey;

use super::*;
use crate::connections::{Connection, Outcome, Rendered};

const WINDOW: Duration = Duration::from_secs(1_000);
/// Stands in every body.
const MARK: &str = "marked-password";

/// A file in memory, that may refuse to be written.
#[derive(Default)]
struct MemoryFile {
    bytes: Mutex<Vec<u8>>,
    is_full: AtomicBool,
    is_unreadable: AtomicBool,
    replaced: AtomicU64,
}

#[async_trait]
impl SnapshotFile for MemoryFile {
    async fn read(&self) -> io::Result<Vec<u8>> {
        if self.is_unreadable.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(self.bytes.lock().unwrap().clone())
    }

    async fn append(&self, bytes: Vec<u8>) -> io::Result<()> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.lock().unwrap().extend(bytes);
        Ok(())
    }

    async fn replace(&self, bytes: Vec<u8>) -> io::Result<()> {
        self.replaced.fetch_add(1, Ordering::SeqCst);
        *self.bytes.lock().unwrap() = bytes;
        Ok(())
    }

    async fn close(&self) {}
}

fn ring(byte: u8) -> KeyRing {
    KeyRing::new(SealingKey::from_bytes([byte; 32]), [])
}

/// A process, its clock and its file.
struct Process {
    fail_safe: FailSafe,
    clock: Arc<ManualClock>,
    file: Arc<MemoryFile>,
}

impl Process {
    fn new() -> Self {
        Self::bounded(MAX_BYTES)
    }

    fn bounded(max_bytes: usize) -> Self {
        let clock = Arc::new(ManualClock::new(UNIX_EPOCH + Duration::from_secs(1_000_000)));
        let file = Arc::new(MemoryFile::default());
        let fail_safe = FailSafe::bounded(WINDOW, ring(1), clock.clone(), Some(file.clone()), max_bytes);
        Self { fail_safe, clock, file }
    }

    /// The next process on the same file, and how much of it may be served.
    async fn next(&self) -> (Self, u64) {
        self.fail_safe.persist().await;
        self.next_with(ring(1)).await
    }

    async fn next_with(&self, ring: KeyRing) -> (Self, u64) {
        let file = Arc::new(MemoryFile {
            bytes: Mutex::new(self.file.bytes.lock().unwrap().clone()),
            ..MemoryFile::default()
        });
        let fail_safe = FailSafe::new(WINDOW, ring, self.clock.clone(), Some(file.clone()));
        let usable = fail_safe.load().await;
        (Self { fail_safe, clock: self.clock.clone(), file }, usable)
    }

    fn bytes(&self) -> usize {
        self.file.bytes.lock().unwrap().len()
    }

    fn confirm(&self, tenant: &str, version: u64) {
        self.fail_safe.confirm(&name(tenant), &config(tenant, version));
    }

    /// What would be answered, in a word.
    fn told(&self, tenant: &str) -> String {
        match self.fail_safe.recall(&name(tenant), &"ledger".parse().unwrap()) {
            None => "nothing".to_owned(),
            Some(recalled) => match recalled.connection.as_deref() {
                None => "gone".to_owned(),
                Some(Connection { outcome: Outcome::KeptOut(kept_out), .. }) => {
                    format!("{} since {} s", kept_out.status().name(), recalled.age.as_secs())
                }
                Some(Connection { version, outcome: Outcome::Config(rendered), .. }) => {
                    assert!(rendered.body.ends_with(MARK.as_bytes()));
                    format!("version {version} of {} s", recalled.age.as_secs())
                }
            },
        }
    }
}

fn name(tenant: &str) -> String {
    format!("tenant-connections:{tenant}:ledger")
}

fn config(tenant: &str, version: u64) -> Connection {
    Connection {
        environment: Environment::Staging,
        version,
        places: Places::of(&association()),
        settings: ServiceSettings::default(),
        outcome: Outcome::Config(Rendered::new(format!("{tenant} {MARK}").into(), version)),
    }
}

fn association() -> Association {
    Association::new(Isolation::Isolated, None, Timestamp::ZERO)
}

fn tenant(id: &str, version: u64) -> domain::Tenant {
    let service: domain::ServiceName = "ledger".parse().unwrap();
    domain::Tenant {
        id: id.parse().unwrap(),
        version,
        slug: "acme".parse().unwrap(),
        name: "Acme".parse().unwrap(),
        environment: Environment::Staging,
        isolation: Isolation::Isolated,
        status: TenantStatus::Active,
        metadata: TextMap::default(),
        owner: Owner { email: "a@x".parse().unwrap(), email_verified: true, password_hash: None },
        created_at: Timestamp::ZERO,
        updated_at: Timestamp::ZERO,
        associations: [(service.clone(), association())].into(),
        known_services: [service].into(),
        settings: std::collections::BTreeMap::new(),
        credentials: std::collections::BTreeMap::new(),
    }
}
