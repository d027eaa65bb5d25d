//! Two replicas, of which one relays, and is stopped past its lease and woken again.

use std::time::{Duration, Instant};

use testkit::{ValkeyServer, shared_mongo, shared_rabbitmq, unique_prefix};

use super::setting::{CHANNEL, Setting, assert_all_told, live, whole_log};
use super::valkey_subscriber::ValkeySubscriber;

#[tokio::test(flavor = "multi_thread")]
async fn the_other_takes_over_and_the_one_that_wakes_does_no_harm() {
    let (valkey, rabbitmq) = (ValkeyServer::start().await, shared_rabbitmq().await);
    let uri = format!("mongodb://{}/", shared_mongo().await);
    let store = [("MONGO_URI", &*uri), ("MONGO_NAME", &*unique_prefix())];
    let key = [("SECRETS_ENCRYPTION_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")];
    let setting = Setting::beside(&valkey, &rabbitmq, &[&store[..], &key[..]].concat());
    let subscriber = ValkeySubscriber::start(valkey.address(), CHANNEL).await;
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = setting.start(here.path()).await;
    testkit::wait_until("it to relay", Duration::from_secs(10), async || {
        one.output().contains("this process relays events")
    })
    .await;
    let other = setting.start(there.path()).await;
    let queue = setting.queue().await;
    let mut number = 0;
    for (signal, rounds) in [("STOP", 8), ("CONT", 8), ("STOP", 8), ("CONT", 4)] {
        live(&other.client, &other.base, &format!("before {number}")).await;
        one.signal(signal);
        let told = subscriber.messages().len();
        let begun = Instant::now();
        for _round in 0..rounds {
            number += 1;
            let (_, writes) = live(&other.client, &other.base, &format!("bank {number}")).await;
            assert_eq!(writes, 3);
        }
        if signal == "STOP" {
            testkit::wait_until("the other to take over", Duration::from_secs(15), async || {
                subscriber.messages().len() > told + 3 * rounds
            })
            .await;
            println!("told again {:.1?} after the one that relayed was stopped", begun.elapsed());
        }
    }
    let log = whole_log(&other).await;
    assert_all_told(&log, &subscriber, &queue, "the one that relays stopped twice").await;
}
