//! Events: those that wait, those that were released, and how far each target is.

use async_trait::async_trait;
use domain::{
    Backlog, Environment, EventLog, Release, ReleasedEvent, ReleasedRange, StoreUnavailable, TenantEvent,
    Timestamp, WaitingEvent, WaitingPosition,
};
use rusqlite::{OptionalExtension, Transaction, params};

use super::SqliteStore;
use super::connections::Fault;
use crate::clamped::clamped;
use crate::unreadable_event::pass_over;

#[async_trait]
impl EventLog for SqliteStore {
    async fn waiting(
        &self,
        after: Option<&WaitingPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingEvent>, StoreUnavailable> {
        let after = after.map(number).transpose().map_err(StoreUnavailable::new)?.unwrap_or_default();
        let limit = clamped(limit);
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT position, document FROM waiting_events WHERE position > ?1 ORDER BY position LIMIT ?2",
            )?;
            let rows = statement.query_map(params![after, limit], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
            })?;
            let waiting = rows.map(|row| {
                let (position, document) = row?;
                let event = serde_json::from_str(&document).ok();
                Ok(WaitingEvent { position: WaitingPosition(position.to_string()), event })
            });
            waiting.collect()
        })
        .await
    }

    async fn release(
        &self,
        event: &TenantEvent,
        sequence: u64,
        at: Timestamp,
    ) -> Result<Release, StoreUnavailable> {
        let event = event.clone();
        self.write_plainly(move |transaction| {
            let id = event.event_id.to_string();
            let release = insert(transaction, &event, &id, sequence, at)?;
            if release != Release::Taken {
                transaction
                    .prepare_cached("DELETE FROM waiting_events WHERE id = ?1")?
                    .execute(params![id])?;
            }
            Ok(release)
        })
        .await
    }

    async fn set_aside(&self, position: &WaitingPosition) -> Result<(), StoreUnavailable> {
        let position = number(position).map_err(StoreUnavailable::new)?;
        self.write_plainly(move |transaction| {
            transaction.execute(
                "INSERT INTO unreadable_events (id, document)
                 SELECT id, document FROM waiting_events WHERE position = ?1 ON CONFLICT DO NOTHING",
                params![position],
            )?;
            transaction.execute("DELETE FROM waiting_events WHERE position = ?1", params![position])?;
            Ok(())
        })
        .await
    }

    async fn released(&self, environment: Environment) -> Result<ReleasedRange, StoreUnavailable> {
        self.read(move |connection| {
            let range: (Option<i64>, Option<i64>) = connection
                .prepare_cached(
                    "SELECT min(sequence), max(sequence) FROM released_events WHERE environment = ?1",
                )?
                .query_row(params![environment.name()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(ReleasedRange { first: sequence_of(range.0)?, last: sequence_of(range.1)? })
        })
        .await
    }

    async fn last_released(&self, environment: Environment) -> Result<u64, StoreUnavailable> {
        self.read(move |connection| {
            let last: Option<i64> = connection
                .prepare_cached("SELECT max(sequence) FROM released_events WHERE environment = ?1")?
                .query_row(params![environment.name()], |row| row.get(0))?;
            sequence_of(last)
        })
        .await
    }

    async fn released_after(
        &self,
        environment: Environment,
        sequence: u64,
        limit: usize,
    ) -> Result<Vec<ReleasedEvent>, StoreUnavailable> {
        let (after, limit) = (clamped(sequence), clamped(limit));
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT sequence, released_at, document FROM released_events
                 WHERE environment = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
            )?;
            let rows = statement.query_map(params![environment.name(), after, limit], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
            })?;
            let mut released = Vec::new();
            for row in rows {
                let (sequence, released_at, document) = row?;
                let sequence = u64::try_from(sequence).map_err(Fault::value)?;
                let released_at = Timestamp::from_millis(released_at);
                match serde_json::from_str(&document) {
                    Ok(event) => released.push(ReleasedEvent { sequence, released_at, event }),
                    Err(error) => pass_over(environment, sequence, &error),
                }
            }
            Ok(released)
        })
        .await
    }

    async fn mark(&self, target: &str, environment: Environment) -> Result<Option<u64>, StoreUnavailable> {
        let target = target.to_owned();
        self.read(move |connection| {
            let mark: Option<i64> = connection
                .prepare_cached("SELECT sequence FROM event_marks WHERE target = ?1 AND environment = ?2")?
                .query_row(params![target, environment.name()], |row| row.get(0))
                .optional()?;
            mark.map(|mark| u64::try_from(mark).map_err(Fault::value)).transpose()
        })
        .await
    }

    async fn set_mark(
        &self,
        target: &str,
        environment: Environment,
        sequence: u64,
    ) -> Result<(), StoreUnavailable> {
        let (target, sequence) = (target.to_owned(), clamped(sequence));
        self.write_plainly(move |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO event_marks (target, environment, sequence) VALUES (?1, ?2, ?3)
                     ON CONFLICT (target, environment) DO UPDATE SET sequence = max(sequence, excluded.sequence)",
                )?
                .execute(params![target, environment.name(), sequence])?;
            Ok(())
        })
        .await
    }

    async fn remove_released(
        &self,
        environment: Environment,
        before: Timestamp,
        up_to: u64,
    ) -> Result<u64, StoreUnavailable> {
        let up_to = clamped(up_to);
        self.write_plainly(move |transaction| {
            let removed = transaction.execute(
                "DELETE FROM released_events WHERE environment = ?1 AND released_at < ?2 AND sequence <= ?3
                 AND sequence < (SELECT max(sequence) FROM released_events WHERE environment = ?1)",
                params![environment.name(), before.millis(), up_to],
            )?;
            u64::try_from(removed).map_err(Fault::value)
        })
        .await
    }

    async fn backlog(&self) -> Result<Backlog, StoreUnavailable> {
        self.read(|connection| {
            let (depth, oldest): (i64, Option<i64>) = connection
                .prepare_cached("SELECT count(*), min(at) FROM waiting_events")?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let depth = u64::try_from(depth).map_err(Fault::value)?;
            Ok(Backlog { depth, oldest_at: oldest.map(Timestamp::from_millis) })
        })
        .await
    }
}

fn insert(
    transaction: &Transaction<'_>,
    event: &TenantEvent,
    id: &str,
    sequence: u64,
    at: Timestamp,
) -> Result<Release, Fault> {
    if transaction.prepare_cached("SELECT 1 FROM released_events WHERE id = ?1")?.exists(params![id])? {
        return Ok(Release::Before);
    }
    let inserted = transaction
        .prepare_cached(
            "INSERT INTO released_events (environment, sequence, id, released_at, document)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            event.environment.name(),
            clamped(sequence),
            id,
            at.millis(),
            serde_json::to_string(event)?
        ])?;
    Ok(if inserted == 1 { Release::Done } else { Release::Taken })
}

/// 0 where there is none.
fn sequence_of(column: Option<i64>) -> Result<u64, Fault> {
    u64::try_from(column.unwrap_or_default()).map_err(Fault::value)
}

fn number(position: &WaitingPosition) -> Result<i64, std::num::ParseIntError> {
    position.0.parse()
}
