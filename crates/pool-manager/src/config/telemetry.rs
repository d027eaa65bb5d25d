//! Where traces and metrics go.

use http::Uri;
use serde::Deserialize;

use super::values::{filled, flag};
use super::{DeploymentConfig, DeploymentMode, Problem, Variable, Variables};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new("ENABLE_TELEMETRY", "`false`", "Send traces and metrics by OTLP over gRPC"),
    Variable::new("OTEL_EXPORTER_OTLP_ENDPOINT", "none", "Collector, `http://host:4317` or `host:4317`"),
    Variable::new("OTEL_RESOURCE_SERVICE_NAME", "`pool-manager`", "Service name in telemetry").detail(),
    Variable::new("OTEL_RESOURCE_SERVICE_VERSION", "`VERSION`", "Service version in telemetry").detail(),
    Variable::new("OTEL_RESOURCE_DEPLOYMENT_ENVIRONMENT", "`ENVIRONMENT_NAME`", "Environment in telemetry")
        .detail(),
    Variable::new("OTEL_LIBRARY_NAME", "`pool-manager`", "Instrumentation scope in telemetry").detail(),
    Variable::new(
        "ALLOW_INSECURE_OTEL",
        "`false`",
        "Allow a collector without TLS on another host outside local mode",
    )
    .detail(),
];

/// Where traces and metrics go, and as whose.
#[derive(Debug, Clone)]
pub struct TelemetryConfig {
    /// URL of the collector; `None` sends nothing.
    pub endpoint: Option<String>,
    /// `service.name`.
    pub service_name: String,
    /// `service.version`.
    pub service_version: String,
    /// `deployment.environment.name`.
    pub environment: String,
    /// Name of the instrumentation scope.
    pub library_name: String,
}

#[derive(Default, Deserialize)]
pub(super) struct TelemetryVariables {
    enable_telemetry: Option<String>,
    allow_insecure_otel: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct OtelVariables {
    exporter_otlp_endpoint: Option<String>,
    resource_service_name: Option<String>,
    resource_service_version: Option<String>,
    resource_deployment_environment: Option<String>,
    library_name: Option<String>,
}

impl TelemetryConfig {
    pub(super) fn read(
        environment: &Variables,
        deployment: &DeploymentConfig,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let switches: TelemetryVariables = environment.section("", problems);
        let variables: OtelVariables = environment.section("OTEL_", problems);
        let allow_insecure = flag("ALLOW_INSECURE_OTEL", &switches.allow_insecure_otel, problems);
        let endpoint = if flag("ENABLE_TELEMETRY", &switches.enable_telemetry, problems) {
            let may_be_clear = allow_insecure || deployment.mode == DeploymentMode::Local;
            match read_endpoint(&variables.exporter_otlp_endpoint) {
                Ok(uri) => {
                    if uri.scheme_str() == Some("http") && !may_be_clear && !is_this_host(&uri) {
                        problems.push(Problem::InsecureTelemetry(deployment.mode));
                    }
                    Some(uri.to_string())
                }
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            }
        } else {
            None
        };
        let or = |value: &Option<String>, default: &str| filled(value).unwrap_or(default).to_owned();
        Self {
            endpoint,
            service_name: or(&variables.resource_service_name, "pool-manager"),
            service_version: or(&variables.resource_service_version, &deployment.version),
            environment: or(&variables.resource_deployment_environment, deployment.environment.name()),
            library_name: or(&variables.library_name, "pool-manager"),
        }
    }
}

/// The charts write `$(HOST_IP):4317`, without a scheme.
fn read_endpoint(value: &Option<String>) -> Result<Uri, Problem> {
    let text = filled(value).ok_or(Problem::NoTelemetryEndpoint)?;
    let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let uri: Uri = url.parse().map_err(|_| Problem::TelemetryEndpoint)?;
    let is_url = matches!(uri.scheme_str(), Some("http" | "https"));
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if is_url && !has_user && uri.host().is_some_and(|host| !host.is_empty()) {
        Ok(uri)
    } else {
        Err(Problem::TelemetryEndpoint)
    }
}

fn is_this_host(uri: &Uri) -> bool {
    matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
}
