//! Where the service listens and how it stops.

use std::time::Duration;

use serde::Deserialize;

use super::values::{filled, seconds, unexpected};
use super::{DeploymentMode, Problem, Variable, Variables};

const DEFAULT_HOST: &str = "0.0.0.0";
const DEFAULT_PORT: u16 = 4003;
/// Longer than a load balancer needs to see that readiness failed.
const DEFAULT_GRACE: Duration = Duration::from_secs(12);
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "SERVER_ADDRESS",
        "`:4003`",
        "Where to listen: `host:port`, `:port`, or a host beside `SERVER_PORT`",
    ),
    Variable::new("SERVER_PORT", "`4003`", "Port, where `SERVER_ADDRESS` names none; 0 takes a free one"),
    Variable::new(
        "READYZ_DRAIN_GRACE_SECONDS",
        "`12`, `0` when local",
        "How long readiness fails before connections are refused, on SIGTERM",
    ),
];

/// Where the service listens and how it stops.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Host name or address to bind, without brackets.
    pub host: String,
    /// Port to bind; 0 takes a free one.
    pub port: u16,
    /// How long readiness fails before connections are refused.
    pub drain_grace: Duration,
    /// How long open requests may take after that.
    pub drain_limit: Duration,
}

#[derive(Default, Deserialize)]
pub(super) struct ServerVariables {
    address: Option<String>,
    port: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct DrainVariables {
    readyz_drain_grace_seconds: Option<String>,
}

impl ServerConfig {
    pub(super) fn read(environment: &Variables, mode: DeploymentMode, problems: &mut Vec<Problem>) -> Self {
        let server: ServerVariables = environment.section("SERVER_", problems);
        let drain: DrainVariables = environment.section("", problems);
        let own_port = filled(&server.port).and_then(|text| {
            let port = text.parse().ok();
            if port.is_none() {
                problems.push(unexpected("SERVER_PORT", &server.port, "a port from 0 to 65535"));
            }
            port
        });
        let (host, port) = match filled(&server.address).map(split_address) {
            None => (None, None),
            Some(Some(parts)) => parts,
            Some(None) => {
                let expected = "host:port, :port or a host, for example 0.0.0.0:4003 or [::]:4003";
                problems.push(unexpected("SERVER_ADDRESS", &server.address, expected));
                (None, None)
            }
        };
        if let (Some(port), Some(own_port)) = (port, own_port)
            && port != own_port
        {
            problems.push(Problem::Contradiction { first: "SERVER_ADDRESS", second: "SERVER_PORT" });
        }
        let grace = if mode == DeploymentMode::Local { Duration::ZERO } else { DEFAULT_GRACE };
        Self {
            host: host.unwrap_or_else(|| DEFAULT_HOST.to_owned()),
            port: port.or(own_port).unwrap_or(DEFAULT_PORT),
            drain_grace: seconds(
                "READYZ_DRAIN_GRACE_SECONDS",
                &drain.readyz_drain_grace_seconds,
                grace,
                problems,
            ),
            drain_limit: DRAIN_LIMIT,
        }
    }
}

/// Host and port of an address, either of which may be missing; `None` when it is no address.
fn split_address(text: &str) -> Option<(Option<String>, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, tail) = rest.split_once(']')?;
            let port = if tail.is_empty() { None } else { Some(tail.strip_prefix(':')?) };
            (host, port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    if !host.chars().all(is_host) {
        return None;
    }
    let port = port.map(str::parse).transpose().ok()?;
    Some(((!host.is_empty()).then(|| host.to_owned()), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(variables: [(&str, &str); N]) -> (ServerConfig, Vec<Problem>) {
        let mut problems = Vec::new();
        let config = ServerConfig::read(&Variables::from(variables), DeploymentMode::Local, &mut problems);
        (config, problems)
    }

    #[test]
    fn reads_every_form_of_an_address() {
        let cases = [
            ("", "", "0.0.0.0", 4003),
            (":4026", "", "0.0.0.0", 4026),
            ("127.0.0.1:80", "", "127.0.0.1", 80),
            ("127.0.0.1", "81", "127.0.0.1", 81),
            ("localhost", "", "localhost", 4003),
            ("[::]:8080", "", "::", 8080),
            ("[::1]", "82", "::1", 82),
            ("", "83", "0.0.0.0", 83),
            (":84", "84", "0.0.0.0", 84),
        ];
        for (address, port, host, expected) in cases {
            let (config, problems) = read([("SERVER_ADDRESS", address), ("SERVER_PORT", port)]);
            assert!(problems.is_empty(), "{address} {port}: {problems:?}");
            assert_eq!((config.host.as_str(), config.port), (host, expected), "{address} {port}");
        }
    }

    #[test]
    fn names_what_is_wrong() {
        for address in ["::1:80", "[::1", "host:http", "host:65536", "http://host:80", "[::1]80"] {
            let (_, problems) = read([("SERVER_ADDRESS", address)]);
            assert!(matches!(problems[..], [Problem::Value { variable: "SERVER_ADDRESS", .. }]), "{address}");
        }
        let (_, problems) = read([("SERVER_ADDRESS", ":1"), ("SERVER_PORT", "2")]);
        assert!(matches!(problems[..], [Problem::Contradiction { .. }]));
        let (_, problems) = read([("SERVER_PORT", "http"), ("READYZ_DRAIN_GRACE_SECONDS", "-1")]);
        assert_eq!(problems.len(), 2);
    }

    #[test]
    fn a_local_service_stops_at_once() {
        assert_eq!(read([]).0.drain_grace, Duration::ZERO);
        assert_eq!(read([("READYZ_DRAIN_GRACE_SECONDS", "3")]).0.drain_grace, Duration::from_secs(3));
        let saas = ServerConfig::read(&Variables::from([]), DeploymentMode::Saas, &mut Vec::new());
        assert_eq!(saas.drain_grace, Duration::from_secs(12));
    }
}
