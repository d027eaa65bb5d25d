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

use axum::Router;
use axum::routing::{get, post};

use crate::state::ApiState;

/// The routes, without a version prefix.
pub(crate) fn routes() -> Router<ApiState> {
    Router::new()
        .route("/cache", get(overview::handler).delete(clear::handler))
        .route("/cache/keys", get(list::handler))
        .route("/cache/keys/{key}", get(inspect::handler).delete(delete::handler))
        .route("/cache/pattern", post(delete_pattern::handler).delete(delete_pattern::handler))
        .route("/cache/{key}", get(inspect::handler).delete(delete::handler))
}
