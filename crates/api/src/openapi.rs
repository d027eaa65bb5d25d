//! The OpenAPI document, made of the routes themselves.

mod answers;
mod forms;
mod security;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header;
use serde::Serialize;
use utoipa::openapi::OpenApi;
use utoipa::{OpenApi as _, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::state::ApiState;
pub(crate) use answers::add_refusals;
pub(crate) use forms::describe_forms;
use security::Schemes;
pub(crate) use security::add_tokens;

/// The body of every failure.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorOut {
    /// Symbolic, always a text.
    #[schema(example = "TM-0404")]
    code: String,
    #[schema(example = "Not Found")]
    title: String,
    #[schema(example = "there is no such tenant")]
    message: String,
    /// The same as `message`, for older clients.
    #[schema(example = "there is no such tenant")]
    error: String,
    /// `suspended` or `purged`; only where a tenant or one of its services is kept out.
    #[schema(nullable = false)]
    status: Option<String>,
    /// Everything that is wrong with the values of a request.
    #[schema(nullable = false)]
    errors: Option<Vec<FieldErrorOut>>,
}

/// One value that makes no sense.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldErrorOut {
    /// The path in the body.
    #[schema(example = "modules.onboarding.postgresql.port")]
    field: String,
    #[schema(example = "must be 1 to 65535")]
    message: String,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "pool-manager",
        description = "Tenants, what they have of services, and the connections that services ask for.",
        license(name = "proprietary"),
    ),
    modifiers(&Schemes),
    components(schemas(ErrorOut)),
)]
struct Head;

/// The document as text, and as a page. Open to everybody: it tells how to ask, and nothing of what is there.
pub(crate) fn routes(document: &OpenApi) -> Router<ApiState> {
    let json = Bytes::from(text(document));
    let handler = move || async move { ([(header::CONTENT_TYPE, "application/json")], json) };
    let page = SwaggerUi::new("/docs").config(Config::new(["/openapi.json"]));
    Router::new().route("/openapi.json", get(handler)).merge(page)
}

/// The document as JSON for people.
pub(crate) fn text(document: &OpenApi) -> String {
    // Texts and numbers can always be written as JSON.
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// The document without the routes.
pub(crate) fn head() -> OpenApi {
    Head::openapi()
}
