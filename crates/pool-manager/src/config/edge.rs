//! What stands between the network and the requests: TLS, and whom we believe where a request came from.

use std::path::PathBuf;

use middleware::TrustedProxies;
use serde::Deserialize;

use super::cors;
use super::values::filled;
use super::{Problem, Variable, Variables};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "TLS_CERT_FILE",
        "none: HTTP without TLS",
        "File with the certificate of the listener and those above it (PEM), beside `TLS_KEY_FILE`; read anew when it changes",
    ),
    Variable::new(
        "TLS_KEY_FILE",
        "none",
        "File with the private key of `TLS_CERT_FILE` (PEM, without a passphrase)",
    ),
    Variable::new(
        "TRUSTED_PROXIES",
        "none: `X-Forwarded-For` is not read",
        "Addresses of the proxies in front (CIDR, with commas between), whose `X-Forwarded-For` is believed",
    ),
];

/// A few networks; each is looked at for every request.
const MAX_PROXIES: usize = 64;

/// What stands between the network and the requests.
#[derive(Debug, Default)]
pub struct EdgeConfig {
    /// The certificate of the listener; without one it speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Whose word is taken for where a request came from.
    pub trusted_proxies: TrustedProxies,
    /// What pages of other origins may do; without it, nothing.
    pub cors: Option<api::CorsPolicy>,
}

/// Where the certificate of the listener is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those above it, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

#[derive(Default, Deserialize)]
pub(super) struct EdgeVariables {
    tls_cert_file: Option<String>,
    tls_key_file: Option<String>,
    trusted_proxies: Option<String>,
}

impl EdgeConfig {
    pub(super) fn read(environment: &Variables, problems: &mut Vec<Problem>) -> Self {
        let variables: EdgeVariables = environment.section("", problems);
        let tls = match (filled(&variables.tls_cert_file), filled(&variables.tls_key_file)) {
            (None, None) => None,
            (Some(certificate), Some(key)) => {
                Some(TlsFiles { certificate: certificate.into(), key: key.into() })
            }
            (Some(_), None) => {
                problems.push(Problem::HalfTls { missing: "TLS_KEY_FILE", given: "TLS_CERT_FILE" });
                None
            }
            (None, Some(_)) => {
                problems.push(Problem::HalfTls { missing: "TLS_CERT_FILE", given: "TLS_KEY_FILE" });
                None
            }
        };
        let trusted_proxies = trusted_proxies(&variables, problems);
        Self { tls, trusted_proxies, cors: cors::read(environment, problems) }
    }
}

fn trusted_proxies(variables: &EdgeVariables, problems: &mut Vec<Problem>) -> TrustedProxies {
    let mut ranges = Vec::new();
    for text in filled(&variables.trusted_proxies).into_iter().flat_map(|text| text.split(',')) {
        match text.parse() {
            Ok(range) => ranges.push(range),
            Err(error) => problems.push(Problem::TrustedProxy { range: text.trim().to_owned(), error }),
        }
    }
    if ranges.len() > MAX_PROXIES {
        problems.push(Problem::TooMany { variable: "TRUSTED_PROXIES", most: MAX_PROXIES });
        ranges.truncate(MAX_PROXIES);
    }
    TrustedProxies::new(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(variables: [(&str, &str); N]) -> (EdgeConfig, Vec<String>) {
        let mut problems = Vec::new();
        let config = EdgeConfig::read(&Variables::from(variables), &mut problems);
        (config, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_certificate_has_a_key_and_a_key_a_certificate() {
        assert!(matches!(read([]), (EdgeConfig { tls: None, .. }, faults) if faults.is_empty()));
        let (config, faults) = read([("TLS_CERT_FILE", "/tls/tls.crt"), ("TLS_KEY_FILE", "/tls/tls.key")]);
        assert!(faults.is_empty());
        let files = TlsFiles { certificate: "/tls/tls.crt".into(), key: "/tls/tls.key".into() };
        assert_eq!(config.tls, Some(files));
        let (config, faults) = read([("TLS_CERT_FILE", "/tls/tls.crt"), ("TLS_KEY_FILE", " ")]);
        assert!(config.tls.is_none() && faults[0].starts_with("TLS_KEY_FILE: missing beside TLS_CERT_FILE"));
        let (_, faults) = read([("TLS_KEY_FILE", "/tls/tls.key")]);
        assert!(faults[0].starts_with("TLS_CERT_FILE: missing beside TLS_KEY_FILE"), "{faults:?}");
    }

    #[test]
    fn proxies_are_ranges_of_addresses() {
        let (config, faults) = read([("TRUSTED_PROXIES", "10.0.0.0/8, fd00::1")]);
        assert!(faults.is_empty(), "{faults:?}");
        assert!(config.trusted_proxies.contains([10, 1, 2, 3].into()));
        assert!(!config.trusted_proxies.contains([11, 1, 2, 3].into()));
        assert!(read([]).0.trusted_proxies.is_empty());

        let (_, faults) = read([("TRUSTED_PROXIES", "10.0.0.1/8,ingress,,fd00::/8")]);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(
            faults[0].starts_with("TRUSTED_PROXIES: \"10.0.0.1/8\" has an address that is not the first")
        );
        assert!(faults[1].starts_with("TRUSTED_PROXIES: \"ingress\" is no range"), "{faults:?}");
        let many = vec!["10.0.0.1"; MAX_PROXIES + 1].join(",");
        assert_eq!(read([("TRUSTED_PROXIES", &many)]).1.len(), 1);
    }
}
