//! Each fault is reported with its variable, all at once.

use super::*;
use proptest::prelude::*;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn own(addresses: &str, mode: &str) -> CacheVariables {
    CacheVariables { addrs: some(addresses), mode: some(mode), ..CacheVariables::default() }
}

fn problems(cache: &CacheVariables, redis: &RedisVariables) -> Vec<ConfigProblem> {
    cache.resolve(redis, Some("CACHE_MODE")).expect_err("a fault").0
}

#[test]
fn nothing_set_is_the_embedded_cache() {
    let selection = CacheVariables::default().resolve(&RedisVariables::default(), None);
    assert!(matches!(selection, Ok(Selection::Embedded)));
}

#[test]
fn a_blank_address_is_never_the_embedded_cache() {
    let none = RedisVariables::default();
    for cache in [
        own("", "single"),
        own(" , ", "cluster"),
        CacheVariables { pool_size: some("5"), ..CacheVariables::default() },
    ] {
        assert!(matches!(problems(&cache, &none)[0], ConfigProblem::NoAddress { .. }));
    }
    let unknown = CacheVariables::default().resolve(&none, Some("CACHE_COLOUR")).expect_err("a fault");
    assert!(unknown.to_string().contains("CACHE_COLOUR"), "{unknown}");
}

#[test]
fn defaults_are_the_documented_ones() {
    let Ok(Selection::Valkey { config, legacy: false }) =
        own(" a:1 , ,b:2 ", "cluster").resolve(&RedisVariables::default(), Some("CACHE_MODE"))
    else {
        panic!("a configuration");
    };
    assert_eq!(config.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a:1", "b:2"]);
    assert_eq!((config.pool_size, config.max_retries), (10, 3));
    let seconds =
        [config.dial_timeout, config.read_timeout, config.write_timeout].map(|limit| limit.as_secs());
    assert_eq!(seconds, [5, 3, 3]);
    assert!(!config.tls && config.password.is_none() && config.username.is_none());
}

#[test]
fn every_fault_is_reported_at_once_with_its_variable() {
    let cache = CacheVariables {
        mode: some("sentinel"),
        addrs: some("localhost,h:70000"),
        username: some("app"),
        tls_enabled: some("maybe"),
        ca_cert_base64: some("%%%"),
        pool_size: some("0"),
        max_retries: some("-1"),
        dial_timeout: some("5"),
        read_timeout: some("0s"),
        write_timeout: some("soon"),
        ..CacheVariables::default()
    };
    let text = ConfigProblems(problems(&cache, &RedisVariables::default())).to_string();
    let expected = [
        "CACHE_ADDRS: \"localhost\"",
        "CACHE_ADDRS: \"h:70000\"",
        "CACHE_MODE",
        "CACHE_USERNAME",
        "CACHE_TLS_ENABLED",
        "CACHE_CA_CERT_BASE64: not base64",
        "CACHE_POOL_SIZE",
        "CACHE_MAX_RETRIES",
        "CACHE_DIAL_TIMEOUT",
        "CACHE_READ_TIMEOUT",
        "CACHE_WRITE_TIMEOUT",
    ];
    for part in expected {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert_eq!(text.lines().count(), expected.len(), "{text}");
}

#[test]
fn the_mode_must_be_said_and_single_has_one_address() {
    let none = RedisVariables::default();
    let unsaid = CacheVariables { addrs: some("a:1"), ..CacheVariables::default() };
    assert_eq!(problems(&unsaid, &none), [ConfigProblem::NoMode]);
    assert_eq!(problems(&own("a:1,b:2", "single"), &none), [ConfigProblem::SeveralAddresses { count: 2 }]);
}

#[test]
fn a_certificate_must_be_pem_and_belong_to_tls() {
    let none = RedisVariables::default();
    let not_pem = CacheVariables {
        tls_enabled: some("true"),
        ca_cert_base64: some("aGVsbG8="),
        ..own("a:1", "single")
    };
    assert_eq!(problems(&not_pem, &none), [ConfigProblem::CertificatePem]);
}

#[test]
fn redis_variables_serve_for_one_release() {
    let redis = RedisVariables {
        host: some("valkey"),
        port: some("6380"),
        password: some(" p "),
        db: some("0"),
        tls: some("true"),
        ..RedisVariables::default()
    };
    let resolved = CacheVariables::default().resolve(&redis, Some("REDIS_HOST"));
    let Ok(Selection::Valkey { config, legacy: true }) = resolved else { panic!("a configuration") };
    assert_eq!(config.addresses[0].to_string(), "valkey:6380");
    assert_eq!((config.mode, config.tls), (CacheMode::Single, true));
    assert_eq!(config.password.expect("a password").expose(), " p ");
}

#[test]
fn cache_variables_beat_redis_variables() {
    let redis = RedisVariables { host: some("old"), db: some("7"), ..RedisVariables::default() };
    let Ok(Selection::Valkey { config, legacy: false }) =
        own("new:1", "single").resolve(&redis, Some("REDIS_HOST"))
    else {
        panic!("a configuration");
    };
    assert_eq!(config.addresses[0].to_string(), "new:1");
}

#[test]
fn redis_faults_name_their_variable() {
    let redis = RedisVariables {
        host: some("h"),
        port: some("tcp://10.0.0.1:6379"),
        db: some("2"),
        ..RedisVariables::default()
    };
    let cluster = CacheVariables { mode: some("cluster"), ..CacheVariables::default() };
    let text = ConfigProblems(problems(&cluster, &redis)).to_string();
    assert!(text.contains("REDIS_PORT") && text.contains("REDIS_DB: 2 with CACHE_MODE=cluster"), "{text}");
    assert!(matches!(problems(&CacheVariables::default(), &redis)[1], ConfigProblem::Database(_)));
}

#[test]
fn secrets_do_not_show() {
    let cache = CacheVariables { password: some("hunter2"), ..own("a:1", "single") };
    let Ok(selection) = cache.resolve(&RedisVariables::default(), Some("CACHE_ADDRS")) else {
        panic!("a configuration")
    };
    assert!(!format!("{selection:?}").contains("hunter2"));
}

#[test]
fn the_password_may_be_in_a_file() {
    let directory = testkit::ServerDirectory::create();
    let path = directory.write("password", "in the file\n");
    let file = Some(path.display().to_string());
    let own_names =
        CacheVariables { username: some("app"), password_file: file.clone(), ..own("a:1", "single") };
    let old_names = CacheVariables { password_file: file, ..CacheVariables::default() };
    let redis = RedisVariables { host: some("a"), username: some("app"), ..RedisVariables::default() };
    for (cache, redis) in [(own_names, RedisVariables::default()), (old_names, redis)] {
        let Ok(Selection::Valkey { config, .. }) = cache.resolve(&redis, Some("CACHE_PASSWORD_FILE")) else {
            panic!("a configuration");
        };
        assert_eq!(config.password.expect("a password").expose(), "in the file");
        assert_eq!(config.password_file.as_deref(), Some(&*path));
    }
}

#[test]
fn faults_of_the_password_file_are_named() {
    let directory = testkit::ServerDirectory::create();
    let file = |path: std::path::PathBuf| Some(path.display().to_string());
    let none = RedisVariables::default();
    let both = CacheVariables {
        password: some("p"),
        password_file: file(directory.write("password", "p")),
        ..own("a:1", "single")
    };
    assert_eq!(problems(&both, &none), [ConfigProblem::TwoPasswords("CACHE_PASSWORD")]);
    let text = ConfigProblems(problems(&both, &none)).to_string();
    assert!(text.contains("CACHE_PASSWORD and CACHE_PASSWORD_FILE"), "{text}");
    let redis = RedisVariables { host: some("a"), password: some("p"), ..RedisVariables::default() };
    let both = CacheVariables { password_file: both.password_file, ..CacheVariables::default() };
    assert_eq!(problems(&both, &redis), [ConfigProblem::TwoPasswords("REDIS_PASSWORD")]);
    for path in [directory.path().join("none"), directory.write("empty", "\n")] {
        let cache = CacheVariables { password_file: file(path.clone()), ..own("a:1", "single") };
        let text = ConfigProblems(problems(&cache, &none)).to_string();
        assert!(
            text.starts_with("CACHE_PASSWORD_FILE: ") && text.contains(&path.display().to_string()),
            "{text}"
        );
    }
}

proptest! {
    /// Base64 or not, of PEM or not: a certificate comes out, or the fault is told.
    #[test]
    fn any_text_is_refused_or_a_certificate(text in any::<String>(), body in any::<Vec<u8>>(), label in "(CERTIFICATE|KEY)?") {
        let pem = [format!("-----BEGIN {label}-----\n").as_bytes(), &body, format!("\n-----END {label}-----").as_bytes()].concat();
        let encoded = base64::engine::general_purpose::STANDARD.encode(&pem);
        for text in [text, encoded] {
            let mut problems = Problems::default();
            let certificate = problems.certificate(&text);
            prop_assert_eq!(certificate.is_some(), problems.0.is_empty());
        }
    }
}
