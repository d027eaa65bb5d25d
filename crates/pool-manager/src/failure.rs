//! Why the process ends early, and with which exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use cache::CacheError;
use domain::{BoxError, StoreUnavailable};
use store::{ConnectError, OpenError};
use tenancy::Refusal;

use crate::config::Problems;
use crate::first_start::FirstStartError;
use crate::http_server::TlsFault;
use crate::telemetry::TelemetryError;

/// `EX_USAGE` of sysexits.h: starting again without changing something cannot help.
const MISCONFIGURED: u8 = 64;

/// Why the process ends early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The environment is wrong.
    #[error(transparent)]
    Config(#[from] Problems),
    /// Telemetry could not start.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The key of the first start is not there.
    #[error(transparent)]
    FirstStart(#[from] FirstStartError),
    /// The embedded store cannot be used.
    #[error("DATA_DIR: the embedded record store in {path} cannot be used")]
    Store {
        /// Its file.
        path: PathBuf,
        /// Why not.
        source: OpenError,
    },
    /// A command that makes no records finds none.
    #[error("DATA_DIR: there are no records in {path}; name the directory of the service, or set MONGO_URI")]
    NoRecords {
        /// Where they would be.
        path: PathBuf,
    },
    /// MongoDB or DocumentDB cannot be used as configured.
    #[error("MONGO_URI: the record store cannot be used as configured")]
    Mongo(#[source] ConnectError),
    /// The secrets backend cannot be used as configured.
    #[error("SECRETS_BACKEND: AWS Secrets Manager cannot be used as configured")]
    Secrets(#[source] secrets::AwsConnectError),
    /// The keys of those who issue bearer tokens cannot be read as configured.
    #[error("AUTH_ISSUER: the keys of issuers cannot be read")]
    Outbound(#[from] crate::outbound::OutboundError),
    /// MongoDB or DocumentDB gives no answer.
    #[error("MONGO_URI: the record store does not answer")]
    MongoAway(#[source] BoxError),
    /// The address cannot be listened on.
    #[error("SERVER_ADDRESS: cannot listen on {address}; free the port, or choose another")]
    Listen {
        /// Host and port.
        address: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The certificate of the listener cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// The runtime or the signals could not be set up.
    #[error("the process could not start")]
    System(#[from] std::io::Error),
    /// What has to run for as long as the service does came to an end: without it changes would not be heard of in time.
    #[error("the task that {task} ended")]
    Stopped {
        /// What it does.
        task: &'static str,
        /// Its panic.
        source: Option<BoxError>,
    },
    /// The cache refuses us, and will go on to.
    #[error("the cache cannot be used as configured")]
    Cache(#[source] CacheError),
    /// The broker refuses us, and will go on to.
    #[error("RABBITMQ_URI: the broker cannot be used as configured")]
    RabbitMq(#[source] events::rabbitmq::ConnectError),
    /// The settings of the broker cannot work.
    #[error("RABBITMQ_URI: the broker cannot be used as configured")]
    RabbitConfig(#[source] events::rabbitmq::RabbitConfigError),
    /// The second server for events refuses us, and will go on to.
    #[error("EVENTS_LEGACY_REDIS_HOST: the server cannot be used as configured")]
    LegacyRedis(#[source] CacheError),
    /// A cache command could not be carried out.
    #[error("the cache did not do it")]
    CacheCommand(#[source] CacheError),
    /// The record store did not answer a command.
    #[error("the record store did not answer")]
    StoreCommand(#[source] StoreUnavailable),
    /// Without the key nothing can be said of the audit log.
    #[error(
        "SECRETS_ENCRYPTION_KEY: missing, and there is none under DATA_DIR: nothing shows whether the audit log is intact; \
         set the variables that the service runs with"
    )]
    NoChainKey,
    /// The audit log is not as it was written; what was found is printed.
    #[error("the audit log is not intact: {findings} findings")]
    AuditFindings {
        /// How many.
        findings: usize,
    },
    /// Some keys were not looked at; what was done is printed.
    #[error("not every key was looked at; run the command again when the nodes that are named answer")]
    Incomplete,
    /// Some lines were not taken; each was told.
    #[error(
        "{refused} lines were refused; correct them and run the command again: what was taken stays as it is"
    )]
    ImportIncomplete {
        /// How many.
        refused: usize,
    },
    /// The record store went away over the lines. Those before are taken.
    #[error(
        "the record store gave no answer at line {line}; nothing is wrong with the lines: run the command again when it \
         answers, what was taken stays as it is"
    )]
    ImportCutOff {
        /// The line that was not taken, counted from 1.
        line: usize,
        /// What the store said.
        source: Refusal,
    },
    /// A command on API keys was refused, or the store gave no answer.
    #[error("the command on API keys was not carried out")]
    ApiKeyCommand(#[source] Refusal),
    /// A cache command makes no sense on a cache inside another process.
    #[error(
        "CACHE_ADDRS: missing, so the cache is inside the serving process and only its HTTP API reaches it; \
         set the variables that the service runs with"
    )]
    EmbeddedCache,
    /// An argument of a command is wrong.
    #[error("{argument}: {reason}")]
    Argument {
        /// Its name.
        argument: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// The service that was asked is not well; its answer is printed.
    #[error("the service is not well: it answers {status}")]
    Unhealthy {
        /// What it answers.
        status: http::StatusCode,
    },
    /// The service that was asked gives no answer.
    #[error("the service gives no answer at {url}")]
    NoHealth {
        /// Where it was asked.
        url: String,
        /// Why not.
        source: reqwest::Error,
    },
    /// `doctor` found faults, and has printed them.
    #[error("{faults} of the checks failed")]
    Doctor {
        /// How many.
        faults: usize,
        /// Whether one of them is a fault of the configuration.
        misconfigured: bool,
    },
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Unavailable(source) => Self::MongoAway(source),
            misconfigured => Self::Mongo(misconfigured),
        }
    }
}

impl Failure {
    /// 64 when the configuration or the command line must change, else 1.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_)
            | Self::Tls(_)
            | Self::Cache(_)
            | Self::Secrets(_)
            | Self::Outbound(_)
            | Self::RabbitMq(_)
            | Self::RabbitConfig(_)
            | Self::LegacyRedis(_)
            | Self::Mongo(
                ConnectError::Uri
                | ConnectError::Certificate(_)
                | ConnectError::Options(_)
                | ConnectError::Credentials(_)
                | ConnectError::Migration(_),
            )
            | Self::EmbeddedCache
            | Self::NoRecords { .. }
            | Self::ApiKeyCommand(
                Refusal::Missing(_)
                | Refusal::Conflict(_)
                | Refusal::Invalid(_)
                | Refusal::NotGranted(_)
                | Refusal::Bound(_),
            )
            | Self::NoChainKey
            | Self::Argument { .. }
            | Self::Doctor { misconfigured: true, .. } => MISCONFIGURED.into(),
            Self::Telemetry(_)
            | Self::FirstStart(_)
            | Self::Store { .. }
            | Self::Mongo(ConnectError::Unavailable(_))
            | Self::MongoAway(_)
            | Self::Listen { .. }
            | Self::System(_)
            | Self::Stopped { .. }
            | Self::CacheCommand(_)
            | Self::ApiKeyCommand(_)
            | Self::StoreCommand(_)
            | Self::Unhealthy { .. }
            | Self::NoHealth { .. }
            | Self::AuditFindings { .. }
            | Self::Incomplete
            | Self::ImportIncomplete { .. }
            | Self::ImportCutOff { .. }
            | Self::Doctor { misconfigured: false, .. } => ExitCode::FAILURE,
        }
    }
}
