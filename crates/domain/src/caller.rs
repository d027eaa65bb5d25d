//! Who a request comes from.

use std::fmt;

use crate::scope::Scopes;

/// The name of a caller in logs and audit: the id of its key, never the key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallerId(String);

impl CallerId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for CallerId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for CallerId {
    fn from(text: String) -> Self {
        Self(text)
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
