//! A deletion that tells how it goes, over a real socket.

use testkit::{Reply, ValkeyServer};

use crate::support::{PATIENCE, Process};

const KEYS: i64 = 300_000;

#[tokio::test]
async fn a_deletion_stops_when_its_client_goes_away() {
    let server = ValkeyServer::start().await;
    server.fill((0..KEYS).map(|number| (format!("m2m:t:{number}"), String::new()))).await;
    let address = server.address().to_string();
    let directory = tempfile::tempdir().unwrap();
    let variables =
        [("CACHE_MODE", "single"), ("CACHE_ADDRS", &*address), ("BOOTSTRAP_ADMIN_API_KEY", "key")];
    let process = Process::start(directory.path(), &variables).await;
    testkit::wait_until("the cache to answer", PATIENCE, async || {
        process.get("/readyz", "").await == Some(200)
    })
    .await;

    let request = process.client.post(format!("{}/cache/pattern?pattern=m2m:*", process.base));
    let request = request.header("X-API-Key", "key").header("Accept", "text/event-stream");
    let mut response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    // The first event says that it began, the next ones come every quarter of a second.
    loop {
        let event = String::from_utf8(response.chunk().await.unwrap().unwrap().into()).unwrap();
        assert!(event.starts_with("event: progress"), "it ended before it was stopped: {event}");
        if !event.contains("\"deleted\":0,") {
            break;
        }
    }
    drop(response);

    let audit = testkit::wait_for("the audit line", PATIENCE, async || {
        let output = process.output();
        let line = output.lines().find(|line| line.contains("cache keys deleted by pattern"));
        line.map(str::to_owned).ok_or(output)
    })
    .await;
    assert!(audit.contains("\"cancelled\":true") && audit.contains("\"complete\":false"), "{audit}");
    let Reply::Integer(left) = server.connect().await.command(&["DBSIZE"]).await else { panic!("no number") };
    assert!((1..KEYS).contains(&left), "{left} keys are left: {audit}");
}
