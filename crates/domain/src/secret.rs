//! Secrets, and where they are kept.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::Environment;

/// A text that nobody may see. It is cleared from memory when dropped, and `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes a text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself: to store it, or to hand it to the service it is for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretText(redacted)")
    }
}

/// The name that a secret has in the secrets backend.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretPath(String);

impl SecretPath {
    /// From segments that were checked one by one; see [`ResourceKind::secret_path`](crate::ResourceKind::secret_path).
    pub(crate) fn of_segments(segments: &[&str]) -> Self {
        Self(segments.join("/"))
    }

    /// One that no secret has: asking for it shows whether the backend answers.
    pub fn of_nobody() -> Self {
        Self::of_segments(&["tenants", "pool-manager", "health"])
    }

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Which version of a secret. Chosen by whoever writes it, so that writing it again writes nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretVersion(Uuid);

impl SecretVersion {
    /// Of a random UUID.
    pub fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for SecretVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(formatter)
    }
}

/// Where a record's secret is: the record keeps this, never the secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SecretReference {
    /// Its name.
    pub path: SecretPath,
    /// The one version that belongs to the record. Whatever is newer there was refused, or is not committed yet.
    pub version: SecretVersion,
}

impl SecretReference {
    /// One of `environment` that is never there: for asking a backend whether it lets us read what tenants have there.
    pub fn of_nobody(environment: Environment) -> Self {
        let path = SecretPath::of_segments(&["tenants", environment.name(), "pool-manager", "health"]);
        Self { path, version: SecretVersion::new(Uuid::nil()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = SecretText::new("hunter2");
        assert_eq!(secret.expose(), "hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
