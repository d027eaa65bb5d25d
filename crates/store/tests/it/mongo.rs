//! The store in MongoDB against the contract. Every command that it sends must be one that DocumentDB 5 knows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use domain::{ManualClock, TenantQuery};
use store::{MongoSettings, MongoStore};
use testkit::{shared_mongo, unique_prefix};

use crate::contract::{Backend, change, suites, tenant_with};

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
    let mongo = Some(store.clone());
    Opened { backend: Backend { mongo, is_stand_in: true, ..Backend::of(Arc::new(store), clock) }, sent }
}

suites!(mongo);

/// A server answers with a hundred documents at first, and with the others when it is asked for more.
#[tokio::test]
async fn what_takes_several_answers_is_complete() {
    const COUNT: usize = 250;
    let opened = mongo().await;
    let backend = &opened.backend;
    let mark = backend.feed.mark_before(Duration::ZERO).await.unwrap();
    let writers = (0..COUNT).map(|number| {
        let store = Arc::clone(&backend.tenants);
        tokio::spawn(async move {
            let tenant = tenant_with(&format!("t{number:03}"), &["ledger"]);
            store.commit_tenant(change(tenant.clone(), Some(&tenant))).await.unwrap();
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let active = backend.tenants.active_tenants(&"ledger".parse().unwrap(), None).await.unwrap();
    assert_eq!(active.len(), COUNT);
    assert_eq!(backend.feed.changes_after(&mark).await.unwrap().changed.len(), COUNT);
    let all =
        TenantQuery { environment: None, status: None, search: None, after: None, skip: 0, limit: COUNT };
    let page = backend.tenants.tenants(&all).await.unwrap();
    assert!(page.tenants.len() == COUNT && page.tenants.is_sorted_by_key(|tenant| &tenant.slug));
    let sent = opened.sent.0.lock().unwrap_or_else(PoisonError::into_inner).contains("getMore");
    assert!(sent, "this would show nothing otherwise");
}
