//! What changed, for replicas that follow.
//!
//! Records hold the server's time of their last change. It is taken before a change can be seen, so a change may show up
//! behind the time of one that was seen before it, and a new primary's clock may be behind: the feed goes back some seconds
//! and tells again what changed in them.

use std::time::Duration;

use async_trait::async_trait;
use domain::{ChangeFeed, ChangeMark, Changed, Changes, StoreUnavailable};
use mongodb::bson::{DateTime, Document, doc};

use super::MongoStore;
use super::fault::{Fault, integer, text, texts};
use super::record::{API_KEYS, CATALOGUE, TENANTS};
use crate::clamped::clamped;

const LOOK: usize = 1_000;
const OVERLAP_MILLIS: i64 = 10_000;

#[async_trait]
impl ChangeFeed for MongoStore {
    async fn mark_before(&self, age: Duration) -> Result<ChangeMark, StoreUnavailable> {
        let age = clamped(age.as_millis());
        let now = self.server_time().await?.timestamp_millis();
        Ok(ChangeMark(overlapping(now).0.saturating_sub(age)))
    }

    async fn changes_after(&self, mark: &ChangeMark) -> Result<Changes, StoreUnavailable> {
        // Before the look: what it misses has a later time.
        let now = self.server_time().await?.timestamp_millis();
        let next = overlapping(now).max(*mark);
        let mut found = Vec::new();
        for collection in [TENANTS, API_KEYS, CATALOGUE] {
            found.extend(self.changed(collection, *mark, now).await?);
        }
        found.sort_by_key(|(at, _)| *at);
        Ok(page(found, next))
    }
}

impl MongoStore {
    /// The first changes of a collection behind a mark: one more than are told, to know whether there are more.
    async fn changed(
        &self,
        collection: &str,
        mark: ChangeMark,
        now: i64,
    ) -> Result<Vec<(i64, Changed)>, Fault> {
        let records = self.collection(collection)?;
        let limit = clamped(LOOK).saturating_add(1);
        let found = records.find(change_filter(mark)).sort(doc! { "changedAt": 1 }).limit(limit);
        // Not the record itself: what changed of late is told again and again.
        let parts = doc! { "changedAt": 1, "version": 1, "environment": 1, "knownServices": 1, "hashes": 1 };
        let documents = self.all(found.projection(parts)).await?;
        documents.iter().map(|document| told(collection, document, now)).collect()
    }
}

/// Where the feed stands at this time of the server.
fn overlapping(now: i64) -> ChangeMark {
    ChangeMark(now.saturating_sub(OVERLAP_MILLIS))
}

pub(super) fn change_filter(mark: ChangeMark) -> Document {
    doc! { "changedAt": { "$gt": DateTime::from_millis(mark.0) } }
}

fn told(collection: &str, document: &Document, now: i64) -> Result<(i64, Changed), Fault> {
    let at = document.get_datetime("changedAt").map_err(Fault::value)?.timestamp_millis();
    let changed = match collection {
        TENANTS => Changed::Tenant {
            id: text(document, "_id")?.parse().map_err(Fault::value)?,
            environment: text(document, "environment")?.parse().map_err(Fault::value)?,
            version: version(document)?,
            services: texts(document, "knownServices")?,
        },
        API_KEYS => Changed::ApiKey {
            hashes: texts(document, "hashes")?,
            version: version(document)?,
            age: Duration::from_millis(u64::try_from(now.saturating_sub(at)).unwrap_or_default()),
        },
        _ => Changed::Catalogue,
    };
    Ok((at, changed))
}

fn version(document: &Document) -> Result<u64, Fault> {
    u64::try_from(integer(document, "version")?).map_err(Fault::value)
}

/// What is told of what was found. `next` is where to go on behind all of it.
fn page(mut found: Vec<(i64, Changed)>, next: ChangeMark) -> Changes {
    let has_more = found.len() > LOOK;
    found.truncate(LOOK);
    let times = found.first().zip(found.last()).map(|((first, _), (last, _))| (*first, *last));
    let mark = match times {
        // Of the last millisecond there may be more: it is told again. Unless it is the only one, for then nothing would
        // ever move; so many changes in one are not to be had.
        Some((first, last)) if has_more => ChangeMark(if first == last { last } else { last - 1 }),
        _ => next,
    };
    Changes { changed: found.into_iter().map(|(_, changed)| changed).collect(), mark, has_more }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(times: impl Iterator<Item = i64>) -> Vec<(i64, Changed)> {
        times.map(|at| (at, Changed::Catalogue)).collect()
    }

    #[test]
    fn a_full_page_ends_before_its_last_millisecond_and_another_at_the_present() {
        let last = page(found(0..1_000), ChangeMark(9_000));
        assert_eq!((last.changed.len(), last.mark, last.has_more), (1_000, ChangeMark(9_000), false));
        let full = page(found(0..1_001), ChangeMark(9_000));
        assert_eq!((full.changed.len(), full.mark, full.has_more), (1_000, ChangeMark(998), true));
        let stuck = page(found(std::iter::repeat_n(5, 1_001)), ChangeMark(9_000));
        assert_eq!((stuck.mark, stuck.has_more), (ChangeMark(5), true));
        assert_eq!(page(Vec::new(), ChangeMark(7)).mark, ChangeMark(7));
    }
}
