//! From environment variables to a configuration: `CACHE_*` first, `REDIS_*` for one more release.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;

use super::{CacheConfig, CacheMode, ConfigProblem, ConfigProblems, Secret, password_file};
use crate::address::NodeAddress;
use crate::duration::parse_go_duration;

/// The `CACHE_*` variables as they stand, named without their prefix. All are texts, so that every bad one can be
/// reported at once.
#[derive(Clone, Default, Deserialize)]
pub struct CacheVariables {
    /// `CACHE_MODE`: `single` or `cluster`.
    pub mode: Option<String>,
    /// `CACHE_ADDRS`: comma-separated `host:port`.
    pub addrs: Option<String>,
    /// `CACHE_PASSWORD`.
    pub password: Option<String>,
    /// `CACHE_PASSWORD_FILE`: where the password is, when it is not in a variable.
    pub password_file: Option<String>,
    /// `CACHE_USERNAME`.
    pub username: Option<String>,
    /// `CACHE_TLS_ENABLED`.
    pub tls_enabled: Option<String>,
    /// `CACHE_CA_CERT_BASE64`.
    pub ca_cert_base64: Option<String>,
    /// `CACHE_POOL_SIZE`.
    pub pool_size: Option<String>,
    /// `CACHE_MAX_RETRIES`.
    pub max_retries: Option<String>,
    /// `CACHE_DIAL_TIMEOUT`.
    pub dial_timeout: Option<String>,
    /// `CACHE_READ_TIMEOUT`.
    pub read_timeout: Option<String>,
    /// `CACHE_WRITE_TIMEOUT`.
    pub write_timeout: Option<String>,
}

/// The legacy `REDIS_*` variables, named without their prefix.
#[derive(Clone, Default, Deserialize)]
pub struct RedisVariables {
    /// `REDIS_HOST`.
    pub host: Option<String>,
    /// `REDIS_PORT`.
    pub port: Option<String>,
    /// `REDIS_USERNAME`.
    pub username: Option<String>,
    /// `REDIS_PASSWORD`.
    pub password: Option<String>,
    /// `REDIS_DB`.
    pub db: Option<String>,
    /// `REDIS_TLS`.
    pub tls: Option<String>,
}

/// Which cache the environment asks for.
#[derive(Debug, Clone)]
pub enum Selection {
    /// No variable of either family exists: the cache inside the process.
    Embedded,
    /// Valkey.
    Valkey {
        /// How to reach it.
        config: CacheConfig,
        /// The address came from `REDIS_*`; the caller logs a warning.
        legacy: bool,
    },
}

impl CacheVariables {
    /// Decides and validates as a whole; reports every problem at once. `any_variable` is the name of any
    /// environment variable that begins with `CACHE_` or `REDIS_`, known to these structs or not: the embedded
    /// cache is used only when there is none.
    pub fn resolve(
        &self,
        redis: &RedisVariables,
        any_variable: Option<&str>,
    ) -> Result<Selection, ConfigProblems> {
        let Some(because) = any_variable else {
            return Ok(Selection::Embedded);
        };
        let mut problems = Problems::default();
        let has_addresses =
            self.addrs.as_deref().is_some_and(|text| text.split(',').any(|item| !item.trim().is_empty()));
        let host = filled(&redis.host);
        let config = if has_addresses {
            self.own_config(&mut problems)
        } else if let Some(host) = host {
            self.legacy_config(redis, host, &mut problems)
        } else {
            problems.add(ConfigProblem::NoAddress { because: because.to_owned() });
            self.own_config(&mut problems)
        };
        if problems.0.is_empty() {
            Ok(Selection::Valkey { config, legacy: !has_addresses })
        } else {
            Err(ConfigProblems(problems.0))
        }
    }

