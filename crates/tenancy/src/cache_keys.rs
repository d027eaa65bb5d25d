//! Under which keys of the cache it is kept what may be known of tenants.

use domain::{ApiKeyHash, Environment, ServiceName, TenantId};

/// Of the connections of a tenant to a service, as the clients of the platform call it in their own caches.
pub(crate) const CONNECTIONS: &str = "tenant-connections:";
/// Of the lists of active tenants.
pub(crate) const ACTIVE_TENANTS: &str = "active-tenants:";

/// `tenant-connections:{tenant}:{service}`.
pub(crate) fn connections(tenant: &TenantId, service: &ServiceName) -> String {
    format!("{CONNECTIONS}{tenant}:{service}")
}

/// `active-tenants:{environment}:{service}`; `all` for both environments.
pub(crate) fn active_tenants(environment: Option<Environment>, service: &ServiceName) -> String {
    let environment = environment.map_or("all", Environment::name);
    format!("{ACTIVE_TENANTS}{environment}:{service}")
}

/// What the key layer keeps of a text.
pub(crate) fn api_key(hash: &ApiKeyHash) -> String {
    format!("apikey:sha256:{hash}")
}
