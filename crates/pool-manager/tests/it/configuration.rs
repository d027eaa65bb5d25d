//! A wrong configuration names every fault and exits 64.

use testkit::{CertificateAuthority, TlsServer, ValkeyOptions, ValkeyServer};

use crate::support::{PATIENCE, Process, run, text};

#[test]
fn every_fault_is_named_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(
        directory.path(),
        &[
            ("SERVER_PORT", "http"),
            ("DEPLOYMENT_MODE", "saas"),
            ("CACHE_MODE", "sentinel"),
            ("CACHE_ADDRS", "valkey"),
            ("CACHE_PASSWORD", "marked-secret-1"),
            ("BOOTSTRAP_ADMIN_API_KEY", "marked-secret-2\n"),
            ("LOG_FORMAT", "xml"),
        ],
        &[],
    );
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{errors}");
    for name in [
        "SERVER_PORT",
        "ENVIRONMENT_NAME",
        "CACHE_MODE",
        "CACHE_ADDRS",
        "BOOTSTRAP_ADMIN_API_KEY",
        "LOG_FORMAT",
    ] {
        assert!(errors.contains(&format!("\n  {name}: ")), "{name} in {errors}");
    }
    assert!(!errors.contains("marked-secret") && output.stdout.is_empty(), "{errors}");
}

#[tokio::test]
async fn a_wrong_password_ends_it_with_a_word_on_what_to_change() {
    let directory = tempfile::tempdir().unwrap();
    let options = ValkeyOptions { password: Some("right".to_owned()), ..ValkeyOptions::default() };
    let server = ValkeyServer::start_with(options).await;
    let address = server.address().to_string();
    let variables = [
        ("SERVER_ADDRESS", "127.0.0.1:0"),
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*address),
        ("CACHE_PASSWORD", "marked-secret"),
    ];
    let output = run(directory.path(), &variables, &["serve"]);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{errors}");
    assert!(errors.contains("CACHE_PASSWORD") && errors.contains(&address), "{errors}");
    assert!(!errors.contains("marked-secret") && !text(&output.stdout).contains("marked-secret"));
}

#[tokio::test]
async fn a_wrong_certificate_and_a_wrong_topology_end_it_too() {
    let directory = tempfile::tempdir().unwrap();
    let base = [("SERVER_ADDRESS", "127.0.0.1:0"), ("BOOTSTRAP_ADMIN_API_KEY", "key")];

    let server = TlsServer::start().await;
    let endpoint = server.endpoint();
    let other = CertificateAuthority::generate().base64();
    let tls = [
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*endpoint),
        ("CACHE_TLS_ENABLED", "true"),
        ("CACHE_CA_CERT_BASE64", &*other),
    ];
    let output = run(directory.path(), &[&base[..], &tls].concat(), &[]);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{errors}");
    assert!(errors.contains("CACHE_CA_CERT_BASE64"), "{errors}");

    let server = ValkeyServer::start().await;
    let address = server.address().to_string();
    let cluster = [("CACHE_MODE", "cluster"), ("CACHE_ADDRS", &*address)];
    let output = run(directory.path(), &[&base[..], &cluster].concat(), &[]);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{errors}");
    assert!(errors.contains("CACHE_MODE"), "{errors}");
}

#[tokio::test]
async fn tls_to_a_port_that_speaks_none_is_hinted_at() {
    let directory = tempfile::tempdir().unwrap();
    let server = ValkeyServer::start().await;
    let address = server.address().to_string();
    let variables = [("CACHE_MODE", "single"), ("CACHE_ADDRS", &*address), ("CACHE_TLS_ENABLED", "true")];
    let service = Process::start(directory.path(), &variables).await;
    testkit::wait_for("the hint", PATIENCE, async || {
        let output = service.output();
        let told = output.lines().find(|line| line.contains("the cache does not answer"));
        if told.is_some_and(|line| line.contains("CACHE_TLS_ENABLED")) { Ok(()) } else { Err(output) }
    })
    .await;
}

#[test]
fn a_certificate_that_cannot_be_used_ends_it_and_check_tells_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let [first, second] = ["1", "2"].map(|name| {
        let target = directory.path().join(name);
        std::fs::create_dir(&target).unwrap();
        CertificateAuthority::generate().issue(&target)
    });
    let [certificate, own_key, other_key] = [first.certificate_file, first.key_file, second.key_file]
        .map(|file| file.to_str().unwrap().to_owned());
    let data_dir = directory.path().join("data");
    let address = ("SERVER_ADDRESS", "127.0.0.1:0");
    for (key, fault) in
        [(&*other_key, "TLS_KEY_FILE: is not the key"), ("/none", "TLS_KEY_FILE: /none cannot be read")]
    {
        let variables = [address, ("TLS_CERT_FILE", &*certificate), ("TLS_KEY_FILE", key)];
        for (command, output_of) in [("serve", 2), ("doctor", 1)] {
            let output = run(&data_dir, &variables, &[command]);
            let told = text(if output_of == 1 { &output.stdout } else { &output.stderr });
            assert_eq!(output.status.code(), Some(64), "{told}");
            assert!(told.contains(fault) && !told.contains("PRIVATE KEY"), "{command}: {told}");
        }
    }
    let variables = [address, ("TLS_CERT_FILE", &*certificate), ("TLS_KEY_FILE", &*own_key)];
    let output = run(&data_dir, &variables, &["doctor"]);
    let table = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{table}");
    assert!(table.contains("certificate"), "{table}");
}

#[test]
fn a_port_in_use_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(directory.path(), &[("SERVER_ADDRESS", &address)], &[]);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("SERVER_ADDRESS") && errors.contains(&address), "{errors}");
}

#[test]
fn a_wrong_command_line_exits_64_and_help_exits_0() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(run(directory.path(), &[], &["fly"]).status.code(), Some(64));
    let help = run(directory.path(), &[], &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("doctor"));
}
