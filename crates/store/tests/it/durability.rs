//! What the embedded store does with its file.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use domain::{AuditLog, CommitError, StoreCondition, StoreHealth, TenantStore};
use store::{OpenError, SqliteStore};

use crate::contract::{change, clock, tenant};

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made/if/need/be/records.sqlite");
    let tenant = tenant("blue-bank");
    let store = SqliteStore::open(&path, clock()).unwrap();
    store.commit_tenant(change(tenant.clone(), Some(&tenant))).await.unwrap();
    drop(store);
    let store = SqliteStore::open(&path, clock()).unwrap();
    assert_eq!(store.tenant(&tenant.id).await.unwrap(), Some(tenant));
    assert_eq!(store.ping().await.unwrap(), StoreCondition::Well);
}

#[tokio::test]
async fn the_lock_of_another_process_is_waited_for_and_shows_until_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.sqlite");
    let store = SqliteStore::open(&path, clock()).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (began, kept_out) = (Instant::now(), tenant("kept-out"));
    let refused = store.commit_tenant(change(kept_out.clone(), Some(&kept_out))).await.unwrap_err();
    assert!(began.elapsed() >= Duration::from_secs(5), "{:?}", began.elapsed());
    let CommitError::Unavailable(source) = refused else { panic!("{refused:?}") };
    assert!(source.to_string().contains(&path.display().to_string()), "{source}");
    let began = Instant::now();
    assert_eq!(store.ping().await.unwrap(), StoreCondition::RefusesWrites);
    assert!(began.elapsed() < Duration::from_secs(2), "whoever asks does not wait as a write does");
    assert_eq!(store.tenant(&kept_out.id).await.unwrap(), None, "reads go on");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.ping().await.unwrap(), StoreCondition::Well);
    store.commit_tenant(change(kept_out.clone(), Some(&kept_out))).await.unwrap();
}

#[test]
fn processes_that_start_at_once_migrate_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = Arc::new(directory.path().join("records.sqlite"));
    let openers: Vec<_> = (0..10)
        .map(|_| {
            let path = Arc::clone(&path);
            thread::spawn(move || SqliteStore::open(&path, clock()).map(drop))
        })
        .collect();
    for opener in openers {
        opener.join().unwrap().unwrap();
    }
    let connection = rusqlite::Connection::open(path.as_path()).unwrap();
    let count: i64 = connection.query_row("SELECT count(*) FROM migrations", [], |row| row.get(0)).unwrap();
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite")).unwrap();
    assert_eq!(usize::try_from(count), Ok(files.count()));
}

#[test]
fn a_store_that_was_migrated_otherwise_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.sqlite");
    SqliteStore::open(&path, clock()).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("UPDATE migrations SET hash = 'other'", []).unwrap();
    let refused = SqliteStore::open(&path, clock()).map(drop);
    assert!(matches!(refused, Err(OpenError::Migration(_))), "{refused:?}");
}

/// A store of the version before, in which rows of the audit log wait that nobody ever read.
#[tokio::test]
async fn rows_from_before_there_was_a_chain_wait_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.sqlite");
    let tenant = tenant("first");
    let store = SqliteStore::open(&path, clock()).unwrap();
    let change = change(tenant.clone(), Some(&tenant));
    let id = change.audit.id.to_string();
    store.commit_tenant(change).await.unwrap();
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let before = "DROP TABLE audit_chain; DROP TABLE audit_anchor; DELETE FROM migrations WHERE number = 2";
    connection.execute_batch(before).unwrap();
    let store = SqliteStore::open(&path, clock()).unwrap();
    let rows = store.unchained(10).await.unwrap();
    assert_eq!(rows.iter().map(|row| &row.id).collect::<Vec<_>>(), [&id]);
}

#[tokio::test]
async fn a_row_of_the_audit_log_is_neither_changed_nor_removed_by_mistake() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.sqlite");
    let _store = SqliteStore::open(&path, clock()).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let row = "INSERT INTO audit_chain VALUES (1, 'a', 0, '', '', 0, '', '', '', '', NULL, NULL, 'p', '{}')";
    connection.execute(row, []).unwrap();
    for mistake in ["UPDATE audit_chain SET document = 'x'", "DELETE FROM audit_chain"] {
        let refused = connection.execute(mistake, []).unwrap_err();
        assert!(refused.to_string().contains("a row of the audit log"), "{refused}");
    }
}

#[test]
#[cfg(unix)]
fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.sqlite");
    let _store = SqliteStore::open(&path, clock()).unwrap();
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let mode = file.as_ref().unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file:?}");
    }
}
