//! Released events that cannot be read.

use domain::Environment;

/// Such an event is a gap for whoever reads on: it must not end every reading for ever.
pub(crate) fn pass_over(environment: Environment, sequence: u64, error: &serde_json::Error) {
    tracing::error!(%environment, sequence, %error, "a released event cannot be read and is passed over");
}
