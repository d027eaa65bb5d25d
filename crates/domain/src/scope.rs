//! What a caller may do.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One permission, such as `backoffice:tm:cache:read`. In a granted scope a part may be `*`, for any.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope(Cow<'static, str>);

impl Scope {
    /// Looking at cache keys and figures.
    pub const CACHE_READ: Self = Self(Cow::Borrowed("backoffice:tm:cache:read"));
    /// Deleting cache keys.
    pub const CACHE_WRITE: Self = Self(Cow::Borrowed("backoffice:tm:cache:write"));
    /// Looking at tenants.
    pub const TENANTS_READ: Self = Self(Cow::Borrowed("backoffice:tm:tenants:read"));
    /// Making and changing tenants.
    pub const TENANTS_WRITE: Self = Self(Cow::Borrowed("backoffice:tm:tenants:write"));
    /// Looking at associations, without their passwords.
    pub const ASSOCIATIONS_READ: Self = Self(Cow::Borrowed("backoffice:tm:associations:read"));
    /// Looking at connections with their passwords, of any service.
    pub const CONNECTIONS_READ: Self = Self(Cow::Borrowed("backoffice:tm:connections:read"));
    /// Making and changing associations.
    pub const ASSOCIATIONS_WRITE: Self = Self(Cow::Borrowed("backoffice:tm:associations:write"));
    /// Writing credentials with which applications call others on behalf of a tenant.
    pub const M2M_WRITE: Self = Self(Cow::Borrowed("backoffice:tm:m2m:write"));
    /// Looking at the catalogue.
    pub const SERVICES_READ: Self = Self(Cow::Borrowed("backoffice:tm:services:read"));
    /// Changing the catalogue.
    pub const SERVICES_WRITE: Self = Self(Cow::Borrowed("backoffice:tm:services:write"));
    /// Looking at API keys.
    pub const API_KEYS_READ: Self = Self(Cow::Borrowed("backoffice:tm:api-keys:read"));
    /// Making, replacing and withdrawing API keys.
    pub const API_KEYS_WRITE: Self = Self(Cow::Borrowed("backoffice:tm:api-keys:write"));

    /// Looking at what services were told.
    pub const EVENTS_READ: Self = Self(Cow::Borrowed("backoffice:tm:events:read"));

    /// Looking at who did what.
    pub const AUDIT_READ: Self = Self(Cow::Borrowed("backoffice:tm:audit:read"));

    /// Everything that there is to do, as the first operator's key has it.
    pub const EVERYTHING: [Self; 2] =
        [Self(Cow::Borrowed("backoffice:tm:*:read")), Self(Cow::Borrowed("backoffice:tm:*:write"))];

    /// A scope from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Cow::Owned(text.into()))
    }

    /// Whether holding this scope allows what needs the other.
    fn covers(&self, needed: &Self) -> bool {
        let (mut own, mut other) = (self.0.split(':'), needed.0.split(':'));
        loop {
            match (own.next(), other.next()) {
                (None, None) => return true,
                (Some(part), Some(needed)) if part == "*" || part == needed => {}
                _ => return false,
            }
        }
    }
}

/// What permissions are about.
const RESOURCES: [&str; 9] =
    ["tenants", "associations", "connections", "m2m", "services", "api-keys", "events", "audit", "cache"];

/// The text is no permission of this service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be backoffice:tm:<resource>:<read or write>, where a resource is * or one of {}", RESOURCES.join(", "))]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    /// Stricter than [`Scope::new`]: for scopes that somebody wants to grant.
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let is_resource = |part: &str| part == "*" || RESOURCES.contains(&part);
        match text.split(':').collect::<Vec<_>>()[..] {
            ["backoffice", "tm", resource, "read" | "write"] if is_resource(resource) => Ok(Self::new(text)),
            _ => Err(UnknownScope),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The permissions of one caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Whether what needs `scope` is allowed.
    pub fn allows(&self, scope: &Scope) -> bool {
        self.0.iter().any(|granted| granted.covers(scope))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::{any_text, same_again};
    use proptest::prelude::*;

    #[test]
    fn a_star_stands_for_one_part() {
        let granted = |text: &str| Scopes::from_iter([Scope::new(text)]);
        assert!(granted("backoffice:tm:cache:read").allows(&Scope::CACHE_READ));
        assert!(granted("backoffice:tm:*:read").allows(&Scope::CACHE_READ));
        for text in ["backoffice:tm:*:read", "backoffice:tm:cache", "*", "backoffice:tm:cache:write:x", ""] {
            assert!(!granted(text).allows(&Scope::CACHE_WRITE), "{text}");
        }
        assert!(!Scopes::default().allows(&Scope::CACHE_READ));
        let all = Scopes::from_iter(Scope::EVERYTHING);
        assert!(all.allows(&Scope::TENANTS_WRITE) && all.allows(&Scope::API_KEYS_READ));
    }

    #[test]
    fn only_what_means_something_here_is_granted() {
        for text in ["backoffice:tm:cache:read", "backoffice:tm:*:write", "backoffice:tm:m2m:write"] {
            assert_eq!(text.parse(), Ok(Scope::new(text)));
        }
        for text in [
            "",
            "*",
            "backoffice:tm:tenant:read",
            "backoffice:tm:cache",
            "backoffice:tm:cache:*",
            "backoffice:tm::read",
            "x:tm:a:read",
        ] {
            assert_eq!(text.parse::<Scope>(), Err(UnknownScope), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            same_again::<Scope>(&text, |value| value.to_string())?;
        }
    }
}
