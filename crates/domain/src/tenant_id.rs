//! Tenant ids in all their spellings.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const MAX_LENGTH: usize = 256;

/// The id of a tenant in its canonical form: a UUID is 32 lower-case hex digits without dashes, however it was
/// written; any other id stands byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

/// How ids are written where others read them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdSpelling {
    /// As they are kept.
    #[default]
    Canonical,
    /// UUIDs with dashes (8-4-4-4-12); any other id as it is kept.
    Dashed,
}

impl IdSpelling {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Canonical, Self::Dashed];

    /// What a setting calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Canonical => "canonical",
            Self::Dashed => "dashed",
        }
    }

    /// The id in this spelling.
    pub fn of(self, id: &TenantId) -> String {
        match self {
            Self::Canonical => id.to_string(),
            Self::Dashed => id.dashed().unwrap_or_else(|| id.to_string()),
        }
    }
}

/// Why a text is not a tenant id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TenantIdError {
    /// Nothing, or more than 256 characters.
    #[error("a tenant id has 1 to {MAX_LENGTH} characters")]
    Length,
    /// A character that ids do not have; among them `:`, which separates the parts of cache keys.
    #[error("a tenant id is a letter or digit followed by letters, digits, - or _")]
    Character,
}

impl TenantId {
    /// The form with dashes (8-4-4-4-12), for ids that are UUIDs.
    fn dashed(&self) -> Option<String> {
        let id = &self.0;
        let is_uuid = id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_uuid.then(|| format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]))
    }

    /// Without any dashes, as programs write every id that list paths of Kafka's secrets.
    pub fn dashless(&self) -> String {
        self.0.replace('-', "")
    }

    /// Every spelling that other programs write: the canonical one and, for UUIDs, the one with dashes.
    pub fn spellings(&self) -> Vec<String> {
        std::iter::once(self.0.clone()).chain(self.dashed()).collect()
    }
}

impl From<uuid::Uuid> for TenantId {
    fn from(uuid: uuid::Uuid) -> Self {
        Self(uuid.simple().to_string())
    }
}

impl FromStr for TenantId {
    type Err = TenantIdError;

    fn from_str(text: &str) -> Result<Self, TenantIdError> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(TenantIdError::Length);
        }
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !text.as_bytes()[0].is_ascii_alphanumeric() || !text.bytes().all(is_inner) {
            return Err(TenantIdError::Character);
        }
        let is_uuid_shape = match text.len() {
            32 => !text.contains('-'),
            36 => [8, 13, 18, 23].into_iter().all(|dash| text.as_bytes()[dash] == b'-'),
            _ => false,
        };
        match uuid::Uuid::try_parse(text) {
            Ok(uuid) if is_uuid_shape => Ok(Self(uuid.simple().to_string())),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl TryFrom<String> for TenantId {
    type Error = TenantIdError;

    fn try_from(text: String) -> Result<Self, TenantIdError> {
        text.parse()
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> Self {
        id.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::{any_text, fixed_point};
    use proptest::prelude::*;

    #[test]
    fn a_uuid_is_one_id_in_every_spelling() {
        let canonical = "0f8fad5bd9cb469fa16570867728950e";
        for text in [
            canonical,
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "0F8FAD5B-D9CB-469F-A165-70867728950E",
            "0F8FAD5BD9CB469FA16570867728950E",
        ] {
            let id: TenantId = text.parse().unwrap();
            assert_eq!(id.to_string(), canonical);
            let dashed = "0f8fad5b-d9cb-469f-a165-70867728950e";
            assert_eq!(id.spellings(), [canonical, dashed]);
            assert_eq!([IdSpelling::Canonical.of(&id), IdSpelling::Dashed.of(&id)], [canonical, dashed]);
        }
    }

    #[test]
    fn other_ids_stand_as_they_are() {
        for text in ["acme", "Org_01ABC", "a-b", "0", &"a".repeat(256)] {
            let id: TenantId = text.parse().unwrap();
            assert_eq!((id.0.as_str(), id.dashed()), (text, None));
            assert_eq!(IdSpelling::Dashed.of(&id), text);
        }
    }

    #[test]
    fn refuses_what_could_break_a_key() {
        for text in
            ["a:b", "-a", "_a", "a b", "a/b", "{0f8fad5bd9cb469fa16570867728950e}", "é", "urn:uuid:0f8fad5b"]
        {
            assert_eq!(text.parse::<TenantId>(), Err(TenantIdError::Character), "{text}");
        }
        assert_eq!("".parse::<TenantId>(), Err(TenantIdError::Length));
        assert_eq!("a".repeat(257).parse::<TenantId>(), Err(TenantIdError::Length));
    }

    #[test]
    fn json_holds_the_canonical_form_and_is_checked() {
        let id: TenantId = serde_json::from_str("\"0F8FAD5B-D9CB-469F-A165-70867728950E\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"0f8fad5bd9cb469fa16570867728950e\"");
        assert!(serde_json::from_str::<TenantId>("\"a:b\"").is_err());
    }

    proptest! {
        #[test]
        fn every_spelling_leads_back(bytes in any::<[u8; 16]>()) {
            let id: TenantId = uuid::Uuid::from_bytes(bytes).to_string().parse().unwrap();
            for spelling in id.spellings() {
                prop_assert_eq!(&spelling.to_uppercase().parse::<TenantId>().unwrap(), &id);
            }
        }

        #[test]
        fn canonical_is_a_fixed_point(text in "[A-Za-z0-9][A-Za-z0-9_-]{0,60}") {
            let id: TenantId = text.parse().unwrap();
            prop_assert_eq!(id.to_string().parse::<TenantId>().unwrap(), id);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            fixed_point::<TenantId>(&text)?;
        }
    }
}
