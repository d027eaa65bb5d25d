//! The service that the layer puts in front of another.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::Service;

use super::layer::Settings;
use super::limiter::{Limiter, Numbers, Source, Verdict};
use super::ticket::{Decision, Ticket};
use super::tiers::Tier;
use super::{answer, headers};
use crate::CacheTrouble;
use crate::take_ready::take_ready;

/// Limits how often each caller reaches the service behind; made by [`RateLimitLayer`](super::RateLimitLayer).
#[derive(Clone)]
pub struct RateLimit<S> {
    inner: S,
    settings: Arc<Settings>,
    limiter: Arc<Limiter>,
}

impl<S> RateLimit<S> {
    pub(super) fn new(inner: S, settings: Arc<Settings>, limiter: Arc<Limiter>) -> Self {
        Self { inner, settings, limiter }
    }
}

impl<S: fmt::Debug> fmt::Debug for RateLimit<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RateLimit").field("inner", &self.inner).finish_non_exhaustive()
    }
}

pin_project! {
    /// The answer of [`RateLimit`]. Nothing is boxed but the take that the request may have to ask for.
    pub struct RateLimitFuture<S, RequestBody>
    where
        S: Service<Request<RequestBody>>,
    {
        #[pin]
        stage: Stage<S, RequestBody, S::Future>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<S, RequestBody, F> {
        Deciding { ticket: Ticket, behind: Option<(S, Request<RequestBody>)> },
        Passing { #[pin] answer: F, stamp: Option<Stamp> },
    }
}

/// What the answer of the service behind is to say about the limit.
struct Stamp {
    tier: Arc<Tier>,
    numbers: Option<Numbers>,
    source: Source,
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for RateLimit<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>> + Clone,
    ResponseBody: From<Bytes>,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = RateLimitFuture<S, RequestBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let Some((tier, key)) = self.settings.limit_of(&request) else {
            let answer = self.inner.call(request);
            return RateLimitFuture { stage: Stage::Passing { answer, stamp: None } };
        };
        let (limiter, tier) = (Arc::clone(&self.limiter), Arc::clone(tier));
        let ticket = match request.extensions().get::<CacheTrouble>() {
            None => Ticket::new(limiter, tier, key),
            Some(_) => Ticket::without_cache(limiter, tier, key),
        };
        // Past the decision.
        let ready = take_ready(&mut self.inner);
        RateLimitFuture { stage: Stage::Deciding { ticket, behind: Some((ready, request)) } }
    }
}

impl<S, RequestBody, ResponseBody> Future for RateLimitFuture<S, RequestBody>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: From<Bytes>,
{
    type Output = Result<Response<ResponseBody>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        loop {
            match stage.as_mut().project() {
                StageProjection::Deciding { ticket, behind } => {
                    let decision = ready!(ticket.poll_decision(context));
                    let tier = Arc::clone(ticket.tier());
                    let (numbers, source) = match Limiter::verdict(ticket, decision, context) {
                        Verdict::Passes(numbers, source) => (numbers, source),
                        Verdict::Denied(numbers, source) => {
                            return Poll::Ready(Ok(answer::too_many(&tier, numbers, source)));
                        }
                        Verdict::Crowded => return Poll::Ready(Ok(answer::crowded(&tier))),
                        Verdict::Unavailable => return Poll::Ready(Ok(answer::unavailable())),
                    };
                    let Some((mut ready, mut request)) = behind.take() else {
                        // A future that is over is not polled.
                        return Poll::Pending;
                    };
                    if decision == (Decision::Failed { timed_out: true }) {
                        request.extensions_mut().insert(CacheTrouble);
                    }
                    let answer = ready.call(request);
                    stage.set(Stage::Passing { answer, stamp: Some(Stamp { tier, numbers, source }) });
                }
                StageProjection::Passing { answer, stamp } => {
                    let mut response = ready!(answer.poll(context))?;
                    if let Some(Stamp { tier, numbers, source }) = stamp {
                        headers::stamp(response.headers_mut(), tier, *numbers, *source);
                    }
                    return Poll::Ready(Ok(response));
                }
            }
        }
    }
}

impl<S, RequestBody> fmt::Debug for RateLimitFuture<S, RequestBody>
where
    S: Service<Request<RequestBody>>,
{
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RateLimitFuture").finish_non_exhaustive()
    }
}
