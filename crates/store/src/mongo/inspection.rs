//! What can be seen of the store without changing it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::Timestamp;
use futures::TryStreamExt;
use mongodb::IndexModel;
use mongodb::bson::{Bson, Document};
use mongodb::error::ErrorKind;

use super::connection::within;
use super::fault::Fault;
use super::migrations::{Command, MIGRATIONS, unavailable};
use super::{ConnectError, MongoStore};
use crate::migration::outstanding;

/// MongoDB's code for a collection that is not there.
const NAMESPACE_NOT_FOUND: i32 = 26;

/// What can be seen of the store without changing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreInspection {
    /// The clock of the server when it answered.
    pub server_time: Timestamp,
    /// The migrations that are still to be applied, in order.
    pub outstanding: Vec<&'static str>,
    /// Indexes of migrations that were applied and that somebody has removed since, as `collection.index`.
    pub missing_indexes: Vec<String>,
}

impl MongoStore {
    /// Looks at the clock and the schema of the store. Changes nothing, and waits for nobody who migrates.
    ///
    /// # Errors
    /// When the store does not answer, or its schema is of another version.
    pub async fn inspect(&self) -> Result<StoreInspection, ConnectError> {
        let store = self.reached().await?;
        let server_time = store.server_time().await.map_err(unavailable)?;
        let server_time = Timestamp::from_millis(server_time.timestamp_millis());
        let todo = outstanding(MIGRATIONS, &store.applied().await.map_err(unavailable)?)?;
        let outstanding: Vec<_> = todo.iter().map(|migration| migration.name).collect();
        let missing = store.missing(&outstanding).await.map_err(unavailable)?;
        let missing_indexes = missing
            .iter()
            .map(|command| format!("{}.{}", command.collection, command.index_name()))
            .collect();
        Ok(StoreInspection { server_time, outstanding, missing_indexes })
    }

    /// Makes the indexes of applied migrations that somebody has removed, and says how many those were.
    ///
    /// # Errors
    /// When the store does not answer, or an index cannot be made, such as a unique one over rows that are not.
    pub async fn make_missing_indexes(&self) -> Result<usize, ConnectError> {
        let store = self.reached().await?;
        let missing = store.missing(&[]).await.map_err(unavailable)?;
        let number = missing.len();
        for command in missing {
            store.make_index(command).await.map_err(unavailable)?;
        }
        Ok(number)
    }

    /// The indexes that should be there and are not, those of the migrations in `outstanding` apart.
    async fn missing(&self, outstanding: &[&str]) -> Result<Vec<Command>, Fault> {
        let mut wanted = Vec::new();
        for migration in MIGRATIONS.iter().filter(|it| !outstanding.contains(&it.name)) {
            wanted.extend(serde_json::from_str::<Vec<Command>>(migration.text)?);
        }
        let mut missing = Vec::new();
        let mut there: BTreeMap<String, Vec<Shape>> = BTreeMap::new();
        for command in wanted {
            let shapes = match there.entry(command.collection.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let shapes = self.shapes(&command.collection).await?;
                    unknown.insert(shapes)
                }
            };
            if !shapes.contains(&Shape::wanted(&command)) {
                missing.push(command);
            }
        }
        Ok(missing)
    }

    async fn shapes(&self, collection: &str) -> Result<Vec<Shape>, Fault> {
        let collection = self.database()?.collection::<Document>(collection);
        let listed = async { collection.list_indexes().await?.try_collect::<Vec<_>>().await };
        let found = match within(self.0.settings.operation_time, listed).await {
            Err(Fault::Database(error)) if is_no_collection(&error) => return Ok(Vec::new()),
            found => self.noted(found)?,
        };
        Ok(found.iter().map(Shape::found).collect())
    }
}

/// What an index does. Its name does nothing.
#[derive(PartialEq, Eq)]
struct Shape {
    /// Fields in order, each with whether it goes up.
    fields: Vec<(String, bool)>,
    is_unique: bool,
}

impl Shape {
    fn wanted(command: &Command) -> Self {
        let is_unique = command.index.get_bool("unique").unwrap_or(false);
        Self::of(command.index.get_document("key").unwrap_or(&Document::new()), is_unique)
    }

    fn found(index: &IndexModel) -> Self {
        let is_unique = index.options.as_ref().and_then(|options| options.unique);
        Self::of(&index.keys, is_unique.unwrap_or(false))
    }

    fn of(keys: &Document, is_unique: bool) -> Self {
        let goes_up = |direction: &Bson| match direction {
            Bson::Int32(number) => *number > 0,
            Bson::Int64(number) => *number > 0,
            Bson::Double(number) => *number > 0.0,
            _ => false,
        };
        let fields = keys.iter().map(|(name, direction)| (name.clone(), goes_up(direction))).collect();
        Self { fields, is_unique }
    }
}

fn is_no_collection(error: &mongodb::error::Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(refusal) if refusal.code == NAMESPACE_NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Clock;
    use mongodb::bson::doc;

    use crate::mongo::testing::{clock, empty_store, settings};

    #[tokio::test]
    async fn a_store_that_was_never_migrated_lacks_every_migration_and_no_index() {
        let store = MongoStore::open(settings().await, clock()).await.unwrap();
        let inspection = store.inspect().await.unwrap();
        let names: Vec<_> = MIGRATIONS.iter().map(|migration| migration.name).collect();
        assert_eq!((inspection.outstanding, inspection.missing_indexes.len()), (names, 0));
    }

    #[tokio::test]
    async fn an_index_that_was_removed_is_named_and_made_again() {
        let (store, _clock) = empty_store().await;
        let well = store.inspect().await.unwrap();
        assert!(well.outstanding.is_empty() && well.missing_indexes.is_empty(), "{well:?}");
        let since_epoch = Timestamp::from(domain::SystemClock.now()).millis();
        assert!((well.server_time.millis() - since_epoch).abs() < 60_000, "{well:?}");

        let audit = store.collection("audit_chain").unwrap();
        let indexes: Vec<_> = audit.list_indexes().await.unwrap().try_collect().await.unwrap();
        let by_place = indexes.iter().find(|index| index.keys == doc! { "place": 1 }).unwrap();
        // The stand-in gives names of its own.
        let name = by_place.options.as_ref().unwrap().name.as_deref().unwrap();
        let removal = doc! { "dropIndexes": "audit_chain", "index": name };
        store.database().unwrap().run_command(removal).await.unwrap();
        let without = store.inspect().await.unwrap();
        assert_eq!(without.missing_indexes, ["audit_chain.by_place"]);
        assert_eq!(store.make_missing_indexes().await.unwrap(), 1);
        assert!(store.inspect().await.unwrap().missing_indexes.is_empty());
        assert_eq!(store.make_missing_indexes().await.unwrap(), 0);
    }
}
