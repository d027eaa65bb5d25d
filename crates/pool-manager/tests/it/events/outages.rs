//! A target that is away: nobody else waits, and nothing is lost that replay does not bring.

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
    let master = cluster.masters().await[0].address;
    // Subscribed to a node that is killed: so it misses some.
    let subscriber = ValkeySubscriber::start(master, CHANNEL).await;
    let process = setting.start(directory.path()).await;
    let queue = setting.queue().await;
    for number in 0..TENANTS {
        if number == TENANTS / 3 {
            cluster.kill(master);
        }
        let (_, writes) = live(&process.client, &process.base, &format!("bank {number}")).await;
        assert_eq!(writes, 3, "a write waits for no channel");
    }
    let log = whole_log(&process).await;
    let numbers = Received::of(&log).numbers();
    Received::of(&all_of(&queue, &numbers).await).assert_in_order("the broker");
    let got = Received::of(&subscriber.messages());
    got.assert_in_order("the channel");
    let missed: Vec<u64> = numbers.difference(&got.numbers()).copied().collect();
    println!(
        "a failover in mid-burst: {} events, {} missed on the channel, none by the broker",
        numbers.len(),
        missed.len()
    );
    assert!(!missed.is_empty() && missed.len() < numbers.len(), "{missed:?}");
    // Its own last number is where it reads on; what it missed before that shows as a gap.
    for number in missed {
        assert!(log.iter().any(|event| event["sequence"] == number), "{number} is replayed");
    }
}
