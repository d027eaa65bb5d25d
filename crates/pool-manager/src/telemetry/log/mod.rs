//! Log lines on standard output.

mod json_line;
mod output;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use domain::SystemClock;

use tracing::Subscriber;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, fmt};

use self::json_line::JsonLine;
pub(super) use self::output::Output;
use crate::config::{LogConfig, LogFormat};

/// Libraries whose lines hold secrets at the level of traces: passwords and bodies of messages, and requests with what they are
/// signed with. What has to be known of them is logged by whoever uses them.
const LEAKY: [&str; 4] = ["lapin", "aws_sigv4", "aws_smithy_runtime", "aws_runtime"];

/// The layer that writes log lines, in the form that was asked for: without a word, JSON unless people watch. Beside it,
/// where lines wait to be written together, if they do.
pub(super) fn layer<S>(config: &LogConfig) -> io::Result<(Box<dyn Layer<S> + Send + Sync>, Option<Output>)>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let is_watched = std::io::stdout().is_terminal();
    let format = config.format.unwrap_or(if is_watched { LogFormat::Pretty } else { LogFormat::Json });
    let filter = filter(config);
    Ok(match format {
        LogFormat::Json => {
            let output = Output::standard()?;
            let layer = fmt::layer()
                .event_format(JsonLine::new(Arc::new(SystemClock)))
                .with_writer(output.clone())
                .with_filter(filter);
            (layer.boxed(), Some(output))
        }
        LogFormat::Pretty => (fmt::layer().compact().with_ansi(is_watched).with_filter(filter).boxed(), None),
    })
}

/// The layer for commands: their standard output is their result, so they log elsewhere.
pub(super) fn layer_on_stderr<S>(config: &LogConfig) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let is_watched = std::io::stderr().is_terminal();
    fmt::layer().compact().with_writer(std::io::stderr).with_ansi(is_watched).with_filter(filter(config))
}

/// Spans are for the collector: beside every log line they would say again what the access log says once.
fn filter<S>(config: &LogConfig) -> impl tracing_subscriber::layer::Filter<S> + Send + Sync + 'static
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let is_leaky = |target: &str| LEAKY.iter().any(|library| target.starts_with(library));
    let is_line = move |metadata: &tracing::Metadata<'_>| metadata.is_event() && !is_leaky(metadata.target());
    EnvFilter::new(&config.filter).and(filter_fn(is_line))
}
