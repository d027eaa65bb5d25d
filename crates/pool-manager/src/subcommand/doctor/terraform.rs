//! Whether the configuration is what Terraform made.

use std::path::Path;

use ::cache::Selection;
use serde_json::Value;

use super::values::ADDRESSES;
use super::{Row, text_of};
use crate::cache_link;
use crate::failure::Failure;

const ARGUMENT: &str = "--terraform";
const SUBJECT: &str = "terraform";

/// The outputs of the module `valkey` that say how it is reached. `None` where there is none of the name, or it is null.
#[derive(Debug)]
pub(super) struct Outputs {
    cache_mode: Option<String>,
    cache_addrs: Option<String>,
    cache_tls_enabled: Option<String>,
    cache_username: Option<String>,
    auth_token_update_strategy: Option<String>,
}

/// Reads the file.
///
/// # Errors
/// When it does not hold the outputs of the module.
pub(super) fn read(file: &Path) -> Result<Outputs, Failure> {
    let text = text_of(ARGUMENT, file)?;
    // The errors of the parser may quote what it read, and outputs may be secret.
    let parsed =
        serde_json::from_str::<Value>(&text).map_err(|error| format!("is no JSON at line {}", error.line()));
    let outputs = parsed.and_then(|value| Outputs::of(&value));
    outputs.map_err(|fault| {
        let reason = format!("{} {fault}; write what `terraform output -json` prints", file.display());
        Failure::Argument { argument: ARGUMENT, reason }
    })
}

impl Outputs {
    /// From what `terraform output -json` prints: names, each with an object that has a `value`.
    fn of(printed: &Value) -> Result<Self, String> {
        let output = |name: &str| match printed.get(name).and_then(|output| output.get("value"))? {
            Value::String(text) => Some(text.clone()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        };
        let outputs = Self {
            cache_mode: output("cache_mode"),
            cache_addrs: output("cache_addrs"),
            cache_tls_enabled: output("cache_tls_enabled"),
            cache_username: output("cache_username"),
            auth_token_update_strategy: output("auth_token_update_strategy"),
        };
        let needed = [
            ("cache_mode", &outputs.cache_mode),
            ("cache_addrs", &outputs.cache_addrs),
            ("cache_tls_enabled", &outputs.cache_tls_enabled),
        ];
        let missing = needed.into_iter().find(|(_, output)| output.is_none()).map(|(name, _)| name);
        match missing {
            Some(missing) => Err(format!("has no output {missing}, as the module valkey has")),
            None => Ok(outputs),
        }
    }
}

/// A row for each difference, or one that there is none. What is `unknown` here is not compared.
pub(super) fn rows(outputs: &Outputs, selection: &Selection, unknown: &[&str]) -> Vec<Row> {
    let mut rows = differences(outputs, selection, unknown);
    if rows.is_empty() {
        rows.push(Row::well(SUBJECT, "the cache is configured as Terraform made it"));
    }
    let strategy = outputs.auth_token_update_strategy.as_deref();
    if strategy.is_some_and(|strategy| strategy.eq_ignore_ascii_case("rotate")) {
        rows.push(Row::warning(
            SUBJECT,
            "auth_token_update_strategy: ROTATE is open: the token before is still accepted",
            "when every consumer has the new token, apply with auth_token_update_strategy = \"SET\"",
        ));
    }
    rows
}

fn differences(outputs: &Outputs, selection: &Selection, unknown: &[&str]) -> Vec<Row> {
    let Selection::Valkey { config, .. } = selection else {
        let fix = "set CACHE_ADDRS and CACHE_MODE to what the outputs say";
        return vec![Row::misconfigured(SUBJECT, "CACHE_ADDRS: missing, and Terraform made a Valkey", fix)];
    };
    let compared = [
        ("CACHE_MODE", config.mode.name().to_owned(), &outputs.cache_mode),
        ("CACHE_ADDRS", cache_link::addresses(config), &outputs.cache_addrs),
        ("CACHE_TLS_ENABLED", config.tls.to_string(), &outputs.cache_tls_enabled),
        ("CACHE_USERNAME", config.username.clone().unwrap_or_default(), &outputs.cache_username),
    ];
    let row = |(variable, ours, theirs): (&str, String, &Option<String>)| {
        let theirs = theirs.as_ref()?;
        (ours != *theirs).then(|| {
            let detail = format!("{variable}: {ours:?} here, and Terraform made {theirs:?}");
            Row::misconfigured(SUBJECT, detail, format!("set {variable} to what the output says"))
        })
    };
    // The Secret that has the address has the user, too.
    let is_unknown =
        |name: &str| unknown.contains(&name) || (name == "CACHE_USERNAME" && unknown.contains(&ADDRESSES));
    compared.into_iter().filter(|(name, ..)| !is_unknown(name)).filter_map(row).collect()
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
        let outputs = Outputs::of(&serde_json::from_str(OUTPUTS).unwrap()).unwrap();
        let mut config = CacheConfig::cluster(vec!["h:6379".parse().unwrap()]);
        config.tls = true;
        let told = |config: &CacheConfig| {
            let rows = rows(&outputs, &Selection::Valkey { config: config.clone(), legacy: false }, &[]);
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
        let embedded = rows(&outputs, &Selection::Embedded, &[]);
        assert_eq!(embedded[0].verdict, Verdict::Misconfigured);
    }
}
