//! Who a request comes from.

use std::fmt;

use crate::scope::Scopes;

/// The name of a caller in logs and audit: the id of its key, never the key. At most 128 visible ASCII characters; any
/// other becomes `?`, so that no name can forge a line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallerId(String);

impl From<&str> for CallerId {
    fn from(text: &str) -> Self {
        let visible = |letter: char| if letter.is_ascii_graphic() { letter } else { '?' };
        Self(text.chars().take(128).map(visible).collect())
    }
}

impl From<String> for CallerId {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl fmt::Display for CallerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An authenticated caller. The API-key layer leaves it in the extensions of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    id: CallerId,
    scopes: Scopes,
}

impl Caller {
    /// A caller that may do what its scopes say.
    pub fn new(id: CallerId, scopes: Scopes) -> Self {
        Self { id, scopes }
    }

    /// Its name in logs.
    pub fn id(&self) -> &CallerId {
        &self.id
    }

    /// What it may do.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_forge_a_line() {
        assert_eq!(CallerId::from("key-1").0, "key-1");
        assert_eq!(CallerId::from("a\nb \u{e9}\u{1b}[0m".to_owned()).to_string(), "a?b???[0m");
        assert_eq!(CallerId::from("x".repeat(500)).0.len(), 128);
    }
}
