//! The keys that seal what is cached or stored where others can read or write, and where secrets are kept.

use seal::{KeyRing, SealingKey};
use serde::Deserialize;

use super::secrets_backend::SecretsBackend;
use super::values::filled;
use super::{DeploymentConfig, Problem, Variable, Variables};

pub(super) const VARIABLES: &[Variable] = &[Variable::new(
    "SECRETS_ENCRYPTION_KEY",
    "made at first start when local",
    "Base64 keys of 32 bytes, comma-separated: the first seals, all open (secret)",
)];

/// The keys that seal what is cached or stored where others can read or write, and where secrets are kept.
#[derive(Debug)]
pub struct SecretsConfig {
    /// Where secrets are kept.
    pub backend: SecretsBackend,
    /// The keys that were given; without any, one is made at first start.
    pub encryption_keys: Option<KeyRing>,
}

#[derive(Default, Deserialize)]
pub(super) struct SecretsVariables {
    secrets_encryption_key: Option<String>,
    pub(super) secrets_backend: Option<String>,
    pub(super) secrets_kms_key_id: Option<String>,
    pub(super) aws_region: Option<String>,
    pub(super) aws_endpoint_url: Option<String>,
    pub(super) aws_access_key_id: Option<String>,
    pub(super) aws_secret_access_key: Option<String>,
    pub(super) aws_session_token: Option<String>,
}

impl SecretsConfig {
    pub(super) fn read(
        environment: &Variables,
        deployment: &DeploymentConfig,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let variables: SecretsVariables = environment.section("", problems);
        let backend = SecretsBackend::read(&variables, deployment, problems);
        let Some(text) = filled(&variables.secrets_encryption_key) else {
            if !deployment.accepts_embedded() {
                problems.push(Problem::FirstStartEncryptionKey(deployment.mode));
            }
            return Self { backend, encryption_keys: None };
        };
        let keys = text.split(',').enumerate().filter_map(|(index, key)| {
            let read = SealingKey::from_base64(key);
            read.map_err(|error| problems.push(Problem::EncryptionKey { position: index + 1, error })).ok()
        });
        let keys: Vec<SealingKey> = keys.collect();
        Self { backend, encryption_keys: KeyRing::of(keys).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const TWO: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    fn read(value: &str) -> (Option<KeyRing>, String) {
        let environment = Variables::from([("SECRETS_ENCRYPTION_KEY", value)]);
        let mut problems = Vec::new();
        let deployment = DeploymentConfig::read(&environment, &mut problems);
        let config = SecretsConfig::read(&environment, &deployment, &mut problems);
        (config.encryption_keys, problems.iter().map(|problem| format!("{problem}\n")).collect())
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let ring = |value: &str| {
            let (ring, problems) = read(value);
            assert_eq!(problems, "");
            ring.expect("a ring")
        };
        let old = ring(ONE).seal(b"value", b"place").unwrap();
        let rotated = ring(&format!(" {TWO} , {ONE} "));
        assert_eq!(*rotated.open(&old, b"place").unwrap(), b"value");
        let new = rotated.seal(b"value", b"place").unwrap();
        assert!(ring(ONE).open(&new, b"place").is_err() && ring(TWO).open(&new, b"place").is_ok());
        assert!(read(" ").0.is_none());
    }

    #[test]
    fn a_faulty_key_is_told_by_its_place_and_not_shown() {
        for (value, place) in
            [("hunter2", 1), (&*format!("{ONE},aHVudGVyMg=="), 2), (&*format!("{ONE},"), 2), (",", 1)]
        {
            let (_, problems) = read(value);
            assert!(
                problems.contains(&format!("SECRETS_ENCRYPTION_KEY: key {place}")),
                "{value}: {problems}"
            );
            for secret in ["hunter2", "aHVudGVyMg", ONE] {
                assert!(!problems.contains(secret), "{problems}");
            }
        }
    }

    proptest! {
        /// Nothing of it is in what is told.
        #[test]
        fn any_text_is_refused_or_a_ring(any in "[^\\x00]{0,80}", near in "([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=,?){1,3}") {
            for text in [any, near] {
                let (ring, problems) = read(&text);
                prop_assert!(ring.is_none() || ring.is_some_and(|ring| ring.key_ids().count() >= 1));
                prop_assert!(text.len() < 20 || !problems.contains(&text), "{}", problems);
            }
        }
    }
}
