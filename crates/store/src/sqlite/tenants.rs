//! Tenants, and what they are found by.

use async_trait::async_trait;
use domain::{
    ActiveTenant, AssociationStatus, Change, CommitError, Environment, ServiceName, Slug, StoreUnavailable,
    Tenant, TenantId, TenantPage, TenantQuery, TenantStatus, TenantStore, search_words_of,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Params, Transaction, params, params_from_iter};

use super::SqliteStore;
use super::connections::Fault;
use super::feed::Kind;
use super::journal::guarded;
use crate::clamped::clamped;
use crate::journal::Journal;
use crate::slug_key::slug_key;

#[async_trait]
impl TenantStore for SqliteStore {
    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreUnavailable> {
        let id = id.to_string();
        self.read(move |connection| {
            one(connection, "SELECT document FROM tenants WHERE id = ?1", params![id])
        })
        .await
    }

    async fn tenant_by_slug(
        &self,
        environment: Environment,
        slug: &Slug,
    ) -> Result<Option<Tenant>, StoreUnavailable> {
        let key = slug_key(environment, slug);
        self.read(move |connection| {
            one(connection, "SELECT document FROM tenants WHERE slug_key = ?1", params![key])
        })
        .await
    }

    async fn tenants(&self, query: &TenantQuery) -> Result<TenantPage, StoreUnavailable> {
        let (statement, values) = list_statement(query);
        let limit = query.limit;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&statement)?;
            let documents = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(0))?;
            let mut tenants = Vec::with_capacity(limit + 1);
            for document in documents {
                tenants.push(serde_json::from_str(&document?)?);
            }
            let has_more = tenants.len() > limit;
            tenants.truncate(limit);
            Ok(TenantPage { tenants, has_more })
        })
        .await
    }

    async fn active_tenants(
        &self,
        service: &ServiceName,
        environment: Option<Environment>,
    ) -> Result<Vec<ActiveTenant>, StoreUnavailable> {
        let service = service.to_string();
        let environments: Vec<Environment> =
            environment.map_or_else(|| Environment::ALL.to_vec(), |one| vec![one]);
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(ACTIVE_TENANTS)?;
            let mut active = Vec::new();
            for environment in environments {
                let rows = statement.query_map(params![service, environment.name()], |row| {
                    Ok([row.get::<_, String>(0)?, row.get(1)?, row.get(2)?])
                })?;
                for row in rows {
                    let [id, slug, name] = row?;
                    active.push(ActiveTenant {
                        id: id.parse().map_err(Fault::value)?,
                        slug: slug.parse().map_err(Fault::value)?,
                        name: name.parse().map_err(Fault::value)?,
                    });
                }
            }
            active.sort_unstable_by(|one, other| one.id.cmp(&other.id));
            Ok(active)
        })
        .await
    }

    async fn has_associations(&self, service: &ServiceName) -> Result<bool, StoreUnavailable> {
        let service = service.to_string();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached("SELECT 1 FROM associations WHERE service = ?1")?;
            Ok(statement.exists(params![service])?)
        })
        .await
    }

    async fn commit_tenant(&self, change: Change<Tenant>) -> Result<(), CommitError> {
        let Change { record, events, audit, ledger } = change;
        let now = self.now();
        self.write(move |transaction| {
            let id = record.id.to_string();
            // The ledger's row first: a write that was done is told from one that lost a race.
            Journal { events, audit, ledger }.write(transaction, (Kind::Tenant.name(), &id), now)?;
            write_record(transaction, &record, &id)?;
            index_words(transaction, &record, &id)?;
            index_associations(transaction, &record, &id)
        })
        .await
    }
}

const ACTIVE_TENANTS: &str = "
    SELECT tenants.id, tenants.slug, tenants.name
    FROM associations JOIN tenants ON tenants.id = associations.tenant_id
    WHERE service = ?1 AND is_active = 1 AND associations.environment = ?2";

fn one(connection: &Connection, statement: &str, parameters: impl Params) -> Result<Option<Tenant>, Fault> {
    let document: Option<String> =
        connection.prepare_cached(statement)?.query_row(parameters, |row| row.get(0)).optional()?;
    document.map(|document| Ok(serde_json::from_str(&document)?)).transpose()
}

