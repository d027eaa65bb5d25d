//! The body of an answer, whose request counts as at work until the body is gone.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::head_deadline::AtWork;

/// hyper drops a body as soon as it took its last frame, which is when the next head may begin.
pub(super) struct TrackedBody {
    body: Body,
    _at_work: AtWork,
}

impl TrackedBody {
    pub(super) fn new(body: Body, at_work: AtWork) -> Self {
        Self { body, _at_work: at_work }
    }
}

impl hyper::body::Body for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
