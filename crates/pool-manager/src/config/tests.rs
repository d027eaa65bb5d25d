//! The sections together.

use super::*;

fn problems<const N: usize>(variables: [(&str, &str); N]) -> String {
    Config::read(&Variables::from(variables)).expect_err("a fault").to_string()
}

fn config<const N: usize>(variables: [(&str, &str); N]) -> Config {
    Config::read(&Variables::from(variables)).expect("a configuration")
}

#[test]
fn an_empty_environment_is_a_local_embedded_service() {
    let config = config([]);
    assert_eq!((config.server.host.as_str(), config.server.port), ("0.0.0.0", 4003));
    assert_eq!(config.deployment.mode, DeploymentMode::Local);
    assert_eq!(config.deployment.environment, domain::Environment::Staging);
    assert_eq!(config.deployment.data_dir, std::path::Path::new("./data"));
    assert!(matches!(config.cache, Selection::Embedded));
    assert!(config.auth.bootstrap_key.is_none() && config.telemetry.endpoint.is_none());
    assert_eq!((config.log.filter.as_str(), config.log.format), ("info", None));
    assert!(!config.readiness.requires_cache);
    assert!(config.secrets.encryption_keys.is_none() && config.rate_limit.enabled);
}

#[test]
fn every_fault_of_every_section_is_reported_at_once() {
    let text = problems([
        ("SERVER_ADDRESS", "http://x"),
        ("DEPLOYMENT_MODE", "cloud"),
        ("ENV_NAME", "test"),
        ("CACHE_ADDRS", "valkey"),
        ("CACHE_MODE", "sentinel"),
        ("CACHE_POOL_SIZE", "0"),
        ("READINESS_REQUIRES_CACHE", "maybe"),
        ("ENABLE_TELEMETRY", "true"),
        ("LOG_LEVEL", "a=b=c"),
        ("LOG_FORMAT", "xml"),
        ("BOOTSTRAP_ADMIN_API_KEY", "secret\n"),
        ("SECRETS_ENCRYPTION_KEY", "secret"),
        ("RATE_LIMIT_MAX", "0"),
        ("RATE_LIMIT_ON_CACHE_FAILURE", "fail"),
    ]);
    let expected = [
        "SERVER_ADDRESS",
        "DEPLOYMENT_MODE",
        "ENV_NAME",
        "CACHE_ADDRS",
        "CACHE_MODE",
        "CACHE_POOL_SIZE",
        "READINESS_REQUIRES_CACHE",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "BOOTSTRAP_ADMIN_API_KEY",
        "SECRETS_ENCRYPTION_KEY",
        "RATE_LIMIT_MAX",
        "RATE_LIMIT_ON_CACHE_FAILURE",
    ];
    for name in expected {
        assert!(text.contains(&format!("\n  {name}: ")), "{name} in\n{text}");
    }
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(text.lines().count(), 1 + expected.len(), "{text}");
}

#[test]
fn sound_sections_are_read_beside_faulty_ones() {
    let environment = Variables::from([
        ("SERVER_ADDRESS", "http://x"),
        ("CACHE_ADDRS", "localhost:1"),
        ("CACHE_MODE", "single"),
        ("LOG_LEVEL", "loud"),
    ]);
    let Inspection { config, faults } = Config::inspect(&environment);
    let faulty: Vec<_> = Section::ALL.into_iter().filter(|section| !faults.spare(*section)).collect();
    assert_eq!(faulty, [Section::Server, Section::Log]);
    assert!(matches!(config.cache, Selection::Valkey { .. }));
}

#[test]
fn every_fault_has_an_advice() {
    let advice = |problem: Problem| problem.fault_and_advice();
    assert_eq!(
        advice(Problem::Cache(::cache::ConfigProblem::NoMode)),
        ("CACHE_MODE: missing".to_owned(), "write single or cluster (one address can be either)".to_owned())
    );
    let number = Problem::Value { variable: "SERVER_PORT", value: "http".to_owned(), expected: "a port" };
    assert_eq!(advice(number).1, "correct SERVER_PORT");
}

