//! Which requests are let in by what is remembered of their keys.

use axum::extract::MatchedPath;
use http::{Extensions, Method};

/// Where connections are read, under each of their names.
const ROUTES: [&str; 5] = [
    "/v1/tenants/{tenantId}/associations/{service}/connections",
    "/v1/tenants/{tenantId}/services/{service}/connections",
    "/tenants/{tenantId}/associations/{service}/connections",
    "/tenants/{tenantId}/services/{service}/settings",
    "/tenants/{tenantId}/settings",
];

/// Whether the request reads connections: that, and nothing else, a key may do that cannot be checked now and was good when
/// it was last checked.
pub fn may_recall_key(method: &Method, extensions: &Extensions) -> bool {
    let route = extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    method == Method::GET && route.is_some_and(|route| ROUTES.contains(&route))
}
