//! Where the service listens.

use std::io;
use std::sync::Arc;

use domain::SystemClock;
use middleware::error_chain;
use tokio::net::TcpListener;

use super::Row;
use crate::config::{Config, TlsFiles};
use crate::http_server::tls;
use crate::subcommand::health;

/// Takes the address for a moment.
pub(super) async fn address_row(config: &Config) -> Row {
    let subject = "listening";
    let server = &config.server;
    let address = format!("{}:{}", server.host, server.port);
    match TcpListener::bind((server.host.as_str(), server.port)).await {
        Ok(_listener) => Row::well(subject, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            match health::ask(config, "version").await {
                Ok(answer) if answer.status().is_success() => Row::well(
                    subject,
                    format!("{address} is in use by a service that answers, as it should be beside it"),
                ),
                Ok(answer) => {
                    in_use(&format!("{address} is in use by something that answers {}", answer.status()))
                }
                Err(failure) => in_use(&format!("{address} is in use: {}", error_chain(&failure))),
            }
        }
        Err(error) => Row::fault(
            subject,
            format!("SERVER_ADDRESS: {address}: {error}"),
            "write an address of this host and a port that the process may take",
        ),
    }
}

fn in_use(what: &str) -> Row {
    let fix = "restart the service that hangs there, free the port from another program, or choose another with SERVER_PORT";
    Row::fault("listening", format!("SERVER_ADDRESS: {what}"), fix)
}

/// Reads the certificate as `serve` would.
pub(super) fn certificate_row(files: &TlsFiles) -> Row {
    let subject = "certificate";
    match tls::load(files, Arc::new(SystemClock)) {
        Ok(_) => Row::well(subject, format!("{} and its key can be used", files.certificate.display())),
        Err(fault) => Row::misconfigured(
            subject,
            error_chain(&fault),
            "write a certificate in PEM and its private key, and let the process read both",
        ),
    }
}
