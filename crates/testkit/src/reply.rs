//! What a server answers, in version 2 of its protocol.

/// One answer of a Valkey server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A status such as `OK`.
    Simple(String),
    /// An error; the first word is its code, such as `MOVED`.
    Error(String),
    /// A number.
    Integer(i64),
    /// Bytes.
    Bulk(Vec<u8>),
    /// No value: a missing key.
    Nil,
    /// Several answers.
    Array(Vec<Reply>),
}

impl Reply {
    /// The text of a status, of an error, or of bytes (lossy); a number as its digits.
    ///
    /// # Panics
    /// For `Nil` and `Array`.
    pub fn text(&self) -> String {
        match self {
            Self::Simple(text) | Self::Error(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Nil | Self::Array(_) => panic!("not a text: {self:?}"),
        }
    }

    /// The number.
    ///
    /// # Panics
    /// For everything but `Integer`.
    pub fn integer(&self) -> i64 {
        match self {
            Self::Integer(number) => *number,
            _ => panic!("not a number: {self:?}"),
        }
    }

    /// The answers within.
    ///
    /// # Panics
    /// For everything but `Array`.
    pub fn array(&self) -> &[Reply] {
        match self {
            Self::Array(replies) => replies,
            _ => panic!("not an array: {self:?}"),
        }
    }

    /// Whether this is an error.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    /// This answer, unless it is an error.
    ///
    /// # Panics
    /// For an error; `what` says what was tried.
    #[must_use]
    #[track_caller]
    pub fn accepted(self, what: &str) -> Self {
        match self {
            Self::Error(text) => panic!("{what}: the server answered {text}"),
            _ => self,
        }
    }
}
