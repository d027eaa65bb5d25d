//! Tenants, and what they are found by.

use async_trait::async_trait;
use domain::{
    ActiveTenant, AssociationStatus, Change, CommitError, Environment, SearchWords, ServiceName, Slug,
    StoreUnavailable, Tenant, TenantId, TenantPage, TenantQuery, TenantStatus, TenantStore, search_words_of,
};
use mongodb::bson::{Bson, Document, doc};

use super::MongoStore;
use super::fault::{Fault, text};
use super::record::{Record, TENANTS};
use crate::clamped::clamped;
use crate::journal::Journal;
use crate::slug_key::slug_key;

#[async_trait]
impl TenantStore for MongoStore {
    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreUnavailable> {
        Ok(self.one_tenant(doc! { "_id": id.to_string() }).await?)
    }

    async fn tenant_by_slug(
        &self,
        environment: Environment,
        slug: &Slug,
    ) -> Result<Option<Tenant>, StoreUnavailable> {
        Ok(self.one_tenant(slug_filter(environment, slug)).await?)
    }

    async fn tenants(&self, query: &TenantQuery) -> Result<TenantPage, StoreUnavailable> {
        let number = |number: usize| clamped(number);
        let tenants = self.collection(TENANTS)?;
        let found = tenants
            .find(list_filter(query))
            .sort(doc! { "place": 1 })
            .skip(u64::try_from(query.skip).unwrap_or(u64::MAX))
            .limit(number(query.limit.saturating_add(1)))
            .projection(doc! { "document": 1 });
        let mut tenants = Vec::with_capacity(query.limit);
        for document in self.all(found).await? {
            tenants.push(read(&document)?);
        }
        let has_more = tenants.len() > query.limit;
        tenants.truncate(query.limit);
        Ok(TenantPage { tenants, has_more })
    }

    async fn active_tenants(
        &self,
        service: &ServiceName,
        environment: Option<Environment>,
    ) -> Result<Vec<ActiveTenant>, StoreUnavailable> {
        let environments: Vec<Environment> =
            environment.map_or_else(|| Environment::ALL.to_vec(), |one| vec![one]);
        let tenants = self.collection(TENANTS)?;
        let mut active = Vec::new();
        for environment in environments {
            let names = doc! { "slug": 1, "name": 1 };
            let found = tenants.find(active_filter(service, environment)).projection(names);
            for document in self.all(found).await? {
                active.push(read_active(&document)?);
            }
        }
        active.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        Ok(active)
    }

    async fn has_associations(&self, service: &ServiceName) -> Result<bool, StoreUnavailable> {
        let tenants = self.collection(TENANTS)?;
        let found = tenants.find_one(associations_filter(service)).projection(doc! { "_id": 1 });
        Ok(self.ask(found).await?.is_some())
    }

    async fn commit_tenant(&self, change: Change<Tenant>) -> Result<(), CommitError> {
        let Change { record, events, audit, ledger } = change;
        self.commit(written(&record).map_err(CommitError::from)?, Journal { events, audit, ledger }).await
    }
}

impl MongoStore {
    async fn one_tenant(&self, filter: Document) -> Result<Option<Tenant>, Fault> {
        let tenants = self.collection(TENANTS)?;
        let found = self.ask(tenants.find_one(filter).projection(doc! { "document": 1 })).await?;
        // A fence has none.
        found.filter(|found| found.contains_key("document")).as_ref().map(read).transpose()
    }
}

pub(super) fn read(document: &Document) -> Result<Tenant, Fault> {
    Ok(serde_json::from_str(text(document, "document")?)?)
}

fn read_active(document: &Document) -> Result<ActiveTenant, Fault> {
    Ok(ActiveTenant {
        id: text(document, "_id")?.parse().map_err(Fault::value)?,
        slug: text(document, "slug")?.parse().map_err(Fault::value)?,
        name: text(document, "name")?.parse().map_err(Fault::value)?,
    })
}

/// Where a tenant stands in lists, by slug and then by id: one text, so that a page begins behind one. A space is below all
/// that slugs are made of.
fn place(slug: &Slug, id: &TenantId) -> String {
    format!("{slug} {id}")
}

/// DocumentDB uses a sparse index only where it is said that the field is there.
pub(super) fn slug_filter(environment: Environment, slug: &Slug) -> Document {
    doc! { "slugKey": { "$eq": slug_key(environment, slug), "$exists": true } }
}

/// What has no place, as what is deleted and fences, is in no list.
pub(super) fn list_filter(query: &TenantQuery) -> Document {
    let after = query.after.as_ref().map(|after| place(&after.slug, &after.id));
    let mut filter = doc! { "place": { "$gt": after.unwrap_or_default() } };
    if let Some(environment) = query.environment {
        filter.insert("environment", environment.name());
    }
    if let Some(status) = query.status {
        filter.insert("status", status.name());
    }
    // Words are ASCII, so what begins with one is below it followed by the last of all characters.
    let has =
        |word: &str| doc! { "words": { "$elemMatch": { "$gte": word, "$lt": format!("{word}\u{10ffff}") } } };
    let words: Vec<Bson> =
        query.search.iter().flat_map(SearchWords::iter).map(|word| has(word).into()).collect();
    if !words.is_empty() {
        filter.insert("$and", words);
    }
    filter
}

pub(super) fn active_filter(service: &ServiceName, environment: Environment) -> Document {
    doc! { "activeServices": { "$in": [service.as_str()] }, "environment": environment.name() }
}

pub(super) fn associations_filter(service: &ServiceName) -> Document {
    doc! { "services": { "$in": [service.as_str()] } }
}

pub(super) fn written(tenant: &Tenant) -> Result<Record, Fault> {
    let is_alive = tenant.status != TenantStatus::Deleted;
    let is_active = tenant.status == TenantStatus::Active;
    let services = tenant.associations.iter();
    let active = services.clone().filter(|(_, it)| is_active && it.status == AssociationStatus::Active);
    let names = |name: &ServiceName| name.to_string();
    let mut fields = doc! {
        "slug": tenant.slug.as_str(),
        "name": tenant.name.as_str(),
        "environment": tenant.environment.name(),
        "status": tenant.status.name(),
        "services": services.map(|(name, _)| names(name)).collect::<Vec<_>>(),
        "activeServices": active.map(|(name, _)| names(name)).collect::<Vec<_>>(),
        "knownServices": tenant.known_services.iter().map(names).collect::<Vec<_>>(),
        "document": serde_json::to_string(tenant)?,
    };
    if is_alive {
        fields.insert("slugKey", slug_key(tenant.environment, &tenant.slug));
        fields.insert("place", place(&tenant.slug, &tenant.id));
        fields.insert("words", search_words_of(tenant).into_iter().collect::<Vec<_>>());
    }
    let gone: &[&str] = if is_alive { &[] } else { &["slugKey", "place", "words"] };
    Ok(Record { collection: TENANTS, id: tenant.id.to_string(), version: tenant.version, fields, gone })
}