    fn own_config(&self, problems: &mut Problems) -> CacheConfig {
        let mut addresses = Vec::new();
        for item in self
            .addrs
            .as_deref()
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            match item.parse::<NodeAddress>() {
                Ok(address) => addresses.push(address),
                Err(problem) => problems.add(ConfigProblem::Address { variable: "CACHE_ADDRS", problem }),
            }
        }
        let mode = match filled(&self.mode) {
            Some(_) => self.mode(problems),
            None if addresses.is_empty() => CacheMode::Single,
            None => {
                problems.add(ConfigProblem::NoMode);
                CacheMode::Single
            }
        };
        if mode == CacheMode::Single && addresses.len() > 1 && filled(&self.mode).is_some() {
            problems.add(ConfigProblem::SeveralAddresses { count: addresses.len() });
        }
        let username = filled(&self.username).map(str::to_owned);
        let (password, password_file) = self.passwords("CACHE_PASSWORD", &self.password, problems);
        if username.is_some() && password.is_none() && password_file.is_none() {
            problems.add(ConfigProblem::UserWithoutPassword("CACHE_USERNAME"));
        }
        let tls = problems.flag("CACHE_TLS_ENABLED", &self.tls_enabled);
        CacheConfig { username, password, password_file, tls, ..self.tuned(mode, addresses, tls, problems) }
    }

    /// Address and credentials from `REDIS_*`; topology, certificate and tuning still from `CACHE_*`.
    fn legacy_config(&self, redis: &RedisVariables, host: &str, problems: &mut Problems) -> CacheConfig {
        let port =
            problems.number("REDIS_PORT", &redis.port, 6_379_u16, |port| *port > 0, "a port from 1 to 65535");
        let address =
            format!("{}:{port}", if host.contains(':') { format!("[{host}]") } else { host.to_owned() });
        let addresses = match address.parse() {
            Ok(address) => vec![address],
            Err(problem) => {
                problems.add(ConfigProblem::Address { variable: "REDIS_HOST", problem });
                Vec::new()
            }
        };
        let mode = self.mode(problems);
        match filled(&redis.db) {
            None | Some("0") => {}
            Some(database) if mode == CacheMode::Cluster => {
                problems.add(ConfigProblem::DatabaseInCluster(database.to_owned()));
            }
            Some(database) => problems.add(ConfigProblem::Database(database.to_owned())),
        }
        let username = filled(&redis.username).map(str::to_owned);
        let (password, password_file) = self.passwords("REDIS_PASSWORD", &redis.password, problems);
        if username.is_some() && password.is_none() && password_file.is_none() {
            problems.add(ConfigProblem::UserWithoutPassword("REDIS_USERNAME"));
        }
        let tls = problems.flag("REDIS_TLS", &redis.tls);
        CacheConfig { username, password, password_file, tls, ..self.tuned(mode, addresses, tls, problems) }
    }

    /// The password from its variable, or from the file and with it the file.
    fn passwords(
        &self,
        variable: &'static str,
        value: &Option<String>,
        problems: &mut Problems,
    ) -> (Option<Secret>, Option<PathBuf>) {
        let password = filled_secret(value);
        let Some(path) = filled(&self.password_file) else { return (password, None) };
        if password.is_some() {
            problems.add(ConfigProblem::TwoPasswords(variable));
            return (password, None);
        }
        match password_file::read(Path::new(path)) {
            Ok(password) => (Some(password), Some(path.into())),
            Err(problem) => {
                problems.add(ConfigProblem::PasswordFile(problem));
                (None, Some(path.into()))
            }
        }
    }

    fn mode(&self, problems: &mut Problems) -> CacheMode {
        match filled(&self.mode).map(str::to_ascii_lowercase).as_deref() {
            None | Some("single") => CacheMode::Single,
            Some("cluster") => CacheMode::Cluster,
            Some(other) => {
                problems.add(ConfigProblem::Mode(other.to_owned()));
                CacheMode::Single
            }
        }
    }

    fn tuned(
        &self,
        mode: CacheMode,
        addresses: Vec<NodeAddress>,
        tls: bool,
        problems: &mut Problems,
    ) -> CacheConfig {
        let defaults = CacheConfig::with_defaults(mode, addresses);
        let ca_certificate_pem = filled(&self.ca_cert_base64).and_then(|text| problems.certificate(text));
        if ca_certificate_pem.is_some() && !tls {
            problems.add(ConfigProblem::CertificateWithoutTls);
        }
        CacheConfig {
            ca_certificate_pem,
            pool_size: problems.number(
                "CACHE_POOL_SIZE",
                &self.pool_size,
                defaults.pool_size,
                |size| (1..=1_000).contains(size),
                "a whole number from 1 to 1000",
            ),
            max_retries: problems.number(
                "CACHE_MAX_RETRIES",
                &self.max_retries,
                defaults.max_retries,
                |retries| *retries <= 100,
                "a whole number from 0 to 100",
            ),
            dial_timeout: problems.duration("CACHE_DIAL_TIMEOUT", &self.dial_timeout, defaults.dial_timeout),
            read_timeout: problems.duration("CACHE_READ_TIMEOUT", &self.read_timeout, defaults.read_timeout),
            write_timeout: problems.duration(
                "CACHE_WRITE_TIMEOUT",
                &self.write_timeout,
                defaults.write_timeout,
            ),
            ..defaults
        }
    }
}

/// The value without blanks around it; blank is the same as absent.
fn filled(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// A password is taken as it stands: blanks may belong to it.
fn filled_secret(value: &Option<String>) -> Option<Secret> {
    value.as_ref().filter(|text| !text.is_empty()).map(Secret::new)
}

#[derive(Default)]
struct Problems(Vec<ConfigProblem>);

impl Problems {
    fn add(&mut self, problem: ConfigProblem) {
        self.0.push(problem);
    }

    fn flag(&mut self, variable: &'static str, value: &Option<String>) -> bool {
        match filled(value).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(other) => {
                self.add(ConfigProblem::Flag { variable, value: other.to_owned() });
                false
            }
        }
    }

    fn number<T: std::str::FromStr>(
        &mut self,
        variable: &'static str,
        value: &Option<String>,
        default: T,
        is_valid: impl Fn(&T) -> bool,
        expected: &'static str,
    ) -> T {
        let Some(text) = filled(value) else { return default };
        match text.parse::<T>() {
            Ok(number) if is_valid(&number) => number,
            _ => {
                self.add(ConfigProblem::Number { variable, value: text.to_owned(), expected });
                default
            }
        }
    }

    fn duration(&mut self, variable: &'static str, value: &Option<String>, default: Duration) -> Duration {
        let Some(text) = filled(value) else { return default };
        match parse_go_duration(text) {
            Ok(Duration::ZERO) => self.add(ConfigProblem::ZeroDuration { variable }),
            Ok(duration) => return duration,
            Err(problem) => self.add(ConfigProblem::Duration { variable, problem }),
        }
        default
    }

    fn certificate(&mut self, text: &str) -> Option<Vec<u8>> {
        let Ok(pem) = base64::engine::general_purpose::STANDARD.decode(text) else {
            self.add(ConfigProblem::CertificateEncoding);
            return None;
        };
        let is_certificate = |item: Result<CertificateDer<'_>, _>| item.is_ok();
        if CertificateDer::pem_slice_iter(&pem).next().is_some_and(is_certificate) {
            return Some(pem);
        }
        self.add(ConfigProblem::CertificatePem);
        None
    }
}

#[cfg(test)]
mod tests;
