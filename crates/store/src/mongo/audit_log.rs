//! The audit log: what waits, and the chain.

use async_trait::async_trait;
use domain::{
    AuditEntry, AuditIndex, AuditLead, AuditLog, AuditPage, AuditQuery, ChainAnchor, ChainHead, ChainKeyName,
    ChainedRow, Chaining, StoreUnavailable, Timestamp, UnchainedRow,
};
use mongodb::bson::{Document, doc};

use super::MongoStore;
use super::event_log::any_time_filter;
use super::fault::{Fault, integer, text};
use crate::audit_page::{Candidate, bounds, look, pick};
use crate::clamped::clamped;

pub(super) const AUDIT: &str = "audit";
pub(super) const AUDIT_CHAIN: &str = "audit_chain";
const AUDIT_ANCHOR: &str = "audit_anchor";
const ANCHOR: &str = "anchor";
/// Texts of rows that are read at once: each may be long.
const TEXTS: usize = 20;

/// A row as it waits.
pub(super) fn unchained_document(entry: &AuditEntry) -> Result<Document, Fault> {
    let document = serde_json::to_string(entry)?;
    Ok(doc! { "_id": entry.id.to_string(), "at": entry.at.millis(), "document": document })
}

#[async_trait]
impl AuditLog for MongoStore {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreUnavailable> {
        self.insert(AUDIT, unchained_document(entry)?).await?;
        Ok(())
    }

    async fn unchained(&self, limit: usize) -> Result<Vec<UnchainedRow>, StoreUnavailable> {
        let waiting = self.collection(AUDIT)?;
        let found = waiting.find(any_time_filter()).sort(doc! { "at": 1 }).limit(clamped(limit));
        let documents = self.all(found).await?;
        let row = |document: &Document| {
            let (id, document) = (text(document, "_id")?.to_owned(), text(document, "document")?.to_owned());
            Ok::<_, Fault>(UnchainedRow { id, document })
        };
        Ok(documents.iter().map(row).collect::<Result<_, _>>()?)
    }

    async fn unchained_count(&self) -> Result<u64, StoreUnavailable> {
        Ok(self.ask(self.collection(AUDIT)?.estimated_document_count()).await?)
    }

    async fn chain(&self, row: &ChainedRow) -> Result<Chaining, StoreUnavailable> {
        let chaining = self.give_place(row).await?;
        if chaining != Chaining::Taken {
            // Whoever dies before this finds its place when it chains it again.
            self.ask(self.collection(AUDIT)?.delete_one(doc! { "_id": &row.id })).await?;
        }
        Ok(chaining)
    }

    async fn chain_head(&self) -> Result<ChainHead, StoreUnavailable> {
        let chain = self.collection(AUDIT_CHAIN)?;
        let last = chain.find_one(sequence_filter(0)).sort(doc! { "_id": -1 }).projection(doc! { "link": 1 });
        if let Some(last) = self.ask(last).await? {
            return Ok(head_of(&last, "_id")?);
        }
        Ok(self.anchor().await?.map_or(ChainHead::BEGINNING, |anchor| anchor.head))
    }

    async fn chained_after(&self, sequence: u64, limit: usize) -> Result<Vec<ChainedRow>, StoreUnavailable> {
        let chain = self.collection(AUDIT_CHAIN)?;
        let found = chain.find(sequence_filter(sequence)).sort(doc! { "_id": 1 }).limit(clamped(limit));
        let documents = self.all(found).await?;
        Ok(documents.iter().map(chained).collect::<Result<_, _>>()?)
    }

    async fn audit_page(&self, query: &AuditQuery) -> Result<AuditPage, StoreUnavailable> {
        Ok(self.page_of(query).await?)
    }

    async fn chain_anchor(&self) -> Result<Option<ChainAnchor>, StoreUnavailable> {
        Ok(self.anchor().await?)
    }

    async fn remove_chained(&self, anchor: &ChainAnchor) -> Result<u64, StoreUnavailable> {
        let sequence = clamped(anchor.head.sequence);
        // First: a chain whose first rows are gone has to say where it begins.
        let fields = doc! {
            "sequence": sequence,
            "link": anchor.head.link.to_string(),
            "at": anchor.at.millis(),
            "key": &anchor.key.0,
            "signature": anchor.signature.to_string(),
        };
        let filter = doc! { "_id": ANCHOR, "sequence": { "$lte": sequence } };
        let anchors = self.collection(AUDIT_ANCHOR)?;
        match self.ask(anchors.update_one(filter, doc! { "$set": fields }).upsert(true)).await {
            Ok(_) => {}
            // It is further already, so the filter passed it by and the insert met its id.
            Err(fault) if fault.is_duplicate() => {}
            Err(fault) => return Err(fault.into()),
        }
        let old = doc! { "_id": { "$lte": sequence } };
        Ok(self.ask(self.collection(AUDIT_CHAIN)?.delete_many(old)).await?.deleted_count)
    }
}

