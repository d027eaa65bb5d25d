//! Messages that the broker does not take for what they are.

use events::rabbitmq::{ConfirmError, Outgoing, Published};

use crate::support::{LARGEST, Queue, config, controlled, message, publisher};

#[tokio::test]
async fn one_too_large_is_refused_and_the_others_arrive() {
    let (broker, _) = controlled().await;
    let config = config(&broker.uri());
    let publisher = publisher(&config).await;
    let queue = Queue::bind(&broker.uri(), &config.exchange).await;
    let too_large = vec![b' '; LARGEST + 1];
    let alone = publisher.publish(message(&too_large)).await;
    assert!(matches!(alone, Err(ConfirmError::Refused(_))), "{alone:?}");
    let bodies: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let mut messages: Vec<_> = bodies.iter().map(|body| message(body.as_bytes())).collect();
    messages[40].body = &too_large;
    messages[70].body = &too_large;
    let results = publisher.publish_batch(&messages).await;
    for (number, result) in results.iter().enumerate() {
        match result {
            Ok(Published::Routed) => assert!(number != 40 && number != 70, "message {number} was taken"),
            Err(ConfirmError::Refused(_)) => {
                assert!(number == 40 || number == 70, "message {number}: {result:?}");
            }
            _ => panic!("message {number}: {result:?}"),
        }
    }
    // Those in flight with it may come twice, in order.
    let mut numbers = queue.numbers().await;
    let received = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 98);
    println!("98 messages beside 2 that were refused: {received} arrived");
    // A message that is refused alone costs no connection.
    assert_eq!((publisher.stats().nacked, publisher.stats().reconnections), (3, 2));
}

#[tokio::test]
async fn one_that_a_queue_rejects_is_refused() {
    let (broker, _) = controlled().await;
    let config = config(&broker.uri());
    let publisher = publisher(&config).await;
    let queue = Queue::bind_short(&broker.uri(), &config.exchange, 1).await;
    assert!(publisher.publish(message(b"1")).await.is_ok());
    let refused = publisher.publish(message(b"2")).await;
    assert!(matches!(refused, Err(ConfirmError::Refused(_))), "{refused:?}");
    assert_eq!(queue.numbers().await, [1]);
    assert!(publisher.publish(message(b"3")).await.is_ok());
}

#[tokio::test]
async fn one_that_the_protocol_cannot_carry_is_refused_before_it_is_sent() {
    let (broker, _) = controlled().await;
    let config = config(&broker.uri());
    let publisher = publisher(&config).await;
    let _queue = Queue::bind(&broker.uri(), &config.exchange).await;
    let key = "k".repeat(256);
    let messages = [message(b"1"), Outgoing { routing_key: &key, ..message(b"2") }, message(b"3")];
    let results = publisher.publish_batch(&messages).await;
    assert!(matches!(results.as_slice(), [Ok(_), Err(ConfirmError::Refused(_)), Ok(_)]), "{results:?}");
}
