//! Finds out who calls, by the JSON Web Token (RFC 7519) in the `Authorization` header (RFC 6750).
//!
//! A token that was verified lately is answered from memory: [`verifier`] holds what is known and checks the rest,
//! [`issuer_keys`] reads and renews the keys that issuers sign with, [`claims`] makes a caller of what a token says.

mod claims;
mod issuer_keys;
mod layer;
mod policy;
mod presented;
mod refusal;
mod service;
mod signing_key;
mod standing;
#[cfg(test)]
mod tests;
mod verified;
mod verifier;

pub use layer::BearerTokenLayer;
pub use policy::{TokenIssuer, TokenPolicy};
pub use service::BearerTokenGuard;
pub(crate) use standing::TokenStanding;
pub use verifier::TokenCounters;