#[test]
fn outside_local_mode_nothing_is_embedded_unless_allowed() {
    for mode in ["saas", "byoc"] {
        let text = problems([("DEPLOYMENT_MODE", mode)]);
        for name in [
            "ENVIRONMENT_NAME",
            "CACHE_ADDRS",
            "BOOTSTRAP_ADMIN_API_KEY",
            "SECRETS_BACKEND",
            "SECRETS_ENCRYPTION_KEY",
        ] {
            assert!(text.contains(&format!("{name}: missing with DEPLOYMENT_MODE={mode}")), "{text}");
        }
        let allowed = config([
            ("DEPLOYMENT_MODE", mode),
            ("ENVIRONMENT_NAME", "production"),
            ("ALLOW_EMBEDDED", "true"),
        ]);
        assert!(matches!(allowed.cache, Selection::Embedded));
    }
}

#[test]
fn any_cache_variable_means_that_a_cache_was_meant() {
    for name in ["CACHE_ADDRS", "CACHE_TTL", "REDIS_PASSWORD", "REDIS_URL"] {
        let text = problems([(name, "")]);
        assert!(text.contains("CACHE_ADDRS: missing or blank") && text.contains(name), "{text}");
    }
}

#[test]
fn service_links_are_explained() {
    let text = problems([("REDIS_PORT", "tcp://10.0.0.7:6379"), ("REDIS_SERVICE_HOST", "10.0.0.7")]);
    assert!(text.contains("REDIS_PORT: begins with tcp://") && text.contains("enableServiceLinks"), "{text}");
}

#[test]
fn two_names_of_one_thing_must_agree() {
    assert!(
        problems([("ENVIRONMENT_NAME", "staging"), ("ENV_NAME", "production")]).contains("remove ENV_NAME")
    );
    let agreed = config([("ENVIRONMENT_NAME", "production"), ("ENV_NAME", "production")]);
    assert_eq!(agreed.deployment.environment, domain::Environment::Production);
}

#[test]
fn telemetry_in_clear_text_needs_a_word() {
    let base = |endpoint, allow| {
        Variables::from([
            ("DEPLOYMENT_MODE", "saas"),
            ("ENVIRONMENT_NAME", "staging"),
            ("ALLOW_EMBEDDED", "true"),
            ("ENABLE_TELEMETRY", "true"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("ALLOW_INSECURE_OTEL", allow),
        ])
    };
    let refused = Config::read(&base("10.0.0.9:4317", "")).expect_err("a fault").to_string();
    assert!(refused.contains("ALLOW_INSECURE_OTEL=true"), "{refused}");
    for (endpoint, allow) in
        [("10.0.0.9:4317", "true"), ("http://localhost:4317", ""), ("https://collector:4317", "")]
    {
        assert!(Config::read(&base(endpoint, allow)).is_ok(), "{endpoint}");
    }
    let secret = Config::read(&base("http://user:hunter2@x:4317", "true")).expect_err("a fault").to_string();
    assert!(!secret.contains("hunter2"), "{secret}");
}

#[test]
fn case_of_names_matters_and_is_no_fault() {
    let config = config([("version", "9"), ("VERSION", "1.2.3"), ("cache_addrs", "x")]);
    assert_eq!(config.deployment.version, "1.2.3");
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = std::ffi::OsString::from_vec(vec![0xFF, 0xFE]);
    let environment = Variables::from_os([("DATA_DIR".into(), bytes.clone()), ("OTHER".into(), bytes)]);
    let text = Config::read(&environment).expect_err("a fault").to_string();
    assert!(text.contains("DATA_DIR: its value is not UTF-8") && !text.contains("OTHER"), "{text}");
}

#[test]
fn secrets_do_not_show() {
    let config = config([
        ("BOOTSTRAP_ADMIN_API_KEY", "marked-secret-1"),
        ("CACHE_ADDRS", "localhost:1"),
        ("CACHE_MODE", "single"),
        ("CACHE_PASSWORD", "marked-secret-2"),
        ("SECRETS_ENCRYPTION_KEY", "bWFya2VkLXNlY3JldC0zbWFya2VkLXNlY3JldC0zISE="),
        ("MONGO_URI", "mongodb://user:marked-secret-4@localhost:1/"),
        ("RABBITMQ_URI", "amqp://user:marked-secret-5@localhost:1/%2f"),
        ("SECRETS_BACKEND", "aws"),
        ("AWS_REGION", "us-east-2"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "marked-secret-6"),
    ]);
    let shown = format!("{config:?}");
    assert!(!shown.contains("marked-secret") && !shown.contains("bWFya2Vk"), "{shown}");
}
