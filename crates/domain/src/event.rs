//! What services are told of tenants.
//!
//! The serialized form is that of the messages: snake case, in contrast to the API.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::TenantId;
use crate::connection_settings::ConnectionSettings;
use crate::environment::Environment;
use crate::isolation::Isolation;
use crate::module_name::ModuleName;
use crate::newer_event::NewerEvent;
use crate::secret::SecretPath;
use crate::service_name::ServiceName;
use crate::slug::Slug;
use crate::timestamp::Timestamp;

/// One change in the life of a tenant, as it is stored with the change and published later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantEvent {
    /// Tells repeats of one message from two messages.
    pub event_id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// Whom it is about.
    pub tenant_id: TenantId,
    /// The same for people.
    pub tenant_slug: Slug,
    /// Whose channel it goes to.
    pub environment: Environment,
    /// The version of the tenant after the change.
    pub tenant_version: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened, with what its subscribers need to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event_type", content = "payload")]
pub enum EventKind {
    /// A tenant was made.
    #[serde(rename = "tenant.created")]
    Created,
    /// It may be used: it was made, or let in again.
    #[serde(rename = "tenant.activated")]
    Activated,
    /// It is kept out.
    #[serde(rename = "tenant.suspended")]
    Suspended,
    /// It is gone.
    #[serde(rename = "tenant.deleted")]
    Deleted,
    /// Its name or metadata changed.
    #[serde(rename = "tenant.updated")]
    Updated,
    /// It got a service.
    #[serde(rename = "tenant.service.associated")]
    ServiceAssociated {
        /// Which.
        service_name: ServiceName,
        /// `isolated` or `schema`.
        isolation_mode: Isolation,
        /// All modules that are provided.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        modules: Vec<ModuleName>,
        /// Where the database secrets are.
        #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
        secret_paths: SecretPaths,
        /// Where the broker's secret is.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        messaging_config: Option<MessagingConfig>,
        /// Limits of the pools.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        connection_settings: Option<EventConnectionSettings>,
    },
    /// It lost a service.
    #[serde(rename = "tenant.service.disassociated")]
    ServiceDisassociated {
        /// Which.
        service_name: ServiceName,
        /// Whether its data were kept.
        preserve_data: bool,
    },
    /// A service of it is kept out.
    #[serde(rename = "tenant.service.suspended")]
    ServiceSuspended {
        /// Which.
        service_name: ServiceName,
        /// The state before.
        previous_status: String,
    },
    /// The data of a service of it were destroyed.
    #[serde(rename = "tenant.service.purged")]
    ServicePurged {
        /// Which.
        service_name: ServiceName,
    },
    /// A service of it may be used again.
    #[serde(rename = "tenant.service.reactivated")]
    ServiceReactivated {
        /// Which.
        service_name: ServiceName,
        /// The state before.
        previous_status: String,
        /// Whether its data are new.
        re_provisioned: bool,
        /// Where the database secrets are.
        #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
        secret_paths: SecretPaths,
        /// Limits of the pools.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        connection_settings: Option<EventConnectionSettings>,
    },
    /// A service has other credentials for it.
    #[serde(rename = "tenant.credentials.rotated")]
    CredentialsRotated {
        /// Which.
        service_name: ServiceName,
        /// Of what.
        credential_type: String,
        /// Where the secret is.
        new_secret_path: SecretPath,
    },
    /// A module of a service has other limits.
    #[serde(rename = "tenant.connections.updated")]
    ConnectionsUpdated {
        /// Which service.
        service_name: ServiceName,
        /// Which module.
        module: ModuleName,
        /// The most connections.
        max_open_conns: u32,
        /// The most idle ones.
        max_idle_conns: u32,
        /// How long a statement may run.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        statement_timeout: Option<String>,
    },
    /// A service is to read its connections anew.
    #[serde(rename = "tenant.cache.invalidate")]
    CacheInvalidate {
        /// Which.
        service_name: ServiceName,
        /// Why, in somebody's words.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// Of a type that only a newer version knows.
    #[serde(untagged)]
    Newer(NewerEvent),
}

/// The types that have a variant of their own.
pub(crate) const KNOWN_TYPES: [&str; 13] = [
    "tenant.created",
    "tenant.activated",
    "tenant.suspended",
    "tenant.deleted",
    "tenant.updated",
    "tenant.service.associated",
    "tenant.service.disassociated",
    "tenant.service.suspended",
    "tenant.service.purged",
    "tenant.service.reactivated",
    "tenant.credentials.rotated",
    "tenant.connections.updated",
    "tenant.cache.invalidate",
];

impl EventKind {
    /// Such as `tenant.created`.
    pub fn name(&self) -> &str {
        match self {
            Self::Newer(event) => event.name(),
            Self::Created => "tenant.created",
            Self::Activated => "tenant.activated",
            Self::Suspended => "tenant.suspended",
            Self::Deleted => "tenant.deleted",
            Self::Updated => "tenant.updated",
            Self::ServiceAssociated { .. } => "tenant.service.associated",
            Self::ServiceDisassociated { .. } => "tenant.service.disassociated",
            Self::ServiceSuspended { .. } => "tenant.service.suspended",
            Self::ServicePurged { .. } => "tenant.service.purged",
            Self::ServiceReactivated { .. } => "tenant.service.reactivated",
            Self::CredentialsRotated { .. } => "tenant.credentials.rotated",
            Self::ConnectionsUpdated { .. } => "tenant.connections.updated",
            Self::CacheInvalidate { .. } => "tenant.cache.invalidate",
        }
    }

