//! Marks what could not be confirmed.

use std::time::Duration;

use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

/// Beside `Age`, for clients that tell an old answer from one of a cache on the way.
const X_CONFIG_STALE: HeaderName = HeaderName::from_static("x-config-stale");

/// The answer, which was right this long ago, and nobody can say whether it still is; `None` for one that is right now.
pub(super) fn told(mut response: Response, age: Option<Duration>) -> Response {
    if let Some(age) = age {
        response.headers_mut().insert(header::AGE, HeaderValue::from(age.as_secs()));
        response.headers_mut().insert(X_CONFIG_STALE, HeaderValue::from_static("true"));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn only_what_is_old_is_marked() {
        let fresh = told(Response::new(Body::empty()), None);
        assert!(fresh.headers().is_empty());
        let stale = told(Response::new(Body::empty()), Some(Duration::from_millis(61_900)));
        assert_eq!(
            (&stale.headers()["age"], &stale.headers()["x-config-stale"]),
            (&"61".parse().unwrap(), &"true".parse().unwrap())
        );
    }
}
