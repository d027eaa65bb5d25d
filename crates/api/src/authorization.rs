//! What the caller may do, as extractors: a handler that has one is authorized.

use std::marker::PhantomData;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use domain::{Actor, Caller, Scope};
use http::request::Parts;
use middleware::{ClientAddress, KeyedWrite, RequestId};
use tenancy::Refusal;

use crate::error::ApiError;
use crate::permission::{self, Permission};

/// The caller has the permission. Knows the request too, for the audit row.
#[derive(Debug, Clone)]
pub struct Authorized<P> {
    caller: Caller,
    request_id: Option<RequestId>,
    address: Option<IpAddr>,
    keyed: Option<KeyedWrite>,
    permission: PhantomData<P>,
}

/// The caller may look at the cache.
pub type CacheRead = Authorized<permission::CacheRead>;
/// The caller may delete from the cache.
pub type CacheWrite = Authorized<permission::CacheWrite>;

impl<P> Authorized<P> {
    /// Who it is.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The id of the request; none when no layer gave it one.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.request_id.as_ref()
    }

    /// Who asks, for what is written with the change.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            caller: self.caller.id().clone(),
            binding: self.caller.binding().clone(),
            address: self.address,
            request_id: self.request_id.as_ref().map(ToString::to_string),
        }
    }

    /// The write, if it has an idempotency key.
    pub(crate) fn keyed(&self) -> Option<&KeyedWrite> {
        self.keyed.as_ref()
    }

    /// Whether the answer is kept for repeats of the request: it has to be whole when the request ends.
    pub(crate) fn is_keyed(&self) -> bool {
        self.keyed.is_some()
    }
}

impl<S: Sync, P: Permission> FromRequestParts<S> for Authorized<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let caller = caller_of(parts)?;
        if !caller.scopes().allows(&P::SCOPE) {
            return Err(forbidden(&P::SCOPE));
        }
        if P::IS_ABOUT_ALL_TENANTS && caller.binding().tenant.is_some() {
            return Err(Refusal::Bound("one tenant").into());
        }
        Ok(Self {
            caller: caller.clone(),
            request_id: parts.extensions.get().cloned(),
            address: ClientAddress::of(&parts.extensions),
            keyed: parts.extensions.get().cloned(),
            permission: PhantomData,
        })
    }
}

/// The caller that a layer in front of the handler left in the request.
pub(crate) fn caller_of(parts: &Parts) -> Result<&Caller, ApiError> {
    parts.extensions.get::<Caller>().ok_or(ApiError::Unauthorized)
}

pub(crate) fn forbidden(scope: &Scope) -> ApiError {
    ApiError::Forbidden { scope: scope.to_string() }
}
