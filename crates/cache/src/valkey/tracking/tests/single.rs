//! One server.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use testkit::{Proxy, ValkeyOptions, ValkeyServer, wait_until};

use super::{HEALED, Held, WITH_LINK, WITHOUT_LINK, Watching, address};
use crate::config::CacheConfig;

const KEY: &str = "near:k";

async fn set(server: &ValkeyServer, key: &str) {
    drop(server.connect().await.command(&["SET", key, "new"]).await.accepted("SET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_client_changes_is_dropped() {
    let server = ValkeyServer::start().await;
    let watching = Watching::single(server.address()).await;
    let mut other = server.connect().await;
    for command in [
        vec!["SET", KEY, "v"],
        vec!["PEXPIRE", KEY, "100000"],
        vec!["DEL", KEY],
        vec!["SET", KEY, "v", "PX", "1"],
    ] {
        let took = watching.follows(KEY, async { drop(other.command(&command).await) }).await;
        println!("{} told after {took:?}", command[0]);
    }
    watching.hold(KEY).await;
    set(&server, "elsewhere:k").await;
    set(&server, "near:last").await;
    wait_until("the last change to be told", HEALED, || async {
        watching.held.told.load(Ordering::SeqCst) >= 5
    })
    .await;
    assert!(watching.is_used(KEY), "only what changed is dropped");
    watching.client.end().await;
    assert!(!watching.is_used(KEY), "a client that is closed proves nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_that_is_added_is_watched_too() {
    let server = ValkeyServer::start().await;
    let watching = Watching::single(server.address()).await;
    watching.hold(KEY).await;
    let second = std::sync::Arc::new(Held::default());
    let sink: std::sync::Weak<Held> = std::sync::Arc::downgrade(&second);
    watching.hub.add("second:".into(), sink);
    watching.drops(KEY, WITH_LINK).await;
    watching.follows(KEY, set(&server, KEY)).await;
    watching.hold("second:k").await;
    set(&server, "second:k").await;
    wait_until("the second near-cache to be told", WITH_LINK, || async {
        second.told.load(Ordering::SeqCst) > 0
    })
    .await;
    watching.client.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tracking_link_that_is_cut_is_made_anew() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let watching = Watching::single(proxy.address()).await;
    watching.hold(KEY).await;
    proxy.cut().await;
    println!("cut: unused after {:?}", watching.drops(KEY, WITHOUT_LINK).await);
    set(&server, KEY).await;
    proxy.pass().await;
    let began = Instant::now();
    watching.hold(KEY).await;
    println!("cut: watched again after {:?}", began.elapsed());
    assert_eq!(watching.counters().tracking_armed, 2);
    watching.follows(KEY, set(&server, KEY)).await;
    // Only the tracking link this time, by the server.
    watching.hold(KEY).await;
    let clients = server.connect().await.command(&["CLIENT", "LIST"]).await.text();
    let tracking = clients.lines().find(|line| line.contains(" flags=tB"));
    let id = tracking.and_then(|line| line.split_once("id=")?.1.split(' ').next().map(str::to_owned));
    let id = id.expect("a client that tracks by prefix");
    server.connect().await.command(&["CLIENT", "KILL", "ID", &id]).await;
    watching.drops(KEY, WITHOUT_LINK).await;
    watching.follows(KEY, set(&server, KEY)).await;
    watching.client.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tracking_link_that_is_half_open_is_trusted_for_two_seconds_at_most() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let watching = Watching::single(proxy.address()).await;
    watching.hold(KEY).await;
    proxy.half_open().await;
    let began = Instant::now();
    // Neither this change nor the emptying is told.
    set(&server, KEY).await;
    server.connect().await.command(&["FLUSHALL"]).await;
    println!("half-open: unused after {:?}", watching.drops(KEY, WITHOUT_LINK).await);
    wait_until("the link to be given up", HEALED, || async { watching.counters().tracking_lost > 0 }).await;
    println!("half-open: given up after {:?}", began.elapsed());
    assert!(!watching.is_covered(KEY));
    proxy.pass().await;
    let began = Instant::now();
    watching.hold(KEY).await;
    println!("half-open: watched again after {:?}", began.elapsed());
    watching.follows(KEY, set(&server, KEY)).await;
    watching.client.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_silence_keeps_the_link_and_loses_nothing() {
    let server = ValkeyServer::start().await;
    let watching = Watching::single(server.address()).await;
    watching.hold(KEY).await;
    server.pause();
    watching.drops(KEY, WITHOUT_LINK).await;
    server.resume();
    watching.follows(KEY, set(&server, KEY)).await;
    watching.client.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_emptied_shows_within_a_second() {
    let server = ValkeyServer::start().await;
    // Of two clients, one finds the key gone and the other may find the one that the first placed.
    let (one, other) = (Watching::single(server.address()).await, Watching::single(server.address()).await);
    for flush in ["FLUSHALL", "FLUSHDB"] {
        one.hold(KEY).await;
        other.hold(KEY).await;
        drop(server.connect().await.command(&[flush]).await.accepted(flush));
        let (first, second) = tokio::join!(one.drops(KEY, WITH_LINK), other.drops(KEY, WITH_LINK));
        println!("{flush}: dropped after {first:?} and {second:?}");
        one.follows(KEY, set(&server, KEY)).await;
        other.follows(KEY, set(&server, KEY)).await;
    }
    assert_eq!((one.counters().tracking_lost, other.counters().tracking_lost), (0, 0));
    one.client.end().await;
    other.client.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_stands_still_ends_with_nothing_old() {
    const CHANGES: usize = 10_000;
    let server = ValkeyServer::start().await;
    let watching = Watching::single(server.address()).await;
    let names: Vec<String> = (0..CHANGES).map(|number| format!("near:{number}")).collect();
    for name in &names {
        watching.hold(name).await;
    }
    // All from another thread: a receiver that stands still keeps a worker of this runtime.
    let (held, runtime) = (std::sync::Arc::clone(&watching.held), tokio::runtime::Handle::current());
    let (address, keys) = (server.address(), names.clone());
    let told = tokio::task::spawn_blocking(move || {
        let gate = held.gate.lock().unwrap();
        let before = held.told.load(Ordering::SeqCst);
        let own = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        own.block_on(async {
            let mut other = testkit::Resp::connect(address).await.unwrap();
            // One by one: the server tells the changes of one turn of its loop in one message.
            for key in &keys {
                other.command(&["SET", key, "new"]).await;
                // A worker that stands still may have left the sockets without one who looks at them.
                runtime.spawn(async {});
            }
        });
        let told = held.told.load(Ordering::SeqCst) - before;
        drop(gate);
        told
    });
    assert!(told.await.unwrap() <= 1, "the receiver stood still");
    let began = Instant::now();
    wait_until("nothing old to be left", WITH_LINK, || async {
        names.iter().all(|name| !watching.is_used(name))
    })
    .await;
    println!("10,000 changes: nothing old after {:?}", began.elapsed());
    assert!(watching.held.entries.lock().unwrap().is_empty(), "and it does not come back");
    assert!(watching.counters().tracking_resets > 0, "messages were lost");
    watching.follows(KEY, set(&server, KEY)).await;
    watching.client.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_the_probe_nothing_is_trusted() {
    let options = ValkeyOptions { max_memory: Some("1".to_owned()), ..Default::default() };
    let server = ValkeyServer::start_with(options).await;
    let watching = Watching::single(server.address()).await;
    wait_until("the link to be armed", HEALED, || async { watching.counters().tracking_armed > 0 }).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        assert!(!watching.is_covered(KEY));
        tokio::task::yield_now().await;
    }
    drop(server.connect().await.command(&["CONFIG", "SET", "maxmemory", "0"]).await.accepted("CONFIG SET"));
    watching.follows(KEY, set(&server, KEY)).await;
    watching.client.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_becomes_a_replica_is_not_trusted() {
    let server = ValkeyServer::start().await;
    let replica = server.start_replica().await;
    let watching = Watching::single(server.address()).await;
    watching.hold(KEY).await;
    replica.promote().await;
    let port = replica.address().port().to_string();
    drop(server.connect().await.command(&["REPLICAOF", "127.0.0.1", &port]).await.accepted("REPLICAOF"));
    println!("demoted: unused after {:?}", watching.drops(KEY, WITHOUT_LINK).await);
    server.promote().await;
    watching.follows(KEY, set(&server, KEY)).await;
    watching.client.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_closed_while_its_tracking_link_hangs() {
    let server = ValkeyServer::start().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let watching = Watching::single(server.address()).await;
    watching.hold(KEY).await;
    server.pause();
    let began = Instant::now();
    watching.client.end().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(!watching.is_used(KEY));
    wait_until("every task to be gone", Duration::from_secs(2), || async { tasks() <= before }).await;
    server.resume();
    // And when it is dropped without a goodbye.
    let watching = Watching::single(server.address()).await;
    watching.hold(KEY).await;
    drop(watching);
    wait_until("every task to be gone", Duration::from_secs(2), || async { tasks() <= before }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_is_watched_again() {
    let server = ValkeyServer::start().await;
    let watching = Watching::connect(CacheConfig::single(address(server.address()))).await;
    watching.hold(KEY).await;
    server.kill();
    watching.drops(KEY, WITHOUT_LINK).await;
    server.restart().await;
    let began = Instant::now();
    watching.follows(KEY, set(&server, KEY)).await;
    println!("restarted: watched again after {:?}", began.elapsed());
    watching.client.end().await;
}
