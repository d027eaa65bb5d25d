//! What is unique among the tenants that live.

use domain::{Environment, Slug};

/// The environment and the slug as one text.
pub(crate) fn slug_key(environment: Environment, slug: &Slug) -> String {
    format!("{environment}/{slug}")
}
