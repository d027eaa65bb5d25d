//! What is wrong with the environment.

use std::fmt;

use cache::ConfigProblem;

use super::DeploymentMode;

/// One thing that is wrong, naming its variable and what would be right. Secrets never show.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The value is not text.
    #[error("{variable}: its value is not UTF-8; write it anew")]
    NotUnicode {
        /// Name of the variable.
        variable: String,
    },
    /// envy could not read a section.
    #[error("{prefix}*: cannot be read, {source}; is a variable set twice?")]
    Section {
        /// What the names of the section begin with.
        prefix: &'static str,
        /// What envy says.
        source: envy::Error,
    },
    /// The value is not one of a few words.
    #[error("{variable}: {value:?} is not {expected}")]
    Value {
        /// Name of the variable.
        variable: &'static str,
        /// What it holds.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// The value was made by Kubernetes for a service of this name.
    #[error(
        "{variable}: begins with tcp://, which Kubernetes sets for a service of that name; \
         set enableServiceLinks: false in the pod, or give the service another name"
    )]
    ServiceLink {
        /// Name of the variable.
        variable: String,
    },
    /// Two variables that mean the same say different things.
    #[error("{first} and {second} say different things; remove {second}")]
    Contradiction {
        /// The variable to keep.
        first: &'static str,
        /// The variable to remove.
        second: &'static str,
    },
    /// A certificate without its key, or the other way round.
    #[error("{missing}: missing beside {given}; write the names of both files, or remove {given}")]
    HalfTls {
        /// The variable to write.
        missing: &'static str,
        /// The variable that is there.
        given: &'static str,
    },
    /// It is no range of addresses.
    #[error("TRUSTED_PROXIES: {range:?} {error}; write ranges such as 10.0.0.0/8 with commas between")]
    TrustedProxy {
        /// One entry of the list.
        range: String,
        /// What is wrong with it.
        error: middleware::AddressRangeError,
    },
    /// A list without bounds.
    #[error("{variable}: has more than {most} entries")]
    TooMany {
        /// The variable.
        variable: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// Every page of the world could call.
    #[error(
        "ACCESS_CONTROL_ALLOW_ORIGIN: * lets pages of every origin in; write the origins of your pages, or set ALLOW_CORS_WILDCARD=true"
    )]
    CorsWildcard,
    /// Browsers refuse it, and rightly.
    #[error(
        "ACCESS_CONTROL_ALLOW_CREDENTIALS: true beside ACCESS_CONTROL_ALLOW_ORIGIN=*; write the origins of your pages, or remove it"
    )]
    CorsCredentials,
    /// Outside local mode the environment must be named.
    #[error("ENVIRONMENT_NAME: missing with DEPLOYMENT_MODE={0}; write staging or production")]
    NoEnvironment(DeploymentMode),
    /// Outside local mode nothing may be lost with the process by accident.
    #[error(
        "CACHE_ADDRS: missing with DEPLOYMENT_MODE={0}: the cache would be inside the process; \
         write host:port and CACHE_MODE, or set ALLOW_EMBEDDED=true"
    )]
    EmbeddedCache(DeploymentMode),
    /// Outside local mode a key made at first start would differ from replica to replica.
    #[error(
        "BOOTSTRAP_ADMIN_API_KEY: missing with DEPLOYMENT_MODE={0}: each replica would make a key of its own; \
         write a key, or set ALLOW_EMBEDDED=true"
    )]
    FirstStartKey(DeploymentMode),
    /// The bootstrap key would never be accepted.
    #[error(
        "BOOTSTRAP_ADMIN_API_KEY: {0}; write 1 to 256 printable ASCII characters, without a line break and without a blank at either end"
    )]
    BootstrapKey(domain::ApiKeyError),
    /// Tokens were meant, and nobody who issues them was named.
    #[error("AUTH_ISSUER: missing beside {variable}; write what tokens say in iss, or remove {variable}")]
    NoIssuer {
        /// The variable that shows that tokens were meant.
        variable: &'static str,
    },
    /// Nobody knows whose keys are where.
    #[error(
        "AUTH_JWKS_URL: has {urls} URLs for {issuers} issuers; write one for each in the order of AUTH_ISSUER, or none"
    )]
    KeyUrls {
        /// How many issuers there are.
        issuers: usize,
        /// How many URLs.
        urls: usize,
    },
    /// Keys are not read there.
    #[error("{variable}: {error}; write https://host/path")]
    KeyUrl {
        /// The variable.
        variable: &'static str,
        /// What is wrong.
        error: crate::outbound::OutboundError,
    },
    /// Outside local mode a key made at first start would differ from replica to replica.
    #[error(
        "SECRETS_ENCRYPTION_KEY: missing with DEPLOYMENT_MODE={0}: each replica would make a key of its own; \
         write what `openssl rand -base64 32` prints, or set ALLOW_EMBEDDED=true"
    )]
    FirstStartEncryptionKey(DeploymentMode),
    /// One of the keys cannot seal.
    #[error(
        "SECRETS_ENCRYPTION_KEY: key {position}: {error}; write what `openssl rand -base64 32` prints, \
         several with commas between"
    )]
    EncryptionKey {
        /// Its place in the list, from 1.
        position: usize,
        /// What is wrong with it.
        error: seal::SealingKeyError,
    },
    /// Outside local mode passwords would be kept among the records.
    #[error(
        "SECRETS_BACKEND: missing with DEPLOYMENT_MODE={0}, or embedded: passwords would be kept in the record store; \
         write aws and AWS_REGION, or set ALLOW_EMBEDDED=true"
    )]
    EmbeddedSecrets(DeploymentMode),
    /// Nobody knows where the secrets are.
    #[error(
        "AWS_REGION: missing with SECRETS_BACKEND=aws; write the region of the secrets, such as us-east-2"
    )]
    NoAwsRegion,
    /// It is no address.
    #[error("AWS_ENDPOINT_URL: does not begin with https:// or http://; write https://host, or remove it")]
    AwsEndpoint,
    /// Half of an access key.
    #[error(
        "AWS_ACCESS_KEY_ID: it and AWS_SECRET_ACCESS_KEY belong together; write both, or neither to use the role of the pod"
    )]
    HalfAwsAccessKey,
    /// More requests than the clock of a limit can tell apart.
    #[error("{variable}: is above one request a microsecond; write at most {most}, or a longer {window}")]
    FastRateLimit {
        /// The variable of the number.
        variable: &'static str,
        /// The variable of the window.
        window: &'static str,
        /// Most requests in that window.
        most: u64,
    },
    /// A window that is too long to be counted exactly.
    #[error("{variable}: is longer than 366 days; write at most 31622400")]
    LongRateLimitWindow {
        /// The variable of the window.
        variable: &'static str,
    },
    /// Outside local mode each replica would keep records of its own.
    #[error(
        "MONGO_URI: missing with DEPLOYMENT_MODE={0}: each replica would keep records of its own; \
         write mongodb://user:password@host/, or set ALLOW_EMBEDDED=true"
    )]
    EmbeddedStore(DeploymentMode),
    /// A record store was meant, and not named.
    #[error(
        "MONGO_URI: missing beside {variable}; write mongodb://user:password@host/, or remove {variable}"
    )]
    NoMongoUri {
        /// The variable that shows that one was meant.
        variable: String,
    },
    /// It is no URI of a MongoDB server. Its value may hold a password and does not show.
    #[error(
        "MONGO_URI: does not begin with mongodb:// or mongodb+srv://; write mongodb://user:password@host/"
    )]
    MongoUri,
    /// No database is called so.
    #[error("MONGO_NAME: is no name of a database; write at most 63 letters, digits, - and _")]
    MongoName,
    /// A broker was meant, and not named.
    #[error(
        "RABBITMQ_URI: missing beside {variable}; write amqps://user:password@host/vhost, or remove {variable}"
    )]
    NoRabbitUri {
        /// The variable that shows that one was meant.
        variable: &'static str,
    },
    /// It is no URI of a broker. Its value may hold a password and does not show.
    #[error("RABBITMQ_URI: is no URI of a broker; write amqps://user:password@host/vhost")]
    RabbitUri,
    /// It is no certificate.
    #[error("{variable}: is not base64 of a certificate in PEM; write what `base64 -w0 ca.pem` prints")]
    NotACertificate {
        /// The variable.
        variable: &'static str,
    },
    /// The cache section.
    #[error(transparent)]
    Cache(ConfigProblem),
    /// Telemetry has nowhere to go.
    #[error(
        "OTEL_EXPORTER_OTLP_ENDPOINT: missing although ENABLE_TELEMETRY=true; \
         write http://host:4317, or remove ENABLE_TELEMETRY"
    )]
    NoTelemetryEndpoint,
    /// The endpoint is not a URL of a collector. Its value may hold a password and does not show.
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT: is not http://host:4317, https://host:4317 or host:4317")]
    TelemetryEndpoint,
    /// Telemetry would leave the host in clear text.
    #[error(
        "OTEL_EXPORTER_OTLP_ENDPOINT: sends in clear text with DEPLOYMENT_MODE={0}; \
         write https://host:4317, or set ALLOW_INSECURE_OTEL=true"
    )]
    InsecureTelemetry(DeploymentMode),
    /// The filter cannot be read.
    #[error("{variable}: is not a log filter; write error, warn, info, debug or trace, or target=level,...")]
    LogFilter {
        /// Name of the variable.
        variable: &'static str,
    },
}

impl Problem {
    /// What is wrong, and what to do about it. Every text of a problem is `VARIABLE: fault; advice`; where the fault
    /// itself says what would be right, the advice is to write that.
    pub fn fault_and_advice(&self) -> (String, String) {
        let text = self.to_string();
        if let Some((fault, advice)) = text.rsplit_once("; ") {
            return (fault.to_owned(), advice.to_owned());
        }
        let variable = text.split(':').next().unwrap_or_default();
        let advice = format!("correct {variable}");
        (text, advice)
    }
}

/// Everything that is wrong, at once: one line for each.
#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults = if self.0.len() == 1 { "fault" } else { "faults" };
        write!(formatter, "the configuration has {} {faults}:", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(formatter, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}