    /// The service that it is about; `None` where it is about the tenant.
    pub fn service(&self) -> Option<&ServiceName> {
        match self {
            Self::Created | Self::Activated | Self::Suspended | Self::Deleted | Self::Updated => None,
            Self::Newer(event) => event.service(),
            Self::ServiceAssociated { service_name, .. }
            | Self::ServiceDisassociated { service_name, .. }
            | Self::ServiceSuspended { service_name, .. }
            | Self::ServicePurged { service_name }
            | Self::ServiceReactivated { service_name, .. }
            | Self::CredentialsRotated { service_name, .. }
            | Self::ConnectionsUpdated { service_name, .. }
            | Self::CacheInvalidate { service_name, .. } => Some(service_name),
        }
    }
}

/// Paths by module and by `postgresql_rw`, `postgresql_ro` or `mongodb`.
pub type SecretPaths = BTreeMap<ModuleName, BTreeMap<String, SecretPath>>;

/// Where the broker's secret is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagingConfig {
    /// Its path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rabbitmq_secret_path: Option<SecretPath>,
}

/// [`ConnectionSettings`] in snake case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventConnectionSettings {
    /// The most connections.
    pub max_open_conns: u32,
    /// The most idle ones.
    pub max_idle_conns: u32,
    /// How long a statement may run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub statement_timeout: Option<String>,
}

impl From<&ConnectionSettings> for EventConnectionSettings {
    fn from(settings: &ConnectionSettings) -> Self {
        Self {
            max_open_conns: settings.max_open_conns,
            max_idle_conns: settings.max_idle_conns,
            statement_timeout: settings.statement_timeout.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: EventKind) -> serde_json::Value {
        let event = TenantEvent {
            event_id: Uuid::nil(),
            at: Timestamp::from_millis(5),
            tenant_id: "acme".parse().unwrap(),
            tenant_slug: "acme".parse().unwrap(),
            environment: Environment::Staging,
            tenant_version: 3,
            kind,
        };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(serde_json::from_value::<TenantEvent>(json.clone()).unwrap(), event);
        json
    }

    #[test]
    fn a_tenant_level_event_has_no_payload() {
        let json = event(EventKind::Created);
        assert_eq!(json["event_type"], "tenant.created");
        assert!(json.get("payload").is_none());
    }

    #[test]
    fn a_name_is_what_is_written() {
        let service: ServiceName = "ledger".parse().unwrap();
        for kind in [
            EventKind::Updated,
            EventKind::ServicePurged { service_name: service.clone() },
            EventKind::CacheInvalidate { service_name: service, reason: None },
        ] {
            assert_eq!(event(kind.clone())["event_type"], kind.name());
        }
    }

    #[test]
    fn every_type_has_an_example_that_is_read_as_it_is_written() {
        let document = include_str!("../../../docs/EVENTS.md");
        let mut documented = std::collections::BTreeSet::new();
        for line in document.lines().filter(|line| line.starts_with("{\"event_type\"")) {
            let example: serde_json::Value = serde_json::from_str(line).unwrap();
            let kind: EventKind = serde_json::from_value(example.clone()).unwrap();
            assert_eq!(serde_json::to_value(&kind).unwrap(), example);
            documented.insert(kind.name().to_owned());
        }
        assert_eq!(documented, KNOWN_TYPES.map(str::to_owned).into());
    }

    #[test]
    fn a_service_level_event_names_its_service_in_the_payload() {
        let json = event(EventKind::ServiceSuspended {
            service_name: "ledger".parse().unwrap(),
            previous_status: "active".to_owned(),
        });
        assert_eq!(json["event_type"], "tenant.service.suspended");
        let payload = serde_json::json!({ "service_name": "ledger", "previous_status": "active" });
        assert_eq!(json["payload"], payload);
    }
}
