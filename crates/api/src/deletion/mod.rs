//! Deleting by pattern: what is meant ([`DeletionWish`]), what follows from it ([`DeletionPlan`]), the task that does it, and
//! the two forms of its answer.

mod audit;
mod body;
mod events;
mod plan;
mod running;
mod wish;

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;

pub use audit::{DeletionAudit, KeysAudit, PatternAudit};
pub(crate) use body::UnreachableBody;
pub use plan::{DeletionPlan, DeletionRefusal};
pub use wish::DeletionWish;

use body::{DeletionBody, Labels};
use running::Running;

use crate::authorization::CacheWrite;
use crate::error::ApiError;
use crate::event_stream;
use crate::state::ApiState;

/// How long a deletion that is watched waits for a node that does not answer: longer than a fail-over takes.
const PATIENCE_OF_EVENTS: Duration = Duration::from_secs(30);

/// Runs a deletion and answers with events when the caller accepts them, else, and where the request has an idempotency
/// key, with one document. The document says what was done in the time there is; the deletion ends with its request in any
/// case.
pub(crate) async fn answer_deletion(
    state: &ApiState,
    authorized: &CacheWrite,
    plan: DeletionPlan,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let permit = state.deletion_permit()?;
    let keyspace = state.keyspace()?;
    let labels = Labels::of(&plan);
    let audit = DeletionAudit::of_request(authorized, state).begin_pattern(&plan).await;
    // A stream ends with its reader and cannot be repeated: a write that is to be done once gets the document.
    let as_events = event_stream::is_accepted(headers) && !authorized.is_keyed();
    let mut request = plan.request;
    if as_events {
        request.patience = PATIENCE_OF_EVENTS;
    }
    let running = Running::start(audit, permit, |progress, cancel| async move {
        keyspace.delete(&request, &progress, &cancel).await
    });
    if as_events {
        return Ok(events::stream(running, labels, authorized.request_id().cloned()));
    }
    let report = running.finish(state.limits().deletion_time).await?;
    Ok(Json(DeletionBody::of(&labels, report)).into_response())
}
