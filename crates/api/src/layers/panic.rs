//! The answer to a request whose handler panicked.

use std::any::Any;

use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

/// An opaque 500; the text of the panic goes to the log only.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over by value")]
pub(crate) fn answer_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a value that is no text");
    ApiError::Panicked(text.to_owned()).into_response()
}
