//! Texts by name, of bounded size.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;

/// A bounded map of texts: metadata of a tenant, or settings of a tenant for a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TextMap(BTreeMap<String, String>);

impl TextMap {
    /// The most entries.
    pub const MAX_ENTRIES: usize = 100;
    /// The longest name, in bytes.
    pub const MAX_NAME: usize = 128;
    /// The longest text, in bytes.
    pub const MAX_TEXT: usize = 4_096;

    /// Takes a map of that size and no more; faults are noted below `field`.
    pub fn check(entries: BTreeMap<String, String>, field: &str, invalid: &mut Invalid) -> Option<Self> {
        let before = invalid.problems().len();
        if entries.len() > Self::MAX_ENTRIES {
            invalid.add(field, format_args!("must have at most {} entries", Self::MAX_ENTRIES));
        }
        for (name, text) in entries.iter().take(Self::MAX_ENTRIES) {
            let shown: String = name.chars().take(32).collect();
            if name.is_empty() || name.len() > Self::MAX_NAME || name.chars().any(char::is_control) {
                invalid.add(
                    format!("{field}.{shown}"),
                    format_args!("its name must have 1 to {} bytes and no control character", Self::MAX_NAME),
                );
            }
            if text.len() > Self::MAX_TEXT {
                invalid.add(
                    format!("{field}.{shown}"),
                    format_args!("must have at most {} bytes", Self::MAX_TEXT),
                );
            }
        }
        (invalid.problems().len() == before).then_some(Self(entries))
    }

    /// The same with some entries set, or removed where there is `None` (RFC 7396).
    pub fn patched(
        &self,
        patch: &BTreeMap<String, Option<String>>,
        field: &str,
        invalid: &mut Invalid,
    ) -> Option<Self> {
        let mut entries = self.0.clone();
        for (name, text) in patch {
            match text {
                Some(text) => entries.insert(name.clone(), text.clone()),
                None => entries.remove(name),
            };
        }
        Self::check(entries, field, invalid)
    }

    /// The entries in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entries: &[(&str, &str)]) -> Result<TextMap, Invalid> {
        let entries = entries.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut invalid = Invalid::default();
        TextMap::check(entries, "metadata", &mut invalid).ok_or(invalid)
    }

    #[test]
    fn is_bounded_and_names_the_entry_at_fault() {
        let map = check(&[("origin", "self-serve"), ("empty", "")]).unwrap();
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"empty":"","origin":"self-serve"}"#);
        let faults = check(&[("", "x"), ("long", &"x".repeat(4_097)), ("fine", "x")]).unwrap_err();
        let fields: Vec<_> = faults.problems().iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["metadata.", "metadata.long"]);
        let names: Vec<String> = (0..101).map(|number| number.to_string()).collect();
        let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert!(check(&many).is_err());
    }

    #[test]
    fn a_patch_sets_and_removes() {
        let map = check(&[("a", "1"), ("b", "2")]).unwrap();
        let patch = BTreeMap::from([("a".to_owned(), None), ("c".to_owned(), Some("3".to_owned()))]);
        let mut invalid = Invalid::default();
        let patched = map.patched(&patch, "metadata", &mut invalid).unwrap();
        assert_eq!(serde_json::to_string(&patched).unwrap(), r#"{"b":"2","c":"3"}"#);
        let too_long = BTreeMap::from([("d".to_owned(), Some("x".repeat(5_000)))]);
        assert_eq!(map.patched(&too_long, "metadata", &mut invalid), None);
        assert_eq!(invalid.problems()[0].field, "metadata.d");
    }
}
