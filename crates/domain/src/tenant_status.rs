//! Where a tenant and its associations stand in their lives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The state of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantStatus {
    /// In use.
    Active,
    /// Kept out, until somebody lets it in again.
    Suspended,
    /// Gone for everybody; only its version is kept.
    Deleted,
}

/// The state of an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssociationStatus {
    /// In use.
    Active,
    /// Kept out, until somebody lets it in again.
    Suspended,
    /// Its data were destroyed; it may be provided with new ones.
    Purged,
}

/// The text names no status that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be active or suspended")]
pub struct UnknownStatus;

impl TenantStatus {
    /// `active`, `suspended` or `deleted`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }
}

impl AssociationStatus {
    /// `active`, `suspended` or `purged`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Purged => "purged",
        }
    }
}

impl fmt::Display for TenantStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for AssociationStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for TenantStatus {
    type Err = UnknownStatus;

    /// Deleted tenants cannot be asked for.
    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        [Self::Active, Self::Suspended].into_iter().find(|known| known.name() == text).ok_or(UnknownStatus)
    }
}
