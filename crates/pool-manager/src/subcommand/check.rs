//! `pool-manager check`: connects to everything that is configured and says how to mend each fault. Faults of the
//! configuration itself were reported before.

use std::time::Duration;

use cache::{CacheClient, Selection};
use middleware::error_chain;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cache_link;
use crate::config::Config;
use crate::failure::Failure;
use crate::output;
use crate::telemetry::Telemetry;

const LIMIT: Duration = Duration::from_secs(10);

/// One line of the table.
struct Row {
    subject: &'static str,
    detail: String,
    /// How to mend it; `None` when it is well.
    fix: Option<&'static str>,
}

pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    Telemetry::install_for_command(&config.log)?;
    let deployment = &config.deployment;
    let summary =
        format!("{}, {}, version {}", deployment.mode, deployment.environment.name(), deployment.version);
    let rows = [
        Row { subject: "configuration", detail: summary, fix: None },
        key_row(&config),
        cache_row(&config.cache).await,
        telemetry_row(config.telemetry.endpoint.as_deref()).await,
    ];
    for row in &rows {
        output::line(&format!(
            "{:<14} {:<6} {}",
            row.subject,
            if row.fix.is_some() { "FAULT" } else { "ok" },
            row.detail
        ));
        if let Some(fix) = row.fix {
            output::line(&format!("{:<14} {:<6} {fix}", "", "fix:"));
        }
    }
    match rows.iter().filter(|row| row.fix.is_some()).count() {
        0 => Ok(()),
        faults => Err(Failure::Check(faults)),
    }
}

fn key_row(config: &Config) -> Row {
    let detail = match &config.auth.bootstrap_key {
        Some(_) => "from BOOTSTRAP_ADMIN_API_KEY".to_owned(),
        None => format!("kept under {} or made at first start", config.deployment.data_dir.display()),
    };
    Row { subject: "API key", detail, fix: None }
}

async fn cache_row(selection: &Selection) -> Row {
    let Selection::Valkey { config, .. } = selection else {
        return Row { subject: "cache", detail: "embedded".to_owned(), fix: None };
    };
    let what = format!(
        "{} at {}{}",
        config.mode.name(),
        cache_link::addresses(config),
        if config.tls { " with TLS" } else { "" }
    );
    match timeout(LIMIT, cache::connect(config.clone())).await {
        Ok(Ok(cache)) => {
            let nodes = cache.keyspace().stats().await.map_or(0, |stats| stats.nodes.len());
            cache.close().await;
            Row { subject: "cache", detail: format!("{what}, nodes that answer: {nodes}"), fix: None }
        }
        Ok(Err(error)) => {
            let fix = if error.is_misconfiguration() {
                "change the variables that the message names"
            } else {
                "see that the address is right, the server runs, the network lets us through, and CACHE_TLS_ENABLED fits"
            };
            Row { subject: "cache", detail: format!("{what}: {}", error_chain(&error)), fix: Some(fix) }
        }
        Err(_) => Row {
            subject: "cache",
            detail: format!("{what}: no answer within {} s", LIMIT.as_secs()),
            fix: Some("see that the server runs and the network (security group) lets us through"),
        },
    }
}

async fn telemetry_row(endpoint: Option<&str>) -> Row {
    let subject = "telemetry";
    let Some(endpoint) = endpoint else {
        return Row { subject, detail: "off (ENABLE_TELEMETRY)".to_owned(), fix: None };
    };
    let uri = endpoint.parse::<http::Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let reason = match timeout(LIMIT, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => return Row { subject, detail: format!("{endpoint} accepts connections"), fix: None },
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", LIMIT.as_secs()),
    };
    let fix = Some("correct OTEL_EXPORTER_OTLP_ENDPOINT, or start the collector");
    Row { subject, detail: format!("{endpoint}: {reason}"), fix }
}
