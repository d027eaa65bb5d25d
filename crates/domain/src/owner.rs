//! The first user of a tenant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const MAX_EMAIL_LENGTH: usize = 254;

/// Who the tenant was made for; with slug and environment, its address tells whether two registrations are one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Where mail reaches it.
    pub email: Email,
    /// Whether somebody proved that it does.
    pub email_verified: bool,
    /// bcrypt of its first password, if it chose one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub password_hash: Option<PasswordHash>,
}

/// A mail address in lower case: a local part, `@` and a domain, at most 254 characters (RFC 5321, 4.5.3.1.3). Whether it
/// exists only a mail can tell.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// The text is no mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a mail address of at most {MAX_EMAIL_LENGTH} characters")]
pub struct EmailError;

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        // Before it is measured: some letters grow, and what is kept is read by the same rule.
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError)?;
        let is_odd = |letter: char| letter.is_whitespace() || letter.is_control();
        if local.is_empty() || domain.is_empty() || text.len() > MAX_EMAIL_LENGTH || text.chars().any(is_odd)
        {
            return Err(EmailError);
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for Email {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Self, EmailError> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

/// A bcrypt hash. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasswordHash(Zeroizing<String>);

/// The text is no bcrypt hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a bcrypt hash ($2a$, $2b$ or $2y$ and 60 characters); a password is never sent")]
pub struct PasswordHashError;

impl FromStr for PasswordHash {
    type Err = PasswordHashError;

    fn from_str(text: &str) -> Result<Self, PasswordHashError> {
        let is_bcrypt = ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix));
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$./".contains(&byte));
        if is_bcrypt && is_plain && text.len() == 60 {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(PasswordHashError)
        }
    }
}

impl TryFrom<String> for PasswordHash {
    type Error = PasswordHashError;

    fn try_from(text: String) -> Result<Self, PasswordHashError> {
        text.parse()
    }
}

impl From<PasswordHash> for String {
    fn from(hash: PasswordHash) -> Self {
        hash.0.to_string()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::{any_text, fixed_point};
    use proptest::prelude::*;

    #[test]
    fn an_address_is_one_in_any_capitals() {
        assert_eq!(" Ana@Example.com ".parse::<Email>().unwrap().as_str(), "ana@example.com");
        for text in [
            "",
            "ana",
            "@x",
            "ana@",
            "a b@x",
            "a\n@x",
            &format!("{}@x", "a".repeat(253)),
            &format!("{}@x", "\u{130}".repeat(120)),
        ] {
            assert_eq!(text.parse::<Email>(), Err(EmailError), "{text}");
        }
    }

    #[test]
    fn a_password_is_no_hash_and_a_hash_is_not_shown() {
        let text = format!("$2b$12${}", "a".repeat(53));
        let hash: PasswordHash = text.parse().unwrap();
        assert!(!format!("{hash:?}").contains("aaa"));
        for text in ["hunter2", "$2b$12$short", &format!("$2b$12${} ", "a".repeat(52))] {
            assert_eq!(text.parse::<PasswordHash>(), Err(PasswordHashError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            fixed_point::<Email>(&text)?;
            fixed_point::<PasswordHash>(&text)?;
        }

        /// Some letters grow when their capitals go.
        #[test]
        fn an_address_of_any_length_is_refused_or_read_again(local in "\u{130}{1,130}[a-zA-Z]{0,20}") {
            fixed_point::<Email>(&format!("{local}@example.com"))?;
        }
    }
}
