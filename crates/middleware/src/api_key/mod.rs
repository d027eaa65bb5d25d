//! Finds out who calls, by the API key in the `X-API-Key` header.
//!
//! A key that was seen lately is answered from memory: [`verdicts`] holds what is known, [`look_up`] finds out the rest in
//! the shared cache and at the source, and [`gate`] bounds how often strangers can cause that.

mod cache_key;
mod credential;
mod gate;
mod key_record;
mod known_key;
mod layer;
mod look_up;
mod refusal;
mod room;
mod service;
mod standing;
#[cfg(test)]
mod tests;
mod verdicts;

use http::HeaderName;

pub use gate::SourceLimits;
pub use layer::ApiKeyLayer;
pub use service::ApiKeyGuard;
pub(crate) use standing::KeyStanding;

/// The header that holds the key.
pub const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
