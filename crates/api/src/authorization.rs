//! What the caller may do, as extractors: a handler that has one is authorized.

use axum::extract::FromRequestParts;
use domain::{Caller, Scope};
use http::request::Parts;
use middleware::{KeyedWrite, RequestId};

use crate::error::ApiError;

/// The caller may look at the cache.
#[derive(Debug, Clone)]
pub struct CacheRead {
    caller: Caller,
}

/// The caller may delete from the cache. Knows the request too, for the audit line.
#[derive(Debug, Clone)]
pub struct CacheWrite {
    caller: Caller,
    request_id: Option<RequestId>,
    is_keyed: bool,
}

impl CacheRead {
    /// Who it is.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

impl CacheWrite {
    /// Who it is.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The id of the request; none when no layer gave it one.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.request_id.as_ref()
    }

    /// Whether the answer is kept for repeats of the request: it has to be whole when the request ends.
    pub(crate) fn is_keyed(&self) -> bool {
        self.is_keyed
    }
}

impl<S: Sync> FromRequestParts<S> for CacheRead {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        caller_with(parts, &Scope::CACHE_READ).map(|caller| Self { caller })
    }
}

impl<S: Sync> FromRequestParts<S> for CacheWrite {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let caller = caller_with(parts, &Scope::CACHE_WRITE)?;
        let is_keyed = parts.extensions.get::<KeyedWrite>().is_some();
        Ok(Self { caller, request_id: parts.extensions.get().cloned(), is_keyed })
    }
}

/// The caller that a layer in front of the handler left in the request, if it has the scope.
fn caller_with(parts: &Parts, scope: &Scope) -> Result<Caller, ApiError> {
    let caller = parts.extensions.get::<Caller>().ok_or(ApiError::Unauthorized)?;
    if caller.scopes().allows(scope) {
        Ok(caller.clone())
    } else {
        Err(ApiError::Forbidden { scope: scope.to_string() })
    }
}
