//! The HTTP face of the pool-manager: an axum router with one endpoint per file, and the one mapping from errors to
//! HTTP answers.
//!
//! A handler unpacks the request, calls one thing and wraps the answer. Authorization is an extractor
//! ([`Authorized`]): a handler that has one is authorized, and nothing else makes one. Everything
//! that is not an answer of a handler (unknown route, wrong method, limits, time-outs, panics) is JSON of the same
//! shape, because the web console takes any other media type for a failure.
//!
//! [`router`] gives the routes with their layers, [`service`] wraps it for the server. What may be deleted
//! ([`DeletionPlan`]), shown ([`KeyReport`]) and logged of it ([`DeletionAudit`]) is decided here for the command line too.

mod alias;
mod authorization;
mod browsers;
mod cache_admin;
mod cursor;
mod deletion;
mod error;
mod event_stream;
mod health;
mod import;
mod json_input;
mod key_name;
mod layers;
mod limits;
mod openapi;
mod parameters;
mod path;
pub mod permission;
mod rate_tier;
mod reader;
mod readiness;
mod refusals;
mod router;
mod state;
#[cfg(test)]
mod test_service;
#[cfg(test)]
mod tests;
mod ttl;
mod v1;
mod value_preview;
mod whole_number;
mod write;

pub use authorization::{Authorized, CacheRead, CacheWrite};
pub use browsers::{Browsers, CorsOrigins, CorsPolicy};
pub use cache_admin::{KeyItem, KeyReport};
pub use deletion::{DeletionAudit, DeletionPlan, DeletionRefusal, DeletionWish, KeysAudit, PatternAudit};
pub use error::{ApiError, BodyProblem, ParameterProblem};
pub use import::imported_record;
pub use key_name::{key_of_base64, key_text};
pub use layers::LeadingSlashes;
pub use limits::Limits;
pub use rate_tier::rate_tier;
pub use readiness::{
    BrokerCheck, BrokerLink, CheckOutcome, CheckStatus, Outbox, OutboxCheck, OverallStatus, Readiness,
    ReadinessChecks, ReadinessReport, ReadinessSettings, RedisCheck, StoreCheck, StoreName,
};
pub use router::{Guards, MoreRoutes, openapi_document, router, service};
pub use state::ApiState;
pub use v1::{ApiKeyOut, may_recall_key};
