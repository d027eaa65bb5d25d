//! OTLP over gRPC.

use opentelemetry::KeyValue;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::config::TelemetryConfig;

pub(super) fn tracers(
    config: &TelemetryConfig,
    endpoint: &str,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint);
    let exporter =
        if is_tls(endpoint) { exporter.with_tls_config(system_roots()) } else { exporter }.build()?;
    Ok(SdkTracerProvider::builder().with_resource(resource(config)).with_batch_exporter(exporter).build())
}

pub(super) fn meters(
    config: &TelemetryConfig,
    endpoint: &str,
) -> Result<SdkMeterProvider, ExporterBuildError> {
    let exporter = MetricExporter::builder().with_tonic().with_endpoint(endpoint);
    let exporter =
        if is_tls(endpoint) { exporter.with_tls_config(system_roots()) } else { exporter }.build()?;
    Ok(SdkMeterProvider::builder().with_resource(resource(config)).with_periodic_exporter(exporter).build())
}

fn is_tls(endpoint: &str) -> bool {
    endpoint.starts_with("https://")
}

fn system_roots() -> ClientTlsConfig {
    ClientTlsConfig::new().with_native_roots()
}

/// Who sends, by the names of the OpenTelemetry semantic conventions.
fn resource(config: &TelemetryConfig) -> Resource {
    Resource::builder()
        .with_service_name(config.service_name.clone())
        .with_attribute(KeyValue::new("service.version", config.service_version.clone()))
        .with_attribute(KeyValue::new("deployment.environment.name", config.environment.clone()))
        .build()
}
