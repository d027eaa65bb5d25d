//! What is wrong with the configuration.

use std::fmt;

use super::password_file::PasswordFileProblem;
use crate::address::AddressError;
use crate::duration::DurationError;

/// One thing that is wrong, naming its variable and what would be right. Values of secrets never show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigProblem {
    /// `CACHE_*` variables, but no address.
    #[error(
        "CACHE_ADDRS: missing or blank, and REDIS_HOST is not set either, although {because} is set; \
         write host:port, or remove every CACHE_* and REDIS_* variable to use the embedded cache"
    )]
    NoAddress {
        /// A variable that shows that a cache was meant.
        because: String,
    },
    /// An address that is not `host:port`.
    #[error("{variable}: {problem}")]
    Address {
        /// Name of the variable.
        variable: &'static str,
        /// What is wrong with it.
        problem: AddressError,
    },
    /// Several addresses for a single node.
    #[error("CACHE_ADDRS: {count} addresses with CACHE_MODE=single; give one, or set CACHE_MODE=cluster")]
    SeveralAddresses {
        /// How many were given.
        count: usize,
    },
    /// `CACHE_ADDRS` without `CACHE_MODE`.
    #[error("CACHE_MODE: missing; write single or cluster (one address can be either)")]
    NoMode,
    /// A mode that does not exist.
    #[error("CACHE_MODE: {0:?} is not a mode; write single or cluster")]
    Mode(String),
    /// Not a whole number in range.
    #[error("{variable}: {value:?} is not {expected}")]
    Number {
        /// Name of the variable.
        variable: &'static str,
        /// What it holds.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Not `true` or `false`.
    #[error("{variable}: {value:?} is not true or false")]
    Flag {
        /// Name of the variable.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// Not a duration, or not a positive one.
    #[error("{variable}: {problem}")]
    Duration {
        /// Name of the variable.
        variable: &'static str,
        /// What is wrong with it.
        problem: DurationError,
    },
    /// A time-out of zero would fail every command.
    #[error("{variable}: must be longer than zero")]
    ZeroDuration {
        /// Name of the variable.
        variable: &'static str,
    },
    /// Clusters have one database.
    #[error("REDIS_DB: {0} with CACHE_MODE=cluster; a cluster has only database 0")]
    DatabaseInCluster(String),
    /// The service uses database 0 only.
    #[error("REDIS_DB: {0}; only database 0 is supported, move the keys or point to another server")]
    Database(String),
    /// A user without a password cannot log in.
    #[error("{0}: set without a password; set the password too, or remove the user")]
    UserWithoutPassword(&'static str),
    /// Two passwords: nobody knows which is meant.
    #[error("{0} and CACHE_PASSWORD_FILE: both are set; remove one of them")]
    TwoPasswords(&'static str),
    /// The password file holds no password.
    #[error("CACHE_PASSWORD_FILE: {0}")]
    PasswordFile(PasswordFileProblem),
    /// The certificate is not base64.
    #[error("CACHE_CA_CERT_BASE64: not base64; encode the PEM file with: base64 -w0 ca.pem")]
    CertificateEncoding,
    /// The decoded text holds no certificate.
    #[error("CACHE_CA_CERT_BASE64: holds no PEM certificate (-----BEGIN CERTIFICATE-----)")]
    CertificatePem,
    /// A certificate for connections without TLS.
    #[error("CACHE_CA_CERT_BASE64: set although CACHE_TLS_ENABLED is not true; set both or neither")]
    CertificateWithoutTls,
    /// The system has no certificates to trust.
    #[error(
        "CACHE_TLS_ENABLED: the system has no CA certificates; install ca-certificates or set CACHE_CA_CERT_BASE64"
    )]
    NoSystemRoots,
}

/// Everything that is wrong, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblems(pub Vec<ConfigProblem>);

impl fmt::Display for ConfigProblems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigProblems {}
