//! Moving out of the records what changes left in them.
//!
//! Every step may be done twice, and by two processes at once: what is moved is inserted by its own id, and taken out of the
//! record afterwards.

use std::time::Duration;

use domain::StoreUnavailable;
use mongodb::bson::{Bson, Document, doc};
use tokio_util::sync::CancellationToken;

use super::MongoStore;
use super::audit_log::{AUDIT, unchained_document};
use super::claim::Target;
use super::event_log::{WAITING_EVENTS, waiting_document};
use super::fault::{Fault, text};
use super::pending::Entry;
use super::record::RECORDS;
use crate::clamped::clamped;

const BATCH: usize = 100;
/// What another process committed and died over is found by looking.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl MongoStore {
    /// Moves out what was left in at most `limit` records, and says of how many. One that cannot be read does not keep the
    /// others back.
    pub async fn settle(&self, limit: usize) -> Result<usize, StoreUnavailable> {
        let (mut settled, mut unreadable) = (0, None);
        for collection in RECORDS {
            let left = clamped(limit.saturating_sub(settled));
            if left == 0 {
                // The server takes it for no limit.
                break;
            }
            let records = self.collection(collection)?;
            let found = records.find(pending_filter()).projection(doc! { "pending": 1 }).limit(left);
            for document in self.all(found).await? {
                match self.move_out(collection, &document).await {
                    Ok(()) => settled += 1,
                    Err(fault @ (Fault::Document(_) | Fault::Value(_))) => unreadable = Some(fault),
                    Err(fault) => return Err(fault.into()),
                }
            }
        }
        unreadable.map_or(Ok(settled), |fault| Err(fault.into()))
    }

    /// Moves out what was left in one record.
    pub(super) async fn settle_record(&self, target: &Target) -> Result<(), Fault> {
        match self.parts(target).await? {
            Some(record) if record.contains_key("pending") => {
                self.move_out(&target.collection, &record).await
            }
            _ => Ok(()),
        }
    }

    /// Settles after every commit of this process, and each second, until it is cancelled.
    pub async fn run_settling(&self, cancel: CancellationToken) {
        let mut is_failing = false;
        while !cancel.is_cancelled() {
            match self.settle(BATCH).await {
                Ok(settled) => {
                    is_failing = false;
                    if settled == BATCH {
                        continue;
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "what changes left cannot be moved"
                        );
                    }
                }
            }
            // A store that is away is not asked for each commit that fails.
            let committed = async {
                if is_failing { std::future::pending().await } else { self.0.committed.notified().await }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = committed => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn move_out(&self, collection: &str, record: &Document) -> Result<(), Fault> {
        let id = text(record, "_id")?;
        let pending = record.get_array("pending").map_err(Fault::value)?;
        let mut writes = Vec::new();
        for entry in pending.iter().filter_map(Bson::as_str) {
            match serde_json::from_str(entry)? {
                Entry::Event { index, event } => {
                    self.insert(WAITING_EVENTS, waiting_document(&event, index)?).await?;
                }
                Entry::Audit(row) => {
                    self.insert(AUDIT, unchained_document(&row)?).await?;
                }
                Entry::Ledger(done) => {
                    self.finish_row(&done).await?;
                    writes.push(done.write);
                }
            }
        }
        let pull = doc! { "$pullAll": { "pending": pending, "pendingWrites": writes } };
        self.update(collection, doc! { "_id": id }, pull).await?;
        let is_empty = doc! { "_id": id, "pending": { "$size": 0 } };
        self.update(collection, is_empty, doc! { "$unset": { "hasPending": "" } }).await?;
        Ok(())
    }
}

/// DocumentDB uses a sparse index only where it is said that the field is there.
pub(super) fn pending_filter() -> Document {
    doc! { "hasPending": { "$eq": true, "$exists": true } }
}

#[cfg(test)]
mod tests;
