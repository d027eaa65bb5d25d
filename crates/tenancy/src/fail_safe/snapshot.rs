//! Keeps what is remembered in the snapshot, and takes it from there at the start.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use domain::Timestamp;
use seal::KeyId;
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::content::{self, Opened, Stored};
use super::frames::{self, Frames};
use super::table::{Entry, Table};
use super::{FailSafe, FailSafeCounters, Shared, SnapshotFile};

/// How often what is new is written.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Every so many ticks of [`WRITE_EVERY`] what is too old goes, and newer times of confirmation are written.
const TIDY_EVERY: u32 = 60;
/// What was confirmed again is written when the snapshot is so much behind.
const RENEW_AFTER: Duration = Duration::from_secs(300);
/// How long a write waits for the disk; what it noted is written later then.
const PATIENCE: Duration = Duration::from_secs(2);
/// Names in one entry.
const NAMES: usize = 1_000;
/// A snapshot that is smaller is not worth being written anew.
const SMALL: u64 = 256 * 1024;

/// The file, and how it stands.
pub(super) struct Snapshot {
    file: Option<Arc<dyn SnapshotFile>>,
    /// Held while the file is written.
    sizes: Mutex<Sizes>,
    file_bytes: AtomicU64,
    skipped: AtomicU64,
    failures: AtomicU64,
    is_failing: AtomicBool,
}

struct Sizes {
    /// Of the file.
    now: u64,
    /// When it was last written anew.
    tidy: u64,
    /// What is in the file is known here.
    is_loaded: bool,
}

impl Snapshot {
    pub(super) fn new(file: Option<Arc<dyn SnapshotFile>>) -> Self {
        let sizes = Mutex::new(Sizes { now: 0, tidy: 0, is_loaded: false });
        Self {
            file,
            sizes,
            file_bytes: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            is_failing: AtomicBool::new(false),
        }
    }

    pub(super) fn counters(&self) -> FailSafeCounters {
        FailSafeCounters {
            skipped: self.skipped.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            file_bytes: self.file_bytes.load(Ordering::Relaxed),
            ..FailSafeCounters::default()
        }
    }

    fn failed(&self, what: &'static str, error: &io::Error) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        // It is tried each second.
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "the snapshot of the fail-safe cannot be {what}");
        }
    }
}

impl FailSafe {
    /// Takes in what an earlier process kept. Says how much of it may be served.
    pub async fn load(&self) -> u64 {
        let Some(shared) = &self.0 else { return 0 };
        let Some(file) = &shared.snapshot.file else { return 0 };
        let mut sizes = shared.snapshot.sizes.lock().await;
        let loaded = shared.take_in(file.as_ref(), &mut sizes).await;
        loaded.inspect_err(|error| shared.snapshot.failed("read", error)).unwrap_or_default()
    }

