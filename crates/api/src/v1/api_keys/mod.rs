//! `/v1/services/{service}/api-keys`.

mod api_key_out;
mod create;
mod list;
mod revoke;
mod rotate;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(revoke::handler))
        .routes(routes!(rotate::handler))
}
