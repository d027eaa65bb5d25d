//! The key that a request presents.

use domain::{ApiKey, ApiKeyHash};
use http::HeaderMap;

use super::X_API_KEY;
use super::refusal::Refusal;

/// Takes the key out of the headers. What is left of it is its hash.
pub(super) fn take(headers: &mut HeaderMap) -> Result<ApiKeyHash, Refusal> {
    let is_repeated = headers.get_all(X_API_KEY).iter().nth(1).is_some();
    let value = headers.remove(X_API_KEY).ok_or(Refusal::Missing)?;
    // Which of several would count is not the same for every proxy in front.
    if is_repeated {
        return Err(Refusal::Repeated);
    }
    let text = value.to_str().map_err(|_| Refusal::NotText)?;
    Ok(ApiKeyHash::of(&ApiKey::parse(text)?))
}
