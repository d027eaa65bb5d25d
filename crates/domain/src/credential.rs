//! Credentials with which an application calls another service, or a stranger's, on behalf of a tenant.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::secret::{SecretPath, SecretReference};
use crate::secret_segment::{SecretSegment, SecretSegmentError};
use crate::tenant_id::{IdSpelling, TenantId};
use crate::timestamp::Timestamp;

/// Whom the application calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CredentialKind {
    /// A service of the platform, with an OAuth client of its own.
    M2m,
    /// Somebody else's, with whatever that asks for.
    External,
}

/// Which application calls what.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CredentialName {
    /// Whose service is called.
    pub kind: CredentialKind,
    /// Who calls.
    pub application: SecretSegment,
    /// What is called.
    pub target: SecretSegment,
}

/// Where the secret of a credential is: under each spelling of the tenant's id, with the same text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// One version of each path.
    pub secrets: Vec<SecretReference>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last replaced.
    pub updated_at: Timestamp,
}

/// The text names no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialNameError {
    /// It is not of the form.
    #[error("must be m2m or external, application and target, with slashes between")]
    Form,
    /// One of its parts cannot be such a name.
    #[error(transparent)]
    Segment(#[from] SecretSegmentError),
}

impl CredentialKind {
    /// `m2m` or `external`, as it stands in paths.
    pub fn name(self) -> &'static str {
        match self {
            Self::M2m => "m2m",
            Self::External => "external",
        }
    }
}

impl CredentialName {
    /// Where readers look who put in the tenant's id in one of these spellings; an id that has only one is there once.
    pub fn secret_paths(
        &self,
        environment: Environment,
        tenant: &TenantId,
        spellings: &BTreeSet<IdSpelling>,
    ) -> Vec<SecretPath> {
        let Self { kind, application, target } = self;
        let path = |spelling: String| {
            let ends = [application.as_str(), kind.name(), target.as_str(), "credentials"];
            SecretPath::of_segments(
                &[&["tenants", environment.name(), spelling.as_str()], &ends[..]].concat(),
            )
        };
        let mut ids: Vec<String> = spellings.iter().map(|spelling| spelling.of(tenant)).collect();
        ids.dedup();
        ids.into_iter().map(path).collect()
    }
}

impl fmt::Display for CredentialName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.kind.name(), self.application, self.target)
    }
}

impl FromStr for CredentialName {
    type Err = CredentialNameError;

    fn from_str(text: &str) -> Result<Self, CredentialNameError> {
        let [kind, application, target] = text.split('/').collect::<Vec<_>>()[..] else {
            return Err(CredentialNameError::Form);
        };
        let kind = match kind {
            "m2m" => CredentialKind::M2m,
            "external" => CredentialKind::External,
            _ => return Err(CredentialNameError::Form),
        };
        Ok(Self { kind, application: application.parse()?, target: target.parse()? })
    }
}

impl TryFrom<String> for CredentialName {
    type Error = CredentialNameError;

    fn try_from(text: String) -> Result<Self, CredentialNameError> {
        text.parse()
    }
}

impl From<CredentialName> for String {
    fn from(name: CredentialName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::{any_text, fixed_point};
    use proptest::prelude::*;

    fn paths(name: &str, tenant: &str) -> Vec<String> {
        paths_in(&IdSpelling::ALL, name, tenant)
    }

    fn paths_in(spellings: &[IdSpelling], name: &str, tenant: &str) -> Vec<String> {
        let name: CredentialName = name.parse().unwrap();
        let spellings = spellings.iter().copied().collect();
        let paths = name.secret_paths(Environment::Production, &tenant.parse().unwrap(), &spellings);
        paths.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn paths_are_those_that_others_look_for() {
        let (dashed, plain) = ("0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5bd9cb469fa16570867728950e");
        assert_eq!(
            paths("m2m/matcher/fetcher", dashed),
            [plain, dashed].map(|id| format!("tenants/production/{id}/matcher/m2m/fetcher/credentials"))
        );
        assert_eq!(
            paths_in(&[IdSpelling::Dashed], "m2m/matcher/fetcher", plain),
            [format!("tenants/production/{dashed}/matcher/m2m/fetcher/credentials")]
        );
        assert_eq!(
            paths("external/matcher/erp", "acme"),
            ["tenants/production/acme/matcher/external/erp/credentials"]
        );
    }

    #[test]
    fn names_are_read_back() {
        let name: CredentialName = "m2m/matcher/fetcher".parse().unwrap();
        assert_eq!(serde_json::to_value(&name).unwrap(), "m2m/matcher/fetcher");
        assert_eq!(serde_json::from_str::<CredentialName>("\"m2m/matcher/fetcher\"").unwrap(), name);
        for text in ["m2m/matcher", "x/a/b", "m2m/a/b/c", "m2m//b"] {
            assert!(text.parse::<CredentialName>().is_err(), "{text}");
        }
    }

    /// The longest that there may be fits into what the backend takes.
    #[test]
    fn no_path_is_longer_than_512() {
        let long = "a".repeat(64);
        let longest = &paths(&format!("external/{long}/{long}"), &"a".repeat(256))[0];
        assert!(longest.len() <= 512, "{}", longest.len());
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            fixed_point::<CredentialName>(&text)?;
        }
    }
}
