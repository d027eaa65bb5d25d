//! `pool-manager health`: asks the service that runs beside it, for containers that have no other program to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use clap::Args;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use crate::config::{Config, ServerConfig};
use crate::failure::Failure;
use crate::output;

/// Less than the time limit of a container's health check.
const LIMIT: Duration = Duration::from_secs(2);
/// Of an answer that is printed, bytes.
const LARGEST: usize = 64 * 1_024;

/// What to ask.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Ask whether it is ready for requests, and not only alive.
    #[arg(long)]
    ready: bool,
}

/// Prints what the service answers.
///
/// # Errors
/// When it does not answer, or says that it is not well.
pub(crate) async fn run(arguments: Arguments, config: Config) -> Result<(), Failure> {
    let path = if arguments.ready { "readyz" } else { "health" };
    let mut answer = ask(&config, path).await?;
    let url = answer.url().to_string();
    let away = |source| away(&url, source);
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(away)? {
        let room = LARGEST - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == LARGEST {
            break;
        }
    }
    output::line(&output::printable(String::from_utf8_lossy(&body).trim_end()));
    if status.is_success() { Ok(()) } else { Err(Failure::Unhealthy { status }) }
}

/// What the service that runs here with this configuration answers.
///
/// # Errors
/// When it does not answer, or its port is not known.
pub(super) async fn ask(config: &Config, path: &str) -> Result<Response, Failure> {
    let scheme = if config.edge.tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}/{path}", listener(&config.server)?);
    let client = Client::builder()
        .timeout(LIMIT)
        .no_proxy()
        .redirect(Policy::none())
        // The certificate names the service as others know it, not this machine, and nothing secret is sent.
        .danger_accept_invalid_certs(true)
        .build()
        .map_err(|source| away(&url, source))?;
    client.get(&url).send().await.map_err(|source| away(&url, source))
}

fn away(url: &str, source: reqwest::Error) -> Failure {
    Failure::NoHealth { url: url.to_owned(), source: source.without_url() }
}

/// Where the service is reached from this machine.
fn listener(server: &ServerConfig) -> Result<String, Failure> {
    if server.port == 0 {
        let reason = "0 takes a free port, so nothing says which; write the port".to_owned();
        return Err(Failure::Argument { argument: "SERVER_PORT", reason });
    }
    let host = match server.host.parse() {
        Ok(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => Ipv4Addr::LOCALHOST.to_string(),
        Ok(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => format!("[{}]", Ipv6Addr::LOCALHOST),
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        Ok(IpAddr::V4(_)) | Err(_) => server.host.clone(),
    };
    Ok(format!("{host}:{}", server.port))
}
