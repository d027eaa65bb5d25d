//! Logs the cause of a failed request once, with its whole chain, at the edge.

use std::sync::Arc;

use axum::response::Response;
use domain::SecretStoreError;
use http::StatusCode;
use middleware::{FloodGate, RequestId, error_chain};
use tenancy::{ActiveTenantsError, ConnectionsError, Refusal};

use crate::error::{ApiError, Failure};

/// Logs what answers do not say. While something is away, one of the requests that fail for it is logged in ten seconds, with the
/// number of those that were not. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct FailureLog {
    gates: Arc<[FloodGate; 4]>,
}

/// Why many requests fail at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flood {
    Store,
    Secrets,
    Cache,
    Load,
}

impl FailureLog {
    /// Logs what the answer does not say. The id of the request must be in the extensions of the answer already.
    pub(crate) fn log(&self, response: Response) -> Response {
        if let Some(Failure(error)) = response.extensions().get::<Failure>() {
            let request_id = response.extensions().get();
            match flood(error) {
                None => log_error(error, request_id),
                Some(flood) => self.log_one_of_many(flood, error, request_id),
            }
        }
        response
    }

    fn log_one_of_many(&self, flood: Flood, error: &ApiError, request_id: Option<&RequestId>) {
        let request_id = request_id.map(RequestId::as_str);
        let (status, cause) = (error.status().as_u16(), error_chain(error));
        match self.gates[flood as usize].left_out() {
            Some(left_out) => tracing::warn!(request_id, status, cause, left_out, "request failed"),
            None => tracing::debug!(request_id, status, cause, "request failed"),
        }
    }
}

/// Logs a failure of ours. What the caller caused is in the answer and nowhere else.
pub(crate) fn log_error(error: &ApiError, request_id: Option<&RequestId>) {
    let request_id = request_id.map(RequestId::as_str);
    let status = error.status();
    let (code, cause) = (status.as_u16(), error_chain(error));
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(request_id, status = code, cause, "request failed");
    } else if status.is_server_error() {
        tracing::warn!(request_id, status = code, cause, "request failed");
    }
}

/// What is away, where others fail for the same.
fn flood(error: &ApiError) -> Option<Flood> {
    match error {
        ApiError::Refused(refusal)
        | ApiError::ActiveTenants(ActiveTenantsError::Refused(refusal))
        | ApiError::Connections(ConnectionsError::Refused(refusal)) => match refusal.as_ref() {
            Refusal::Store(_) => Some(Flood::Store),
            Refusal::Secrets(SecretStoreError::Unavailable(_)) => Some(Flood::Secrets),
            _ => None,
        },
        ApiError::ActiveTenants(ActiveTenantsError::TooSlow)
        | ApiError::Connections(ConnectionsError::TooSlow)
        | ApiError::TimedOut { .. }
        | ApiError::Overloaded => Some(Flood::Load),
        ApiError::CacheSlow { .. } | ApiError::Unreachable(_) => Some(Flood::Cache),
        ApiError::Cache(_) if error.status() == StatusCode::SERVICE_UNAVAILABLE => Some(Flood::Cache),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::StoreUnavailable;

    use super::*;

    #[test]
    fn a_chain_says_each_thing_once() {
        let error = ApiError::from(cache::CacheError::Interrupted { node: "h:1".to_owned() });
        assert_eq!(
            error_chain(&error),
            "the cache operation failed: the link to h:1 was cut before it answered"
        );
    }

    #[test]
    fn outages_are_floods_and_faults_are_not() {
        let store = || Refusal::Store(StoreUnavailable::new("away"));
        assert_eq!(flood(&store().into()), Some(Flood::Store));
        assert_eq!(flood(&ConnectionsError::Refused(Arc::new(store())).into()), Some(Flood::Store));
        assert_eq!(flood(&ApiError::Overloaded), Some(Flood::Load));
        assert_eq!(flood(&cache::CacheError::Closed.into()), Some(Flood::Cache));
        assert_eq!(flood(&cache::CacheError::Miss.into()), None);
        assert_eq!(flood(&Refusal::Contended.into()), None);
        assert_eq!(flood(&ApiError::Panicked("a".to_owned())), None);
    }
}
