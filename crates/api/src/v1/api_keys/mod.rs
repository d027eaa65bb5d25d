//! `/v1/services/{service}/api-keys`, and `/v1/api-keys` for the keys of no service. Both do the same: an endpoint of each
//! stands in one file.

mod api_key_out;
mod create;
mod get;
mod list;
mod revoke;
mod rotate;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub use api_key_out::ApiKeyOut;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::of_service, create::of_service))
        .routes(routes!(get::of_service, revoke::of_service))
        .routes(routes!(rotate::of_service))
        .routes(routes!(list::of_none, create::of_none))
        .routes(routes!(get::of_none, revoke::of_none))
        .routes(routes!(rotate::of_none))
}
