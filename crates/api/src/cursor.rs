//! Cursors of lists: where the next page begins, as a text that callers give back and do not look into.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{ApiError, ParameterProblem};
use crate::parameters::Parameters;

/// A position as callers get it.
pub(crate) fn written(position: &str) -> String {
    URL_SAFE_NO_PAD.encode(position)
}

/// The position that the caller gives back as `cursor`; one that `parse` does not know is no cursor.
pub(crate) fn read<T>(
    parameters: &Parameters,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    let Some(text) = parameters.text("cursor")? else { return Ok(None) };
    let decoded =
        URL_SAFE_NO_PAD.decode(text.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.as_deref().and_then(parse) {
        Some(position) => Ok(Some(position)),
        None => Err(ApiError::parameter("cursor", ParameterProblem::NotACursor)),
    }
}
