//! Logs to standard output; traces and metrics by OTLP where a collector is configured.

mod audit_metrics;
mod cache_metrics;
mod counter_table;
mod event_metrics;
mod export;
mod fail_safe_metrics;
mod idempotency_metrics;
mod key_metrics;
mod log;
mod near_metrics;
mod rate_limit_metrics;
mod readiness_metrics;
mod request;
mod sealing_metrics;
mod token_metrics;

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

pub(crate) use audit_metrics::observe_audit;
pub(crate) use cache_metrics::observe_cache;
pub(crate) use event_metrics::observe_events;
pub(crate) use fail_safe_metrics::observe_fail_safe;
pub(crate) use idempotency_metrics::observe_idempotency;
pub(crate) use key_metrics::record_key_changes;
pub(crate) use near_metrics::{observe_near, observe_tracking};
pub(crate) use rate_limit_metrics::observe_rate_limit;
pub(crate) use readiness_metrics::record_checks;
pub(crate) use request::RequestTelemetryLayer;
pub(crate) use sealing_metrics::observe_sealing;
pub(crate) use token_metrics::observe_tokens;

use crate::config::{LogConfig, TelemetryConfig};

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The exporter refused its configuration.
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT: no exporter could be made for it")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// There is no thread to write log lines.
    #[error("the log cannot be written")]
    Log(#[source] std::io::Error),
    /// The process already logs elsewhere.
    #[error("another log subscriber is installed in this process")]
    Subscriber(#[from] TryInitError),
}

/// What sends telemetry; kept until the end of the process, then flushed.
#[derive(Default)]
pub struct Telemetry {
    tracers: Option<SdkTracerProvider>,
    meters: Option<SdkMeterProvider>,
    library_name: String,
    log: Option<log::Output>,
}

impl Telemetry {
    /// Starts logging and, where a collector is configured, sending. Needs a tokio runtime. A collector that does
    /// not answer is no error: what cannot be sent is dropped.
    pub fn install(config: &TelemetryConfig, log: &LogConfig) -> Result<Self, TelemetryError> {
        let mut telemetry = Self { library_name: config.library_name.clone(), ..Self::default() };
        if let Some(endpoint) = &config.endpoint {
            telemetry.tracers = Some(export::tracers(config, endpoint)?);
            telemetry.meters = Some(export::meters(config, endpoint)?);
        }
        let spans = telemetry.tracers.as_ref().map(|tracers| {
            // Only our own spans: those of the exporter's client would be sent by the exporter, and so on for ever.
            let ours = Targets::new()
                .with_target("pool_manager", LevelFilter::INFO)
                .with_target("api", LevelFilter::INFO)
                .with_target("cache", LevelFilter::INFO);
            tracing_opentelemetry::layer()
                .with_tracer(tracers.tracer(config.library_name.clone()))
                .with_location(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                .with_filter(ours)
        });
        // Not as an `Option` among the layers: one that is `None` would have every span made although nobody looks at it.
        match spans {
            Some(spans) => {
                let (lines, output) = log::layer(log).map_err(TelemetryError::Log)?;
                tracing_subscriber::registry().with(spans).with(lines).try_init()?;
                telemetry.log = output;
            }
            None => {
                let (lines, output) = log::layer(log).map_err(TelemetryError::Log)?;
                tracing_subscriber::registry().with(lines).try_init()?;
                telemetry.log = output;
            }
        }
        Ok(telemetry)
    }

    /// Starts logging on standard error; for commands, which send nothing.
    pub(crate) fn install_for_command(log: &LogConfig) -> Result<(), TelemetryError> {
        Ok(tracing_subscriber::registry().with(log::layer_on_stderr(log)).try_init()?)
    }

    /// Where metrics are recorded; without a collector they go nowhere.
    pub fn meter(&self) -> Meter {
        match &self.meters {
            Some(meters) => meters.meter_with_scope(
                opentelemetry::InstrumentationScope::builder(self.library_name.clone()).build(),
            ),
            None => opentelemetry::global::meter("pool-manager"),
        }
    }

    /// Sends what is not sent yet; ends within a few seconds also when the collector hangs.
    pub async fn flush(mut self) {
        let log = self.log.take();
        // The providers block until their threads are done, and those need the runtime for the connection.
        let flushed = tokio::task::spawn_blocking(move || {
            let spans = self.tracers.map(|tracers| tracers.shutdown());
            let metrics = self.meters.map(|meters| meters.shutdown());
            [spans, metrics].into_iter().flatten().find_map(Result::err)
        });
        if let Ok(Some(error)) = flushed.await {
            tracing::warn!(%error, "the last telemetry could not be sent");
        }
        if let Some(log) = log {
            log.write_out();
        }
    }
}
