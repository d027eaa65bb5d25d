//! What the log says while the record store is away.

use std::path::Path;

use futures::future::join_all;
use testkit::{Proxy, shared_mongo, unique_prefix, wait_for};

use crate::support::{PATIENCE, Process, run, text};

const KEY: (&str, &str) = ("BOOTSTRAP_ADMIN_API_KEY", "an operator's key");

/// The lines with this text, once there are so many.
async fn lines(service: &Process, text: &str, count: usize) -> Vec<String> {
    wait_for(text, PATIENCE, async || {
        let output = service.output();
        let lines: Vec<String> =
            output.lines().filter(|line| line.contains(text)).map(str::to_owned).collect();
        if lines.len() >= count { Ok(lines) } else { Err(output) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_with_its_hosts_when_it_begins_and_when_it_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(shared_mongo().await).await;
    let (hosts, database) = (proxy.address().to_string(), unique_prefix());
    let uri = format!("mongodb://{hosts}/");
    let service =
        Process::start(directory.path(), &[KEY, ("MONGO_URI", &uri), ("MONGO_NAME", &database)]).await;
    service.wait_until_ready().await;
    assert!(lines(&service, "records: MongoDB", 1).await[0].contains(&hosts));
    proxy.cut().await;
    let away = lines(&service, "the record store is away", 1).await;
    assert!(away[0].contains(&hosts) && away[0].contains("reason"), "{away:?}");
    let refused = join_all((0..20).map(|_| service.get("/v1/tenants", KEY.1))).await;
    assert_eq!(refused, [Some(503); 20]);
    let failed = lines(&service, "request failed", 1).await;
    assert!(failed[0].contains(&hosts), "{failed:?}");
    proxy.pass().await;
    let back = lines(&service, "the record store is back", 1).await;
    assert!(back[0].contains(&hosts) && back[0].contains("away_seconds"), "{back:?}");
    let output = service.output();
    for once in ["the record store is away", "the record store is back", "request failed"] {
        assert_eq!(output.matches(once).count(), 1, "{once} in {output}");
    }
    assert!(!output.contains("Topology") && !output.contains("Kind:"), "{output}");
}

#[tokio::test]
async fn a_name_that_is_not_found_is_looked_up_again() {
    let directory = tempfile::tempdir().unwrap();
    let uri = ("MONGO_URI", "mongodb+srv://ana:marked-secret@records.example.invalid/");
    let service = Process::start(directory.path(), &[KEY, uri]).await;
    let tried = lines(&service, "the record store does not answer", 2).await;
    assert!(tried.iter().all(|line| line.contains("records.example.invalid")), "{tried:?}");
    assert_eq!(service.get("/readyz", "").await, Some(503));
    assert!(!service.output().contains("marked-secret"), "{}", service.output());

    let unreadable = ("MONGO_URI", "mongodb+srv://ana:marked-secret@records.example.invalid:1/");
    let refused = run(directory.path(), &[KEY, unreadable, ("SERVER_ADDRESS", "127.0.0.1:0")], &["serve"]);
    let errors = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(64), "{errors}");
    assert!(errors.contains("MONGO_URI") && !errors.contains("marked-secret"), "{errors}");
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let encryption_key = ("SECRETS_ENCRYPTION_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
    let variables = [KEY, encryption_key, ("SERVER_ADDRESS", "127.0.0.1:0")];
    let refused = run(Path::new("/proc/nope"), &variables, &["serve"]);
    let errors = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{errors}");
    assert!(errors.contains("DATA_DIR") && errors.contains("/proc/nope/records.sqlite"), "{errors}");
}
