//! The embedded store against the contract.

use std::sync::Arc;

use store::SqliteStore;
use tempfile::TempDir;

use crate::contract::{Backend, clock, suites};

struct Embedded {
    backend: Backend,
    _directory: TempDir,
}

async fn embedded() -> Embedded {
    let directory = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = SqliteStore::open(&directory.path().join("records.sqlite"), clock.clone()).unwrap();
    Embedded { backend: Backend::of(Arc::new(store), clock), _directory: directory }
}

suites!(embedded);
