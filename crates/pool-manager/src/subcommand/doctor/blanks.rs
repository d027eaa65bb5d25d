//! Variables that are there and blank.

use super::Row;
use crate::config::Variables;

/// They count as missing, which is what few mean who write them: in a pod a blank variable of `env` hides the value that
/// `envFrom` brings from a Secret.
pub(super) fn row(environment: &Variables) -> Option<Row> {
    let names = environment.known_that(|value| value.trim().is_empty());
    (!names.is_empty()).then(|| {
        Row::warning(
            "configuration",
            format!("blank, which counts as missing: {}", names.join(", ")),
            "remove them; in a pod, a blank variable under env hides the value that envFrom brings from a Secret",
        )
    })
}
