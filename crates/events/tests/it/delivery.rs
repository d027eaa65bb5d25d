//! What arrives, and how.

use std::time::Instant;

use events::rabbitmq::Published;
use lapin::types::{AMQPValue, FieldTable};
use testkit::{scaled, shared_rabbitmq};

use crate::support::{KEY, Queue, config, message, publisher};

#[tokio::test]
async fn a_message_arrives_with_its_properties() {
    let uri = shared_rabbitmq().await;
    let config = config(&uri);
    let publisher = publisher(&config).await;
    let queue = Queue::bind(&uri, &config.exchange).await;
    let sent = message(br#"{"event_type":"tenant.suspended"}"#);
    assert_eq!(publisher.publish(sent).await.unwrap(), Published::Routed);
    let received = queue.next().await.unwrap();
    assert_eq!((received.data.as_slice(), received.routing_key.as_str()), (sent.body, KEY));
    let properties = &received.properties;
    let text = |text: &Option<lapin::types::ShortString>| text.as_ref().map(ToString::to_string);
    assert_eq!(text(properties.message_id()), Some(sent.message_id.to_string()));
    assert_eq!(text(properties.content_type()).as_deref(), Some("application/json"));
    assert_eq!(text(properties.kind()).as_deref(), Some("tenant.suspended"));
    assert_eq!((properties.delivery_mode(), properties.timestamp()), (&Some(2), &Some(1_700_000_000)));
    let headers = properties.headers().as_ref().unwrap().inner();
    assert_eq!(headers.get("sequence"), Some(&AMQPValue::LongLongInt(7)));
    publisher.close().await;
    assert!(!publisher.stats().connected);
    assert!(publisher.publish(sent).await.is_err(), "a closed publisher takes messages");
}

#[tokio::test]
async fn what_no_queue_takes_is_told_and_counted() {
    let uri = shared_rabbitmq().await;
    let config = config(&uri);
    let publisher = publisher(&config).await;
    assert_eq!(publisher.publish(message(b"{}")).await.unwrap(), Published::Unroutable);
    let _queue = Queue::bind_with(&uri, &config.exchange, "staging.#", FieldTable::default()).await;
    // The broker returns them long before it confirms those that it writes to disk: each must be told of the right one.
    let bodies: Vec<String> = (0..400).map(|number| number.to_string()).collect();
    let key = |number: usize| if number.is_multiple_of(3) { "production.tenant.created" } else { KEY };
    let messages: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| events::rabbitmq::Outgoing {
            routing_key: key(number),
            ..message(body.as_bytes())
        })
        .collect();
    let results = publisher.publish_batch(&messages).await;
    for (number, result) in results.into_iter().enumerate() {
        let expected = if number.is_multiple_of(3) { Published::Unroutable } else { Published::Routed };
        assert_eq!(result.unwrap(), expected, "message {number}");
    }
    let stats = publisher.stats();
    assert_eq!((stats.published, stats.returned, stats.nacked), (401, 135, 0));
}

#[tokio::test]
async fn a_batch_arrives_in_its_order() {
    let uri = shared_rabbitmq().await;
    let config = config(&uri);
    let publisher = publisher(&config).await;
    let queue = Queue::bind(&uri, &config.exchange).await;
    let bodies: Vec<String> = (0..scaled(20_000)).map(|number| number.to_string()).collect();
    let messages: Vec<_> = bodies.iter().map(|body| message(body.as_bytes())).collect();
    let start = Instant::now();
    let results = publisher.publish_batch(&messages).await;
    let elapsed = start.elapsed();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let numbers = queue.numbers().await;
    assert_eq!(numbers.len(), bodies.len());
    assert!(numbers.is_sorted(), "out of order");
    println!("{} messages confirmed in {elapsed:?}", bodies.len());
}

#[tokio::test]
async fn callers_at_the_same_time_are_all_served() {
    let uri = shared_rabbitmq().await;
    let config = config(&uri);
    let publisher = publisher(&config).await;
    let _queue = Queue::bind(&uri, &config.exchange).await;
    let published = futures::future::join_all((0..200).map(|_| publisher.publish(message(b"{}")))).await;
    assert!(published.iter().all(|result| matches!(result, Ok(Published::Routed))), "{published:?}");
    assert_eq!(publisher.stats().reconnections, 0);
}
