//! What stands between the socket and the handlers, apart from the layers that other services use too.

mod failure_log;
mod leading_slashes;
mod panic;
mod request_limits;

pub(crate) use failure_log::{log_error, log_failure};
pub use leading_slashes::LeadingSlashes;
pub(crate) use panic::answer_panic;
pub(crate) use request_limits::{BodyLimit, bound_concurrency, bound_head, bound_time};
