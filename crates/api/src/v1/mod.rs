//! Tenants, what they have of services, and the keys and connections of those.
//!
//! One folder a noun, one file an endpoint. `…In` is what a caller sends, `…Out` what it gets; both are part of the OpenAPI
//! document.

mod active_tenants;
mod api_keys;
mod associations;
mod audit;
mod connections;
mod credentials;
mod events;
mod modules;
mod resources;
mod services;
mod settings;
mod tenants;

pub use api_keys::ApiKeyOut;
pub use connections::may_recall_key;

pub(crate) use associations::NewAssociationIn;
pub(crate) use services::{ModuleEntry, check_base_urls, check_modules};
pub(crate) use tenants::OwnerIn;
use utoipa_axum::router::OpenApiRouter;

use crate::state::ApiState;

/// The routes with their documentation.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(tenants::routes())
        .merge(active_tenants::routes())
        .merge(associations::routes())
        .merge(modules::routes())
        .merge(connections::routes())
        .merge(credentials::routes())
        .merge(events::routes())
        .merge(audit::routes())
        .merge(settings::routes())
        .merge(services::routes())
        .merge(api_keys::routes())
}
