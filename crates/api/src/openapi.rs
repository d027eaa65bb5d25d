//! The OpenAPI document, made of the routes themselves.

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header;
use serde::Serialize;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi, Ref, Response};
use utoipa::{Modify, OpenApi as _, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::alias::all_operations;
use crate::state::ApiState;

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
    status: Option<String>,
    /// Everything that is wrong with the values of a request.
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
    modifiers(&Security),
    components(schemas(ErrorOut)),
)]
struct Head;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
            "X-API-Key",
            "The key of an operator or of a service. The scopes are what it must have been granted; a service reads \
             what is its own without.",
        )));
        let mut token = Http::new(HttpAuthScheme::Bearer);
        token.bearer_format = Some("JWT".to_owned());
        token.description = Some(
            "A token of an issuer that the deployment believes. What it permits stands in its permissions and scope."
                .to_owned(),
        );
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(API_KEY, scheme);
        components.add_security_scheme(BEARER_TOKEN, SecurityScheme::Http(token));
    }
}

/// The names of the schemes in the document.
const API_KEY: &str = "apiKey";
const BEARER_TOKEN: &str = "bearerToken";

/// What every operation that needs a key may answer, whatever it does.
const REFUSALS: [(&str, &str); 2] = [
    ("401", "There is neither an API key nor a bearer token, or what there is is not valid"),
    ("403", "The caller has not the permission that is needed"),
];

/// Adds what the layers answer in front of every operation that needs a caller, and that a token does what a key does: an operation
/// names its permission once.
pub(crate) fn add_refusals(document: &mut OpenApi) {
    for operation in all_operations(document) {
        let Some(security) = operation.security.as_mut().filter(|all| !all.is_empty()) else { continue };
        let by_token = security.iter().find_map(|by_key| with_token(by_key));
        security.extend(by_token);
        for (status, description) in REFUSALS {
            let content = Content::new(Some(Ref::from_schema_name("ErrorOut")));
            let refusal = Response::builder().description(description).content("application/json", content);
            let responses = &mut operation.responses.responses;
            responses.entry(status.to_owned()).or_insert_with(|| refusal.build().into());
        }
    }
}

/// The same permissions of a token.
fn with_token(by_key: &SecurityRequirement) -> Option<SecurityRequirement> {
    let requirement = serde_json::to_value(by_key).ok()?;
    let scopes: Vec<String> = serde_json::from_value(requirement.get(API_KEY)?.clone()).ok()?;
    Some(SecurityRequirement::new(BEARER_TOKEN, scopes))
}

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
