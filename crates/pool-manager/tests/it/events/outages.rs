//! A target that is away: nobody else waits, and nothing is lost that replay does not bring.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use testkit::{ClusterOptions, RabbitMq, ValkeyCluster, ValkeyServer, shared_rabbitmq};

use super::received::Received;
use super::setting::{CHANNEL, Setting, all_of, assert_all_told, live, whole_log};
use super::valkey_subscriber::ValkeySubscriber;

const TENANTS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_down_for_a_whole_run_gets_all_of_it_later() {
    let (valkey, broker) = (ValkeyServer::start().await, RabbitMq::start().await);
    let setting = Setting::beside(&valkey, &broker.uri(), &[]);
    let directory = tempfile::tempdir().unwrap();
    let subscriber = ValkeySubscriber::start(valkey.address(), CHANNEL).await;
    let process = setting.start(directory.path()).await;
    let queue = setting.queue().await;
    broker.kill();
    for number in 0..TENANTS {
        let (_, writes) = live(&process.client, &process.base, &format!("bank {number}")).await;
        assert_eq!(writes, 3, "a write waits for no broker");
    }
    let log = whole_log(&process).await;
    testkit::wait_until("the channel", Duration::from_secs(10), async || subscriber.messages() == log).await;
    broker.restart().await;
    assert_all_told(&log, &subscriber, &queue, "the broker down for a whole run").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_subscriber_misses_in_a_failover_its_gaps_show_and_the_broker_has() {
    let (cluster, rabbitmq) =
        (ValkeyCluster::start(ClusterOptions::default()).await, shared_rabbitmq().await);
    let nodes = cluster.node_list();
    let setting = Setting::new(&[("CACHE_MODE", "cluster"), ("CACHE_ADDRS", &*nodes)], &rabbitmq);
    let directory = tempfile::tempdir().unwrap();
    let masters = cluster.masters().await;
    let master = masters[0].address;
    // Subscribed to a node that is killed: so it misses some.
    let subscriber = ValkeySubscriber::start(master, CHANNEL).await;
    let other = ValkeySubscriber::start(masters[1].address, CHANNEL).await;
    let process = setting.start(directory.path()).await;
    let queue = setting.queue().await;
    let next = AtomicUsize::new(0);
    let write = async |tenants: usize| {
        for _tenant in 0..tenants {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (_, writes) = live(&process.client, &process.base, &format!("bank {number}")).await;
            assert_eq!(writes, 3, "a write waits for no channel");
        }
    };
    write(TENANTS / 3).await;
    testkit::wait_until("the subscriber to be told", Duration::from_secs(10), async || {
        !subscriber.messages().is_empty()
    })
    .await;
    cluster.kill(master);
    write(TENANTS / 3).await;
    let last = whole_log(&process).await.pop().unwrap();
    testkit::wait_until("another to be told", Duration::from_secs(60), async || {
        other.messages().contains(&last)
    })
    .await;
    cluster.restart(master).await;
    cluster.wait_until_ok().await;
    let told_before = subscriber.messages().len();
    testkit::wait_until("the subscriber to be told again", Duration::from_secs(60), async || {
        write(1).await;
        subscriber.messages().len() > told_before
    })
    .await;
    write(TENANTS / 3).await;
    let log = whole_log(&process).await;
    let numbers = Received::of(&log).numbers();
    Received::of(&all_of(&queue, &numbers).await).assert_in_order("the broker");
    let last = log.last().unwrap();
    testkit::wait_until("the last message on the channel", Duration::from_secs(10), async || {
        subscriber.messages().contains(last)
    })
    .await;
    let got = Received::of(&subscriber.messages());
    got.assert_in_order("the channel");
    // As the subscriber reckons, who knows nothing but what it was told.
    let missed = got.gaps();
    println!(
        "a failover in mid-burst: {} events, {} missed on the channel, none by the broker",
        numbers.len(),
        missed.len()
    );
    assert!(!missed.is_empty(), "nothing was missed: the node was not away");
    let absent: BTreeSet<u64> = numbers.difference(&got.numbers()).copied().collect();
    assert_eq!(missed, absent, "what the log has and the channel did not bring");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_restarted_in_mid_run_gets_all_of_it() {
    let (valkey, broker) = (ValkeyServer::start().await, RabbitMq::start().await);
    let setting = Setting::beside(&valkey, &broker.uri(), &[]);
    let directory = tempfile::tempdir().unwrap();
    let subscriber = ValkeySubscriber::start(valkey.address(), CHANNEL).await;
    let process = setting.start(directory.path()).await;
    let queue = setting.queue().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let (client, base, is_over) =
                (process.client.clone(), process.base.clone(), Arc::clone(&is_over));
            tokio::spawn(async move {
                for round in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let (_, writes) = live(&client, &base, &format!("bank {writer} {round}")).await;
                    assert_eq!(writes, 3, "a write waits for no broker");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            })
        })
        .collect();
    let more_told = async || {
        let told = subscriber.messages().len();
        testkit::wait_until("more events", Duration::from_secs(30), async || {
            subscriber.messages().len() >= told + 4 * TENANTS
        })
        .await;
    };
    for _restart in 0..2 {
        more_told().await;
        broker.kill();
        more_told().await;
        broker.restart().await;
    }
    more_told().await;
    is_over.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let log = whole_log(&process).await;
    assert_all_told(&log, &subscriber, &queue, "the broker killed twice in mid-run").await;
}
