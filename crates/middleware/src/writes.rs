//! Which requests change something.

use http::Method;

/// Whether a request with this method is a write: POST, PUT, PATCH or DELETE.
pub fn is_write(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE)
}
