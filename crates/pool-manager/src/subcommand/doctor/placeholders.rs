//! Values that somebody copied and did not fill in.

use super::Row;
use crate::config::Variables;

/// What stands between angle brackets, such as `<from-secrets-manager>`, is never meant.
pub(super) fn row(environment: &Variables) -> Option<Row> {
    let names = environment.known_that(|value| value.starts_with('<') && value.ends_with('>'));
    (!names.is_empty()).then(|| {
        let detail = format!("{}: still has the placeholder of an example", names.join(", "));
        Row::misconfigured("configuration", detail, "write the value in place of what stands between < and >")
    })
}
