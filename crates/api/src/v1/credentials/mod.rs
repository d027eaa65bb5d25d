//! Credentials with which applications call others on behalf of a tenant: `/v1/tenants/{tenantId}/m2m/…` for services of the
//! platform, `…/external/…` for all else.

mod credential_out;
mod external;
mod m2m;

use utoipa_axum::router::OpenApiRouter;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().merge(m2m::routes()).merge(external::routes())
}
