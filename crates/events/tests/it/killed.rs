//! A broker that is killed and comes back with what it has on disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use events::rabbitmq::RabbitPublisher;
use testkit::{RabbitMq, scaled};

use crate::support::{Queue, config, message, publisher};

/// Publishes numbers until it is told to stop, and gives those that were confirmed.
async fn publish_numbers(publisher: Arc<RabbitPublisher>, stop: Arc<AtomicBool>) -> Vec<u64> {
    let mut confirmed = Vec::new();
    let mut next = 0;
    while !stop.load(Ordering::SeqCst) {
        let bodies: Vec<String> = (next..next + 50).map(|number| number.to_string()).collect();
        let messages: Vec<_> = bodies.iter().map(|body| message(body.as_bytes())).collect();
        let results = publisher.publish_batch(&messages).await;
        confirmed
            .extend((next..).zip(&results).filter(|(_, result)| result.is_ok()).map(|(number, _)| number));
        next += 50;
        if results.iter().any(Result::is_err) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    confirmed
}

#[tokio::test]
async fn what_was_confirmed_is_there_after_the_death_of_the_broker() {
    let broker = RabbitMq::start().await;
    let config = config(&broker.uri());
    let publisher = Arc::new(publisher(&config).await);
    let name = Queue::bind(&broker.uri(), &config.exchange).await.name().to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let publishing = tokio::spawn(publish_numbers(Arc::clone(&publisher), Arc::clone(&stop)));
    let rounds = scaled(20);
    for round in 0..rounds {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let before = publisher.stats();
        broker.kill();
        let down = Instant::now();
        broker.restart().await;
        let up = Instant::now();
        publisher.connected().await;
        println!(
            "round {round}: the broker was down for {:?}, connected {:?} later",
            up - down,
            up.elapsed()
        );
        assert!(before.connected && publisher.stats().reconnections > before.reconnections);
        assert!(up.elapsed() < Duration::from_secs(12), "{:?}", up.elapsed());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::SeqCst);
    let confirmed = publishing.await.unwrap();
    // The queue and the exchange are durable, and so is what was in them.
    let received = Queue::find(&broker.uri(), &name).await.numbers().await;
    let missing: Vec<_> = confirmed.iter().filter(|number| received.binary_search(number).is_err()).collect();
    println!("{} confirmed, {} received, {rounds} deaths", confirmed.len(), received.len());
    assert!(missing.is_empty(), "confirmed and lost: {missing:?}");
    assert!(confirmed.len() > 1_000 && received.is_sorted());
}

#[tokio::test]
async fn a_broker_that_is_stopped_in_order_is_reconnected_to() {
    let broker = RabbitMq::start().await;
    let config = config(&broker.uri());
    let publisher = publisher(&config).await;
    broker.stop();
    assert!(publisher.publish(message(b"{}")).await.is_err());
    broker.restart().await;
    let up = Instant::now();
    publisher.connected().await;
    println!("connected {:?} after the broker was back", up.elapsed());
    publisher.publish(message(b"{}")).await.unwrap();
}
