//! `/v1/tenants/{tenantId}/associations`.

mod associate;
mod association_out;
mod disassociate;
mod get;
mod invalidate;
mod list;
mod purge;
mod reactivate;
mod rotate_credentials;
mod suspend;

pub(crate) use associate::NewAssociationIn;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::handler))
        .routes(routes!(get::handler, associate::handler, disassociate::handler))
        .routes(routes!(suspend::handler))
        .routes(routes!(reactivate::handler))
        .routes(routes!(purge::handler))
        .routes(routes!(invalidate::handler))
        .routes(routes!(rotate_credentials::handler))
}