    /// Writes what is new, and forgets what is too old. Never ends.
    pub async fn run(self) {
        let Some(shared) = self.0 else { return std::future::pending().await };
        let mut ticks = interval(WRITE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for tick in 1_u32.. {
            ticks.tick().await;
            if tick.is_multiple_of(TIDY_EVERY) {
                let end = shared.end();
                shared.table().expire(end);
                shared.write(Some(RENEW_AFTER)).await;
            } else if shared.table().is_dirty() {
                shared.write(None).await;
            }
        }
    }

    /// Returns when all that was noted is on the disk, or could not be brought there within two seconds; then it is tried again.
    pub(crate) async fn persist(&self) {
        let Some(shared) = &self.0 else { return };
        let writer = Arc::clone(shared);
        // In a task, because it must not be left in the middle.
        let written = tokio::spawn(async move { writer.write(None).await });
        if timeout(PATIENCE, written).await.is_err() {
            tracing::warn!("the snapshot of the fail-safe is not written in time");
        }
    }

    /// Writes everything and leaves the file to the next process.
    pub async fn close(&self) {
        let Some(shared) = &self.0 else { return };
        let writer = Arc::clone(shared);
        let closing = tokio::spawn(async move {
            writer.write(Some(Duration::ZERO)).await;
            if let Some(file) = &writer.snapshot.file {
                file.close().await;
            }
        });
        if timeout(PATIENCE, closing).await.is_err() {
            tracing::warn!("the snapshot of the fail-safe is not written in time");
        }
    }
}

impl Shared {
    /// Takes in what is in the file. Says how much of it may be served.
    async fn take_in(self: &Arc<Self>, file: &dyn SnapshotFile, sizes: &mut Sizes) -> io::Result<u64> {
        let bytes = file.read().await?;
        *sizes = Sizes { now: bytes.len() as u64, tidy: bytes.len() as u64, is_loaded: true };
        self.snapshot.file_bytes.store(sizes.now, Ordering::Relaxed);
        let reader = Arc::clone(self);
        // Megabytes are opened; requests may come already.
        let loaded = tokio::task::spawn_blocking(move || reader.restore(&bytes)).await;
        let (usable, skipped) = loaded.unwrap_or_default();
        self.snapshot.skipped.fetch_add(skipped, Ordering::Relaxed);
        if usable + skipped > 0 {
            tracing::info!(usable, skipped, "the snapshot of the fail-safe was read");
        }
        Ok(usable)
    }

    /// Brings to the disk what is new; with `renew_after` also what was confirmed so much later than the snapshot says. Nothing is
    /// written behind what could not be read: it is tried again with the next write.
    async fn write(self: &Arc<Self>, renew_after: Option<Duration>) {
        let Some(file) = &self.snapshot.file else {
            drop(self.table().take_dirty());
            return;
        };
        let mut sizes = self.snapshot.sizes.lock().await;
        if !sizes.is_loaded
            && let Err(error) = self.take_in(file.as_ref(), &mut sizes).await
        {
            self.snapshot.failed("read", &error);
            return;
        }
        let (dirty, forgotten) = self.table().take_dirty();
        let mut bytes = Vec::new();
        {
            let table = self.table();
            for name in &dirty {
                if let Some(entry) = table.get(name) {
                    frames::push(&mut bytes, &entry.sealed);
                }
            }
        }
        self.push_names(&mut bytes, self.now(), forgotten.iter().cloned(), Stored::Forgotten);
        if let Some(after) = renew_after {
            let at_least = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
            let renewed = self.table().take_renewed(at_least);
            self.push_renewed(&mut bytes, renewed);
        }
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len() as u64;
        if let Err(error) = file.append(bytes).await {
            self.snapshot.failed("written", &error);
            self.table().put_back(dirty, forgotten);
            return;
        }
        self.snapshot.is_failing.store(false, Ordering::Relaxed);
        sizes.now += length;
        if sizes.now > SMALL && sizes.now > sizes.tidy.saturating_mul(2) {
            self.tidy(file.as_ref(), &mut sizes).await;
        }
        self.snapshot.file_bytes.store(sizes.now, Ordering::Relaxed);
    }

    /// Writes the file anew, with what still counts.
    async fn tidy(&self, file: &dyn SnapshotFile, sizes: &mut Sizes) {
        let end = self.end();
        let mut bytes = Vec::new();
        let renewed = {
            let mut table = self.table();
            table.expire(end);
            let all: usize = table.entries().map(|(_, entry)| frames::framed(entry.sealed.len())).sum();
            bytes.reserve(all);
            for (_, entry) in table.entries() {
                frames::push(&mut bytes, &entry.sealed);
            }
            let entries = table.entries().map(|(name, entry)| (name.clone(), entry.confirmed_at));
            entries.collect()
        };
        self.push_renewed(&mut bytes, renewed);
        let length = bytes.len() as u64;
        match file.replace(bytes).await {
            Ok(()) => *sizes = Sizes { now: length, tidy: length, ..*sizes },
            Err(error) => {
                self.snapshot.failed("written anew", &error);
                // Not at every write.
                sizes.tidy = sizes.now;
            }
        }
    }

