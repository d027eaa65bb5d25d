//! Which rate limit a route is held to.

use axum::extract::MatchedPath;
use domain::RateTier;
use http::{Extensions, Method};
use middleware::is_write;

/// The tier of a request after routing: writes have the narrowest; what services ask for all their tenants every few
/// seconds the widest, because their clients take a 429 for an outage. What matches no route is not told apart by its
/// method. A caller with a tier of its own is held to that one instead.
pub fn rate_tier(method: &Method, extensions: &Extensions) -> RateTier {
    let Some(route) = extensions.get::<MatchedPath>() else { return RateTier::Default };
    if is_write(method) {
        return RateTier::Aggressive;
    }
    if is_for_services(route.as_str()) { RateTier::Service } else { RateTier::Default }
}

/// By the end of the template, because the routes are there with and without a prefix.
fn is_for_services(route: &str) -> bool {
    // Older clients know connections as settings.
    ["/connections", "/settings", "/tenants/active"].iter().any(|end| route.ends_with(end))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::routing::any;
    use tower::ServiceExt;

    use super::*;

    async fn tier(method: Method, uri: &str) -> String {
        let handler =
            async |request: Request| [("x-tier", rate_tier(request.method(), request.extensions()).name())];
        let routes = Router::new()
            .route("/cache/{key}", any(handler))
            .route("/v1/tenants/active", any(handler))
            .route("/v1/tenants/{tenant_id}/associations/{service}/connections", any(handler))
            .route("/tenants/{tenant_id}/services/{service}/settings", any(handler))
            .fallback(handler);
        let request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
        let response = routes.oneshot(request).await.unwrap();
        response.headers()["x-tier"].to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_route_and_its_method_have_a_tier() {
        for (method, uri, expected) in [
            (Method::GET, "/cache/key", "default"),
            (Method::GET, "/cache/connections", "default"),
            (Method::DELETE, "/cache/key", "aggressive"),
            (Method::GET, "/v1/tenants/active", "service"),
            (Method::GET, "/v1/tenants/t/associations/ledger/connections", "service"),
            (Method::GET, "/tenants/t/services/ledger/settings", "service"),
            (Method::HEAD, "/v1/tenants/active", "service"),
            (Method::PUT, "/v1/tenants/t/associations/ledger/connections", "aggressive"),
            (Method::POST, "/nowhere", "default"),
            (Method::GET, "/a/connections", "default"),
        ] {
            assert_eq!(tier(method.clone(), uri).await, expected, "{method} {uri}");
        }
    }
}
