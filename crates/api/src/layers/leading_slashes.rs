//! Folds slashes at the beginning of a path into one.
//!
//! Some clients join a base URL that ends in `/` with a path that begins with one, and ask for `//v1/cache`. It must run
//! before routing, so it wraps the router instead of being one of its layers.

use std::task::{Context, Poll};

use http::uri::PathAndQuery;
use http::{Request, Uri};
use tower::Service;

/// The service that folds the slashes.
#[derive(Debug, Clone)]
pub struct LeadingSlashes<S> {
    inner: S,
}

impl<S> LeadingSlashes<S> {
    /// Wraps a service.
    pub fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Request<B>> for LeadingSlashes<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if let Some(folded) = folded(request.uri()) {
            *request.uri_mut() = folded;
        }
        self.inner.call(request)
    }
}

/// The URI with one slash at the beginning; `None` when it has one already.
fn folded(uri: &Uri) -> Option<Uri> {
    let path_and_query = uri.path_and_query()?.as_str();
    if !path_and_query.starts_with("//") {
        return None;
    }
    let one_slash = format!("/{}", path_and_query.trim_start_matches('/'));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(one_slash).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_is_folded() {
        let fold = |path: &str| {
            let uri = Uri::builder().path_and_query(path).build().unwrap();
            folded(&uri).map(|uri| uri.to_string())
        };
        assert_eq!(fold("//v1/cache?key=//a").as_deref(), Some("/v1/cache?key=//a"));
        assert_eq!(fold("///").as_deref(), Some("/"));
        assert_eq!(fold("//?a").as_deref(), Some("/?a"));
        assert_eq!(fold("/v1//cache"), None);
        assert_eq!(fold("/"), None);
    }
}
