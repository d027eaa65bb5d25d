//! Which of several tries of one write may commit it.
//!
//! The try that holds the row of the write. Another takes the row over when the holder has not committed, and first sees to it
//! that the holder never will: it may only be slow. Where both change the same record, the version of the record does that.
//! A record that the holder would make, under an id that nobody else has, is fenced: a document with this id is put in its
//! way. And in a record that is there, the holder is barred by name.

use std::time::Duration;

use domain::{CommitError, CommittedWrite, LedgerRow, Timestamp};
use mongodb::bson::{Bson, DateTime, Document, doc};
use tokio::time::Instant;

use super::MongoStore;
use super::fault::Fault;
use super::ledger::{LEDGER, Row, claim_fields};
use super::pending::{DoneWrite, Entry};
use super::record::CATALOGUE;

/// A holder that lives needs a few milliseconds: it is not fenced before it had these.
const GRACE: Duration = Duration::from_millis(100);
const REST: Duration = Duration::from_millis(20);
/// No command is on its way for so long.
const FENCE_TIME: Duration = Duration::from_secs(24 * 3_600);
/// Each round lost means that another try went on.
const MAX_ROUNDS: usize = 200;

/// Which document a try changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) collection: String,
    pub(super) id: String,
}

/// The row of a write, held by one try.
pub(super) struct Claim {
    /// The id of the row.
    pub(super) write: String,
    /// The try.
    pub(super) owner: String,
    target: Target,
    /// No other try held it before.
    is_first: bool,
}

/// What a document says of a write.
#[derive(Default)]
pub(super) struct Seen {
    /// It was committed there, and not moved out yet.
    pub(super) committed: Option<CommittedWrite>,
    is_fence: bool,
    barred: Vec<String>,
}

impl Seen {
    fn of(document: &Document, write: &str, now: Timestamp) -> Result<Self, Fault> {
        let texts = |key: &str| document.get_array(key).into_iter().flatten().filter_map(Bson::as_str);
        let mut seen = Self {
            committed: None,
            is_fence: document.contains_key("fencedUntil"),
            barred: texts("barred").map(str::to_owned).collect(),
        };
        for text in texts("pending") {
            match serde_json::from_str::<Entry>(text)? {
                Entry::Ledger(done) if done.write == write && !done.is_over(now) => {
                    seen.committed = Some(done.committed()?);
                }
                _ => {}
            }
        }
        Ok(seen)
    }

    fn keeps_out(&self, owner: &str) -> bool {
        self.is_fence || self.barred.iter().any(|barred| barred == owner)
    }
}

impl MongoStore {
    /// Takes the row of a write for the try that will commit it to `target`.
    pub(super) async fn claim(&self, row: &LedgerRow, target: Target) -> Result<Claim, Fault> {
        let write = DoneWrite::of(row, self.now()).write;
        let claim = |is_first| Claim {
            write: write.clone(),
            owner: row.owner.to_string(),
            target: target.clone(),
            is_first,
        };
        let mut waited_for = None;
        for _round in 0..MAX_ROUNDS {
            let fields = claim_fields(row, &target, self.now());
            let mut document = doc! { "_id": &write };
            document.extend(fields.clone());
            if self.insert(LEDGER, document).await? {
                return Ok(claim(true));
            }
            let Some(known) = self.row(&write).await? else { continue };
            if known.is_over(self.now()) {
                // What is left of it in its record would keep the next one out of there.
                self.settle_record(&known.target).await?;
                if self.take_over_expired(&write, &known, fields).await? {
                    return Ok(claim(false));
                }
                continue;
            }
            self.ensure_uncommitted(&write, &known).await?;
            if known.target != target {
                if waited_for.as_ref() != Some(&known.owner) {
                    waited_for = Some(known.owner);
                    tokio::time::sleep(GRACE).await;
                    continue;
                }
                self.keep_out(&write, &known).await?;
                self.ensure_uncommitted(&write, &known).await?;
            }
            if self.take_over(&write, &known, fields).await? {
                return Ok(claim(false));
            }
        }
        Err(Fault::Overtaken)
    }

