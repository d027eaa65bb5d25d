//! What a caller wishes, before anybody decided whether it makes sense.

use domain::Invalid;

/// A wish as far as it could be read, with what is wrong with it so far. A use case adds what it finds itself, so that the
/// caller is told everything at once, and goes on only if there is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft<T> {
    /// What is wished. What could not be read is missing in it, and noted.
    pub wish: T,
    /// What is wrong with it.
    pub invalid: Invalid,
}

impl<T> From<T> for Draft<T> {
    /// A wish with which nothing is wrong so far.
    fn from(wish: T) -> Self {
        Self { wish, invalid: Invalid::default() }
    }
}
