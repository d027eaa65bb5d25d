//! Where secrets are kept.

use secrets::{AwsAccessKey, AwsConfig};

use super::secrets::SecretsVariables;
use super::values::{filled, unexpected};
use super::{DeploymentConfig, Problem, Variable};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "SECRETS_BACKEND",
        "`embedded`",
        "`embedded` (sealed, among the records) or `aws` (AWS Secrets Manager); `AWS_*` alone selects nothing",
    ),
    Variable::new("SECRETS_KMS_KEY_ID", "the account's own", "KMS key that new secrets are encrypted with"),
    Variable::new(
        "AWS_REGION",
        "required with `SECRETS_BACKEND=aws`",
        "Region of the secrets, such as `us-east-2`",
    ),
    Variable::new(
        "AWS_ENDPOINT_URL",
        "that of the region",
        "Address of Secrets Manager, such as a VPC endpoint",
    ),
    Variable::new(
        "AWS_ACCESS_KEY_ID",
        "none",
        "Access key; without one the role of the pod or the machine is used, as it should be",
    )
    .detail(),
    Variable::new("AWS_SECRET_ACCESS_KEY", "none", "What belongs to `AWS_ACCESS_KEY_ID` (secret)").detail(),
    Variable::new("AWS_SESSION_TOKEN", "none", "What comes with an access key that is lent (secret)")
        .detail(),
];

/// Where secrets are kept.
#[derive(Debug)]
pub enum SecretsBackend {
    /// Sealed, in the record store.
    Embedded,
    /// In AWS Secrets Manager.
    Aws(AwsConfig),
}

impl SecretsBackend {
    pub(super) fn read(
        variables: &SecretsVariables,
        deployment: &DeploymentConfig,
        problems: &mut Vec<Problem>,
    ) -> Self {
        match filled(&variables.secrets_backend) {
            Some("aws") => Self::Aws(aws(variables, problems)),
            None | Some("embedded") => {
                if !deployment.accepts_embedded() {
                    problems.push(Problem::EmbeddedSecrets(deployment.mode));
                }
                Self::Embedded
            }
            Some(_) => {
                problems.push(unexpected("SECRETS_BACKEND", &variables.secrets_backend, "embedded or aws"));
                Self::Embedded
            }
        }
    }
}

fn aws(variables: &SecretsVariables, problems: &mut Vec<Problem>) -> AwsConfig {
    let text = |value: &Option<String>| filled(value).map(str::to_owned);
    let region = text(&variables.aws_region);
    if region.is_none() {
        problems.push(Problem::NoAwsRegion);
    }
    let endpoint_url = text(&variables.aws_endpoint_url);
    if endpoint_url.as_ref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        problems.push(Problem::AwsEndpoint);
    }
    let pair = (filled(&variables.aws_access_key_id), filled(&variables.aws_secret_access_key));
    let access_key = match pair {
        (Some(id), Some(secret)) => Some(AwsAccessKey {
            id: id.to_owned(),
            secret: domain::SecretText::new(secret),
            session_token: filled(&variables.aws_session_token).map(domain::SecretText::new),
        }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            problems.push(Problem::HalfAwsAccessKey);
            None
        }
    };
    AwsConfig { region, endpoint_url, kms_key_id: text(&variables.secrets_kms_key_id), access_key }
}

#[cfg(test)]
mod tests {
    use super::super::{SecretsConfig, Variables};
    use super::*;

    fn read(variables: &[(&'static str, &'static str)]) -> (SecretsBackend, Vec<String>) {
        let environment: Variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut problems = Vec::new();
        let deployment = DeploymentConfig::read(&environment, &mut problems);
        problems.clear();
        let config = SecretsConfig::read(&environment, &deployment, &mut problems);
        let problems = problems.iter().map(ToString::to_string);
        (config.backend, problems.filter(|it| !it.starts_with("SECRETS_ENCRYPTION_KEY")).collect())
    }

    #[test]
    fn aws_is_chosen_by_name_and_needs_a_region() {
        assert!(
            matches!(read(&[("AWS_REGION", "us-east-2")]), (SecretsBackend::Embedded, faults) if faults.is_empty())
        );
        let (_, faults) = read(&[("SECRETS_BACKEND", "aws")]);
        assert!(faults.len() == 1 && faults[0].starts_with("AWS_REGION: missing"), "{faults:?}");
        assert!(read(&[("SECRETS_BACKEND", "vault")]).1[0].starts_with("SECRETS_BACKEND: "));
        let (backend, faults) = read(&[
            ("DEPLOYMENT_MODE", "saas"),
            ("SECRETS_BACKEND", "aws"),
            ("AWS_REGION", " us-east-2 "),
            ("AWS_ENDPOINT_URL", "https://vpce.int"),
            ("SECRETS_KMS_KEY_ID", "alias/tenants"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AWS_SESSION_TOKEN", "hunter2"),
        ]);
        let SecretsBackend::Aws(config) = &backend else { panic!("{faults:?}") };
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(config.region.as_deref(), Some("us-east-2"));
        assert_eq!(config.kms_key_id.as_deref(), Some("alias/tenants"));
        assert!(!format!("{backend:?}").contains("hunter2"));
    }

    #[test]
    fn what_cannot_be_meant_is_a_fault() {
        let aws = [("SECRETS_BACKEND", "aws"), ("AWS_REGION", "us-east-2")];
        let with = |more| read(&[aws[0], aws[1], more]).1;
        assert!(with(("AWS_ENDPOINT_URL", "localhost:5000"))[0].starts_with("AWS_ENDPOINT_URL: "));
        let faults = with(("AWS_SECRET_ACCESS_KEY", "hunter2"));
        assert!(faults[0].starts_with("AWS_ACCESS_KEY_ID: ") && !faults[0].contains("hunter2"), "{faults:?}");
    }

    #[test]
    fn outside_local_mode_secrets_are_not_among_the_records_unless_allowed() {
        for backend in ["", "embedded"] {
            let saas = [("DEPLOYMENT_MODE", "saas"), ("SECRETS_BACKEND", backend)];
            assert!(read(&saas).1[0].starts_with("SECRETS_BACKEND: missing with DEPLOYMENT_MODE=saas"));
            assert!(read(&[saas[0], saas[1], ("ALLOW_EMBEDDED", "true")]).1.is_empty());
        }
    }
}
