//! Whether the configuration is what Terraform made.

use std::path::Path;

use ::cache::Selection;
use serde::Deserialize;

use super::{Row, text_of};
use crate::cache_link;
use crate::failure::Failure;

const ARGUMENT: &str = "--terraform";
const SUBJECT: &str = "terraform";

/// One of the outputs, as `terraform output -json` prints it.
#[derive(Debug, Deserialize)]
struct Output<T> {
    value: Option<T>,
}

/// The outputs of the module `valkey` that say how it is reached.
#[derive(Debug, Deserialize)]
pub(super) struct Outputs {
    cache_mode: Output<String>,
    cache_addrs: Output<String>,
    cache_tls_enabled: Output<bool>,
    cache_username: Option<Output<String>>,
    auth_token_update_strategy: Option<Output<String>>,
}

/// Reads the file.
///
/// # Errors
/// When it does not hold the outputs of the module.
pub(super) fn read(file: &Path) -> Result<Outputs, Failure> {
    // The error names what is missing, and quotes no value.
    serde_json::from_str(&text_of(ARGUMENT, file)?).map_err(|error| {
        let place = file.display();
        let reason = format!("{place} holds no outputs of the module valkey: {error}; write what `terraform output -json` prints");
        Failure::Argument { argument: ARGUMENT, reason }
    })
}

/// A row for each difference, or one that there is none.
pub(super) fn rows(outputs: &Outputs, selection: &Selection) -> Vec<Row> {
    let mut rows = differences(outputs, selection);
    if rows.is_empty() {
        rows.push(Row::well(SUBJECT, "the cache is configured as Terraform made it"));
    }
    let strategy = outputs.auth_token_update_strategy.as_ref().and_then(|output| output.value.as_deref());
    if strategy.is_some_and(|strategy| strategy.eq_ignore_ascii_case("rotate")) {
        rows.push(Row::warning(
            SUBJECT,
            "auth_token_update_strategy: ROTATE is open: the token before is still accepted",
            "when every consumer has the new token, apply with auth_token_update_strategy = \"SET\"",
        ));
    }
    rows
}

fn differences(outputs: &Outputs, selection: &Selection) -> Vec<Row> {
    let Selection::Valkey { config, .. } = selection else {
        let fix = "set CACHE_ADDRS and CACHE_MODE to what the outputs say";
        return vec![Row::misconfigured(SUBJECT, "CACHE_ADDRS: missing, and Terraform made a Valkey", fix)];
    };
    let username = outputs.cache_username.as_ref().and_then(|output| output.value.clone());
    let compared = [
        ("CACHE_MODE", config.mode.name().to_owned(), outputs.cache_mode.value.clone()),
        ("CACHE_ADDRS", cache_link::addresses(config), outputs.cache_addrs.value.clone()),
        (
            "CACHE_TLS_ENABLED",
            config.tls.to_string(),
            outputs.cache_tls_enabled.value.map(|tls| tls.to_string()),
        ),
        ("CACHE_USERNAME", config.username.clone().unwrap_or_default(), username),
    ];
    let row = |(variable, ours, theirs): (&str, String, Option<String>)| {
        let theirs = theirs?;
        (ours != theirs).then(|| {
            let detail = format!("{variable}: {ours:?} here, and Terraform made {theirs:?}");
            Row::misconfigured(SUBJECT, detail, format!("set {variable} to what the output says"))
        })
    };
    compared.into_iter().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use ::cache::CacheConfig;

    use super::super::row::Verdict;
    use super::*;

    const OUTPUTS: &str = r#"{"cache_mode": {"value": "cluster"}, "cache_addrs": {"value": "h:6379"},
        "cache_tls_enabled": {"value": true}, "cache_username": {"value": ""},
        "auth_token_update_strategy": {"value": "ROTATE"}, "another": {"value": [1]}}"#;

    #[test]
    fn differences_and_an_open_rotation_are_told() {
        let outputs: Outputs = serde_json::from_str(OUTPUTS).unwrap();
        let mut config = CacheConfig::cluster(vec!["h:6379".parse().unwrap()]);
        config.tls = true;
        let told = |config: &CacheConfig| {
            let rows = rows(&outputs, &Selection::Valkey { config: config.clone(), legacy: false });
            rows.into_iter().map(|row| (row.verdict, row.detail)).collect::<Vec<_>>()
        };
        let found = told(&config);
        assert!(
            matches!(&found[..], [(Verdict::Ok, _), (Verdict::Warning, open)] if open.contains("ROTATE"))
        );
        config.tls = false;
        config.addresses = vec!["other:6379".parse().unwrap()];
        let found = told(&config);
        let is_told = |name: &str| {
            found
                .iter()
                .any(|(verdict, detail)| *verdict == Verdict::Misconfigured && detail.starts_with(name))
        };
        assert!(
            is_told("CACHE_ADDRS: \"other:6379\"") && is_told("CACHE_TLS_ENABLED: \"false\""),
            "{found:?}"
        );
        let embedded = rows(&outputs, &Selection::Embedded);
        assert_eq!(embedded[0].verdict, Verdict::Misconfigured);
    }
}
