//! The files of `migrations/sqlite`.

use domain::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use super::OpenError;
use crate::migration::{Applied, Migration, outstanding};

pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "records",
        text: include_str!("../../../../migrations/sqlite/0001_records.sql"),
    },
    Migration {
        number: 2,
        name: "audit_chain",
        text: include_str!("../../../../migrations/sqlite/0002_audit_chain.sql"),
    },
    Migration {
        number: 3,
        name: "api_key_uses",
        text: include_str!("../../../../migrations/sqlite/0003_api_key_uses.sql"),
    },
];

/// Applies what is outstanding. Of several processes that start at once one applies a migration, and the others wait for it:
/// the transaction is the lease.
pub(super) fn apply(connection: &mut Connection, now: Timestamp) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (
            number INTEGER PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, applied_at INTEGER NOT NULL
        ) STRICT",
    )?;
    let applied = transaction
        .prepare("SELECT number, name, hash FROM migrations ORDER BY number")?
        .query_map([], |row| Ok(Applied { number: row.get(0)?, name: row.get(1)?, hash: row.get(2)? }))?
        .collect::<Result<Vec<_>, _>>()?;
    for migration in outstanding(MIGRATIONS, &applied)? {
        transaction.execute_batch(migration.text)?;
        transaction.execute(
            "INSERT INTO migrations (number, name, hash, applied_at) VALUES (?1, ?2, ?3, ?4)",
            params![migration.number, migration.name, migration.hash(), now.millis()],
        )?;
        tracing::info!(number = migration.number, name = migration.name, "migration applied");
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_is_built_in_and_no_other() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/sqlite");
        let files: BTreeSet<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let built_in = MIGRATIONS.iter().map(|it| format!("{:04}_{}.sql", it.number, it.name)).collect();
        assert_eq!(files, built_in);
        assert!(MIGRATIONS.is_sorted_by_key(|migration| migration.number));
    }
}
