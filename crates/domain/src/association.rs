//! What a tenant has of a service.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::connection_settings::ConnectionSettings;
use crate::isolation::Isolation;
use crate::module_name::ModuleName;
use crate::resources::ModuleResources;
use crate::tenant_status::AssociationStatus;
use crate::timestamp::Timestamp;

/// The pair of a tenant and a service. The tenant holds it, so it has neither's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Association {
    /// How the data are kept apart.
    pub isolation: Isolation,
    /// Whether it is in use.
    pub status: AssociationStatus,
    /// Limits of the pools, for modules that have none of their own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub connection_settings: Option<ConnectionSettings>,
    /// The backing stores, by module.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub modules: BTreeMap<ModuleName, ModuleResources>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The state does not allow the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssociationTransition {
    /// It is suspended, or purged, already.
    #[error("the association is {} already", .0.name())]
    Already(AssociationStatus),
    /// Only what is suspended can be purged.
    #[error("the association is active: suspend it first")]
    NotSuspended,
    /// Its data are gone, so that there is nothing to suspend.
    #[error("the association is purged")]
    Purged,
}

impl Association {
    /// A new one, in use at once.
    pub fn new(isolation: Isolation, settings: Option<ConnectionSettings>, now: Timestamp) -> Self {
        Self {
            isolation,
            status: AssociationStatus::Active,
            connection_settings: settings,
            modules: BTreeMap::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Active to suspended.
    pub fn suspend(&mut self) -> Result<(), AssociationTransition> {
        match self.status {
            AssociationStatus::Active => {
                self.status = AssociationStatus::Suspended;
                Ok(())
            }
            AssociationStatus::Suspended => Err(AssociationTransition::Already(self.status)),
            AssociationStatus::Purged => Err(AssociationTransition::Purged),
        }
    }

    /// Suspended or purged to active. Answers with the former state: what was purged has to be provided anew.
    pub fn reactivate(&mut self) -> Result<AssociationStatus, AssociationTransition> {
        match self.status {
            AssociationStatus::Active => Err(AssociationTransition::Already(self.status)),
            former => {
                self.status = AssociationStatus::Active;
                Ok(former)
            }
        }
    }

    /// Suspended to purged; its backing stores are forgotten.
    pub fn purge(&mut self) -> Result<(), AssociationTransition> {
        match self.status {
            AssociationStatus::Suspended => {
                self.status = AssociationStatus::Purged;
                self.modules.clear();
                Ok(())
            }
            AssociationStatus::Active => Err(AssociationTransition::NotSuspended),
            AssociationStatus::Purged => Err(AssociationTransition::Already(self.status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Suspend,
        Reactivate,
        Purge,
    }

    fn take(association: &mut Association, step: Step) -> bool {
        match step {
            Step::Suspend => association.suspend().is_ok(),
            Step::Reactivate => association.reactivate().is_ok(),
            Step::Purge => association.purge().is_ok(),
        }
    }

    fn association() -> Association {
        Association::new(Isolation::Isolated, None, Timestamp::from_millis(0))
    }

    proptest! {
        /// The transitions of the contract, and no other: whatever is tried, and in whichever order.
        #[test]
        fn no_other_way_leads_anywhere(
            steps in prop::collection::vec(
                prop_oneof![Just(Step::Suspend), Just(Step::Reactivate), Just(Step::Purge)], 0..20),
        ) {
            use AssociationStatus::{Active, Purged, Suspended};
            let mut association = association();
            for step in steps {
                let former = association.status;
                let is_allowed = take(&mut association, step);
                let expected = match (former, step) {
                    (Active, Step::Suspend) => Some(Suspended),
                    (Suspended | Purged, Step::Reactivate) => Some(Active),
                    (Suspended, Step::Purge) => Some(Purged),
                    _ => None,
                };
                prop_assert_eq!(is_allowed, expected.is_some());
                prop_assert_eq!(association.status, expected.unwrap_or(former));
            }
        }
    }

    #[test]
    fn purging_forgets_the_backing_stores() {
        let mut association = association();
        association.modules.insert("onboarding".parse().unwrap(), ModuleResources::default());
        assert_eq!(association.purge(), Err(AssociationTransition::NotSuspended));
        assert_eq!(association.modules.len(), 1);
        association.suspend().unwrap();
        association.purge().unwrap();
        assert!(association.modules.is_empty());
        assert_eq!(association.reactivate(), Ok(AssociationStatus::Purged));
    }
}
