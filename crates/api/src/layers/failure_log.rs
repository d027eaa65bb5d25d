//! Logs the cause of a failed request once, with its whole chain, at the edge.

use axum::response::Response;
use http::StatusCode;
use middleware::{RequestId, error_chain};

use crate::error::{ApiError, Failure};

/// Logs what the answer does not say. The id of the request must be in the extensions of the answer already.
pub(crate) fn log_failure(response: Response) -> Response {
    if let Some(Failure(error)) = response.extensions().get::<Failure>() {
        log_error(error, response.extensions().get());
    }
    response
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_says_each_thing_once() {
        let error = ApiError::from(cache::CacheError::Interrupted { node: "h:1".to_owned() });
        assert_eq!(
            error_chain(&error),
            "the cache operation failed: the link to h:1 was cut before it answered"
        );
    }
}