/// One statement for each combination of filters, so that each walks along the index.
fn list_statement(query: &TenantQuery) -> (String, Vec<Value>) {
    let mut statement = "SELECT document FROM tenants WHERE status <> 'deleted'".to_owned();
    let mut values = Vec::new();
    let mut filter = |condition: &str, value: Vec<String>| {
        statement.push_str(" AND ");
        statement.push_str(condition);
        values.extend(value.into_iter().map(Value::Text));
    };
    if let Some(after) = &query.after {
        filter("(slug, id) > (?, ?)", vec![after.slug.to_string(), after.id.to_string()]);
    }
    if let Some(environment) = query.environment {
        filter("environment = ?", vec![environment.name().to_owned()]);
    }
    if let Some(status) = query.status {
        filter("status = ?", vec![status.name().to_owned()]);
    }
    for word in query.search.iter().flat_map(domain::SearchWords::iter) {
        // Words are ASCII, so what begins with one is below it followed by the last of all characters.
        let range = vec![word.to_owned(), format!("{word}\u{10ffff}")];
        filter("id IN (SELECT tenant_id FROM tenant_words WHERE word >= ? AND word < ?)", range);
    }
    statement.push_str(" ORDER BY slug, id LIMIT ? OFFSET ?");
    let number = |number: usize| Value::Integer(clamped(number));
    values.extend([number(query.limit + 1), number(query.skip)]);
    (statement, values)
}

fn write_record(transaction: &Transaction<'_>, tenant: &Tenant, id: &str) -> Result<(), Fault> {
    let document = serde_json::to_string(tenant)?;
    let is_alive = tenant.status != TenantStatus::Deleted;
    let slug_key = is_alive.then(|| slug_key(tenant.environment, &tenant.slug));
    let (slug, name) = (tenant.slug.as_str(), tenant.name.as_str());
    let (environment, status) = (tenant.environment.name(), tenant.status.name());
    guarded(
        tenant.version,
        || {
            transaction
                .prepare_cached(
                    "INSERT INTO tenants (id, version, slug, slug_key, name, environment, status, document)
                     VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![id, slug, slug_key, name, environment, status, document])
        },
        |former| {
            transaction
                .prepare_cached(
                    "UPDATE tenants SET version = ?1 + 1, slug = ?2, slug_key = ?3, name = ?4, environment = ?5,
                     status = ?6, document = ?7 WHERE id = ?8 AND version = ?1",
                )?
                .execute(params![former, slug, slug_key, name, environment, status, document, id])
        },
    )
}

fn index_words(transaction: &Transaction<'_>, tenant: &Tenant, id: &str) -> Result<(), Fault> {
    transaction.prepare_cached("DELETE FROM tenant_words WHERE tenant_id = ?1")?.execute(params![id])?;
    if tenant.status == TenantStatus::Deleted {
        return Ok(());
    }
    for word in search_words_of(tenant) {
        transaction
            .prepare_cached("INSERT INTO tenant_words (word, tenant_id) VALUES (?1, ?2)")?
            .execute(params![word, id])?;
    }
    Ok(())
}

fn index_associations(transaction: &Transaction<'_>, tenant: &Tenant, id: &str) -> Result<(), Fault> {
    transaction.prepare_cached("DELETE FROM associations WHERE tenant_id = ?1")?.execute(params![id])?;
    for (service, association) in &tenant.associations {
        let is_active =
            tenant.status == TenantStatus::Active && association.status == AssociationStatus::Active;
        transaction
            .prepare_cached(
                "INSERT INTO associations (tenant_id, service, environment, is_active) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![id, service.as_str(), tenant.environment.name(), is_active])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrations;
    use domain::{SearchWords, TenantPosition, Timestamp};

    fn plan(statement: &str, values: Vec<Value>) -> String {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::apply(&mut connection, Timestamp::from_millis(0)).unwrap();
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
        let steps = explain.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
        steps.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
    }

    /// A scan of a whole table shows in a plan, and so does a sort of what was found.
    fn assert_plan(plan: &str, index: &str, is_sorted: bool) {
        assert!(plan.contains(index), "{plan}");
        assert!(!plan.lines().any(|step| step.starts_with("SCAN") && !step.contains("INDEX")), "{plan}");
        assert_eq!(plan.contains("TEMP B-TREE"), is_sorted, "{plan}");
    }

    #[test]
    fn every_list_walks_along_an_index() {
        let all =
            TenantQuery { environment: None, status: None, search: None, after: None, skip: 0, limit: 20 };
        let after = TenantPosition { slug: "b".parse().unwrap(), id: "x".parse().unwrap() };
        let filtered = TenantQuery {
            environment: Some(Environment::Staging),
            status: Some(TenantStatus::Active),
            after: Some(after),
            ..all.clone()
        };
        for query in [&all, &filtered] {
            let (statement, values) = list_statement(query);
            assert_plan(&plan(&statement, values), "tenants_by_slug", false);
        }
        // What the words leave is sorted, however little it is.
        let (statement, values) =
            list_statement(&TenantQuery { search: SearchWords::of("blue bank"), ..filtered });
        assert_plan(&plan(&statement, values), "SEARCH tenant_words USING PRIMARY KEY", true);
        let values = vec![Value::Text("ledger".into()), Value::Text("staging".into())];
        assert_plan(&plan(ACTIVE_TENANTS, values), "associations_by_service", false);
    }
}
