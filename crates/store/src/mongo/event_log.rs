//! Events: those that wait, those that were released, and how far each target is.

use async_trait::async_trait;
use domain::{
    Backlog, Environment, EventLog, Release, ReleasedEvent, ReleasedRange, StoreUnavailable, TenantEvent,
    Timestamp, WaitingEvent, WaitingPosition,
};
use mongodb::bson::{Document, doc};

use super::MongoStore;
use super::fault::{Fault, integer, text};
use crate::clamped::clamped;
use crate::unreadable_event::pass_over;

pub(super) const WAITING_EVENTS: &str = "waiting_events";
pub(super) const RELEASED_EVENTS: &str = "released_events";
const UNREADABLE_EVENTS: &str = "unreadable_events";
const EVENT_MARKS: &str = "event_marks";

/// An event as it waits. Its place orders the events of a tenant, whoever moves them out of the records, and when: by the
/// version of the tenant, and by the order within one change.
pub(super) fn waiting_document(event: &TenantEvent, index: u32) -> Result<Document, Fault> {
    let place = format!("{}/{:020}/{index:010}", event.tenant_id, event.tenant_version);
    Ok(doc! {
        "_id": event.event_id.to_string(),
        "place": place,
        "at": event.at.millis(),
        "document": serde_json::to_string(event)?,
    })
}

