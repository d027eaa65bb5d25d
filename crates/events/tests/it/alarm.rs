//! A broker that is short of memory takes no messages.

use std::time::{Duration, Instant};

use testkit::{RabbitMq, wait_until};

use crate::support::{Queue, config, is_unavailable, message, publisher};

#[tokio::test]
async fn a_memory_alarm_is_unavailable_at_once_and_passes() {
    let broker = RabbitMq::start().await;
    let config = config(&broker.uri());
    let publisher = publisher(&config).await;
    let queue = Queue::bind(&broker.uri(), &config.exchange).await;
    broker.control(&["set_vm_memory_high_watermark", "absolute", "1000"]).await;
    // The broker says so to those who publish.
    let start = Instant::now();
    let blocked = publisher.publish(message(b"1")).await;
    println!("refused {:?} after the first message of the alarm", start.elapsed());
    assert!(is_unavailable(&blocked), "{blocked:?}");
    assert!(publisher.stats().blocked && publisher.stats().connected);
    let start = Instant::now();
    assert!(is_unavailable(&publisher.publish(message(b"2")).await));
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
    broker.control(&["set_vm_memory_high_watermark", "0.9"]).await;
    wait_until("the end of the alarm", Duration::from_secs(20), || async { !publisher.stats().blocked })
        .await;
    publisher.publish(message(b"3")).await.unwrap();
    // What was given up was on its way, and arrives.
    let received = queue.numbers().await;
    assert_eq!(received, [1, 3]);
    assert_eq!(publisher.stats().reconnections, 0);
}
