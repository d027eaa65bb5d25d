//! A customer of the platform.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::association::Association;
use crate::credential::{Credential, CredentialName};
use crate::display_name::DisplayName;
use crate::environment::Environment;
use crate::isolation::Isolation;
use crate::owner::Owner;
use crate::resources::ModuleResources;
use crate::secret::SecretReference;
use crate::service_name::ServiceName;
use crate::slug::Slug;
use crate::tenant_id::TenantId;
use crate::tenant_status::{AssociationStatus, TenantStatus};
use crate::text_map::TextMap;
use crate::timestamp::Timestamp;

/// A tenant with everything below it: one record, with one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Names it everywhere.
    pub id: TenantId,
    /// Raised by every change of it or of anything below it; kept, and raised, also when it is deleted.
    pub version: u64,
    /// Names it for people.
    pub slug: Slug,
    /// What it is called.
    pub name: DisplayName,
    /// Where it belongs.
    pub environment: Environment,
    /// What associations get that are made without a mode.
    pub isolation: Isolation,
    /// Whether it is in use.
    pub status: TenantStatus,
    /// What others keep with it.
    #[serde(default)]
    pub metadata: TextMap,
    /// Who it was made for.
    pub owner: Owner,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it or anything below it was last changed.
    pub updated_at: Timestamp,
    /// What it has of the services.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub associations: BTreeMap<ServiceName, Association>,
    /// The services that it has or had: what anybody may remember of it is remembered under one of them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub known_services: BTreeSet<ServiceName>,
    /// Its settings for the services.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub settings: BTreeMap<ServiceName, ServiceSettings>,
    /// With what applications call others on its behalf.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub credentials: BTreeMap<CredentialName, Credential>,
}

/// The settings of a tenant for one service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSettings {
    /// How often they were replaced.
    pub version: u64,
    /// The texts by name.
    pub values: TextMap,
}

/// The state does not allow the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TenantTransition {
    /// There is nothing to suspend.
    #[error("the tenant is suspended already")]
    AlreadySuspended,
    /// There is nothing to reactivate: neither the tenant nor one of its associations is suspended.
    #[error("the tenant is not suspended")]
    NotSuspended,
    /// It is gone.
    #[error("the tenant is deleted")]
    Deleted,
}

/// What a reactivation brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored<'a> {
    /// The service of the association.
    pub service: &'a ServiceName,
    /// What kept it out before.
    pub previous: AssociationStatus,
}

impl Tenant {
    /// The most associations.
    pub const MAX_ASSOCIATIONS: usize = 200;
    /// The most credentials.
    pub const MAX_CREDENTIALS: usize = 500;

