//! What changed, for replicas that follow.

use std::time::Duration;

use async_trait::async_trait;
use domain::{ApiKeyEntry, ChangeFeed, ChangeMark, Changed, Changes, StoreUnavailable, Tenant, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::connections::Fault;
use crate::clamped::clamped;

const LOOK: usize = 1_000;

/// Which kind of record a row of `changes` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tenant,
    ApiKey,
    Catalogue,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Tenant, Self::ApiKey, Self::Catalogue];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::ApiKey => "api_key",
            Self::Catalogue => "catalogue",
        }
    }

    fn of(name: &str) -> Result<Self, Fault> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| Fault::value(format!("there is no kind of record {name}")))
    }
}

#[async_trait]
impl ChangeFeed for SqliteStore {
    async fn mark_before(&self, age: Duration) -> Result<ChangeMark, StoreUnavailable> {
        let then = self.now().before(age).millis();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT sequence FROM changes WHERE at <= ?1 ORDER BY at DESC, sequence DESC LIMIT 1",
            )?;
            let sequence = statement.query_row(params![then], |row| row.get(0)).optional()?;
            Ok(ChangeMark(sequence.unwrap_or_default()))
        })
        .await
    }

    async fn changes_after(&self, mark: &ChangeMark) -> Result<Changes, StoreUnavailable> {
        let (mark, now) = (*mark, self.now());
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT kind, id, sequence, at FROM changes WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
            )?;
            let limit = clamped(LOOK);
            let rows = statement.query_map(params![mark.0, limit], |row| {
                let at = Timestamp::from_millis(row.get(3)?);
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, at))
            })?;
            let mut changes = Changes { changed: Vec::new(), mark, has_more: false };
            for row in rows {
                let (kind, id, sequence, at) = row?;
                changes.changed.push(changed(connection, Kind::of(&kind)?, &id, now.since(at))?);
                changes.mark = ChangeMark(sequence);
            }
            changes.has_more = changes.changed.len() == LOOK;
            Ok(changes)
        })
        .await
    }
}

fn changed(connection: &Connection, kind: Kind, id: &str, age: Duration) -> Result<Changed, Fault> {
    Ok(match kind {
        Kind::Catalogue => Changed::Catalogue,
        Kind::Tenant => {
            let tenant: Tenant = document(connection, "SELECT document FROM tenants WHERE id = ?1", id)?;
            Changed::from(&tenant)
        }
        Kind::ApiKey => {
            let key: ApiKeyEntry = document(connection, "SELECT document FROM api_keys WHERE id = ?1", id)?;
            Changed::ApiKey { hashes: key.hashes().collect(), version: key.version, age }
        }
    })
}

fn document<T: serde::de::DeserializeOwned>(
    connection: &Connection,
    statement: &str,
    id: &str,
) -> Result<T, Fault> {
    let text: String = connection.prepare_cached(statement)?.query_row(params![id], |row| row.get(0))?;
    Ok(serde_json::from_str(&text)?)
}
