//! What this process knows of changes that the shared cache may not know yet.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::hub::Hub;

/// Announcements that are kept to be repeated, and keys whose newest change is remembered.
const MOST: usize = 50_000;

/// Which keys changed, as far as it matters to a load under way, and which of these changes the shared cache was not told of.
pub(crate) struct News {
    hub: Arc<Hub>,
    state: Mutex<State>,
    /// Somebody follows the source's changes, and says up to which generation of the hub.
    is_followed: AtomicBool,
    followed: AtomicU64,
    /// The source gave whoever follows it no answer when it was last asked.
    is_source_away: AtomicBool,
}

#[derive(Default)]
struct State {
    serial: u64,
    /// What counts as heard of keys that are not in `heard`.
    floor: u64,
    heard: HashMap<Bytes, u64>,
    unsent: HashMap<Bytes, Announcement>,
}

/// A change that the shared cache has to be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Announcement {
    pub(crate) version: u64,
    serial: u64,
}

impl News {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            state: Mutex::default(),
            is_followed: AtomicBool::new(false),
            followed: AtomicU64::new(0),
            is_source_away: AtomicBool::new(false),
        }
    }

    /// A key changed. Until [`sent`](Self::sent), the shared cache is not asked for it.
    pub(crate) fn add(&self, key: &Bytes, version: u64) -> Announcement {
        let mut state = self.lock();
        let serial = state.hear(key);
        let announcement = Announcement { version, serial };
        if state.unsent.len() < MOST || state.unsent.contains_key(key) {
            state.unsent.insert(key.clone(), announcement);
        } else {
            // Nobody can say any more what is old there: the source's changes have to be gone through anew.
            drop(state);
            self.hub.doubt();
        }
        announcement
    }

    /// A key changed, and the shared cache knows, or is asked now.
    pub(crate) fn hear(&self, key: &Bytes) {
        self.lock().hear(key);
    }

    /// The shared cache was told.
    pub(crate) fn sent(&self, key: &Bytes, announcement: Announcement) {
        let mut state = self.lock();
        if state.unsent.get(key) == Some(&announcement) {
            state.unsent.remove(key);
        }
    }

    /// What is still to be told.
    pub(crate) fn unsent(&self) -> Vec<(Bytes, Announcement)> {
        self.lock().unsent.iter().map(|(key, announcement)| (key.clone(), *announcement)).collect()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.lock().unsent.len()
    }

    /// The newest change of a key, as a number that no other change has.
    pub(crate) fn heard(&self, key: &[u8]) -> u64 {
        let state = self.lock();
        state.heard.get(key).copied().unwrap_or(state.floor)
    }

    /// Whether a change of the key has still to be told: what the shared cache has of it is old.
    pub(crate) fn is_unsent(&self, key: &[u8]) -> bool {
        self.lock().unsent.contains_key(key)
    }

    /// Whether the shared cache may have lost changes that nobody went through yet: anything there may be old.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_followed.load(Ordering::Acquire)
            && self.followed.load(Ordering::Acquire) != self.hub.generation()
    }

    /// From now on the shared cache [is behind](Self::is_behind) until [`caught_up`](Self::caught_up), and after every doubt of
    /// the hub.
    pub(crate) fn begin_to_follow(&self) {
        self.is_followed.store(true, Ordering::Release);
    }

    /// The source's changes were gone through after the hub had reached this generation.
    pub(crate) fn caught_up(&self, generation: u64) {
        self.followed.store(generation, Ordering::Release);
    }

    pub(crate) fn set_source_away(&self, is_away: bool) {
        self.is_source_away.store(is_away, Ordering::Release);
    }

    pub(crate) fn is_source_away(&self) -> bool {
        self.is_source_away.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before anything that can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hear(&mut self, key: &Bytes) -> u64 {
        self.serial += 1;
        if self.heard.len() >= MOST {
            // Every load under way counts as overtaken once.
            self.heard.clear();
            self.floor = self.serial;
        }
        self.heard.insert(key.clone(), self.serial);
        self.serial
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news() -> News {
        News::new(Arc::new(Hub::new()))
    }

    #[test]
    fn a_key_is_not_trusted_until_its_newest_change_was_told() {
        let (news, key) = (news(), Bytes::from_static(b"k"));
        assert!(!news.is_unsent(b"k"));
        let first = news.add(&key, 1);
        let second = news.add(&key, 1);
        news.sent(&key, first);
        assert!(news.is_unsent(b"k") && !news.is_unsent(b"other"));
        news.sent(&key, second);
        assert!(!news.is_unsent(b"k") && news.waiting() == 0);
    }

    #[test]
    fn a_change_is_noticed_by_a_load_under_way() {
        let (news, key) = (news(), Bytes::from_static(b"k"));
        let (before, other) = (news.heard(b"k"), news.heard(b"other"));
        news.hear(&key);
        assert_ne!(news.heard(b"k"), before);
        assert_eq!(news.heard(b"other"), other);
        for number in 0..=MOST {
            news.hear(&Bytes::from(number.to_string()));
        }
        assert_ne!(news.heard(b"other"), other, "what is forgotten counts as changed");
    }

    #[test]
    fn too_many_announcements_are_a_doubt_of_everything() {
        let news = news();
        news.begin_to_follow();
        news.caught_up(news.hub.generation());
        for number in 0..=MOST {
            news.add(&Bytes::from(number.to_string()), 1);
        }
        assert_eq!(news.waiting(), MOST);
        assert!(news.is_behind());
        news.caught_up(news.hub.generation());
        assert!(!news.is_behind());
    }
}
