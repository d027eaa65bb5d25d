//! Bodies that are read whole, and those that are too large for it.

use std::error::Error;

use bytes::Bytes;
use domain::BoxError;
use http::Response;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::refusal::Refusal;

/// Reads the body of a request.
pub(super) async fn read<B>(body: B, limit: usize) -> Result<Bytes, Refusal>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::BodyTooLarge { limit });
    }
    match Limited::new(body, limit).collect().await {
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
