//! What is taken over has to keep apart here, too.

use domain::{Environment, Isolation, Owner, TenantStatus, TextMap};
use tenancy::{Conflict, Imported, ImportedRecord, ImportedTenant, Refusal};

use crate::dying::Mortal;
use crate::secret_writes::on_every_store;

fn tenant(id: &str, environment: Environment) -> ImportedRecord {
    ImportedRecord::Tenant(Box::new(ImportedTenant {
        id: id.parse().unwrap(),
        slug: format!("slug-of-{id}").parse().unwrap(),
        name: "Bank".parse().unwrap(),
        environment,
        isolation: Isolation::Isolated,
        status: TenantStatus::Active,
        metadata: TextMap::default(),
        owner: Owner { email: "ana@example.com".parse().unwrap(), email_verified: true, password_hash: None },
        created_at: None,
    }))
}

/// Kafka's secrets are found under the id without dashes.
async fn no_two_tenants_have_one_id_without_dashes(mortal: Mortal) {
    let (import, actor) = (mortal.process().import, &mortal.actor);
    let take = async |id, environment| import.take(tenant(id, environment), actor).await;
    for id in ["acme-1", "acme1", "acme2", "acme-2", "ac-me-1"] {
        let taken = take(id, Environment::Staging).await;
        match id {
            "acme-1" | "acme2" => assert_eq!(taken.unwrap(), Imported::Created, "{id}"),
            _ => assert!(matches!(taken, Err(Refusal::Conflict(Conflict::IdTaken(_)))), "{id}: {taken:?}"),
        }
    }
    assert_eq!(take("acme-11", Environment::Staging).await.unwrap(), Imported::Created, "another id");
    assert_eq!(take("acme-1", Environment::Staging).await.unwrap(), Imported::Existing);
    assert_eq!(take("ac-me-2", Environment::Production).await.unwrap(), Imported::Created, "elsewhere");
}

on_every_store!(no_two_tenants_have_one_id_without_dashes);
