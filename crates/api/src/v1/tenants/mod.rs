//! `/v1/tenants`.

mod create;
mod delete;
mod get;
mod list;
mod reactivate;
mod suspend;
mod tenant_out;
mod update;

pub(crate) use create::OwnerIn;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(get::handler, update::handler, delete::handler))
        .routes(routes!(suspend::handler))
        .routes(routes!(reactivate::handler))
}
