//! Whom a key is for.

use crate::environment::Environment;
use crate::service_name::ServiceName;

/// Whose tenants a caller sees. The default binds to nothing: all services, all environments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct KeyBinding {
    /// The one service that calls with it; it may read what is that service's without a scope.
    pub service: Option<ServiceName>,
    /// The one environment whose tenants it sees: those of the other do not exist for it.
    pub environment: Option<Environment>,
}

impl KeyBinding {
    /// Whether tenants of this environment exist for it.
    pub fn sees(&self, environment: Environment) -> bool {
        self.environment.is_none_or(|own| own == environment)
    }

    /// Whether it is this service's own.
    pub fn is_of(&self, service: &ServiceName) -> bool {
        self.service.as_ref() == Some(service)
    }
}
