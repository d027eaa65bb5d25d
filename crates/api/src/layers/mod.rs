//! What stands between the socket and the handlers, apart from the layers that other services use too.

mod declared_permissions;
mod failure_log;
mod forbidden_watch;
mod leading_slashes;
mod panic;
mod places;
mod request_limits;
mod security_headers;

pub(crate) use declared_permissions::DeclaredPermissionsLayer;
pub(crate) use failure_log::{FailureLog, log_error};
pub(crate) use forbidden_watch::ForbiddenWatchLayer;
pub use leading_slashes::LeadingSlashes;
pub(crate) use panic::PanicLayer;
pub(crate) use places::PlacesLayer;
pub(crate) use request_limits::{BodyLimit, RequestLimitsLayer};
pub(crate) use security_headers::{documentation, secured};
