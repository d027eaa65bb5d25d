//! `/v1/services`: the catalogue.

mod delete_module;
mod get;
mod list;
mod list_modules;
mod put_module;
mod register;
mod remove;
mod service_body;
mod update;

pub(crate) use service_body::{ModuleEntry, check_base_urls, check_modules};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, register::handler))
        .routes(routes!(get::handler, update::handler, remove::handler))
        .routes(routes!(list_modules::handler))
        .routes(routes!(put_module::handler, delete_module::handler))
}