    /// What is answered where the record was not written: another try may have done the write meanwhile.
    pub(super) async fn refused(&self, claim: &Claim, refusal: CommitError) -> Fault {
        self.why_refused(claim, refusal).await.unwrap_or_else(|fault| fault)
    }

    async fn why_refused(&self, claim: &Claim, refusal: CommitError) -> Result<Fault, Fault> {
        let patience = Instant::now() + self.0.settings.operation_time;
        loop {
            if self.find_write(&claim.write).await?.is_some() {
                return Ok(Fault::Refused(CommitError::AlreadyCommitted));
            }
            if !self.see(&claim.target, &claim.write).await?.keeps_out(&claim.owner) {
                break;
            }
            // Whoever put the fence there is about to commit.
            if Instant::now() >= patience {
                return Ok(Fault::Overtaken);
            }
            tokio::time::sleep(REST).await;
        }
        if claim.is_first {
            // The next try need not wonder about this one. A row that was taken over stays: the try that lost it may be slow,
            // and is told by it alone from one that never was.
            let filter = doc! { "_id": &claim.write, "owner": &claim.owner, "done": { "$exists": false } };
            self.ask(self.collection(LEDGER)?.delete_one(filter)).await?;
        }
        Ok(Fault::Refused(refusal))
    }

    /// What a document says of a write; nothing where there is none.
    pub(super) async fn see(&self, target: &Target, write: &str) -> Result<Seen, Fault> {
        let found = self.parts(target).await?;
        found.map_or_else(|| Ok(Seen::default()), |document| Seen::of(&document, write, self.now()))
    }

    /// What a document holds besides its record.
    pub(super) async fn parts(&self, target: &Target) -> Result<Option<Document>, Fault> {
        if target.collection.is_empty() {
            return Ok(None);
        }
        let documents = self.collection(&target.collection)?;
        let parts = doc! { "pending": 1, "barred": 1, "fencedUntil": 1 };
        self.ask(documents.find_one(doc! { "_id": &target.id }).projection(parts)).await
    }

    /// The record first and then the row: the write is in the row before it is out of the record, so one of the two shows it.
    async fn ensure_uncommitted(&self, write: &str, known: &Row) -> Result<(), Fault> {
        let is_committed = known.done.is_some()
            || self.see(&known.target, write).await?.committed.is_some()
            || self.row(write).await?.is_some_and(|row| row.done.is_some() && !row.is_over(self.now()));
        if is_committed { Err(Fault::Refused(CommitError::AlreadyCommitted)) } else { Ok(()) }
    }

    /// Sees to it that the holder of a row commits nothing from now on. What it committed before is there to be seen.
    async fn keep_out(&self, write: &str, known: &Row) -> Result<(), Fault> {
        let Target { collection, id } = &known.target;
        let until = DateTime::from_millis(self.now().after(FENCE_TIME).millis());
        // There is one catalogue, so a fence would keep everybody out. Only two requests that differ, with one key, are here.
        let can_fence = collection != CATALOGUE;
        let fence = doc! { "_id": id, "fencedUntil": until, "barred": [] };
        if can_fence && self.insert(collection, fence).await? {
            return Ok(());
        }
        let filter = doc! { "_id": id, "pendingWrites": { "$nin": [write] } };
        self.update(collection, filter, doc! { "$addToSet": { "barred": &known.owner } }).await?;
        Ok(())
    }

    async fn take_over(&self, write: &str, known: &Row, fields: Document) -> Result<bool, Fault> {
        let filter = doc! { "_id": write, "owner": &known.owner, "done": { "$exists": false } };
        self.update(LEDGER, filter, doc! { "$set": fields }).await
    }

    async fn take_over_expired(&self, write: &str, known: &Row, fields: Document) -> Result<bool, Fault> {
        let filter = doc! { "_id": write, "owner": &known.owner };
        let update = doc! { "$set": fields, "$unset": { "done": "", "answer": "" } };
        self.update(LEDGER, filter, update).await
    }
}

#[cfg(test)]
mod tests;
