//! The process is killed at random points of a run of writes, with servers and subscribers up.

use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use testkit::{ValkeyServer, scaled, shared_mongo, shared_rabbitmq, unique_prefix};

use super::setting::{CHANNEL, Setting, assert_all_told, live, whole_log};
use super::valkey_subscriber::ValkeySubscriber;

/// Tenants that are made and changed at once, in each life of the process.
const AT_ONCE: usize = 3;
/// A process that takes over waits for the lease of the one before, and is killed before, while and after it relays.
const LONGEST_LIFE_MILLIS: u64 = 7_000;

/// Numbers that look random and are the same in every run.
fn chance(step: u64) -> u64 {
    let mixed = (step + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33
}

async fn none_is_lost(what: &str, data_dir: &Path, store: &[(&str, &str)]) {
    let (valkey, rabbitmq) = (ValkeyServer::start().await, shared_rabbitmq().await);
    let setting = Setting::beside(&valkey, &rabbitmq, store);
    let subscriber = ValkeySubscriber::start(valkey.address(), CHANNEL).await;
    let lives = scaled(100).max(3);
    let (mut acknowledged, mut queue) = (0, None);
    for number in 0..lives {
        let mut process = setting.start(data_dir).await;
        if queue.is_none() {
            queue = Some(setting.queue().await);
        }
        let until = Duration::from_millis(chance(number as u64) % LONGEST_LIFE_MILLIS);
        let writers = (0..AT_ONCE).map(|writer| {
            let (client, base) = (process.client.clone(), process.base.clone());
            tokio::spawn(async move {
                let mut done = 0;
                for round in 0.. {
                    let (id, writes) = live(&client, &base, &format!("bank {number} {writer} {round}")).await;
                    done += writes;
                    if id.is_none() || writes < 3 {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(400)).await;
                }
                done
            })
        });
        let writers: Vec<_> = writers.collect();
        tokio::time::sleep(until).await;
        process.signal("KILL");
        process.wait().await;
        acknowledged += join_all(writers).await.into_iter().map(Result::unwrap).sum::<usize>();
    }
    let process = setting.start(data_dir).await;
    let log = whole_log(&process).await;
    assert!(log.len() >= acknowledged, "{} events of {acknowledged} acknowledged writes", log.len());
    assert_all_told(&log, &subscriber, &queue.unwrap(), &format!("{what}, killed {lives} times")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn none_is_lost_by_the_embedded_store() {
    let directory = tempfile::tempdir().unwrap();
    none_is_lost("embedded store", directory.path(), &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn none_is_lost_by_mongo() {
    let directory = tempfile::tempdir().unwrap();
    let uri = format!("mongodb://{}/", shared_mongo().await);
    let store = [("MONGO_URI", &*uri), ("MONGO_NAME", &*unique_prefix())];
    none_is_lost("MongoDB", directory.path(), &store).await;
}
