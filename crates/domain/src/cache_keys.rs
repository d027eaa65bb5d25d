//! The keys of the cache under which this service keeps records that it looks up.

use crate::api_key_hash::ApiKeyHash;
use crate::environment::Environment;
use crate::service_name::ServiceName;
use crate::tenant_id::TenantId;

/// Begins the keys of connections, as the clients of the platform call them in their own caches.
pub const TENANT_CONNECTIONS: &str = "tenant-connections:";
/// Begins the keys of the lists of active tenants.
pub const ACTIVE_TENANTS: &str = "active-tenants:";
/// Begins the keys of API keys' records.
pub const API_KEY: &str = "apikey:sha256:";

/// `tenant-connections:{tenant}:{service}`.
pub fn tenant_connections(tenant: &TenantId, service: &ServiceName) -> String {
    format!("{TENANT_CONNECTIONS}{tenant}:{service}")
}

/// `active-tenants:{environment}:{service}`; `all` for both environments.
pub fn active_tenants(environment: Option<Environment>, service: &ServiceName) -> String {
    let environment = environment.map_or("all", Environment::name);
    format!("{ACTIVE_TENANTS}{environment}:{service}")
}

/// `apikey:sha256:{hash}`.
pub fn api_key(hash: &ApiKeyHash) -> String {
    format!("{API_KEY}{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_family::KeyFamily;

    #[test]
    fn each_is_of_its_family() {
        let tenant = "0f8fad5bd9cb469fa16570867728950e".parse().unwrap();
        let service = "ledger".parse().unwrap();
        let hash = ApiKeyHash::from_bytes([7; 32]);
        for (key, family) in [
            (tenant_connections(&tenant, &service), KeyFamily::TenantConnections),
            (active_tenants(Some(Environment::Staging), &service), KeyFamily::ActiveTenantsChanges),
            (active_tenants(None, &service), KeyFamily::ActiveTenantsChanges),
            (api_key(&hash), KeyFamily::ApiKey),
        ] {
            assert_eq!(KeyFamily::of(key.as_bytes()), Some(family), "{key}");
        }
    }
}
