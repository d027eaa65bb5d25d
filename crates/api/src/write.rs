//! Doing a write and answering it: the answer is made before the commit, and kept with it for repeats.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use domain::BoxError;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tenancy::{Refusal, Writing};

use crate::authorization::Authorized;
use crate::error::ApiError;

/// An answer as JSON.
pub(crate) fn json<T: Serialize>(status: StatusCode, body: &T) -> Result<http::Response<Bytes>, ApiError> {
    let mut response = http::Response::new(Bytes::from(serde_json::to_vec(body).map_err(ApiError::Form)?));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Runs a use case that changes something. `answer` makes the answer of its outcome and nothing else: it is called before the
/// commit, for the ledger, and once more afterwards.
pub(crate) async fn write<P, T, A>(
    authorized: &Authorized<P>,
    answer: A,
    run: impl AsyncFnOnce(Writing<'_, T>) -> Result<T, Refusal>,
) -> Result<Response, ApiError>
where
    A: Fn(&T) -> Result<http::Response<Bytes>, ApiError> + Send + Sync,
{
    let keyed = authorized.keyed();
    let remember = |outcome: &T| {
        let Some(keyed) = keyed else { return Ok(None) };
        let answer = answer(outcome).map_err(BoxError::from)?;
        Ok(Some(keyed.row(&answer)?))
    };
    let actor = authorized.actor();
    let outcome = run(Writing { actor: &actor, remember: &remember }).await?;
    Ok(answer(&outcome)?.map(Body::from))
}