    /// Those that were confirmed in the same second go together, as of the first of it.
    fn push_renewed(&self, bytes: &mut Vec<u8>, mut renewed: Vec<(String, Timestamp)>) {
        let second = |at: &Timestamp| at.millis() / 1_000;
        renewed.sort_unstable_by_key(|(_, at)| *at);
        for together in renewed.chunk_by(|(_, one), (_, other)| second(one) == second(other)) {
            let Some((_, at)) = together.first() else { continue };
            self.push_names(bytes, *at, together.iter().map(|(name, _)| name.clone()), Stored::Renewed);
        }
    }

    fn push_names(
        &self,
        bytes: &mut Vec<u8>,
        at: Timestamp,
        names: impl Iterator<Item = String>,
        stored: fn(Vec<String>) -> Stored,
    ) {
        let names: Vec<String> = names.collect();
        for names in names.chunks(NAMES) {
            match content::sealed_list(&self.ring, at, stored(names.to_vec())) {
                Ok(sealed) => frames::push(bytes, &sealed),
                Err(error) => tracing::warn!(%error, "not noted in the snapshot of the fail-safe"),
            }
        }
    }

    /// Takes in a snapshot: how many entries may be served, and how many could not be read.
    fn restore(&self, bytes: &[u8]) -> (u64, u64) {
        let (now, end) = (self.now(), self.end());
        let mut frames = Frames::of(bytes);
        let mut unreadable = 0;
        for sealed in frames.by_ref() {
            match content::opened(&self.ring, sealed) {
                Ok(opened) => restore_one(&mut self.table(), &opened, sealed, now),
                Err(error) => {
                    unreadable += 1;
                    tracing::debug!(%error, "an entry of the snapshot of the fail-safe is skipped");
                }
            }
        }
        let mut table = self.table();
        table.expire(end);
        self.seal_anew(&mut table);
        let usable = table.entries().filter(|(_, entry)| entry.kind.is_served()).count();
        (usable as u64, unreadable + frames.damaged)
    }
}

impl Shared {
    /// Seals with the first key what another one sealed, so that the other may go.
    fn seal_anew(&self, table: &mut Table) {
        let first = self.ring.key_ids().next();
        let is_old = |entry: &Entry| KeyId::of_envelope(&entry.sealed) != first;
        let old = table.entries().filter(|(_, entry)| is_old(entry));
        let old: Vec<_> = old.map(|(name, entry)| (name.clone(), entry.clone())).collect();
        for (name, entry) in old {
            match content::sealed_anew(&self.ring, &entry.sealed, entry.confirmed_at) {
                Ok(sealed) => table.replace_envelope(&name, sealed),
                Err(error) => tracing::debug!(%error, "an entry of the fail-safe is not sealed anew"),
            }
        }
    }
}

fn restore_one(table: &mut Table, opened: &Opened, sealed: &[u8], now: Timestamp) {
    // A clock that went back makes nothing good for longer.
    let confirmed_at = opened.confirmed_at.min(now);
    match (&opened.stored, opened.stored.kind()) {
        (Stored::Renewed(names), _) => {
            names.iter().for_each(|name| table.restore_renewal(name, confirmed_at));
        }
        (Stored::Forgotten(names), _) => names.iter().for_each(|name| table.remove(name)),
        (stored, Some(kind)) => {
            let places = match stored {
                Stored::Config { places, .. } => *places,
                _ => None,
            };
            let entry = Entry {
                kind,
                version: opened.version,
                known: opened.version,
                places,
                confirmed_at,
                written_at: confirmed_at,
                sealed: Bytes::copy_from_slice(sealed),
            };
            table.restore(&opened.name, entry);
        }
        (_, None) => {}
    }
}
