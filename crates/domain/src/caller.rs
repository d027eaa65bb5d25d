//! Who a request comes from.

use std::fmt;
use std::sync::Arc;

use crate::key_binding::KeyBinding;
use crate::rate_tier::RateTier;
use crate::scope::Scopes;

/// The name of a caller in logs and audit: the id of its key, never the key. At most 256 visible ASCII characters; any
/// other becomes `?`, so that no name can forge a line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallerId(Arc<str>);

impl CallerId {
    const MAX_LENGTH: usize = 256;

    /// The id of the key that a deployment is configured with, the first operator's. No other key has it.
    pub const BOOTSTRAP: &str = "bootstrap";
    /// Whoever has a shell where the records are.
    pub const COMMAND_LINE: &str = "command-line";
    /// What takes over the records of another service.
    pub const IMPORT: &str = "import";
    /// Who is not known.
    pub const ANONYMOUS: &str = "anonymous";
    /// Names that are no key's.
    pub(crate) const RESERVED: [&str; 4] =
        [Self::BOOTSTRAP, Self::COMMAND_LINE, Self::IMPORT, Self::ANONYMOUS];

    /// Whether it is that of the first operator's key.
    pub fn is_bootstrap(&self) -> bool {
        *self.0 == *Self::BOOTSTRAP
    }
}

impl From<&str> for CallerId {
    fn from(text: &str) -> Self {
        let visible = |letter: char| if letter.is_ascii_graphic() { letter } else { '?' };
        Self(text.chars().take(Self::MAX_LENGTH).map(visible).collect::<String>().into())
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

/// An authenticated caller. The layers for API keys and for bearer tokens leave it in the extensions of the request. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller(Arc<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    id: CallerId,
    scopes: Scopes,
    rate_tier: Option<RateTier>,
    binding: KeyBinding,
}

impl Caller {
    /// A caller that may do what its scopes say.
    pub fn new(id: CallerId, scopes: Scopes) -> Self {
        Self(Arc::new(Parts { id, scopes, rate_tier: None, binding: KeyBinding::default() }))
    }

    /// The same caller with a rate limit of its own, whatever it asks for.
    #[must_use]
    pub fn with_rate_tier(self, tier: RateTier) -> Self {
        Self(Arc::new(Parts { rate_tier: Some(tier), ..Arc::unwrap_or_clone(self.0) }))
    }

    /// The same caller, bound to a service, an environment or a tenant.
    #[must_use]
    pub fn bound_to(self, binding: KeyBinding) -> Self {
        Self(Arc::new(Parts { binding, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// The caller of a token who shows an API key as well: named by both, permitted what either permits, and bound and limited as
    /// the key is. The name has both, so that what is kept for it is not found with the token beside another key.
    #[must_use]
    pub fn accompanied_by(&self, key: &Self) -> Self {
        let scopes = self.scopes().iter().chain(key.scopes().iter()).cloned().collect();
        let id = CallerId::from(format!("{}+{}", self.id(), key.id()));
        Self(Arc::new(Parts { id, scopes, ..(*key.0).clone() }))
    }

    /// Its name in logs.
    pub fn id(&self) -> &CallerId {
        &self.0.id
    }

    /// What it may do.
    pub fn scopes(&self) -> &Scopes {
        &self.0.scopes
    }

    /// Whose tenants it sees.
    pub fn binding(&self) -> &KeyBinding {
        &self.0.binding
    }

    /// The rate limit that it is held to, if it has one of its own.
    pub fn rate_tier(&self) -> Option<RateTier> {
        self.0.rate_tier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_forge_a_line() {
        assert_eq!(CallerId::from("key-1").to_string(), "key-1");
        assert_eq!(CallerId::from("a\nb \u{e9}\u{1b}[0m".to_owned()).to_string(), "a?b???[0m");
        assert_eq!(CallerId::from("x".repeat(500)).0.len(), 256);
    }
}
