//! Committing a record: one command on one document.

use domain::CommitError;
use mongodb::bson::{Bson, Document, doc};

use super::MongoStore;
use super::claim::{Claim, Target};
use super::fault::Fault;
use crate::journal::Journal;

pub(super) const TENANTS: &str = "tenants";
pub(super) const CATALOGUE: &str = "catalogue";
pub(super) const API_KEYS: &str = "api_keys";
/// The collections whose documents are records.
pub(super) const RECORDS: [&str; 3] = [TENANTS, CATALOGUE, API_KEYS];

/// A record as it is to be.
pub(super) struct Record {
    pub(super) collection: &'static str,
    pub(super) id: String,
    pub(super) version: u64,
    /// The fields that it has.
    pub(super) fields: Document,
    /// Fields that it may have had and has no more.
    pub(super) gone: &'static [&'static str],
}

impl MongoStore {
    pub(super) async fn commit(&self, record: Record, journal: Journal) -> Result<(), CommitError> {
        let committed = self.commit_journal(&record, &journal).await;
        // Also where nobody knows whether it was written.
        self.0.committed.notify_one();
        Ok(committed?)
    }

    async fn commit_journal(&self, record: &Record, journal: &Journal) -> Result<(), Fault> {
        let Some(row) = &journal.ledger else { return self.write(record, journal, None).await };
        // The claim first: a write that was done is told from one that lost a race.
        let target = Target { collection: record.collection.to_owned(), id: record.id.clone() };
        let claim = self.claim(row, target).await?;
        match self.write(record, journal, Some(&claim)).await {
            Err(Fault::Refused(refusal)) => Err(self.refused(&claim, refusal).await),
            other => other,
        }
    }

    /// Writes a record whose version is one below; a new one where there is none with its id.
    pub(super) async fn write(
        &self,
        record: &Record,
        journal: &Journal,
        claim: Option<&Claim>,
    ) -> Result<(), Fault> {
        let version = i64::try_from(record.version).map_err(Fault::value)?;
        let mut entries = Vec::new();
        for entry in journal.entries(self.now()) {
            entries.push(Bson::String(serde_json::to_string(&entry)?));
        }
        // A new one is found by nothing, and so inserted, by the server's time too. One that is there has another version:
        // the insert meets its id.
        let mut filter = doc! { "_id": &record.id, "version": version.saturating_sub(1) };
        let mut push = doc! { "pending": { "$each": entries } };
        if let Some(claim) = claim {
            push.insert("pendingWrites", &claim.write);
            if record.version > 1 {
                filter.insert("pendingWrites", doc! { "$nin": [&claim.write] });
                filter.insert("barred", doc! { "$nin": [&claim.owner] });
            }
        }
        let mut set = record.fields.clone();
        // Who is barred is of another version, and so kept out anyway.
        set.extend(doc! { "id": &record.id, "version": version, "hasPending": true, "barred": [] });
        let mut update = doc! { "$set": set, "$push": push, "$currentDate": { "changedAt": true } };
        if !record.gone.is_empty() {
            let gone: Document = record.gone.iter().map(|name| ((*name).to_owned(), "".into())).collect();
            update.insert("$unset", gone);
        }
        let records = self.collection(record.collection)?;
        let written = records.update_one(filter, update).upsert(record.version == 1);
        match self.ask(written).await {
            Ok(done) if done.matched_count == 1 || done.upserted_id.is_some() => Ok(()),
            Ok(_) => Err(Fault::Refused(CommitError::Stale)),
            Err(fault) if fault.is_duplicate() => Err(Fault::Refused(CommitError::Taken)),
            Err(fault) => Err(fault),
        }
    }
}
