//! The service that the layer puts in front of another.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use domain::{ApiKeyHash, Caller, CallerId};
use http::{Request, Response};
use tower::Service;

use super::credential;
use super::layer::ApiKeyLayer;
use super::look_up::Wanted;
use super::refusal::Refusal;
use super::standing::KeyStanding;
use super::verdicts::AtOnce;
use crate::cache_trouble::CacheTrouble;
use crate::caller_future::CallerFuture;
use crate::client_address::ClientAddress;
use crate::take_ready::take_ready;

/// Lets only callers through whose API key is valid; made by [`ApiKeyLayer`](super::ApiKeyLayer).
#[derive(Clone)]
pub struct ApiKeyGuard<S> {
    pub(super) inner: S,
    pub(super) rules: ApiKeyLayer,
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
    type Future = CallerFuture<S::Future, ResponseBody, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let rules = &self.rules;
        let decided = match credential::take(request.headers_mut()) {
            Ok(hash) => match rules.verdicts.at_once(&hash) {
                AtOnce::Decided(decided) => decided.map(|caller| (hash, caller)),
                AtOnce::Unknown(lane) => {
                    let wanted = Wanted::new(hash, lane, ClientAddress::of(request.extensions()));
                    let rules = rules.clone();
                    let ready = take_ready(&mut self.inner);
                    return CallerFuture::looked_up(Box::pin(look_up(rules, wanted, ready, request)));
                }
            },
            Err(Refusal::Missing) if rules.of_token(&request).is_some() => {
                return CallerFuture::passed(self.inner.call(request));
            }
            Err(refusal) => Err(refusal),
        };
        match decided {
            Ok((hash, caller)) => {
                let caller_id = rules.admit(hash, caller, &mut request);
                CallerFuture::admitted(self.inner.call(request), caller_id)
            }
            Err(refusal) => {
                drop(take_ready(&mut self.inner));
                let address = ClientAddress::of(request.extensions());
                CallerFuture::refused(rules.refuse(refusal, address))
            }
        }
    }
}

async fn look_up<S, RequestBody, ResponseBody>(
    rules: ApiKeyLayer,
    wanted: Wanted,
    mut ready: S,
    mut request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, S::Error>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: From<Bytes>,
{
    let may_recall = (rules.may_recall)(request.method(), request.extensions());
    let found = match rules.verdicts.look_up_or_recall(wanted, may_recall).await {
        Ok(found) => found,
        Err(refusal) => return Ok(rules.refuse(refusal, wanted.address)),
    };
    if found.is_cache_in_trouble {
        request.extensions_mut().insert(CacheTrouble);
    }
    let caller_id = rules.admit(wanted.hash, found.caller, &mut request);
    let mut response = ready.call(request).await?;
    response.extensions_mut().insert(caller_id);
    Ok(response)
}

impl ApiKeyLayer {
    /// The caller that a token in front named.
    fn of_token<'a, B>(&self, request: &'a Request<B>) -> Option<&'a Caller> {
        if self.is_beside_tokens { request.extensions().get() } else { None }
    }

    /// Leaves the caller in the request, and says its name.
    fn admit<B>(&self, hash: ApiKeyHash, of_key: Caller, request: &mut Request<B>) -> CallerId {
        let caller =
            self.of_token(request).map(|of_token| of_token.accompanied_by(&of_key)).unwrap_or(of_key);
        let id = caller.id().clone();
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(KeyStanding::new(Arc::clone(&self.verdicts), hash));
        id
    }

    fn refuse<B: From<Bytes>>(&self, refusal: Refusal, address: Option<IpAddr>) -> Response<B> {
        self.verdicts.tell(&refusal);
        if let Some(reason) = refusal.reason() {
            self.watch.refused(address, reason);
        }
        refusal.into_response(self.is_beside_tokens)
    }
}
