//! How callers show who they are.

use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};

use crate::alias::all_operations;

/// The names of the schemes in the document.
const API_KEY: &str = "apiKey";
const BEARER_TOKEN: &str = "bearerToken";

/// Describes both ways.
pub(super) struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut OpenApi) {
        let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
            "X-API-Key",
            "The key of an operator or of a service. The scopes are what it must have been granted; a service reads \
             what is its own without.",
        )));
        let mut token = Http::new(HttpAuthScheme::Bearer);
        token.bearer_format = Some("JWT".to_owned());
        token.description = Some(
            "A token of an issuer that the deployment believes. What it permits stands in its permissions and its scope."
                .to_owned(),
        );
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(API_KEY, key);
        components.add_security_scheme(BEARER_TOKEN, SecurityScheme::Http(token));
    }
}

/// Says of every operation that needs a key that a token will do: operations name their permission once.
pub(crate) fn add_tokens(document: &mut OpenApi) {
    for (_, operation) in all_operations(document) {
        if let Some(security) = &mut operation.security {
            let by_token = security.iter().find_map(with_token);
            security.extend(by_token);
        }
    }
}

/// The same permissions of a token.
fn with_token(by_key: &SecurityRequirement) -> Option<SecurityRequirement> {
    let requirement = serde_json::to_value(by_key).ok()?;
    let scopes: Vec<String> = serde_json::from_value(requirement.get(API_KEY)?.clone()).ok()?;
    Some(SecurityRequirement::new(BEARER_TOKEN, scopes))
}
