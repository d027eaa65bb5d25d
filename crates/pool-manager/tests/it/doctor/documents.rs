//! `doctor` beside a values file and the outputs of Terraform, and as JSON.

use std::path::Path;

use crate::support::{run, text};

const OFFLINE: &[&str] = &["doctor", "--offline", "--json"];

/// Exit code and what was printed.
fn doctor(
    directory: &Path,
    variables: &[(&str, &str)],
    files: &[(&str, &str, &str)],
) -> (Option<i32>, String) {
    let mut arguments: Vec<String> = OFFLINE.iter().map(ToString::to_string).collect();
    for (argument, name, content) in files {
        let file = directory.join(name);
        std::fs::write(&file, content).unwrap();
        arguments.extend([(*argument).to_owned(), file.display().to_string()]);
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let output = run(directory, variables, &arguments);
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

const OUTPUTS: &str = r#"{"cache_mode": {"value": "cluster"}, "cache_tls_enabled": {"value": true},
    "cache_addrs": {"value": "clustercfg.pool.abc123.use2.cache.amazonaws.com:6379"}, "cache_username": {"value": "pool-manager"},
    "auth_token_update_strategy": {"value": null}}"#;
/// The rest are the chart's defaults.
const VALUES: &str = "poolManager:\n  configmap:\n    ENVIRONMENT_NAME: production\n    CACHE_MODE: cluster\n    AWS_REGION: us-east-2\n";
const SECRETS: &[(&str, &str)] = &[
    ("CACHE_ADDRS", "clustercfg.pool.abc123.use2.cache.amazonaws.com:6379"),
    ("CACHE_USERNAME", "pool-manager"),
    ("CACHE_PASSWORD", "marked-secret-0123456789"),
    ("MONGO_URI", "mongodb://ana:marked-secret@h/"),
    ("BOOTSTRAP_ADMIN_API_KEY", "marked-secret-key"),
    ("SECRETS_ENCRYPTION_KEY", super::ENCRYPTION_KEY),
];

#[test]
fn values_outputs_and_environment_that_fit_are_well() {
    let directory = tempfile::tempdir().unwrap();
    let files = [("--values", "values.yaml", VALUES), ("--terraform", "outputs.json", OUTPUTS)];
    let (code, report) = doctor(directory.path(), SECRETS, &files);
    assert_eq!(code, Some(0), "{report}");
    assert!(report.starts_with(r#"{"verdict":"ok","checks":["#), "{report}");
    assert!(report.contains("saas, production") && report.contains("as Terraform made it"), "{report}");
    assert!(!report.contains("marked-secret"), "{report}");
}

#[test]
fn a_values_file_that_hides_the_secret_is_refused_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let values = "env:\n  CACHE_MODE: single\n  CACHE_ADDRS: \"\"\n  CACHE_PASSWORD: \"\"\nenvFrom:\n  - secretRef:\n      name: valkey-credentials\n";
    let files = [("--values", "values.yaml", values), ("--terraform", "outputs.json", OUTPUTS)];
    let (code, report) = doctor(directory.path(), SECRETS, &files);
    assert_eq!(code, Some(64), "{report}");
    for expected in [
        "env.CACHE_ADDRS: blank, and hides what the Secret has",
        "env.CACHE_PASSWORD: blank",
        "envFrom: the chart has no such value",
        "CACHE_MODE: single, and clustercfg.",
        r#"CACHE_MODE: \"single\" here, and Terraform made \"cluster\""#,
    ] {
        assert!(report.contains(expected), "{expected}: {report}");
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let directory = tempfile::tempdir().unwrap();
    for (argument, content) in [
        ("--values", "a: [marked-secret"),
        ("--values", "- marked-secret"),
        ("--terraform", "{}"),
        ("--terraform", "marked-secret"),
        ("--terraform", "\"marked-secret\""),
        ("--terraform", r#"{"cache_mode": "marked-secret"}"#),
    ] {
        let (code, report) = doctor(directory.path(), &[], &[(argument, "given", content)]);
        assert_eq!(code, Some(64), "{report}");
        assert!(report.contains(argument) && report.contains("given"), "{report}");
        assert!(!report.contains("marked-secret"), "{report}");
    }
}

#[test]
fn blank_variables_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let (code, report) = doctor(directory.path(), &[("LOG_LEVEL", ""), ("AUTH_ISSUER", " ")], &[]);
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("blank, which counts as missing: AUTH_ISSUER, LOG_LEVEL"), "{report}");
    assert!(report.starts_with(r#"{"verdict":"warning""#), "{report}");
}

#[test]
fn placeholders_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let copied = [("BOOTSTRAP_ADMIN_API_KEY", "<from-secrets-manager>")];
    let (code, report) = doctor(directory.path(), &copied, &[]);
    assert_eq!(code, Some(64), "{report}");
    assert!(report.contains("BOOTSTRAP_ADMIN_API_KEY: still has the placeholder"), "{report}");
}

#[test]
fn a_file_without_end_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for argument in ["--values", "--terraform"] {
        let output = run(directory.path(), &[], &["doctor", "--offline", argument, "/dev/zero"]);
        assert_eq!(output.status.code(), Some(64));
        assert!(text(&output.stderr).contains("is larger than 4 MiB"), "{}", text(&output.stderr));
    }
}
