//! The kinds of backing stores.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::module_name::ModuleName;
use crate::secret::SecretPath;
use crate::tenant_id::TenantId;

/// What a module may own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ResourceKind {
    /// PostgreSQL, for reading and writing.
    Postgresql,
    /// PostgreSQL, for reading only.
    PostgresqlReplica,
    /// MongoDB or DocumentDB.
    Mongodb,
    /// RabbitMQ.
    Rabbitmq,
    /// Kafka.
    Kafka,
}

/// The text names no kind of backing store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be postgresql, postgresqlReplica, mongodb, rabbitmq or kafka")]
pub struct UnknownResource;

impl ResourceKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Postgresql, Self::PostgresqlReplica, Self::Mongodb, Self::Rabbitmq, Self::Kafka];

    /// Its name in bodies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql",
            Self::PostgresqlReplica => "postgresqlReplica",
            Self::Mongodb => "mongodb",
            Self::Rabbitmq => "rabbitmq",
            Self::Kafka => "kafka",
        }
    }

    /// Where the secret of such a store is: `tenants/{environment}/{tenant}/{module}/{kind}`.
    ///
    /// Kafka's is found by programs that list such paths, which leave out dashes of the tenant and all signs of the module.
    /// Nobody but this service reads the others; they keep the signs, so that no two tenants or modules meet in one path.
    pub fn secret_path(self, environment: Environment, tenant: &TenantId, module: &ModuleName) -> SecretPath {
        let (tenant, module) = match self {
            Self::Kafka => (tenant.dashless(), module.secret_segment()),
            _ => (tenant.to_string(), module.as_str().to_ascii_lowercase()),
        };
        SecretPath::of_segments(&["tenants", environment.name(), &tenant, &module, self.secret_leaf()])
    }

    fn secret_leaf(self) -> &'static str {
        match self {
            Self::Postgresql => "postgres",
            Self::PostgresqlReplica => "postgres-ro",
            Self::Mongodb => "mongodb",
            Self::Rabbitmq => "rabbitmq",
            Self::Kafka => "kafka",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for ResourceKind {
    type Err = UnknownResource;

    fn from_str(text: &str) -> Result<Self, UnknownResource> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownResource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for kind in ResourceKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!("mysql".parse::<ResourceKind>(), Err(UnknownResource));
    }

    #[test]
    fn paths_are_those_that_others_look_for() {
        let path = |kind: ResourceKind, tenant: &str, module: &str| {
            let (tenant, module) = (tenant.parse().unwrap(), module.parse().unwrap());
            kind.secret_path(Environment::Production, &tenant, &module).to_string()
        };
        let tenant = "0f8fad5b-d9cb-469f-a165-70867728950e";
        let hex = "0f8fad5bd9cb469fa16570867728950e";
        assert_eq!(
            path(ResourceKind::Kafka, tenant, "Sub-Module"),
            format!("tenants/production/{hex}/submodule/kafka")
        );
        assert_eq!(
            path(ResourceKind::PostgresqlReplica, tenant, "crm-api"),
            format!("tenants/production/{hex}/crm-api/postgres-ro")
        );
        assert_eq!(path(ResourceKind::Mongodb, "a-b", "m"), "tenants/production/a-b/m/mongodb");
    }
}
