//! Who may read: a service what is its own, by its key alone, and others by a permission.

use axum::extract::{FromRequestParts, RawPathParams};
use domain::{Actor, Caller, KeyBinding, Scope, ServiceName};
use http::request::Parts;
use middleware::RequestId;

use crate::authorization::{caller_of, forbidden};
use crate::error::ApiError;

/// Reads tenants: with the permission all of them, a service key those of its service.
#[derive(Debug, Clone)]
pub(crate) struct TenantReader {
    caller: Caller,
    service: Option<ServiceName>,
    request_id: Option<RequestId>,
}

/// Reads what a service has of a tenant: that service's own key, or a permission. As an extractor it is for the connections of
/// the service in the path.
#[derive(Debug, Clone)]
pub(crate) struct ServiceReader(Caller);

impl TenantReader {
    /// Who asks.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            caller: self.caller.id().clone(),
            binding: self.caller.binding().clone(),
            address: None,
            request_id: self.request_id.as_ref().map(ToString::to_string),
        }
    }

    /// The service whose key reads, without the permission to read more.
    pub(crate) fn service(&self) -> Option<&ServiceName> {
        self.service.as_ref()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TenantReader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let caller = caller_of(parts)?.clone();
        let service = match &caller.binding().service {
            _ if caller.scopes().allows(&Scope::TENANTS_READ) => None,
            Some(service) => Some(service.clone()),
            None => return Err(forbidden(&Scope::TENANTS_READ)),
        };
        Ok(Self { caller, service, request_id: parts.extensions.get().cloned() })
    }
}

impl ServiceReader {
    /// Whose tenants the caller sees.
    pub(crate) fn binding(&self) -> &KeyBinding {
        self.0.binding()
    }

    /// The caller, if it may read what is this service's.
    pub(crate) fn of(caller: &Caller, service: &str, permission: &Scope) -> Result<Self, ApiError> {
        let is_own = caller.binding().service.as_ref().is_some_and(|own| own.as_str() == service);
        if is_own || caller.scopes().allows(permission) {
            return Ok(Self(caller.clone()));
        }
        // Without a status: clients would take it for a suspension, and let go of a tenant that lives.
        Err(forbidden(permission))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ServiceReader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let segments =
            RawPathParams::from_request_parts(parts, state).await.map_err(|_| ApiError::NoRoute)?;
        let service = segments.iter().find(|(name, _)| *name == "service").map(|(_, value)| value);
        Self::of(caller_of(parts)?, service.ok_or(ApiError::NoRoute)?, &Scope::CONNECTIONS_READ)
    }
}
