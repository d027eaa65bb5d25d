//! The rows of writes with an idempotency key.
//!
//! A row is first a claim: it names the try that is to commit the write, and the record that it will change. The answer comes
//! with the commit, into the document of that record, and is moved from there into the row. So a row without an answer says
//! nothing yet: the record that it names does.

use async_trait::async_trait;
use domain::{
    CommittedWrite, IdempotencyLedger, LedgerRow, LedgerUnavailable, StoreUnavailable, Timestamp, WriteKey,
};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document, doc};

use super::MongoStore;
use super::claim::Target;
use super::fault::{Fault, integer, text};
use super::pending::DoneWrite;

pub(super) const LEDGER: &str = "ledger";
/// A row outlives its time for so long, for servers whose clocks differ from ours.
const MARGIN_MILLIS: i64 = 3_600_000;

/// A row as it is read.
pub(super) struct Row {
    /// The try that holds it.
    pub(super) owner: String,
    /// The record that this try changes.
    pub(super) target: Target,
    expires_at: i64,
    /// What was committed, once it was moved here.
    pub(super) done: Option<CommittedWrite>,
}

impl Row {
    fn of(row: &Document) -> Result<Self, Fault> {
        let done = row.contains_key("done").then(|| {
            let answer = row.get_binary_generic("answer").ok().cloned();
            let fingerprint = text(row, "fingerprint")?.parse().map_err(Fault::value)?;
            Ok::<_, Fault>(CommittedWrite { fingerprint, sealed_answer: answer })
        });
        Ok(Self {
            owner: text(row, "owner")?.to_owned(),
            target: Target {
                // A row of which only the commit was seen has none, and needs none.
                collection: row.get_str("collection").unwrap_or_default().to_owned(),
                id: row.get_str("record").unwrap_or_default().to_owned(),
            },
            expires_at: integer(row, "expiresAt")?,
            done: done.transpose()?,
        })
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now.millis()
    }
}

/// The fields of a claim.
pub(super) fn claim_fields(row: &LedgerRow, target: &Target, now: Timestamp) -> Document {
    let expires_at = now.after(row.ttl).millis();
    doc! {
        "caller": row.key.caller.to_string(),
        "owner": row.owner.to_string(),
        "fingerprint": row.fingerprint.to_string(),
        "collection": &target.collection,
        "record": &target.id,
        "expiresAt": expires_at,
        "removeAt": remove_at(expires_at),
    }
}

fn remove_at(expires_at: i64) -> DateTime {
    DateTime::from_millis(expires_at.saturating_add(MARGIN_MILLIS))
}

impl MongoStore {
    pub(super) async fn row(&self, write: &str) -> Result<Option<Row>, Fault> {
        self.by_id(LEDGER, write).await?.as_ref().map(Row::of).transpose()
    }

    /// What was committed of a write, wherever it is yet.
    pub(super) async fn find_write(&self, write: &str) -> Result<Option<CommittedWrite>, Fault> {
        let now = self.now();
        let Some(row) = self.row(write).await?.filter(|row| !row.is_over(now)) else { return Ok(None) };
        if row.done.is_some() {
            return Ok(row.done);
        }
        let seen = self.see(&row.target, write).await?;
        if seen.committed.is_some() {
            return Ok(seen.committed);
        }
        // It is in the row before it is out of the record: whoever saw it in neither looks at the row once more.
        let row = self.row(write).await?.filter(|row| !row.is_over(now));
        Ok(row.and_then(|row| row.done))
    }

    /// Moves what was committed into its row. One that has it already keeps it.
    pub(super) async fn finish_row(&self, done: &DoneWrite) -> Result<(), Fault> {
        if done.is_over(self.now()) {
            // The row may be that of a later write with this key.
            return Ok(());
        }
        let committed = done.committed()?;
        let mut set = doc! {
            "done": true,
            "caller": &done.caller,
            "owner": &done.owner,
            "fingerprint": committed.fingerprint.to_string(),
            "expiresAt": done.expires_at,
            "removeAt": remove_at(done.expires_at),
        };
        if let Some(bytes) = committed.sealed_answer {
            set.insert("answer", Binary { subtype: BinarySubtype::Generic, bytes });
        }
        let filter = doc! { "_id": &done.write, "done": { "$exists": false } };
        let rows = self.collection(LEDGER)?;
        match self.ask(rows.update_one(filter, doc! { "$set": set }).upsert(true)).await {
            Err(fault) if !fault.is_duplicate() => Err(fault),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl IdempotencyLedger for MongoStore {
    async fn find(&self, key: &WriteKey) -> Result<Option<CommittedWrite>, LedgerUnavailable> {
        let found = self.find_write(&key.cache_key()).await.map_err(StoreUnavailable::from);
        found.map_err(|unavailable| LedgerUnavailable { source: unavailable.source })
    }
}
