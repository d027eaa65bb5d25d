//! The catalogue: one document.

use async_trait::async_trait;
use domain::{Catalogue, CatalogueStore, Change, CommitError, StoreUnavailable};
use mongodb::bson::doc;

use super::MongoStore;
use super::fault::{Fault, text};
use super::record::{CATALOGUE, Record};
use crate::journal::Journal;

const ID: &str = "catalogue";

impl MongoStore {
    async fn read_catalogue(&self) -> Result<Catalogue, Fault> {
        let Some(document) = self.by_id(CATALOGUE, ID).await? else { return Ok(Catalogue::default()) };
        Ok(serde_json::from_str(text(&document, "document")?)?)
    }
}

#[async_trait]
impl CatalogueStore for MongoStore {
    async fn catalogue(&self) -> Result<Catalogue, StoreUnavailable> {
        Ok(self.read_catalogue().await?)
    }

    async fn commit_catalogue(&self, change: Change<Catalogue>) -> Result<(), CommitError> {
        let Change { record, events, audit, ledger } = change;
        let document =
            serde_json::to_string(&record).map_err(|error| CommitError::from(Fault::from(error)))?;
        let fields = doc! { "document": document };
        let written =
            Record { collection: CATALOGUE, id: ID.to_owned(), version: record.version, fields, gone: &[] };
        match self.commit(written, Journal { events, audit, ledger }).await {
            // There is one catalogue: who finds it made was beaten to it.
            Err(CommitError::Taken) => Err(CommitError::Stale),
            other => other,
        }
    }
}
