//! API keys.

use async_trait::async_trait;
use domain::{
    ApiKeyEntry, ApiKeyHash, ApiKeyRecord, ApiKeySource, ApiKeyStore, Change, CommitError, ServiceName,
    SourceUnavailable, StoreUnavailable,
};
use mongodb::bson::{Document, doc};

use super::MongoStore;
use super::fault::{Fault, text};
use super::record::{API_KEYS, Record};
use crate::clamped::clamped;
use crate::journal::Journal;

#[async_trait]
impl ApiKeySource for MongoStore {
    async fn find(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, SourceUnavailable> {
        let found = self.one_key(hash_filter(hash)).await.map_err(StoreUnavailable::from);
        let key = found.map_err(|unavailable| SourceUnavailable { source: unavailable.source })?;
        Ok(key.and_then(|key| key.record(hash)))
    }
}

#[async_trait]
impl ApiKeyStore for MongoStore {
    async fn api_key(&self, id: &str) -> Result<Option<ApiKeyEntry>, StoreUnavailable> {
        Ok(self.one_key(doc! { "_id": id }).await?)
    }

    async fn api_keys(
        &self,
        service: Option<&ServiceName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ApiKeyEntry>, StoreUnavailable> {
        // A limit of 0 would be none.
        if limit == 0 {
            return Ok(Vec::new());
        }
        let keys = self.collection(API_KEYS)?;
        let limit = clamped(limit);
        let found = keys
            .find(list_filter(service, after))
            .sort(doc! { "id": 1 })
            .limit(limit)
            .projection(doc! { "document": 1 });
        let documents = self.all(found).await?;
        Ok(documents.iter().map(read).collect::<Result<Vec<_>, _>>()?)
    }

    async fn commit_api_key(&self, change: Change<ApiKeyEntry>) -> Result<(), CommitError> {
        let Change { record, events, audit, ledger } = change;
        self.commit(written(&record).map_err(CommitError::from)?, Journal { events, audit, ledger }).await
    }
}

impl MongoStore {
    async fn one_key(&self, filter: Document) -> Result<Option<ApiKeyEntry>, Fault> {
        let keys = self.collection(API_KEYS)?;
        let found = self.ask(keys.find_one(filter).projection(doc! { "document": 1 })).await?;
        // A fence has none.
        found.filter(|found| found.contains_key("document")).as_ref().map(read).transpose()
    }
}

pub(super) fn read(document: &Document) -> Result<ApiKeyEntry, Fault> {
    Ok(serde_json::from_str(text(document, "document")?)?)
}

/// DocumentDB uses a sparse index only where it is said that the field is there.
pub(super) fn hash_filter(hash: &ApiKeyHash) -> Document {
    doc! { "hashes": { "$in": [hash.to_string()], "$exists": true } }
}

pub(super) fn list_filter(service: Option<&ServiceName>, after: Option<&str>) -> Document {
    doc! { "service": owner(service), "id": { "$gt": after.unwrap_or_default() } }
}

fn written(key: &ApiKeyEntry) -> Result<Record, Fault> {
    let fields = doc! {
        "service": owner(key.binding.service.as_ref()),
        "hashes": key.hashes().map(|hash| hash.to_string()).collect::<Vec<_>>(),
        "document": serde_json::to_string(key)?,
    };
    Ok(Record { collection: API_KEYS, id: key.id.clone(), version: key.version, fields, gone: &[] })
}

/// What the field says of whose a key is: nothing of one that is no service's.
fn owner(service: Option<&ServiceName>) -> &str {
    service.map_or("", ServiceName::as_str)
}
