//! `pool-manager check`: a table of everything that is configured, with what to do about each fault. Faults of the
//! configuration stand in it too, and what is well configured beside them is tried all the same.

mod broker;
mod cache;
mod row;
mod secrets;
mod store;
mod tokens;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use domain::SystemClock;
use middleware::error_chain;
use row::Row;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::config::{
    AuthConfig, DeploymentConfig, Inspection, SecretsConfig, Section, ServerConfig, TlsFiles,
};
use crate::failure::Failure;
use crate::first_start::{self, FirstStartError};
use crate::http_server::tls;
use crate::telemetry::Telemetry;

/// For one thing that is tried.
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) async fn run(inspection: Inspection) -> Result<(), Failure> {
    let Inspection { config, faults } = inspection;
    Telemetry::install_for_command(&config.log)?;
    let mut rows: Vec<Row> = faults
        .0
        .iter()
        .map(|(section, problem)| {
            let (fault, advice) = problem.fault_and_advice();
            Row::misconfigured(subject(*section), fault, advice)
        })
        .collect();
    if rows.is_empty() {
        rows.push(configuration_row(&config.deployment));
    }
    if faults.spare(Section::Server) {
        rows.push(listen_row(&config.server).await);
    }
    if let Some(files) = &config.edge.tls {
        rows.push(certificate_row(files));
    }
    // Where the key is kept is part of the deployment.
    if faults.spare(Section::Auth) && faults.spare(Section::Deployment) {
        rows.push(key_row(&config.auth, &config.deployment));
    }
    if faults.spare(Section::Tokens) && faults.spare(Section::Deployment) {
        rows.extend(tokens::rows(&config.tokens, config.deployment.mode.hosts()).await);
    }
    if faults.spare(Section::Secrets) && faults.spare(Section::Deployment) {
        rows.push(encryption_row(&config.secrets, &config.deployment));
        rows.push(secrets::row(&config.secrets.backend).await);
    }
    if faults.spare(Section::Store) && faults.spare(Section::Deployment) {
        rows.push(store::row(&config.store, &config.deployment).await);
    }
    if faults.spare(Section::Cache) {
        rows.push(cache::row(&config.cache).await);
    }
    if faults.spare(Section::Events) {
        rows.push(broker::row(config.events.rabbitmq.as_ref()).await);
    }
    if faults.spare(Section::Telemetry) {
        rows.push(telemetry_row(config.telemetry.endpoint.as_deref()).await);
    }
    rows.iter().for_each(Row::print);
    match rows.iter().filter(|row| row.is_fault()).count() {
        0 => Ok(()),
        faults => Err(Failure::Check { faults, misconfigured: rows.iter().any(Row::is_misconfigured) }),
    }
}

/// What the table calls a section.
fn subject(section: Section) -> &'static str {
    match section {
        Section::Server | Section::Edge => "listening",
        Section::Deployment | Section::Tenancy | Section::Audit | Section::Readiness | Section::Log => {
            "configuration"
        }
        Section::Store => "record store",
        Section::Auth => "API key",
        Section::Tokens => "bearer tokens",
        Section::Secrets => "secrets",
        Section::RateLimit => "rate limit",
        Section::Cache => "cache",
        Section::Events => "events",
        Section::Telemetry => "telemetry",
    }
}

fn configuration_row(deployment: &DeploymentConfig) -> Row {
    let DeploymentConfig { mode, environment, version, .. } = deployment;
    Row::well(subject(Section::Deployment), format!("{mode}, {}, version {version}", environment.name()))
}

/// Takes the address for a moment.
async fn listen_row(server: &ServerConfig) -> Row {
    let subject = subject(Section::Server);
    let address = format!("{}:{}", server.host, server.port);
    match TcpListener::bind((server.host.as_str(), server.port)).await {
        Ok(_listener) => Row::well(subject, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Row::fault(
            subject,
            format!("SERVER_ADDRESS: {address} is in use"),
            "free the port, or choose another with SERVER_PORT; beside the running service this is as it should be",
        ),
        Err(error) => Row::fault(
            subject,
            format!("SERVER_ADDRESS: {address}: {error}"),
            "write an address of this host and a port that the process may take",
        ),
    }
}

/// Reads the certificate as `serve` would.
fn certificate_row(files: &TlsFiles) -> Row {
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

/// Looks at the key as `serve` would, without making one.
fn key_row(auth: &AuthConfig, deployment: &DeploymentConfig) -> Row {
    let subject = subject(Section::Auth);
    if auth.bootstrap_key.is_some() {
        return Row::well(subject, "from BOOTSTRAP_ADMIN_API_KEY");
    }
    let found = first_start::examine_api_key(&deployment.data_dir);
    let fix = "let the process read and write DATA_DIR, remove a damaged file there, or set BOOTSTRAP_ADMIN_API_KEY";
    kept_row(subject, found, deployment, fix)
}

/// Looks at the key that seals, likewise.
fn encryption_row(secrets: &SecretsConfig, deployment: &DeploymentConfig) -> Row {
    let subject = "encryption key";
    if secrets.encryption_keys.is_some() {
        return Row::well(subject, "from SECRETS_ENCRYPTION_KEY");
    }
    let found = first_start::examine_encryption_key(&deployment.data_dir);
    let fix =
        "let the process read and write DATA_DIR, put a damaged file right, or set SECRETS_ENCRYPTION_KEY";
    kept_row(subject, found, deployment, fix)
}

fn kept_row(
    subject: &'static str,
    found: Result<bool, FirstStartError>,
    deployment: &DeploymentConfig,
    fix: &str,
) -> Row {
    let directory = deployment.data_dir.display();
    match found {
        Ok(true) => Row::well(subject, format!("kept under {directory}")),
        Ok(false) => Row::well(subject, format!("will be made at first start under {directory}")),
        Err(error) => Row::fault(subject, error_chain(&error), fix),
    }
}

async fn telemetry_row(endpoint: Option<&str>) -> Row {
    let subject = subject(Section::Telemetry);
    let Some(endpoint) = endpoint else { return Row::well(subject, "off (ENABLE_TELEMETRY)") };
    let uri = endpoint.parse::<http::Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let reason = match timeout(LIMIT, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => return Row::well(subject, format!("{endpoint} accepts connections")),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", LIMIT.as_secs()),
    };
    let detail = format!("OTEL_EXPORTER_OTLP_ENDPOINT: {endpoint}: {reason}");
    Row::fault(subject, detail, "correct OTEL_EXPORTER_OTLP_ENDPOINT, or start the collector")
}
