//! The audit log: what waits, and the chain.

use async_trait::async_trait;
use domain::{
    AuditEntry, AuditIndex, AuditLead, AuditLog, AuditPage, AuditQuery, ChainAnchor, ChainHead, ChainKeyName,
    ChainedRow, Chaining, StoreUnavailable, Timestamp, UnchainedRow,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::SqliteStore;
use super::connections::Fault;
use crate::audit_page::{Candidate, bounds, look, pick};
use crate::clamped::clamped;

/// The columns of what a row is found by, in the order in which [`index_of`] reads them.
const INDEX: &str = "at, actor, action, subject, target, request_id, environment";

#[async_trait]
impl AuditLog for SqliteStore {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreUnavailable> {
        let entry = entry.clone();
        self.write_plainly(move |transaction| append(transaction, &entry)).await
    }

    async fn unchained(&self, limit: usize) -> Result<Vec<UnchainedRow>, StoreUnavailable> {
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT id, document FROM audit ORDER BY position LIMIT ?1")?;
            let rows = statement.query_map(params![clamped(limit)], |row| {
                Ok(UnchainedRow { id: row.get(0)?, document: row.get(1)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn unchained_count(&self) -> Result<u64, StoreUnavailable> {
        self.read(|connection| {
            let count: i64 =
                connection.prepare_cached("SELECT count(*) FROM audit")?.query_row([], |row| row.get(0))?;
            u64::try_from(count).map_err(Fault::value)
        })
        .await
    }

    async fn chain(&self, row: &ChainedRow) -> Result<Chaining, StoreUnavailable> {
        let row = row.clone();
        self.write_plainly(move |transaction| {
            let chaining = insert(transaction, &row)?;
            if chaining != Chaining::Taken {
                transaction.prepare_cached("DELETE FROM audit WHERE id = ?1")?.execute(params![row.id])?;
            }
            Ok(chaining)
        })
        .await
    }

    async fn chain_head(&self) -> Result<ChainHead, StoreUnavailable> {
        self.read(|connection| {
            let last = connection
                .prepare_cached("SELECT sequence, link FROM audit_chain ORDER BY sequence DESC LIMIT 1")?
                .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
                .optional()?;
            if let Some((sequence, link)) = last {
                return head_of(sequence, &link);
            }
            Ok(anchor(connection)?.map_or(ChainHead::BEGINNING, |anchor| anchor.head))
        })
        .await
    }

    async fn chained_after(&self, sequence: u64, limit: usize) -> Result<Vec<ChainedRow>, StoreUnavailable> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {INDEX}, sequence, chained_at, id, document, link, key, place FROM audit_chain
                 WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"
            ))?;
            let mut rows = statement.query(params![clamped(sequence), clamped(limit)])?;
            let mut chained = Vec::new();
            while let Some(row) = rows.next()? {
                let link: String = row.get(11)?;
                let ChainHead { sequence, link } = head_of(row.get(7)?, &link)?;
                chained.push(ChainedRow {
                    sequence,
                    chained_at: Timestamp::from_millis(row.get(8)?),
                    id: row.get(9)?,
                    document: row.get(10)?,
                    index: index_of(row)?,
                    link,
                    key: ChainKeyName(row.get(12)?),
                    place: row.get(13)?,
                });
            }
            Ok(chained)
        })
        .await
    }

    async fn audit_page(&self, query: &AuditQuery) -> Result<AuditPage, StoreUnavailable> {
        let query = query.clone();
        self.read(move |connection| {
            let picked = pick(&candidates(connection, &query)?, &query);
            let mut page = picked.filling();
            let mut statement =
                connection.prepare_cached("SELECT document FROM audit_chain WHERE sequence = ?1")?;
            for row in &picked.rows {
                let document: Option<String> =
                    statement.query_row(params![clamped(row.0)], |row| row.get(0)).optional()?;
                // One that is gone was removed for its age since it was looked at.
                if document.is_some_and(|document| !page.add(row, &document)) {
                    break;
                }
            }
            Ok(page.page())
        })
        .await
    }

    async fn chain_anchor(&self) -> Result<Option<ChainAnchor>, StoreUnavailable> {
        self.read(anchor).await
    }

    async fn remove_chained(&self, anchor: &ChainAnchor) -> Result<u64, StoreUnavailable> {
        let anchor = anchor.clone();
        self.write_plainly(move |transaction| {
            transaction.execute(
                "INSERT INTO audit_anchor (id, sequence, link, at, key, signature) VALUES (1, ?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (id) DO UPDATE SET sequence = ?1, link = ?2, at = ?3, key = ?4, signature = ?5
                 WHERE sequence <= ?1",
                params![
                    clamped(anchor.head.sequence),
                    anchor.head.link.to_string(),
                    anchor.at.millis(),
                    anchor.key.0,
                    anchor.signature.to_string()
                ],
            )?;
            let removed = transaction
                .execute("DELETE FROM audit_chain WHERE sequence <= ?1", params![clamped(anchor.head.sequence)])?;
            u64::try_from(removed).map_err(Fault::value)
        })
        .await
    }
}

/// Adds a row to those that wait, once.
pub(super) fn append(transaction: &Transaction<'_>, entry: &AuditEntry) -> Result<(), Fault> {
    transaction
        .prepare_cached("INSERT INTO audit (id, document) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING")?
        .execute(params![entry.id.to_string(), serde_json::to_string(entry)?])?;
    Ok(())
}

fn insert(transaction: &Transaction<'_>, row: &ChainedRow) -> Result<Chaining, Fault> {
    if transaction.prepare_cached("SELECT 1 FROM audit_chain WHERE id = ?1")?.exists(params![row.id])? {
        return Ok(Chaining::Before);
    }
    let AuditIndex { at, actor, action, subject, target, request_id, environment } = &row.index;
    let inserted = transaction
        .prepare_cached(&format!(
            "INSERT INTO audit_chain ({INDEX}, sequence, chained_at, id, document, link, key, place)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING"
        ))?
        .execute(params![
            at.millis(),
            actor,
            action,
            subject,
            target,
            request_id,
            environment,
            clamped(row.sequence),
            row.chained_at.millis(),
            row.id,
            row.document,
            row.link.to_string(),
            row.key.0,
            row.place,
        ])?;
    Ok(if inserted == 1 { Chaining::Done } else { Chaining::Taken })
}

/// What a walk along one index meets, newest first.
fn candidates(connection: &Connection, query: &AuditQuery) -> Result<Vec<Candidate>, Fault> {
    let (column, value) = match query.filter.lead() {
        AuditLead::RequestId(id) => ("request_id = ?4", Value::from(id.to_owned())),
        AuditLead::Subject(subject) => ("subject = ?4", subject.to_owned().into()),
        AuditLead::Actor(actor) => ("actor = ?4", actor.to_owned().into()),
        AuditLead::Action(action) => ("action = ?4", action.name().to_owned().into()),
        AuditLead::Environment(environment) => ("environment = ?4", environment.name().to_owned().into()),
        AuditLead::Everything => ("?4 IS NULL", Value::Null),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {INDEX}, sequence FROM audit_chain WHERE {column} AND place >= ?1 AND place < ?2
         ORDER BY place DESC LIMIT ?3"
    ))?;
    let (from, until) = bounds(query);
    let mut rows = statement.query(params![from, until, clamped(look(query)), value])?;
    let mut candidates = Vec::new();
    while let Some(row) = rows.next()? {
        let sequence = u64::try_from(row.get::<_, i64>(7)?).map_err(Fault::value)?;
        candidates.push(Candidate { sequence, index: index_of(row)? });
    }
    Ok(candidates)
}

fn index_of(row: &Row<'_>) -> rusqlite::Result<AuditIndex> {
    Ok(AuditIndex {
        at: Timestamp::from_millis(row.get(0)?),
        actor: row.get(1)?,
        action: row.get(2)?,
        subject: row.get(3)?,
        target: row.get(4)?,
        request_id: row.get(5)?,
        environment: row.get(6)?,
    })
}

fn anchor(connection: &Connection) -> Result<Option<ChainAnchor>, Fault> {
    let mut statement = connection
        .prepare_cached("SELECT sequence, link, at, key, signature FROM audit_anchor WHERE id = 1")?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (link, signature): (String, String) = (row.get(1)?, row.get(4)?);
    Ok(Some(ChainAnchor {
        head: head_of(row.get(0)?, &link)?,
        at: Timestamp::from_millis(row.get(2)?),
        key: ChainKeyName(row.get(3)?),
        signature: signature.parse().map_err(Fault::value)?,
    }))
}

fn head_of(sequence: i64, link: &str) -> Result<ChainHead, Fault> {
    let sequence = u64::try_from(sequence).map_err(Fault::value)?;
    Ok(ChainHead { sequence, link: link.parse().map_err(Fault::value)? })
}
