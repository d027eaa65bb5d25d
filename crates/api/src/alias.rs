//! Other names of routes, so that the document knows them too.

use axum::routing::MethodRouter;
use utoipa::openapi::path::{HttpMethod, Operation, PathItem, Paths};
use utoipa::openapi::{Deprecated, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use crate::state::ApiState;

/// Another name of a documented route.
#[derive(Clone, Copy)]
pub(crate) struct Alias {
    /// The path of the route.
    pub(crate) of: &'static str,
    /// The other path.
    pub(crate) at: &'static str,
    /// What tells its operations from those of the route; stands behind their ids.
    pub(crate) suffix: &'static str,
    /// Whether nobody is to begin with it.
    pub(crate) is_legacy: bool,
}

/// Serves `methods` under the other name, and documents them as the route is.
pub(crate) fn alias(
    router: OpenApiRouter<ApiState>,
    alias: Alias,
    methods: MethodRouter<ApiState>,
) -> OpenApiRouter<ApiState> {
    let mut item = router.get_openapi().paths.get_path_item(alias.of).cloned().unwrap_or_default();
    for (_method, operation) in operations(&mut item) {
        rename(operation, alias.suffix);
        if alias.is_legacy {
            operation.deprecated = Some(Deprecated::True);
        }
    }
    let mut paths = Paths::new();
    paths.paths.insert(alias.at.to_owned(), item);
    router.routes((Vec::new(), paths, methods))
}

/// The same routes with other ids of their operations: for those that are mounted twice.
pub(crate) fn renamed(mut router: OpenApiRouter<ApiState>, suffix: &str) -> OpenApiRouter<ApiState> {
    all_operations(router.get_openapi_mut()).for_each(|(_method, operation)| rename(operation, suffix));
    router
}

/// The same routes as some that nobody is to begin with.
pub(crate) fn deprecated(mut router: OpenApiRouter<ApiState>) -> OpenApiRouter<ApiState> {
    let operations = all_operations(router.get_openapi_mut());
    operations.for_each(|(_method, operation)| operation.deprecated = Some(Deprecated::True));
    router
}

/// Every operation of a document with its method.
pub(crate) fn all_operations(document: &mut OpenApi) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    document.paths.paths.values_mut().flat_map(operations)
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let of_methods = [
        (HttpMethod::Get, get),
        (HttpMethod::Put, put),
        (HttpMethod::Post, post),
        (HttpMethod::Delete, delete),
        (HttpMethod::Patch, patch),
    ];
    of_methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn rename(operation: &mut Operation, suffix: &str) {
    operation.operation_id = operation.operation_id.take().map(|id| format!("{id}_{suffix}"));
}