impl MongoStore {
    async fn give_place(&self, row: &ChainedRow) -> Result<Chaining, Fault> {
        let AuditIndex { at, actor, action, subject, target, request_id, environment } = &row.index;
        let document = doc! {
            "_id": clamped(row.sequence),
            "entryId": &row.id,
            "chainedAt": row.chained_at.millis(),
            "link": row.link.to_string(),
            "key": &row.key.0,
            "at": at.millis(),
            "actor": actor,
            "action": action,
            "subject": subject,
            "target": target,
            "requestId": request_id,
            "environment": environment,
            "place": &row.place,
            "document": &row.document,
        };
        if self.insert(AUDIT_CHAIN, document).await? {
            return Ok(Chaining::Done);
        }
        // The number, or the row: both are unique.
        let chain = self.collection(AUDIT_CHAIN)?;
        let known = chain.find_one(doc! { "entryId": &row.id }).projection(doc! { "_id": 1 });
        Ok(if self.ask(known).await?.is_some() { Chaining::Before } else { Chaining::Taken })
    }

    async fn page_of(&self, query: &AuditQuery) -> Result<AuditPage, Fault> {
        let chain = self.collection(AUDIT_CHAIN)?;
        let found = chain
            .find(page_filter(query))
            .sort(doc! { "place": -1 })
            .limit(clamped(look(query)))
            .projection(doc! { "document": 0, "link": 0 });
        let documents = self.all(found).await?;
        let candidate = |document: &Document| {
            Ok::<_, Fault>(Candidate { sequence: number(document, "_id")?, index: index_of(document)? })
        };
        let candidates: Vec<_> = documents.iter().map(candidate).collect::<Result<_, _>>()?;
        let picked = pick(&candidates, query);
        let mut page = picked.filling();
        for rows in picked.rows.chunks(TEXTS) {
            let ids: Vec<i64> = rows.iter().map(|(sequence, _)| clamped(*sequence)).collect();
            let texts = chain.find(doc! { "_id": { "$in": ids } }).projection(doc! { "document": 1 });
            let texts = self.all(texts).await?;
            for row in rows {
                let is_of = |text: &&Document| number(text, "_id").is_ok_and(|number| number == row.0);
                // One that is gone was removed for its age since it was looked at.
                let Some(found) = texts.iter().find(is_of) else { continue };
                if !page.add(row, text(found, "document")?) {
                    return Ok(page.page());
                }
            }
        }
        Ok(page.page())
    }

    async fn anchor(&self) -> Result<Option<ChainAnchor>, Fault> {
        let Some(document) = self.by_id(AUDIT_ANCHOR, ANCHOR).await? else { return Ok(None) };
        Ok(Some(ChainAnchor {
            head: head_of(&document, "sequence")?,
            at: Timestamp::from_millis(integer(&document, "at")?),
            key: ChainKeyName(text(&document, "key")?.to_owned()),
            signature: text(&document, "signature")?.parse().map_err(Fault::value)?,
        }))
    }
}

pub(super) fn sequence_filter(sequence: u64) -> Document {
    doc! { "_id": { "$gt": clamped(sequence) } }
}

pub(super) fn page_filter(query: &AuditQuery) -> Document {
    let (from, until) = bounds(query);
    let mut filter = match query.filter.lead() {
        AuditLead::RequestId(id) => doc! { "requestId": id },
        AuditLead::Subject(subject) => doc! { "subject": subject },
        AuditLead::Actor(actor) => doc! { "actor": actor },
        AuditLead::Action(action) => doc! { "action": action.name() },
        AuditLead::Environment(environment) => doc! { "environment": environment.name() },
        AuditLead::Everything => doc! {},
    };
    filter.insert("place", doc! { "$gte": from, "$lt": until });
    filter
}

fn chained(document: &Document) -> Result<ChainedRow, Fault> {
    let ChainHead { sequence, link } = head_of(document, "_id")?;
    Ok(ChainedRow {
        sequence,
        chained_at: Timestamp::from_millis(integer(document, "chainedAt")?),
        id: text(document, "entryId")?.to_owned(),
        document: text(document, "document")?.to_owned(),
        index: index_of(document)?,
        place: text(document, "place")?.to_owned(),
        link,
        key: ChainKeyName(text(document, "key")?.to_owned()),
    })
}

fn index_of(document: &Document) -> Result<AuditIndex, Fault> {
    let own = |key: &str| text(document, key).map(str::to_owned);
    let known = |key: &str| document.get_str(key).ok().map(str::to_owned);
    Ok(AuditIndex {
        at: Timestamp::from_millis(integer(document, "at")?),
        actor: own("actor")?,
        action: own("action")?,
        subject: own("subject")?,
        target: own("target")?,
        request_id: known("requestId"),
        environment: known("environment"),
    })
}

fn head_of(document: &Document, sequence: &str) -> Result<ChainHead, Fault> {
    let link = text(document, "link")?.parse().map_err(Fault::value)?;
    Ok(ChainHead { sequence: number(document, sequence)?, link })
}

fn number(document: &Document, key: &str) -> Result<u64, Fault> {
    u64::try_from(integer(document, key)?).map_err(Fault::value)
}
