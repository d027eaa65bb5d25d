//! `/v1/tenants/{tenantId}/associations/{service}/modules/{module}`.

mod delete;
mod get;
mod limit;
mod put;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(get::handler, put::handler, delete::handler))
        .routes(routes!(limit::handler))
}
