//! Whose bearer tokens are believed.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::values::{filled, unexpected};
use super::{DeploymentConfig, Problem, Variable, Variables};
use crate::outbound;

const MOST: usize = 8;

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "AUTH_ISSUER",
        "none: no bearer tokens",
        "Who may issue bearer tokens (`iss`), comma-separated, such as `https://api.workos.com`",
    ),
    Variable::new(
        "AUTH_JWKS_URL",
        "what each issuer publishes",
        "Where the issuers' keys are, in the same order",
    ),
    Variable::new(
        "AUTH_AUDIENCE",
        "only tokens without `aud`",
        "A token must be for one of these (`aud`), comma-separated",
    ),
    Variable::new("AUTH_ORGANIZATION", "any", "A token must be of one of these (`org_id`), comma-separated"),
];

/// Whose bearer tokens are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokensConfig {
    /// Those who issue them; no token is believed when there is none.
    pub issuers: Vec<IssuerConfig>,
    /// For whom they must be.
    pub audiences: Vec<String>,
    /// On whose behalf.
    pub organizations: Vec<String>,
}

/// One who issues tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerConfig {
    /// What its tokens say in `iss`.
    pub name: String,
    /// Where its keys are; what it publishes about itself says so when there is none.
    pub keys_url: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct TokensVariables {
    issuer: Option<String>,
    jwks_url: Option<String>,
    audience: Option<String>,
    organization: Option<String>,
}

impl TokensConfig {
    pub(super) fn read(
        environment: &Variables,
        deployment: &DeploymentConfig,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let variables: TokensVariables = environment.section("AUTH_", problems);
        let hosts = deployment.mode.hosts();
        let names = list("AUTH_ISSUER", &variables.issuer, problems);
        let urls = list("AUTH_JWKS_URL", &variables.jwks_url, problems);
        let audiences = list("AUTH_AUDIENCE", &variables.audience, problems);
        let organizations = list("AUTH_ORGANIZATION", &variables.organization, problems);
        if names.is_empty() {
            let others = [
                ("AUTH_JWKS_URL", &urls),
                ("AUTH_AUDIENCE", &audiences),
                ("AUTH_ORGANIZATION", &organizations),
            ];
            let lonely = others.into_iter().filter(|(_, values)| !values.is_empty());
            problems.extend(lonely.map(|(variable, _)| Problem::NoIssuer { variable }));
            return Self::default();
        }
        if !urls.is_empty() && urls.len() != names.len() {
            problems.push(Problem::KeyUrls { issuers: names.len(), urls: urls.len() });
        }
        if names.iter().collect::<BTreeSet<_>>().len() != names.len() {
            problems.push(unexpected(
                "AUTH_ISSUER",
                &variables.issuer,
                "a list in which each issuer stands once",
            ));
        }
        let variable = if urls.is_empty() { "AUTH_ISSUER" } else { "AUTH_JWKS_URL" };
        for url in if urls.is_empty() { &names } else { &urls } {
            if let Err(error) = outbound::check(hosts, url) {
                problems.push(Problem::KeyUrl { variable, error });
            }
        }
        let mut urls = urls.into_iter();
        let issuers = names.into_iter().map(|name| IssuerConfig { name, keys_url: urls.next() }).collect();
        Self { issuers, audiences, organizations }
    }
}

fn list(variable: &'static str, value: &Option<String>, problems: &mut Vec<Problem>) -> Vec<String> {
    let Some(text) = filled(value) else { return Vec::new() };
    let values: Vec<_> = text.split(',').map(|part| part.trim().to_owned()).collect();
    if values.len() > MOST || values.iter().any(String::is_empty) {
        problems.push(unexpected(variable, value, "1 to 8 values with commas between"));
        return Vec::new();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (TokensConfig, Vec<String>) {
        let mut problems = Vec::new();
        let environment = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<Variables>();
        let deployment = DeploymentConfig::read(&environment, &mut problems);
        let config = TokensConfig::read(&environment, &deployment, &mut problems);
        (config, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_an_issuer_there_are_no_tokens() {
        assert_eq!(read(&[]), (TokensConfig::default(), Vec::new()));
        let (config, problems) = read(&[("AUTH_JWKS_URL", "https://a.example/keys"), ("AUTH_AUDIENCE", "x")]);
        assert_eq!((config, problems.len()), (TokensConfig::default(), 2));
        assert!(problems[0].starts_with("AUTH_ISSUER: missing beside AUTH_JWKS_URL"), "{}", problems[0]);
    }

    #[test]
    fn each_issuer_has_its_own_keys() {
        let (config, problems) = read(&[
            ("AUTH_ISSUER", "https://api.workos.com, https://a.authkit.app"),
            ("AUTH_JWKS_URL", "https://api.workos.com/sso/jwks/client_1,https://a.authkit.app/oauth2/jwks"),
            ("AUTH_AUDIENCE", "pool,manager"),
        ]);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(config.audiences, ["pool", "manager"]);
        let keys: Vec<_> = config.issuers.iter().filter_map(|issuer| issuer.keys_url.as_deref()).collect();
        assert_eq!(keys, ["https://api.workos.com/sso/jwks/client_1", "https://a.authkit.app/oauth2/jwks"]);
        let (config, problems) = read(&[("AUTH_ISSUER", "https://a.authkit.app")]);
        assert!(problems.is_empty() && config.issuers[0].keys_url.is_none());
    }

    #[test]
    fn keys_are_not_read_in_clear_text_nor_from_where_only_the_machine_gets() {
        let faults = |issuer: &str, url: &str| {
            let mode = [("DEPLOYMENT_MODE", "saas"), ("ENVIRONMENT_NAME", "staging")];
            read(&[mode[0], mode[1], ("AUTH_ISSUER", issuer), ("AUTH_JWKS_URL", url)]).1
        };
        assert!(faults("any name", "https://a.example/keys").is_empty());
        for url in [
            "http://a.example/keys",
            "https://169.254.169.254/keys",
            "https://127.0.0.1/keys",
            "https://user:word@a.example/keys",
            "file:///etc/passwd",
        ] {
            let faults = faults("any name", url);
            assert_eq!(faults.len(), 1, "{url}");
            assert!(faults[0].starts_with("AUTH_JWKS_URL: "), "{}", faults[0]);
        }
        assert!(
            faults("any name", "")[0].starts_with("AUTH_ISSUER: "),
            "it is where they would be looked for"
        );
        let local = [("AUTH_ISSUER", "a"), ("AUTH_JWKS_URL", "http://127.0.0.1:1/keys")];
        assert!(read(&local).1.is_empty());
    }

    #[test]
    fn lists_have_no_holes() {
        let wrong = [
            ("AUTH_ISSUER", "https://a.example,"),
            ("AUTH_ISSUER", "https://a.example,https://a.example"),
            ("AUTH_JWKS_URL", "https://a.example/keys,https://b.example/keys"),
            ("AUTH_AUDIENCE", ",x"),
        ];
        for (variable, value) in wrong {
            let issuer = ("AUTH_ISSUER", "https://a.example");
            let (_, problems) = read(&[issuer, (variable, value)]);
            assert_eq!(problems.len(), 1, "{variable}={value}: {problems:?}");
        }
    }
}
