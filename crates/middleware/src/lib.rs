//! Tower layers that any HTTP service can use, each alone: who calls ([`ApiKeyLayer`]), which request it is
//! ([`RequestIdLayer`]), what became of it ([`AccessLogLayer`]), the one form of error bodies ([`ErrorBody`]) and of errors
//! in the log ([`error_chain`](error_chain())).
//!
//! The layers know no web framework: they work with every body type that the service behind them takes, and those that
//! answer by themselves with every one that is made from bytes. What they need from outside, such as keys, clocks and
//! randomness, they are given.

mod access_log;
mod api_key;
mod error_body;
mod error_chain;
mod request_id;
#[cfg(test)]
mod test_log;

pub use access_log::{AccessLog, AccessLogFuture, AccessLogLayer};
pub use api_key::{ApiKeyGuard, ApiKeyLayer, X_API_KEY};
pub use error_body::{ErrorBody, codes};
pub use error_chain::error_chain;
pub use request_id::{RequestId, RequestIdFuture, RequestIdLayer, SetRequestId, X_REQUEST_ID};
