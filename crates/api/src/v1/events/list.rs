//! `GET /v1/events`: a page of events, or all that come.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use middleware::Standing;
use serde::Serialize;
use serde_json::Value;
use tenancy::EventPage;
use utoipa::ToSchema;

use super::reading::{Reading, number};
use super::stream;
use crate::error::ApiError;
use crate::event_stream;
use crate::parameters::Parameters;
use crate::state::ApiState;

/// Some events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventsOut {
    /// The messages as they were published, by `sequence`.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
    /// Goes into `after` of the next request.
    #[schema(example = 4711)]
    next: u64,
    has_more: bool,
    /// The highest number of the environment.
    #[schema(example = 4720)]
    last: u64,
}

/// The events of an environment behind a number, by number: what a subscriber missed. A service key gets those of its own
/// service and of tenants as a whole. With `Accept: text/event-stream` they come as they are released, each with its number as
/// the id of the event; who reconnects with `Last-Event-ID` goes on behind it, and without it and `after` begins with what is
/// new. 410 where the events behind the number are not kept any more: ask for `last` without a number, read the tenants anew, and go
/// on behind it.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "events",
    operation_id = "listEvents",
    params(
        ("after" = Option<u64>, Query, description = "The last number that is known; without it, from the first that is kept on"),
        ("environment" = Option<String>, Query, description = "`staging` or `production`; that of the key where there is none"),
        ("limit" = Option<usize>, Query, description = "1 to 200, 20 where there is none"),
    ),
    responses(
        (status = 200, description = "A page, or a stream", content(
            (EventsOut = "application/json"),
            (String = "text/event-stream"),
        )),
        (status = 400, description = "A parameter is wrong", body = crate::openapi::ErrorOut),
        (status = 410, description = "The events behind the number are not kept", body = crate::openapi::ErrorOut),
        (status = 422, description = "There is no such environment", body = crate::openapi::ErrorOut),
        (status = 429, description = "Too many streams are open", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:events:read"])),
)]
pub(super) async fn handler(State(state): State<ApiState>, request: Request) -> Result<Response, ApiError> {
    let (parts, _body) = request.into_parts();
    let parameters = Parameters::of_query(parts.uri.query());
    let reading = Reading::of(&parts, &parameters, &state)?;
    let after = parameters.text("after")?.map(|text| number("after", &text)).transpose()?;
    if event_stream::is_accepted(&parts.headers) {
        let known = parts.headers.get("last-event-id").and_then(|id| id.to_str().ok());
        let known = known.map(|text| number("Last-Event-ID", text)).transpose()?;
        let standing = Standing::of(&parts.extensions);
        return stream::open(state, reading, standing, known.or(after)).await;
    }
    let page = reading.page(&state, after, parameters.limit()?).await?;
    let events = page.events.iter().map(|event| serde_json::to_value(event.envelope()));
    let events = events.collect::<Result<_, _>>().map_err(ApiError::Form)?;
    let EventPage { next, has_more, last, .. } = page;
    Ok(Json(EventsOut { events, next, has_more, last }).into_response())
}