#[async_trait]
impl EventLog for MongoStore {
    async fn waiting(
        &self,
        after: Option<&WaitingPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingEvent>, StoreUnavailable> {
        let after = after.map_or("", |position| position.0.as_str());
        let waiting = self.collection(WAITING_EVENTS)?;
        let found = waiting.find(place_filter(after)).sort(doc! { "place": 1 }).limit(clamped(limit));
        let documents = self.all(found).await?;
        let waiting = documents.iter().map(|document| {
            let position = WaitingPosition(text(document, "place")?.to_owned());
            let event = document.get_str("document").ok().and_then(|event| serde_json::from_str(event).ok());
            Ok::<_, Fault>(WaitingEvent { position, event })
        });
        Ok(waiting.collect::<Result<_, _>>()?)
    }

    async fn release(
        &self,
        event: &TenantEvent,
        sequence: u64,
        at: Timestamp,
    ) -> Result<Release, StoreUnavailable> {
        let release = self.number(event, sequence, at).await?;
        if release != Release::Taken {
            // Whoever dies before this finds its number when it releases it again.
            let waiting = self.collection(WAITING_EVENTS)?;
            self.ask(waiting.delete_one(doc! { "_id": event.event_id.to_string() })).await?;
        }
        Ok(release)
    }

    async fn set_aside(&self, position: &WaitingPosition) -> Result<(), StoreUnavailable> {
        let waiting = self.collection(WAITING_EVENTS)?;
        let place = doc! { "place": &position.0 };
        if let Some(document) = self.ask(waiting.find_one(place.clone())).await? {
            self.insert(UNREADABLE_EVENTS, document).await?;
            self.ask(waiting.delete_one(place)).await?;
        }
        Ok(())
    }

    async fn released(&self, environment: Environment) -> Result<ReleasedRange, StoreUnavailable> {
        let first = self.outermost(environment, 1).await?;
        let last = self.outermost(environment, -1).await?;
        Ok(ReleasedRange { first, last })
    }

    async fn last_released(&self, environment: Environment) -> Result<u64, StoreUnavailable> {
        Ok(self.outermost(environment, -1).await?)
    }

    async fn released_after(
        &self,
        environment: Environment,
        sequence: u64,
        limit: usize,
    ) -> Result<Vec<ReleasedEvent>, StoreUnavailable> {
        let released = self.collection(RELEASED_EVENTS)?;
        let found = released.find(released_filter(environment, sequence)).sort(doc! { "sequence": 1 });
        let documents = self.all(found.limit(clamped(limit))).await?;
        let mut released = Vec::with_capacity(documents.len());
        for document in &documents {
            let sequence = sequence_of(document)?;
            let released_at = Timestamp::from_millis(integer(document, "releasedAt")?);
            match serde_json::from_str(text(document, "document")?) {
                Ok(event) => released.push(ReleasedEvent { sequence, released_at, event }),
                Err(error) => pass_over(environment, sequence, &error),
            }
        }
        Ok(released)
    }

    async fn mark(&self, target: &str, environment: Environment) -> Result<Option<u64>, StoreUnavailable> {
        let document = self.by_id(EVENT_MARKS, mark_id(target, environment)).await?;
        Ok(document.map(|document| sequence_of(&document)).transpose()?)
    }

    async fn set_mark(
        &self,
        target: &str,
        environment: Environment,
        sequence: u64,
    ) -> Result<(), StoreUnavailable> {
        let forward = doc! { "$max": { "sequence": clamped(sequence) } };
        let marks = self.collection(EVENT_MARKS)?;
        let filter = doc! { "_id": mark_id(target, environment) };
        self.ask(marks.update_one(filter, forward).upsert(true)).await?;
        Ok(())
    }

    async fn remove_released(
        &self,
        environment: Environment,
        before: Timestamp,
        up_to: u64,
    ) -> Result<u64, StoreUnavailable> {
        let last = self.outermost(environment, -1).await?;
        let up_to = clamped(up_to.min(last.saturating_sub(1)));
        let filter = doc! {
            "environment": environment.name(),
            "sequence": { "$lte": up_to },
            "releasedAt": { "$lt": before.millis() },
        };
        let removed = self.ask(self.collection(RELEASED_EVENTS)?.delete_many(filter)).await?;
        Ok(removed.deleted_count)
    }

    async fn backlog(&self) -> Result<Backlog, StoreUnavailable> {
        let waiting = self.collection(WAITING_EVENTS)?;
        let depth = self.ask(waiting.estimated_document_count()).await?;
        let oldest = self.ask(waiting.find_one(any_time_filter()).sort(doc! { "at": 1 })).await?;
        let oldest_at = oldest.map(|event| integer(&event, "at")).transpose()?;
        Ok(Backlog { depth, oldest_at: oldest_at.map(Timestamp::from_millis) })
    }
}

impl MongoStore {
    async fn number(&self, event: &TenantEvent, sequence: u64, at: Timestamp) -> Result<Release, Fault> {
        let id = event.event_id.to_string();
        let document = doc! {
            "environment": event.environment.name(),
            "sequence": clamped(sequence),
            "eventId": &id,
            "releasedAt": at.millis(),
            "document": serde_json::to_string(event)?,
        };
        if self.insert(RELEASED_EVENTS, document).await? {
            return Ok(Release::Done);
        }
        // The number, or the event: both are unique.
        let released = self.collection(RELEASED_EVENTS)?;
        let is_ours = self.ask(released.find_one(doc! { "eventId": &id })).await?.is_some();
        Ok(if is_ours { Release::Before } else { Release::Taken })
    }

    /// The lowest or the highest number of an environment, by the direction of the walk; 0 when there is none.
    async fn outermost(&self, environment: Environment, direction: i32) -> Result<u64, Fault> {
        let released = self.collection(RELEASED_EVENTS)?;
        let found = released
            .find_one(doc! { "environment": environment.name() })
            .sort(doc! { "sequence": direction });
        self.ask(found).await?.map_or(Ok(0), |document| sequence_of(&document))
    }
}

pub(super) fn place_filter(after: &str) -> Document {
    doc! { "place": { "$gt": after } }
}

/// All that waits, said so that the index of their times is used.
pub(super) fn any_time_filter() -> Document {
    doc! { "at": { "$gte": 0 } }
}

pub(super) fn released_filter(environment: Environment, sequence: u64) -> Document {
    doc! { "environment": environment.name(), "sequence": { "$gt": clamped(sequence) } }
}

fn sequence_of(document: &Document) -> Result<u64, Fault> {
    u64::try_from(integer(document, "sequence")?).map_err(Fault::value)
}

fn mark_id(target: &str, environment: Environment) -> String {
    format!("{target}/{environment}")
}
