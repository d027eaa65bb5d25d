//! Finds out who calls, by the API key in the `X-API-Key` header.

mod layer;
mod refusal;
mod service;
#[cfg(test)]
mod tests;

use http::HeaderName;

pub use layer::ApiKeyLayer;
pub use service::ApiKeyGuard;

/// The header that holds the key.
pub const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
