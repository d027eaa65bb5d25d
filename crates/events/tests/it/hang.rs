//! A broker that hangs.

use std::time::{Duration, Instant};

use testkit::RabbitMq;

use crate::support::{Queue, config, is_unavailable, message, publisher};

const LIMIT: Duration = Duration::from_secs(6);

#[tokio::test]
async fn a_hanging_broker_is_unavailable_soon_and_back_by_itself() {
    let broker = RabbitMq::start().await;
    let config = config(&broker.uri());
    let publisher = publisher(&config).await;
    let queue = Queue::bind(&broker.uri(), &config.exchange).await;
    publisher.publish(message(b"1")).await.unwrap();
    broker.pause();
    let start = Instant::now();
    let bodies: Vec<String> = (2..1_002).map(|number| number.to_string()).collect();
    let messages: Vec<_> = bodies.iter().map(|body| message(body.as_bytes())).collect();
    let results = publisher.publish_batch(&messages).await;
    println!("a thousand messages were given up after {:?}", start.elapsed());
    assert!(results.iter().all(is_unavailable), "{results:?}");
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    let start = Instant::now();
    assert!(is_unavailable(&publisher.publish(message(b"0")).await));
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    // Long enough for some attempts to connect.
    tokio::time::sleep(Duration::from_secs(12)).await;
    broker.resume();
    let up = Instant::now();
    publisher.connected().await;
    println!("connected {:?} after the broker went on", up.elapsed());
    assert!(up.elapsed() < Duration::from_secs(17), "{:?}", up.elapsed());
    publisher.publish(message(b"5000")).await.unwrap();
    let received = queue.numbers().await;
    assert!(received.contains(&1) && received.contains(&5_000), "{received:?}");
}
