//! A password in memory.

use std::fmt;

use zeroize::Zeroizing;

/// A password: its `Debug` shows nothing, and its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// What `look` finds out about the text, such as whether a server could take it. It must not keep any of it.
    pub fn examine<T>(&self, look: impl FnOnce(&str) -> T) -> T {
        look(&self.0)
    }

    /// The text itself; for the handshake only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}
