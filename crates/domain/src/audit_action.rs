//! What can be done, as the audit log names it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditAction {
    /// Something was made.
    Create,
    /// It was changed.
    Update,
    /// It was kept out.
    Suspend,
    /// It was let in again.
    Reactivate,
    /// Its data were destroyed.
    Purge,
    /// It was removed.
    Delete,
    /// A key was withdrawn.
    Revoke,
    /// A key was replaced.
    Rotate,
    /// Services were asked to read it anew.
    Invalidate,
    /// It came from the service before this one.
    Import,
    /// Somebody was not let in, so often.
    Refuse,
}

/// The text names no action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be create, update, suspend, reactivate, purge, delete, revoke, rotate, invalidate, import or refuse"
)]
pub struct UnknownAction;

impl AuditAction {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Create,
        Self::Update,
        Self::Suspend,
        Self::Reactivate,
        Self::Purge,
        Self::Delete,
        Self::Revoke,
        Self::Rotate,
        Self::Invalidate,
        Self::Import,
        Self::Refuse,
    ];

    /// Such as `create`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Suspend => "suspend",
            Self::Reactivate => "reactivate",
            Self::Purge => "purge",
            Self::Delete => "delete",
            Self::Revoke => "revoke",
            Self::Rotate => "rotate",
            Self::Invalidate => "invalidate",
            Self::Import => "import",
            Self::Refuse => "refuse",
        }
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for AuditAction {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.into_iter().find(|known| known.name() == text).ok_or(UnknownAction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_is_stored_and_all_are_told() {
        for action in AuditAction::ALL {
            assert_eq!(action.to_string().parse(), Ok(action));
            assert_eq!(serde_json::to_value(action).unwrap(), action.name());
            assert!(UnknownAction.to_string().contains(action.name()), "{action}");
        }
        assert_eq!("read".parse::<AuditAction>(), Err(UnknownAction));
    }
}
