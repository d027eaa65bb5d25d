//! The service that the layer puts in front of another.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower::Service;

use super::credential;
use super::future::ApiKeyFuture;
use super::layer::{AddressFrom, MayRecall};
use super::look_up::Wanted;
use super::standing::KeyStanding;
use super::verdicts::{AtOnce, Verdicts};
use crate::cache_trouble::CacheTrouble;
use crate::take_ready::take_ready;

/// Lets only callers through whose API key is valid; made by [`ApiKeyLayer`](super::ApiKeyLayer).
#[derive(Clone)]
pub struct ApiKeyGuard<S> {
    inner: S,
    verdicts: Arc<Verdicts>,
    address_from: AddressFrom,
    may_recall: MayRecall,
}

impl<S> ApiKeyGuard<S> {
    pub(super) fn new(
        inner: S,
        verdicts: Arc<Verdicts>,
        address_from: AddressFrom,
        may_recall: MayRecall,
    ) -> Self {
        Self { inner, verdicts, address_from, may_recall }
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
    type Future = ApiKeyFuture<S::Future, ResponseBody, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let decided = match credential::take(request.headers_mut()) {
            Ok(hash) => match self.verdicts.at_once(&hash) {
                AtOnce::Decided(decided) => decided.map(|caller| (hash, caller)),
                AtOnce::Unknown(lane) => {
                    let address = (self.address_from)(request.extensions());
                    let wanted = Wanted::new(hash, lane, address);
                    let may_recall = (self.may_recall)(request.method(), request.extensions());
                    let verdicts = Arc::clone(&self.verdicts);
                    let ready = take_ready(&mut self.inner);
                    let answer = look_up(verdicts, wanted, may_recall, ready, request);
                    return ApiKeyFuture::looked_up(Box::pin(answer));
                }
            },
            Err(refusal) => Err(refusal),
        };
        match decided {
            Ok((hash, caller)) => {
                let caller_id = caller.id().clone();
                request.extensions_mut().insert(caller);
                request.extensions_mut().insert(KeyStanding::new(Arc::clone(&self.verdicts), hash));
                ApiKeyFuture::admitted(self.inner.call(request), caller_id)
            }
            Err(refusal) => {
                drop(take_ready(&mut self.inner));
                self.verdicts.tell(&refusal);
                ApiKeyFuture::refused(refusal.into_response())
            }
        }
    }
}

async fn look_up<S, RequestBody, ResponseBody>(
    verdicts: Arc<Verdicts>,
    wanted: Wanted,
    may_recall: bool,
    mut ready: S,
    mut request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, S::Error>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: From<Bytes>,
{
    let found = match verdicts.look_up_or_recall(wanted, may_recall).await {
        Ok(found) => found,
        Err(refusal) => {
            verdicts.tell(&refusal);
            return Ok(refusal.into_response());
        }
    };
    if found.is_cache_in_trouble {
        request.extensions_mut().insert(CacheTrouble);
    }
    let caller_id = found.caller.id().clone();
    request.extensions_mut().insert(found.caller);
    request.extensions_mut().insert(KeyStanding::new(verdicts, wanted.hash));
    let mut response = ready.call(request).await?;
    response.extensions_mut().insert(caller_id);
    Ok(response)
}
