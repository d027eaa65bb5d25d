//! Where records are kept.

use std::fmt;

use serde::Deserialize;

use super::values::{certificate, filled, flag};
use super::{DeploymentConfig, Problem, Variable, Variables};

const DEFAULT_DATABASE: &str = "pool_manager";
const MAX_DATABASE: usize = 63;

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "MONGO_URI",
        "embedded",
        "`mongodb://` or `mongodb+srv://` of MongoDB 7 or DocumentDB 5, with the credentials (secret)",
    ),
    Variable::new("MONGO_NAME", "`pool_manager`", "Database that holds the records"),
    Variable::new(
        "MONGO_CA_CERT_BASE64",
        "public authorities",
        "Base64 of the authority to trust, in PEM; TLS is spoken then",
    ),
    Variable::new("MONGO_RETRY_WRITES", "`false`", "Let the driver repeat writes, which DocumentDB refuses")
        .detail(),
];

/// Where records are kept.
#[derive(Debug)]
pub enum StoreConfig {
    /// In a file below `DATA_DIR`.
    Embedded,
    /// In MongoDB or DocumentDB.
    Mongo(MongoConfig),
}

/// How to reach MongoDB or DocumentDB. `Debug` does not show the URI.
pub struct MongoConfig {
    /// With the credentials.
    pub uri: String,
    /// The database.
    pub database: String,
    /// The authority to trust, in PEM.
    pub ca_certificate_pem: Option<String>,
    /// Whether the driver repeats writes.
    pub retry_writes: bool,
}

#[derive(Default, Deserialize)]
pub(super) struct StoreVariables {
    uri: Option<String>,
    name: Option<String>,
    ca_cert_base64: Option<String>,
    retry_writes: Option<String>,
}

impl StoreConfig {
    pub(super) fn read(
        environment: &Variables,
        deployment: &DeploymentConfig,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let variables: StoreVariables = environment.section("MONGO_", problems);
        let Some(uri) = filled(&variables.uri) else {
            if let Some(meant) = environment.names("MONGO_").first() {
                problems.push(Problem::NoMongoUri { variable: (*meant).to_owned() });
            } else if !deployment.accepts_embedded() {
                problems.push(Problem::EmbeddedStore(deployment.mode));
            }
            return Self::Embedded;
        };
        if !["mongodb://", "mongodb+srv://"].iter().any(|scheme| uri.starts_with(scheme)) {
            problems.push(Problem::MongoUri);
        }
        let database = filled(&variables.name).unwrap_or(DEFAULT_DATABASE);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if database.len() > MAX_DATABASE || !database.bytes().all(is_name) {
            problems.push(Problem::MongoName);
        }
        Self::Mongo(MongoConfig {
            uri: uri.to_owned(),
            database: database.to_owned(),
            ca_certificate_pem: certificate("MONGO_CA_CERT_BASE64", &variables.ca_cert_base64, problems),
            retry_writes: flag("MONGO_RETRY_WRITES", &variables.retry_writes, problems),
        })
    }
}

impl fmt::Debug for MongoConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MongoConfig").field("database", &self.database).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&'static str, &'static str)]) -> (StoreConfig, Vec<String>) {
        let environment: Variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut problems = Vec::new();
        let deployment = DeploymentConfig::read(&environment, &mut problems);
        let config = StoreConfig::read(&environment, &deployment, &mut problems);
        (config, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn is_embedded_only_where_nothing_is_said() {
        assert!(matches!(read(&[]), (StoreConfig::Embedded, problems) if problems.is_empty()));
        for name in ["MONGO_URI", "MONGO_NAME", "MONGO_HOST"] {
            let (_, problems) = read(&[(name, " ")]);
            assert!(problems[0].starts_with("MONGO_URI: "), "{problems:?}");
        }
        let saas = [("DEPLOYMENT_MODE", "saas"), ("ENVIRONMENT_NAME", "staging")];
        assert!(read(&saas).1[0].starts_with("MONGO_URI: missing with DEPLOYMENT_MODE=saas"));
        assert!(read(&[saas[0], saas[1], ("ALLOW_EMBEDDED", "true")]).1.is_empty());
    }

    #[test]
    fn a_secret_is_not_shown() {
        let (config, problems) = read(&[("MONGO_URI", "mongodb://ana:hunter2@db/")]);
        let StoreConfig::Mongo(mongo) = &config else { panic!("{problems:?}") };
        assert_eq!((mongo.database.as_str(), mongo.retry_writes), ("pool_manager", false));
        assert!(!format!("{config:?}").contains("hunter2"));
        let faulty = [
            ("MONGO_URI", "http://ana:hunter2@db/"),
            ("MONGO_NAME", "a/b"),
            ("MONGO_CA_CERT_BASE64", "aHVudGVyMg=="),
            ("MONGO_RETRY_WRITES", "maybe"),
        ];
        let (_, problems) = read(&faulty);
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.contains("hunter2")), "{problems:?}");
    }
}
