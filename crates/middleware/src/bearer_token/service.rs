//! The service that the layer puts in front of another.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower::Service;

use super::presented::{Presented, TokenHash};
use super::standing::TokenStanding;
use super::verified::Verified;
use super::verifier::Verifier;
use crate::caller_future::CallerFuture;
use crate::take_ready::take_ready;

/// Lets only good tokens through; made by [`BearerTokenLayer`](super::BearerTokenLayer).
#[derive(Clone)]
pub struct BearerTokenGuard<S> {
    inner: S,
    verifier: Arc<Verifier>,
}

impl<S> BearerTokenGuard<S> {
    pub(super) fn new(inner: S, verifier: Arc<Verifier>) -> Self {
        Self { inner, verifier }
    }
}

impl<S: fmt::Debug> fmt::Debug for BearerTokenGuard<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BearerTokenGuard").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for BearerTokenGuard<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>> + Clone + Send + 'static,
    S::Future: Send,
    RequestBody: Send + 'static,
    ResponseBody: From<Bytes> + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = CallerFuture<S::Future, ResponseBody, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let decided = match Presented::take(request.headers_mut()) {
            Ok(None) => return CallerFuture::passed(self.inner.call(request)),
            Ok(Some(presented)) => {
                let hash = presented.hash();
                match self.verifier.at_once(&hash) {
                    Some(decided) => decided,
                    None => {
                        let verifier = Arc::clone(&self.verifier);
                        let ready = take_ready(&mut self.inner);
                        let answer = verify(verifier, presented, hash, ready, request);
                        return CallerFuture::looked_up(Box::pin(answer));
                    }
                }
            }
            Err(refusal) => Err(refusal),
        };
        match decided {
            Ok(verified) => {
                let caller_id = verified.caller.id().clone();
                admit(&self.verifier, verified, &mut request);
                CallerFuture::admitted(self.inner.call(request), caller_id)
            }
            Err(refusal) => {
                drop(take_ready(&mut self.inner));
                self.verifier.tell(refusal);
                CallerFuture::refused(refusal.into_response())
            }
        }
    }
}

async fn verify<S, RequestBody, ResponseBody>(
    verifier: Arc<Verifier>,
    presented: Presented,
    hash: TokenHash,
    mut ready: S,
    mut request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, S::Error>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: From<Bytes>,
{
    let verified = match verifier.verify(&presented, hash).await {
        Ok(verified) => verified,
        Err(refusal) => {
            verifier.tell(refusal);
            return Ok(refusal.into_response());
        }
    };
    let caller_id = verified.caller.id().clone();
    admit(&verifier, verified, &mut request);
    let mut response = ready.call(request).await?;
    response.extensions_mut().insert(caller_id);
    Ok(response)
}

fn admit<B>(verifier: &Arc<Verifier>, verified: Arc<Verified>, request: &mut Request<B>) {
    request.extensions_mut().insert(verified.caller.clone());
    request.extensions_mut().insert(TokenStanding::new(Arc::clone(verifier), verified));
}
