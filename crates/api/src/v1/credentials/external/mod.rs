//! `/v1/tenants/{tenantId}/external/{application}/{target}`.

mod body;
mod create;
mod delete;
mod put;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create::handler, put::handler, delete::handler))
}
