//! What is logged, and in which form.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::values::{filled, unexpected};
use super::{Problem, Variable, Variables};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "LOG_LEVEL",
        "`info`",
        "`error`, `warn`, `info`, `debug` or `trace`, or `target=level,...`",
    ),
    Variable::new("RUST_LOG", "none", "The same, and stronger than `LOG_LEVEL`").detail(),
    Variable::new("LOG_FORMAT", "`pretty` on a terminal, else `json`", "`json` or `pretty`"),
];

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// What is logged, and in which form.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// A filter that can be read.
    pub filter: String,
    /// The form; `None` leaves it to where the log goes.
    pub format: Option<LogFormat>,
}

#[derive(Default, Deserialize)]
pub(super) struct LogVariables {
    log_level: Option<String>,
    rust_log: Option<String>,
    log_format: Option<String>,
}

impl LogConfig {
    pub(super) fn read(environment: &Variables, problems: &mut Vec<Problem>) -> Self {
        let variables: LogVariables = environment.section("", problems);
        let mut filter = "info";
        for (variable, value) in [("LOG_LEVEL", &variables.log_level), ("RUST_LOG", &variables.rust_log)] {
            match filled(value) {
                None => {}
                Some(text) if is_filter(text) => filter = text,
                Some(_) => problems.push(Problem::LogFilter { variable }),
            }
        }
        let format = match filled(&variables.log_format) {
            None => None,
            Some("json") => Some(LogFormat::Json),
            Some("pretty") => Some(LogFormat::Pretty),
            Some(_) => {
                problems.push(unexpected("LOG_FORMAT", &variables.log_format, "json or pretty"));
                None
            }
        };
        Self { filter: filter.to_owned(), format }
    }
}

/// A word alone must be a level: taken for a target, `inof` would silence all the rest.
fn is_filter(text: &str) -> bool {
    let is_level_or_target =
        |part: &str| part.contains(['=', '[']) || part.trim().parse::<LevelFilter>().is_ok();
    text.split(',').all(is_level_or_target) && EnvFilter::try_new(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_no_filter() {
        for text in ["info", "WARN", "off", "api=debug", "info,cache=trace"] {
            assert!(is_filter(text), "{text}");
        }
        for text in ["inof", "api", "a=b=c", "api=loud"] {
            assert!(!is_filter(text), "{text}");
        }
    }
}
