//! Sealed secrets.

use async_trait::async_trait;
use domain::{SealedRow, SealedRowPosition, SealedRows, SecretReference, StoreUnavailable};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Document, doc};
use serde_json::json;

use super::MongoStore;
use super::fault::Fault;
use crate::clamped::clamped;

const SEALED_SECRETS: &str = "sealed_secrets";
/// Length of the beginning of an envelope (key id, nonce) that tells it from any other.
const HEAD: usize = 32;

/// The version first: it has no space in it, so no two references have one id.
fn id(reference: &SecretReference) -> String {
    format!("{} {}", reference.version, reference.path)
}

fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

/// Tells envelopes of one row apart, as a text: the key and the nonce are in it.
fn head(envelope: &[u8]) -> String {
    envelope.iter().take(HEAD).map(|byte| format!("{byte:02x}")).collect()
}

fn placed(document: &Document) -> Result<(SealedRowPosition, SealedRow), Fault> {
    let id = document.get_str("_id").map_err(Fault::value)?;
    let (version, path) = id.split_once(' ').unwrap_or_default();
    let reference = serde_json::from_value(json!({ "path": path, "version": version }));
    let sealed = document.get_binary_generic("sealed").map_err(Fault::value)?.clone();
    let row = SealedRow { reference: reference.map_err(Fault::value)?, sealed };
    Ok((SealedRowPosition(id.to_owned()), row))
}

#[async_trait]
impl SealedRows for MongoStore {
    async fn put_row(&self, row: &SealedRow) -> Result<(), StoreUnavailable> {
        let document = doc! {
            "_id": id(&row.reference),
            "path": row.reference.path.as_str(),
            "sealed": binary(&row.sealed),
            "head": head(&row.sealed),
        };
        self.insert(SEALED_SECRETS, document).await?;
        Ok(())
    }

    async fn row(&self, reference: &SecretReference) -> Result<Option<SealedRow>, StoreUnavailable> {
        let Some(document) = self.by_id(SEALED_SECRETS, id(reference)).await? else { return Ok(None) };
        let sealed = document.get_binary_generic("sealed").map_err(Fault::value)?.clone();
        Ok(Some(SealedRow { reference: reference.clone(), sealed }))
    }

    async fn make_row_current(&self, reference: &SecretReference) -> Result<(), StoreUnavailable> {
        let rows = self.collection(SEALED_SECRETS)?;
        let current = doc! { "_id": id(reference) };
        self.ask(rows.update_one(current, doc! { "$set": { "isCurrent": true } })).await?;
        let others = doc! { "path": reference.path.as_str(), "_id": { "$ne": id(reference) } };
        self.ask(rows.update_many(others, doc! { "$unset": { "isCurrent": "" } })).await?;
        Ok(())
    }

    async fn remove_row(&self, reference: &SecretReference) -> Result<(), StoreUnavailable> {
        let rows = self.collection(SEALED_SECRETS)?;
        self.ask(rows.delete_one(doc! { "_id": id(reference) })).await?;
        Ok(())
    }

    async fn rows_after(
        &self,
        after: Option<&SealedRowPosition>,
        limit: usize,
    ) -> Result<Vec<(SealedRowPosition, SealedRow)>, StoreUnavailable> {
        let after = after.map(|position| position.0.as_str()).unwrap_or_default();
        let limit = clamped(limit);
        let rows = self.collection(SEALED_SECRETS)?;
        let page = rows.find(doc! { "_id": { "$gt": after } }).sort(doc! { "_id": 1 }).limit(limit);
        let found = self.all(page).await?;
        Ok(found.iter().map(placed).collect::<Result<_, Fault>>()?)
    }

    async fn replace_envelope(&self, row: &SealedRow, envelope: &[u8]) -> Result<bool, StoreUnavailable> {
        let standing = doc! { "_id": id(&row.reference), "head": head(&row.sealed) };
        let replaced = doc! { "$set": { "sealed": binary(envelope), "head": head(envelope) } };
        Ok(self.update(SEALED_SECRETS, standing, replaced).await?)
    }
}