    /// Every version of a secret that it refers to.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretReference> {
        let modules = self.associations.values().flat_map(|association| association.modules.values());
        let resources = modules.flat_map(ModuleResources::secrets).map(|(_, secret)| secret);
        resources.chain(self.credentials.values().flat_map(|credential| &credential.secrets))
    }

    /// Whether the registration of this tenant and one with these words are the same.
    pub fn is_registration_of(&self, slug: &Slug, environment: Environment, owner: &Owner) -> bool {
        self.slug == *slug && self.environment == environment && self.owner.email == owner.email
    }

    /// Gives it a service; `false` when it has it already.
    pub fn associate(&mut self, service: &ServiceName, association: Association) -> bool {
        if self.associations.contains_key(service) {
            return false;
        }
        self.known_services.insert(service.clone());
        self.associations.insert(service.clone(), association);
        true
    }

    /// Active to suspended. The states of the associations stay as they are.
    pub fn suspend(&mut self) -> Result<(), TenantTransition> {
        match self.status {
            TenantStatus::Active => {
                self.status = TenantStatus::Suspended;
                Ok(())
            }
            TenantStatus::Suspended => Err(TenantTransition::AlreadySuspended),
            TenantStatus::Deleted => Err(TenantTransition::Deleted),
        }
    }

    /// Lets the tenant in again, and every association that is suspended; what is purged stays so. Also of a tenant that was
    /// not suspended itself: there is no other way back for one whose services were suspended one by one by clients that
    /// know only this call.
    pub fn reactivate(&mut self) -> Result<Vec<Restored<'_>>, TenantTransition> {
        let was_suspended = match self.status {
            TenantStatus::Active => false,
            TenantStatus::Suspended => true,
            TenantStatus::Deleted => return Err(TenantTransition::Deleted),
        };
        let mut restored = Vec::new();
        for (service, association) in &mut self.associations {
            match association.status {
                AssociationStatus::Suspended => association.status = AssociationStatus::Active,
                // Its consumers let go of it when the tenant was suspended.
                AssociationStatus::Active if was_suspended => {}
                AssociationStatus::Active | AssociationStatus::Purged => continue,
            }
            restored.push(Restored { service, previous: AssociationStatus::Suspended });
        }
        if !was_suspended && restored.is_empty() {
            return Err(TenantTransition::NotSuspended);
        }
        self.status = TenantStatus::Active;
        Ok(restored)
    }

    /// To deleted, for ever. What was below it is forgotten.
    pub fn delete(&mut self) -> Result<(), TenantTransition> {
        if self.status == TenantStatus::Deleted {
            return Err(TenantTransition::Deleted);
        }
        self.status = TenantStatus::Deleted;
        self.associations.clear();
        self.settings.clear();
        self.credentials.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tenant(associations: &[(&str, AssociationStatus)]) -> Tenant {
        let now = Timestamp::from_millis(0);
        let associations = associations.iter().map(|(service, status)| {
            let association = Association::new(Isolation::Isolated, None, now);
            (service.parse().unwrap(), Association { status: *status, ..association })
        });
        Tenant {
            id: "acme".parse().unwrap(),
            version: 1,
            slug: "acme".parse().unwrap(),
            name: "Acme".parse().unwrap(),
            environment: Environment::Staging,
            isolation: Isolation::Isolated,
            status: TenantStatus::Active,
            metadata: TextMap::default(),
            owner: Owner { email: "a@x".parse().unwrap(), email_verified: true, password_hash: None },
            created_at: now,
            updated_at: now,
            associations: associations.collect(),
            known_services: BTreeSet::new(),
            settings: BTreeMap::new(),
            credentials: BTreeMap::new(),
        }
    }

    #[test]
    fn reactivating_brings_back_what_was_suspended_and_not_what_was_purged() {
        use AssociationStatus::{Active, Purged, Suspended};
        let mut tenant = tenant(&[("a", Active), ("b", Suspended), ("c", Purged)]);
        let services = |restored: Vec<Restored<'_>>| {
            restored.iter().map(|one| one.service.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(services(tenant.reactivate().unwrap()), ["b"], "the tenant itself was in use");
        assert_eq!(tenant.reactivate(), Err(TenantTransition::NotSuspended));
        tenant.suspend().unwrap();
        assert_eq!(tenant.suspend(), Err(TenantTransition::AlreadySuspended));
        assert_eq!(services(tenant.reactivate().unwrap()), ["a", "b"]);
        assert_eq!(tenant.status, TenantStatus::Active);
    }

    #[test]
    fn nothing_leads_back_from_deleted() {
        let mut tenant = tenant(&[("a", AssociationStatus::Active)]);
        tenant.delete().unwrap();
        assert!(tenant.associations.is_empty());
        assert_eq!(tenant.suspend(), Err(TenantTransition::Deleted));
        assert_eq!(tenant.reactivate(), Err(TenantTransition::Deleted));
        assert_eq!(tenant.delete(), Err(TenantTransition::Deleted));
    }

    #[test]
    fn a_registration_is_known_by_slug_environment_and_owner() {
        let tenant = tenant(&[]);
        let other = Owner { email: "b@x".parse().unwrap(), ..tenant.owner.clone() };
        assert!(tenant.is_registration_of(&tenant.slug, Environment::Staging, &tenant.owner));
        assert!(!tenant.is_registration_of(&tenant.slug, Environment::Production, &tenant.owner));
        assert!(!tenant.is_registration_of(&tenant.slug, Environment::Staging, &other));
    }

    proptest! {
        #[test]
        fn a_stored_tenant_is_read_back(
            name in "[A-Za-z][A-Za-z ]{0,20}[A-Za-z]",
            services in prop::collection::btree_set("[a-z]{1,8}", 0..5),
        ) {
            let pairs: Vec<_> = services.iter().map(|it| (it.as_str(), AssociationStatus::Active)).collect();
            let tenant = Tenant { name: name.parse().unwrap(), ..tenant(&pairs) };
            let json = serde_json::to_string(&tenant).unwrap();
            prop_assert_eq!(serde_json::from_str::<Tenant>(&json).unwrap(), tenant);
        }
    }
}
