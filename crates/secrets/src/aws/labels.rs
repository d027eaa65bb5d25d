//! Staging labels: which version of a secret is what.

use std::collections::HashMap;

use domain::SecretVersion;

/// The label of the version that readers get who ask for none.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The version that a secret is made with, so that the first real one is not current by itself.
pub(super) const PLACEHOLDER: &str = "pool-manager-placeholder-00000000";
/// What the placeholder says: an object as all our secrets are, without the fields that a reader needs.
pub(super) const PLACEHOLDER_TEXT: &str = "{}";

const OURS: &str = "pm-";

/// The label that a version gets when it is stored.
pub(super) fn label(version: SecretVersion) -> String {
    format!("{OURS}{version}")
}

/// The versions of a secret that have labels.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// The labels of each version.
    pub(super) by_version: HashMap<String, Vec<String>>,
    /// Whether the secret is scheduled for deletion.
    pub(super) is_deleted: bool,
}

impl Labels {
    /// The version that is current.
    pub(super) fn current(&self) -> Option<&str> {
        let mut all = self.by_version.iter();
        all.find(|(_, labels)| labels.iter().any(|label| label == CURRENT))
            .map(|(version, _)| version.as_str())
    }

    /// The labels that were given by [`label`], each after the version that has it.
    pub(super) fn ours(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_version.iter().flat_map(|(version, labels)| {
            let ours = labels.iter().filter(|label| label.starts_with(OURS));
            ours.map(move |label| (version.as_str(), label.as_str()))
        })
    }

    /// Whether the version has any label.
    pub(super) fn has(&self, version: SecretVersion) -> bool {
        self.by_version.contains_key(&version.to_string())
    }

    /// Whether nothing is left of the secret once `removed` is gone from it. Where a stranger's version is current, the
    /// secret was there before us and stays.
    pub(super) fn is_empty_without(&self, removed: SecretVersion) -> bool {
        let is_nobodys = |current: &str| current == PLACEHOLDER || current == removed.to_string();
        self.ours().next().is_none() && self.current().is_some_and(is_nobodys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: u128) -> SecretVersion {
        SecretVersion::new(uuid::Uuid::from_u128(number))
    }

    fn labels<const N: usize>(all: [(&str, &[&str]); N]) -> Labels {
        let owned =
            all.map(|(version, labels)| (version.to_owned(), labels.iter().map(|it| (*it).to_owned())));
        let by_version = owned.into_iter().map(|(version, labels)| (version, labels.collect())).collect();
        Labels { by_version, is_deleted: false }
    }

    #[test]
    fn a_secret_is_empty_when_nobody_needs_what_is_left() {
        let (one, two) = (version(1), version(2));
        let (one_name, two_name) = (one.to_string(), two.to_string());
        let (one_label, two_label) = (label(one), label(two));
        let refused = labels([(PLACEHOLDER, &[CURRENT])]);
        assert!(refused.is_empty_without(one));
        let purged = labels([(&one_name, &[CURRENT]), (PLACEHOLDER, &["AWSPREVIOUS"])]);
        assert!(purged.is_empty_without(one) && !purged.is_empty_without(two));
        let another_is_stored = labels([(&one_name, &[CURRENT]), (&two_name, &[&two_label])]);
        assert!(!another_is_stored.is_empty_without(one));
        assert_eq!(another_is_stored.ours().collect::<Vec<_>>(), [(two_name.as_str(), two_label.as_str())]);
        let in_use = labels([(&one_name, &[CURRENT, &one_label])]);
        assert!(!in_use.is_empty_without(two) && in_use.current() == Some(&one_name));
        let a_strangers = labels([("f3a1", &[CURRENT])]);
        assert!(!a_strangers.is_empty_without(one) && !Labels::default().is_empty_without(one));
    }
}
