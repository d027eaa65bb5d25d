//! The service that the layer puts in front of another.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use domain::CallerId;
use http::{Request, Response};
use tower::Service;

use super::layer::BearerTokenLayer;
use super::presented::{Presented, TokenHash};
use super::refusal::Refusal;
use super::standing::TokenStanding;
use super::verified::Verified;
use crate::caller_future::CallerFuture;
use crate::client_address::ClientAddress;
use crate::take_ready::take_ready;

/// Lets only good tokens through; made by [`BearerTokenLayer`].
#[derive(Clone)]
pub struct BearerTokenGuard<S> {
    pub(super) inner: S,
    pub(super) rules: BearerTokenLayer,
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
        let rules = &self.rules;
        let decided = match Presented::take(request.headers_mut()) {
            Ok(None) => return CallerFuture::passed(self.inner.call(request)),
            Ok(Some(presented)) => {
                let hash = presented.hash();
                match rules.verifier.at_once(&hash) {
                    Some(decided) => decided,
                    None => {
                        let rules = rules.clone();
                        let ready = take_ready(&mut self.inner);
                        let answer = verify(rules, (presented, hash), ready, request);
                        return CallerFuture::looked_up(Box::pin(answer));
                    }
                }
            }
            Err(refusal) => Err(refusal),
        };
        match decided {
            Ok(verified) => {
                let caller_id = rules.admit(verified, &mut request);
                CallerFuture::admitted(self.inner.call(request), caller_id)
            }
            Err(refusal) => {
                drop(take_ready(&mut self.inner));
                CallerFuture::refused(rules.refuse(refusal, &request))
            }
        }
    }
}

async fn verify<S, RequestBody, ResponseBody>(
    rules: BearerTokenLayer,
    (presented, hash): (Presented, TokenHash),
    mut ready: S,
    mut request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, S::Error>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: From<Bytes>,
{
    let address = ClientAddress::of(request.extensions());
    let verified = match rules.verifier.verify(&presented, hash, address).await {
        Ok(verified) => verified,
        Err(refusal) => return Ok(rules.refuse(refusal, &request)),
    };
    let caller_id = rules.admit(verified, &mut request);
    let mut response = ready.call(request).await?;
    response.extensions_mut().insert(caller_id);
    Ok(response)
}

impl BearerTokenLayer {
    /// Leaves the caller in the request, and says its name.
    fn admit<B>(&self, verified: Arc<Verified>, request: &mut Request<B>) -> CallerId {
        let caller_id = verified.caller.id().clone();
        request.extensions_mut().insert(verified.caller.clone());
        request.extensions_mut().insert(TokenStanding::new(Arc::clone(&self.verifier), verified));
        caller_id
    }

    fn refuse<B, C: From<Bytes>>(&self, refusal: Refusal, request: &Request<B>) -> Response<C> {
        self.verifier.tell(refusal);
        if let Some(reason) = refusal.reason() {
            self.watch.refused(ClientAddress::of(request.extensions()), reason);
        }
        refusal.into_response()
    }
}
