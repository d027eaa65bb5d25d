//! `/v1/tenants/{tenantId}/settings?service=`: settings of a tenant for a service.

mod get;
mod put;
mod settings_out;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(get::handler, put::handler))
}
