//! The answer to a request whose caller is to be known.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use domain::CallerId;
use http::Response;
use pin_project_lite::pin_project;

type LookedUp<B, E> = Pin<Box<dyn Future<Output = Result<Response<B>, E>> + Send>>;

pin_project! {
    /// The answer of [`ApiKeyGuard`](crate::ApiKeyGuard) and of [`BearerTokenGuard`](crate::BearerTokenGuard).
    pub struct CallerFuture<F, B, E> {
        #[pin]
        state: State<F, B, E>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, B, E> {
        /// The service behind is at work; the caller was known, or nobody had to be.
        Admitted { #[pin] answer: F, caller_id: Option<CallerId> },
        Refused { response: Option<Response<B>> },
        LookedUp { answer: LookedUp<B, E> },
    }
}

impl<F, B, E> CallerFuture<F, B, E> {
    pub(crate) fn admitted(answer: F, caller_id: CallerId) -> Self {
        Self { state: State::Admitted { answer, caller_id: Some(caller_id) } }
    }

    /// Nobody showed anything; it is for the service behind to say whether that will do.
    pub(crate) fn passed(answer: F) -> Self {
        Self { state: State::Admitted { answer, caller_id: None } }
    }

    pub(crate) fn refused(response: Response<B>) -> Self {
        Self { state: State::Refused { response: Some(response) } }
    }

    pub(crate) fn looked_up(answer: LookedUp<B, E>) -> Self {
        Self { state: State::LookedUp { answer } }
    }
}

impl<F, B, E> Future for CallerFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Admitted { answer, caller_id } => {
                let mut response = ready!(answer.poll(context))?;
                if let Some(caller_id) = caller_id.take() {
                    response.extensions_mut().insert(caller_id);
                }
                Poll::Ready(Ok(response))
            }
            // Taken once: whoever polls again after the answer waits for ever, as futures may have it.
            StateProjection::Refused { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
            StateProjection::LookedUp { answer } => answer.as_mut().poll(context),
        }
    }
}

impl<F, B, E> fmt::Debug for CallerFuture<F, B, E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CallerFuture").finish_non_exhaustive()
    }
}
