//! Looking at the keys of the cache and clearing them: what operators do from the console.
//!
//! Every answer is JSON with status 200, deletes included: the older console client reads a body in any case. Fields
//! that several readers know under several names are there under each of them.

mod clear;
mod delete;
mod delete_pattern;
mod details;
mod inspect;
mod list;
mod overview;
mod stats;

pub use details::{KeyItem, KeyReport};

use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::alias::{Alias, alias};
use crate::state::ApiState;

/// The routes, without a version prefix.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    let routes = OpenApiRouter::new()
        .routes(routes!(overview::handler, clear::handler))
        .routes(routes!(list::handler))
        .routes(routes!(inspect::handler, delete::handler))
        .routes(routes!(delete_pattern::handler));
    // As older consoles ask.
    let older = Alias { of: "/cache/keys/{key}", at: "/cache/{key}", suffix: "older", is_legacy: true };
    alias(routes, older, get(inspect::handler).delete(delete::handler))
}
