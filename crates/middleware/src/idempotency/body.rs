//! Bodies that are read whole, and those that are too large for it.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use domain::{BoxError, CallerId};
use http::Response;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::refusal::Refusal;
use crate::shares::Share;

/// Room for the body of a request, until it is dropped.
pub(super) struct Reserved {
    pub(super) all: OwnedSemaphorePermit,
    pub(super) of_caller: Share<CallerId>,
}

impl Reserved {
    /// Keeps what a body of this length needs.
    pub(super) fn shrink(&mut self, length: usize) {
        let rest = self.all.num_permits().saturating_sub(length);
        drop(self.all.split(rest));
        self.of_caller.shrink(length);
    }
}

/// How many bytes a body may come to, by what it says of itself.
pub(super) fn announced<B: Body>(body: &B, limit: usize) -> Result<usize, Refusal> {
    let size = body.size_hint();
    if size.lower() > limit as u64 {
        return Err(Refusal::BodyTooLarge { limit });
    }
    Ok(size.upper().and_then(|upper| usize::try_from(upper).ok()).map_or(limit, |upper| upper.min(limit)))
}

/// Reads the body of a request.
pub(super) async fn read<B>(body: B, limit: usize, time: Duration) -> Result<Bytes, Refusal>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let collecting = Limited::new(body, limit).collect();
    match timeout(time, collecting).await.map_err(|_elapsed| Refusal::BodySlow)? {
        Ok(collected) => Ok(collected.to_bytes()),
        // Also the limit of a layer in front ends the body with this error.
        Err(error) if is_length_limit(error.as_ref()) => Err(Refusal::BodyTooLarge { limit }),
        Err(error) => Err(Refusal::BodyUnreadable(error)),
    }
}

fn is_length_limit(error: &(dyn Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    causes.any(|error| error.is::<LengthLimitError>())
}

/// An answer that went through the hands of the layer.
pub(super) enum Captured<B> {
    /// It is small and known whole.
    Whole(Response<Bytes>),
    /// It is large, or a stream: it was not looked into.
    Passed(Response<B>),
    /// Its body broke off.
    Broken(BoxError),
}

/// Reads the body of an answer if it says that it is small.
pub(super) async fn capture<B>(answer: Response<B>, limit: usize) -> Captured<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    if answer.body().size_hint().upper().is_none_or(|upper| upper > limit as u64) {
        return Captured::Passed(answer);
    }
    let (parts, body) = answer.into_parts();
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Captured::Whole(Response::from_parts(parts, collected.to_bytes())),
        Err(error) => Captured::Broken(error),
    }
}
