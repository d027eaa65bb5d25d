//! Tells whoever may not do a write so before its body is read, and before the answer of an earlier one is repeated.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::{IntoResponse, Response};
use domain::{Caller, Scope};
use futures::future::Either;
use http::Request;
use middleware::is_write;
use tower::{Layer, Service};
use utoipa::openapi::OpenApi;

use crate::authorization::forbidden;

/// What each route declares in the document. The handlers ask for the same by their types, and a test compares both.
#[derive(Clone)]
pub(crate) struct DeclaredPermissionsLayer(Arc<Permissions>);

/// By method, then by route.
type Permissions = HashMap<String, HashMap<String, Scope>>;

/// The service that [`DeclaredPermissionsLayer`] makes.
#[derive(Clone)]
pub(crate) struct DeclaredPermissions<S> {
    inner: S,
    permissions: Arc<Permissions>,
}

impl DeclaredPermissionsLayer {
    /// What the operations of the document need.
    pub(crate) fn of(document: &OpenApi) -> Self {
        let mut permissions = Permissions::new();
        // Texts and numbers can always be written as JSON.
        let document = serde_json::to_value(document).unwrap_or_default();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                if let Some(scope) = operation["security"][0]["apiKey"][0].as_str() {
                    let of_method = permissions.entry(method.to_ascii_uppercase()).or_default();
                    of_method.insert(path.clone(), Scope::new(scope));
                }
            }
        }
        Self(Arc::new(permissions))
    }
}

impl<S> Layer<S> for DeclaredPermissionsLayer {
    type Service = DeclaredPermissions<S>;

    fn layer(&self, inner: S) -> DeclaredPermissions<S> {
        DeclaredPermissions { inner, permissions: Arc::clone(&self.0) }
    }
}

impl<S> DeclaredPermissions<S> {
    /// The permission that the caller of a write has not.
    fn missing<'a>(&'a self, request: &Request<Body>) -> Option<&'a Scope> {
        if !is_write(request.method()) {
            return None;
        }
        let route = request.extensions().get::<MatchedPath>()?;
        let needed = self.permissions.get(request.method().as_str())?.get(route.as_str())?;
        let caller = request.extensions().get::<Caller>();
        (!caller.is_some_and(|caller| caller.scopes().allows(needed))).then_some(needed)
    }
}

impl<S> Service<Request<Body>> for DeclaredPermissions<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.missing(&request) {
            Some(scope) => Either::Right(ready(Ok(forbidden(scope).into_response()))),
            None => Either::Left(self.inner.call(request)),
        }
    }
}
