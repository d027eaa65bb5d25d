//! Sealed secrets.

use async_trait::async_trait;
use domain::{SealedRow, SealedRows, SecretReference, StoreUnavailable};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, doc};

use super::MongoStore;
use super::fault::Fault;

const SEALED_SECRETS: &str = "sealed_secrets";

/// The version first: it has no space in it, so no two references have one id.
fn id(reference: &SecretReference) -> String {
    format!("{} {}", reference.version, reference.path)
}

#[async_trait]
impl SealedRows for MongoStore {
    async fn put_row(&self, row: &SealedRow) -> Result<(), StoreUnavailable> {
        let document = doc! {
            "_id": id(&row.reference),
            "path": row.reference.path.as_str(),
            "sealed": Binary { subtype: BinarySubtype::Generic, bytes: row.sealed.clone() },
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
}
