//! The service that the layer puts in front of another.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower::Service;

use super::layer::{Checks, take_credential};

/// Lets only callers through whose API key is valid; made by [`ApiKeyLayer`](super::ApiKeyLayer).
#[derive(Clone)]
pub struct ApiKeyGuard<S> {
    inner: S,
    checks: Arc<Checks>,
}

impl<S> ApiKeyGuard<S> {
    pub(super) fn new(inner: S, checks: Arc<Checks>) -> Self {
        Self { inner, checks }
    }
}

impl<S: fmt::Debug> fmt::Debug for ApiKeyGuard<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ApiKeyGuard").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for ApiKeyGuard<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>> + Clone + Send + 'static,
    S::Future: Send,
    RequestBody: Send + 'static,
    ResponseBody: From<Bytes> + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        // The clone is not known to be ready; the one that was asked is taken along, past the look-up.
        let next = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, next);
        Box::pin(answer(Arc::clone(&self.checks), ready, request))
    }
}

async fn answer<S, RequestBody, ResponseBody>(
    checks: Arc<Checks>,
    mut ready: S,
    mut request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, S::Error>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: From<Bytes>,
{
    let credential = take_credential(request.headers_mut());
    let caller = match checks.caller(credential).await {
        Ok(caller) => caller,
        Err(refusal) => {
            refusal.log();
            return Ok(refusal.into_response());
        }
    };
    let caller_id = caller.id().clone();
    request.extensions_mut().insert(caller);
    let mut response = ready.call(request).await?;
    response.extensions_mut().insert(caller_id);
    Ok(response)
}
