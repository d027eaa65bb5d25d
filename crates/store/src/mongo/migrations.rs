//! The files of `migrations/mongo`: lists of indexes to make.

use std::time::Duration;

use domain::LeaseStore;
use mongodb::bson::{DateTime, Document, doc};
use serde::Deserialize;

use super::connection::within;
use super::fault::{Fault, integer, text};
use super::{ConnectError, MongoStore};
use crate::migration::{Applied, Migration, outstanding};

const APPLIED: &str = "migrations";
const LEASE: &str = "migrations";
/// Whoever holds the lease and dies keeps the others waiting for so long.
const LEASE_TIME: Duration = Duration::from_secs(30);
/// An index of a large collection takes its time. Should the lease end over it, another process makes the same index once
/// more, which does nothing.
const INDEX_TIME: Duration = Duration::from_secs(600);
const REST: Duration = Duration::from_millis(50);

pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "records",
        text: include_str!("../../../../migrations/mongo/0001_records.json"),
    },
    Migration {
        number: 2,
        name: "audit_chain",
        text: include_str!("../../../../migrations/mongo/0002_audit_chain.json"),
    },
];

/// One command of a file.
#[derive(Deserialize)]
pub(super) struct Command {
    pub(super) collection: String,
    pub(super) index: Document,
}

impl Command {
    /// What the index is called, which the files say of each.
    pub(super) fn index_name(&self) -> &str {
        self.index.get_str("name").unwrap_or_default()
    }
}

impl MongoStore {
    /// Applies what is outstanding. Of several processes that start at once one does, and the others wait for it.
    pub(super) async fn migrate(&self, known: &[Migration]) -> Result<(), ConnectError> {
        let mut is_held = false;
        loop {
            let todo = outstanding(known, &self.applied().await.map_err(unavailable)?)?;
            if todo.is_empty() {
                return Ok(());
            }
            if let Some(lease) = self.take_lease(LEASE, LEASE_TIME).await.map_err(unavailable)? {
                // Once more: whoever held it before may have applied them.
                let todo = outstanding(known, &self.applied().await.map_err(unavailable)?)?;
                for migration in todo {
                    self.apply(migration).await.map_err(unavailable)?;
                }
                let _ends_by_itself = self.release_lease(&lease).await;
                return Ok(());
            }
            if !std::mem::replace(&mut is_held, true) {
                tracing::info!("another process migrates the store: waiting for it");
            }
            tokio::time::sleep(REST).await;
        }
    }

    pub(super) async fn applied(&self) -> Result<Vec<Applied>, Fault> {
        let rows = self.all(self.collection(APPLIED)?.find(doc! {}).sort(doc! { "_id": 1 })).await?;
        let applied = |row: Document| {
            Ok(Applied {
                number: u32::try_from(integer(&row, "_id")?).map_err(Fault::value)?,
                name: text(&row, "name")?.to_owned(),
                hash: text(&row, "hash")?.to_owned(),
            })
        };
        rows.into_iter().map(applied).collect()
    }

    async fn apply(&self, migration: &Migration) -> Result<(), Fault> {
        for command in serde_json::from_str::<Vec<Command>>(migration.text)? {
            self.make_index(command).await?;
        }
        let row = doc! {
            "_id": i64::from(migration.number),
            "name": migration.name,
            "hash": migration.hash(),
            "appliedAt": DateTime::from_millis(self.now().millis()),
        };
        self.insert(APPLIED, row).await?;
        tracing::info!(number = migration.number, name = migration.name, "migration applied");
        Ok(())
    }

    /// Does nothing where the index is there.
    pub(super) async fn make_index(&self, Command { collection, index }: Command) -> Result<(), Fault> {
        let command = doc! { "createIndexes": collection, "indexes": [index] };
        self.noted(within(INDEX_TIME, self.database()?.run_command(command)).await).map(drop)
    }
}

pub(super) fn unavailable(fault: Fault) -> ConnectError {
    ConnectError::Unavailable(fault.into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::MigrationError;
    use crate::mongo::testing::{documents, empty_store, settings};

    #[tokio::test]
    async fn ten_that_start_at_once_apply_each_once() {
        let (settings, (_, clock)) = (settings().await, empty_store().await);
        let starts = (0..10).map(|_| tokio::spawn(MongoStore::connect(settings.clone(), clock.clone())));
        let mut store = None;
        for start in starts.collect::<Vec<_>>() {
            store = Some(start.await.unwrap().unwrap());
        }
        let store = store.unwrap();
        assert_eq!(documents(&store, APPLIED).await.len(), MIGRATIONS.len());
        let lease = store.by_id("leases", LEASE).await.unwrap().unwrap();
        // Whoever comes later sees that nothing is left to do.
        assert!(integer(&lease, "number").unwrap() <= 10 && integer(&lease, "until").unwrap() == 0);
    }

    #[tokio::test]
    async fn a_store_that_was_migrated_otherwise_is_refused() {
        let (store, _clock) = empty_store().await;
        let changed = [Migration { text: "[]", ..MIGRATIONS[0] }];
        let refused = store.migrate(&changed).await;
        let is_changed = |error: &ConnectError| {
            matches!(error, ConnectError::Migration(MigrationError::Changed { number: 1, .. }))
        };
        assert!(refused.as_ref().is_err_and(is_changed), "{refused:?}");
        let refused = store.migrate(&[]).await;
        let is_newer = |error: &ConnectError| {
            matches!(error, ConnectError::Migration(MigrationError::Unknown { number: 1, .. }))
        };
        assert!(refused.as_ref().is_err_and(is_newer), "{refused:?}");
    }

    #[tokio::test]
    async fn a_later_migration_is_applied_once() {
        let (store, _clock) = empty_store().await;
        let text = r#"[{ "collection": "audit", "index": { "name": "by_action", "key": { "action": 1 } } }]"#;
        let known = [MIGRATIONS, &[Migration { number: 9_999, name: "more", text }]].concat();
        store.migrate(&known).await.unwrap();
        store.migrate(&known).await.unwrap();
        assert_eq!(documents(&store, APPLIED).await.len(), known.len());
    }

    #[test]
    fn every_file_is_built_in_and_no_other() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/mongo");
        let files: BTreeSet<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let built_in = MIGRATIONS.iter().map(|it| format!("{:04}_{}.json", it.number, it.name)).collect();
        assert_eq!(files, built_in);
        assert!(MIGRATIONS.is_sorted_by_key(|migration| migration.number));
    }

    #[test]
    fn every_file_is_a_list_of_indexes_with_names_of_their_own() {
        let mut names = BTreeSet::new();
        for migration in MIGRATIONS {
            for Command { collection, index } in serde_json::from_str::<Vec<Command>>(migration.text).unwrap()
            {
                assert!(!index.get_document("key").unwrap().is_empty());
                assert!(names.insert((collection, index.get_str("name").unwrap().to_owned())));
            }
        }
    }
}
