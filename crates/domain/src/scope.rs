//! What a caller may do.

use std::borrow::Cow;
use std::fmt;

/// One permission, such as `backoffice:tm:cache:read`. In a granted scope a part may be `*`, for any.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope(Cow<'static, str>);

impl Scope {
    /// Looking at cache keys and figures.
    pub const CACHE_READ: Self = Self(Cow::Borrowed("backoffice:tm:cache:read"));
    /// Deleting cache keys.
    pub const CACHE_WRITE: Self = Self(Cow::Borrowed("backoffice:tm:cache:write"));

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

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The permissions of one caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Whether what needs `scope` is allowed.
    pub fn allows(&self, scope: &Scope) -> bool {
        self.0.iter().any(|granted| granted.covers(scope))
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

    #[test]
    fn a_star_stands_for_one_part() {
        let granted = |text: &str| Scopes::from_iter([Scope::new(text)]);
        assert!(granted("backoffice:tm:cache:read").allows(&Scope::CACHE_READ));
        assert!(granted("backoffice:tm:*:read").allows(&Scope::CACHE_READ));
        for text in ["backoffice:tm:*:read", "backoffice:tm:cache", "*", "backoffice:tm:cache:write:x", ""] {
            assert!(!granted(text).allows(&Scope::CACHE_WRITE), "{text}");
        }
        assert!(!Scopes::default().allows(&Scope::CACHE_READ));
    }
}
