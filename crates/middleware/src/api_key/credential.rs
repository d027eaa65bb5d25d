//! The key that a request presents.

use domain::{ApiKey, ApiKeyHash};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::X_API_KEY;
use super::refusal::Refusal;

/// Takes the key out of the headers. What is left of it is its hash.
pub(super) fn take(headers: &mut HeaderMap) -> Result<ApiKeyHash, Refusal> {
    let is_repeated = headers.get_all(X_API_KEY).iter().nth(1).is_some();
    let Some(value) = headers.remove(X_API_KEY) else { return take_authorization(headers) };
    // Which of several would count is not the same for every proxy in front.
    if is_repeated {
        return Err(Refusal::Repeated);
    }
    let text = value.to_str().map_err(|_| Refusal::NotText)?;
    Ok(ApiKeyHash::of(&ApiKey::parse(text)?))
}

/// Takes the key from where the oldest clients have it: behind `Bearer` in the `Authorization` header.
fn take_authorization(headers: &mut HeaderMap) -> Result<ApiKeyHash, Refusal> {
    if headers.get(AUTHORIZATION).and_then(bearer).is_none() {
        return Err(Refusal::Missing);
    }
    let is_repeated = headers.get_all(AUTHORIZATION).iter().nth(1).is_some();
    let value = headers.remove(AUTHORIZATION).ok_or(Refusal::Missing)?;
    if is_repeated {
        return Err(Refusal::Repeated);
    }
    let text = bearer(&value).ok_or(Refusal::Missing)?;
    Ok(ApiKeyHash::of(&ApiKey::parse(text)?))
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, text) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(text)
}
