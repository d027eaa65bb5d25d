//! What is remembered, in memory.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use domain::Timestamp;

use super::content::{Content, Kind, Places};

/// What an entry takes besides its bytes, about.
const OVERHEAD: usize = 192;

/// One thing that is remembered.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// The version that the content is of.
    pub(super) version: u64,
    /// The newest version that is known: the content may be good although it is older.
    pub(super) known: u64,
    /// What connections lead to.
    pub(super) places: Option<Places>,
    pub(super) confirmed_at: Timestamp,
    /// The time of confirmation as the snapshot has it.
    pub(super) written_at: Timestamp,
    pub(super) sealed: Bytes,
}

impl Entry {
    pub(super) fn new(content: &Content<'_>, sealed: Bytes) -> Self {
        Self {
            kind: content.kind(),
            version: content.version,
            known: content.version,
            places: content.places(),
            confirmed_at: content.confirmed_at,
            written_at: content.confirmed_at,
            sealed,
        }
    }

    fn bytes(&self, name: &str) -> usize {
        OVERHEAD + 2 * name.len() + self.sealed.len()
    }
}

/// What came of confirming what is remembered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// It was the very same.
    Renewed,
    /// It is something newer, or something else.
    New,
    /// Something newer is remembered.
    Old,
}

/// Everything that is remembered, by name, with what the snapshot has not got yet.
pub(super) struct Table {
    entries: HashMap<String, Entry>,
    bytes: usize,
    max_bytes: usize,
    evicted: u64,
    dirty: HashSet<String>,
    forgotten: HashSet<String>,
}

impl Table {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            entries: HashMap::new(),
            bytes: 0,
            max_bytes,
            evicted: 0,
            dirty: HashSet::new(),
            forgotten: HashSet::new(),
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes as u64
    }

    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter()
    }

    /// What is remembered was found to be so now.
    pub(super) fn renew(&mut self, name: &str, version: u64, now: Timestamp) -> Renewal {
        match self.entries.get_mut(name) {
            Some(entry) if version < entry.known => Renewal::Old,
            Some(entry) if version == entry.version && entry.kind != Kind::Superseded => {
                entry.confirmed_at = entry.confirmed_at.max(now);
                Renewal::Renewed
            }
            _ => Renewal::New,
        }
    }

    /// Remembers an entry and lets the snapshot have it, unless something newer is known.
    pub(super) fn put(&mut self, name: &str, entry: Entry) -> bool {
        let is_taken = self.take(name, entry);
        if is_taken {
            self.forgotten.remove(name);
            self.dirty.insert(name.to_owned());
            self.make_room();
        }
        is_taken
    }

    /// The same with an entry of the snapshot.
    pub(super) fn restore(&mut self, name: &str, entry: Entry) {
        self.take(name, entry);
        self.make_room();
    }

    fn take(&mut self, name: &str, entry: Entry) -> bool {
        if let Some(standing) = self.entries.get(name) {
            let tells_less = entry.kind == Kind::Superseded && entry.version == standing.known;
            if entry.version < standing.known || tells_less {
                return false;
            }
            self.bytes -= standing.bytes(name);
        }
        self.bytes += entry.bytes(name);
        self.entries.insert(name.to_owned(), entry);
        true
    }

    /// The same entry in another envelope, which the snapshot has to get.
    pub(super) fn replace_envelope(&mut self, name: &str, sealed: Bytes) {
        if let Some(entry) = self.entries.get_mut(name) {
            self.bytes = self.bytes - entry.sealed.len() + sealed.len();
            entry.sealed = sealed;
            self.dirty.insert(name.to_owned());
        }
    }

    /// A newer version is known, and what is remembered is good as it is.
    pub(super) fn raise(&mut self, name: &str, known: u64) {
        if let Some(entry) = self.entries.get_mut(name) {
            entry.known = entry.known.max(known);
        }
    }

    /// The snapshot says that it was confirmed later.
    pub(super) fn restore_renewal(&mut self, name: &str, at: Timestamp) {
        if let Some(entry) = self.entries.get_mut(name) {
            entry.confirmed_at = entry.confirmed_at.max(at);
            entry.written_at = entry.confirmed_at;
        }
    }

    /// Forgets what was confirmed no later than `end`. The snapshot forgets it by itself.
    pub(super) fn expire(&mut self, end: Timestamp) {
        let mut bytes = self.bytes;
        self.entries.retain(|name, entry| {
            let is_good = entry.confirmed_at > end;
            bytes -= if is_good { 0 } else { entry.bytes(name) };
            is_good
        });
        self.bytes = bytes;
    }

    /// Forgets it, here only.
    pub(super) fn remove(&mut self, name: &str) {
        if let Some(entry) = self.entries.remove(name) {
            self.bytes -= entry.bytes(name);
        }
    }

    /// Those that were confirmed longest ago go first. Who is kept out is kept, for it is little and matters most.
    fn make_room(&mut self) {
        if self.bytes <= self.max_bytes {
            return;
        }
        let mut oldest: Vec<(bool, Timestamp, String)> = self
            .entries
            .iter()
            .map(|(name, entry)| (entry.kind.keeps_out(), entry.confirmed_at, name.clone()))
            .collect();
        oldest.sort_unstable();
        for (_, _, name) in oldest {
            if self.bytes <= self.max_bytes / 10 * 9 {
                break;
            }
            self.remove(&name);
            self.dirty.remove(&name);
            self.forgotten.insert(name);
            self.evicted += 1;
        }
    }

    /// Whether the snapshot lacks anything that was put here.
    pub(super) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty() || !self.forgotten.is_empty()
    }

    /// Names that the snapshot has to get, and those that it has to forget.
    pub(super) fn take_dirty(&mut self) -> (HashSet<String>, HashSet<String>) {
        (std::mem::take(&mut self.dirty), std::mem::take(&mut self.forgotten))
    }

    /// The snapshot did not get them.
    pub(super) fn put_back(&mut self, dirty: HashSet<String>, forgotten: HashSet<String>) {
        self.dirty.extend(dirty);
        // What came meanwhile is not forgotten.
        self.forgotten.extend(forgotten.into_iter().filter(|name| !self.entries.contains_key(name)));
    }

    /// Names of what was confirmed at least so much later than the snapshot says, with the times; it counts as said.
    pub(super) fn take_renewed(&mut self, at_least: i64) -> Vec<(String, Timestamp)> {
        let renewed = self.entries.iter_mut().filter_map(|(name, entry)| {
            let is_due = entry.confirmed_at.millis() - entry.written_at.millis() >= at_least.max(1);
            is_due.then(|| {
                entry.written_at = entry.confirmed_at;
                (name.clone(), entry.confirmed_at)
            })
        });
        renewed.collect()
    }
}
