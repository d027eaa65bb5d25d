//! The permissions as types: a handler asks for one by the type of its extractor.

use domain::Scope;

/// What a caller needs the scope for.
pub trait Permission: Send + Sync + 'static {
    /// The scope that allows it.
    const SCOPE: Scope;
    /// Whether it is about all tenants together: not for a caller that is bound to one of them, whatever its scopes.
    const IS_ABOUT_ALL_TENANTS: bool = false;
}

/// Looking at the cache.
#[derive(Debug, Clone, Copy)]
pub struct CacheRead;

/// Deleting from the cache.
#[derive(Debug, Clone, Copy)]
pub struct CacheWrite;

/// Looking at tenants.
#[derive(Debug, Clone, Copy)]
pub struct TenantsRead;

/// Making and changing tenants.
#[derive(Debug, Clone, Copy)]
pub struct TenantsWrite;

/// Looking at associations.
#[derive(Debug, Clone, Copy)]
pub struct AssociationsRead;

/// Making and changing associations.
#[derive(Debug, Clone, Copy)]
pub struct AssociationsWrite;

/// Looking at the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct ServicesRead;

/// Changing the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct ServicesWrite;

/// Looking at API keys.
#[derive(Debug, Clone, Copy)]
pub struct ApiKeysRead;

/// Making, replacing and withdrawing API keys.
#[derive(Debug, Clone, Copy)]
pub struct ApiKeysWrite;

/// Writing credentials with which applications call others.
#[derive(Debug, Clone, Copy)]
pub struct M2mWrite;

/// Looking at who did what.
#[derive(Debug, Clone, Copy)]
pub struct AuditRead;

impl Permission for AuditRead {
    const SCOPE: Scope = Scope::AUDIT_READ;
    const IS_ABOUT_ALL_TENANTS: bool = true;
}

impl Permission for M2mWrite {
    const SCOPE: Scope = Scope::M2M_WRITE;
}

impl Permission for CacheRead {
    const SCOPE: Scope = Scope::CACHE_READ;
    const IS_ABOUT_ALL_TENANTS: bool = true;
}

impl Permission for CacheWrite {
    const SCOPE: Scope = Scope::CACHE_WRITE;
    const IS_ABOUT_ALL_TENANTS: bool = true;
}

impl Permission for TenantsRead {
    const SCOPE: Scope = Scope::TENANTS_READ;
}

impl Permission for TenantsWrite {
    const SCOPE: Scope = Scope::TENANTS_WRITE;
}

impl Permission for AssociationsRead {
    const SCOPE: Scope = Scope::ASSOCIATIONS_READ;
}

impl Permission for AssociationsWrite {
    const SCOPE: Scope = Scope::ASSOCIATIONS_WRITE;
}

impl Permission for ServicesRead {
    const SCOPE: Scope = Scope::SERVICES_READ;
}

impl Permission for ServicesWrite {
    const SCOPE: Scope = Scope::SERVICES_WRITE;
    const IS_ABOUT_ALL_TENANTS: bool = true;
}

impl Permission for ApiKeysRead {
    const SCOPE: Scope = Scope::API_KEYS_READ;
}

impl Permission for ApiKeysWrite {
    const SCOPE: Scope = Scope::API_KEYS_WRITE;
}
