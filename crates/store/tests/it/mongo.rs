//! The store in MongoDB against the contract. Every command that it sends must be one that DocumentDB 5 knows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use domain::ManualClock;
use store::{MongoSettings, MongoStore};
use testkit::{shared_mongo, unique_prefix};

use crate::contract::{Backend, suites};

/// What DocumentDB 5 knows of what we send.
const KNOWN: &str = include_str!("documentdb-5.txt");

/// The words of all commands that were sent.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<BTreeSet<String>>>);

impl Sent {
    fn add(&self, words: &[String]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(words.iter().cloned());
    }

    fn unknown(&self) -> Vec<String> {
        let known: BTreeSet<&str> =
            KNOWN.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        let sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().filter(|word| !known.contains(word.as_str())).cloned().collect()
    }
}

struct Opened {
    backend: Backend,
    sent: Sent,
}

impl Drop for Opened {
    fn drop(&mut self) {
        let unknown = self.sent.unknown();
        if !std::thread::panicking() {
            assert!(unknown.is_empty(), "DocumentDB 5 is not known to take {unknown:?}");
        }
    }
}

/// A clock that stands so far ahead that a server, which goes by its own, removes nothing that is over here.
pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(UNIX_EPOCH + Duration::from_secs(4_102_444_800)))
}

/// Settings for an empty database of the shared server.
pub(crate) async fn settings() -> MongoSettings {
    MongoSettings::new(format!("mongodb://{}/", shared_mongo().await), unique_prefix())
}

async fn mongo() -> Opened {
    let (sent, clock) = (Sent::default(), clock());
    let listener = sent.clone();
    let settings = MongoSettings {
        on_command: Some(Arc::new(move |words: &[String]| listener.add(words))),
        // The shared server serves many tests at once.
        operation_time: Duration::from_secs(20),
        ..settings().await
    };
    let store = MongoStore::connect(settings, clock.clone()).await.unwrap();
    Opened { backend: Backend::of(Arc::new(store), clock), sent }
}

suites!(mongo);
