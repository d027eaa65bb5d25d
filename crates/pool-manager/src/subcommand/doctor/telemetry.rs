//! Whether the collector of telemetry accepts connections.

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{LIMIT, Row, late};

pub(super) async fn row(endpoint: Option<&str>) -> Row {
    let subject = "telemetry";
    let Some(endpoint) = endpoint else { return Row::well(subject, "off (ENABLE_TELEMETRY)") };
    let uri = endpoint.parse::<http::Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let reason = match timeout(LIMIT, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => return Row::well(subject, format!("{endpoint} accepts connections")),
        Ok(Err(error)) => error.to_string(),
        Err(_) => late(),
    };
    let detail = format!("OTEL_EXPORTER_OTLP_ENDPOINT: {endpoint}: {reason}");
    Row::fault(subject, detail, "correct OTEL_EXPORTER_OTLP_ENDPOINT, or start the collector")
}
