//! What names that stand in paths, cache keys and secret paths are made of.

/// Why a text cannot be such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// Nothing, or too much.
    #[error("must have 1 to {max} characters")]
    Length {
        /// The greatest number of characters.
        max: usize,
    },
    /// A character that would break a path or a key, or a beginning that is neither a letter nor a digit.
    #[error("must be a letter or digit followed by letters, digits, - _ or .")]
    Character,
    /// Two dots, which climb up a path.
    #[error("must not contain ..")]
    Dots,
}

/// Checks a name of one path segment: ASCII letters, digits, `-`, `_` and `.`, the first a letter or digit.
pub(crate) fn check(text: &str, max: usize) -> Result<(), SegmentError> {
    if text.is_empty() || text.len() > max {
        return Err(SegmentError::Length { max });
    }
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !text.as_bytes()[0].is_ascii_alphanumeric() || !text.bytes().all(is_inner) {
        return Err(SegmentError::Character);
    }
    if text.contains("..") {
        return Err(SegmentError::Dots);
    }
    Ok(())
}
