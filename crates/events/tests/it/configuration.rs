//! Configurations that waiting does not mend, and those that it does.

use std::time::{Duration, Instant};

use events::rabbitmq::{ConfirmError, ConnectError, Published, RabbitConfig, RabbitPublisher};
use lapin::options::{ExchangeDeclareOptions, ExchangeDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties, ExchangeKind};
use testkit::{PortLease, shared_rabbitmq};

use crate::support::{Queue, chain, config, controlled, is_unavailable, message, publisher};

const PASSWORD: &str = "hunter2-marked";

async fn connect(config: &RabbitConfig) -> ConnectError {
    RabbitPublisher::new(config).unwrap().connect().await.unwrap_err()
}

/// A URI of the same broker with another user or virtual host.
fn with(uri: &str, credentials: &str, host: &str) -> String {
    let address = uri.rsplit_once('@').unwrap().1.split_once('/').unwrap().0;
    format!("amqp://{credentials}@{address}/{host}")
}

#[tokio::test]
async fn a_wrong_password_is_told_apart_and_never_shown() {
    let uri = shared_rabbitmq().await;
    let config = config(&with(&uri, &format!("guest:{PASSWORD}"), "%2f"));
    let publisher = RabbitPublisher::new(&config).unwrap();
    let error = publisher.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Credentials(_)) && error.is_misconfiguration(), "{error:?}");
    let refused = publisher.publish(message(b"{}")).await.unwrap_err();
    assert!(matches!(refused, ConfirmError::Credentials(_)), "{refused:?}");
    let shown = format!("{config:?} {publisher:?} {} {}", chain(&error), chain(&refused));
    assert!(!shown.contains(PASSWORD), "{shown}");
    assert!(shown.contains("ACCESS_REFUSED"), "{shown}");
}

#[tokio::test]
async fn a_virtual_host_that_is_not_there_is_told_apart() {
    let uri = shared_rabbitmq().await;
    let error = connect(&config(&with(&uri, "guest:guest", "nowhere"))).await;
    assert!(matches!(error, ConnectError::VirtualHost(_)) && error.is_misconfiguration(), "{error:?}");
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_unavailable_at_once() {
    let port = PortLease::claim();
    let publisher = RabbitPublisher::new(&config(&format!("amqp://{}/%2f", port.address()))).unwrap();
    let start = Instant::now();
    let error = publisher.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Unavailable(_)) && !error.is_misconfiguration(), "{error:?}");
    assert!(is_unavailable(&publisher.publish(message(b"{}")).await));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_user_who_may_only_write_is_enough_where_the_exchange_is() {
    let (broker, _) = controlled().await;
    let config = config(&broker.uri());
    let user = config.exchange.as_str();
    broker.control(&["add_user", user, PASSWORD]).await;
    broker.control(&["set_permissions", user, "^$", ".*", "^$"]).await;
    let writer = RabbitConfig {
        uri: with(&broker.uri(), &format!("{user}:{PASSWORD}"), "%2f").parse().unwrap(),
        ..config.clone()
    };
    let error = connect(&writer).await;
    assert!(matches!(error, ConnectError::Exchange(_)) && error.is_misconfiguration(), "{error:?}");
    let _owner = publisher(&config).await;
    let writer = publisher(&writer).await;
    assert_eq!(writer.publish(message(b"{}")).await.unwrap(), Published::Unroutable);
    broker.control(&["set_permissions", user, "^$", "^$", "^$"]).await;
    let refused = writer.publish(message(b"{}")).await;
    // The broker remembers permissions for a while.
    assert!(matches!(refused, Ok(Published::Unroutable) | Err(ConfirmError::Credentials(_))), "{refused:?}");
}

#[tokio::test]
async fn an_exchange_of_another_kind_is_used_as_it_is() {
    let uri = shared_rabbitmq().await;
    let config = config(&uri);
    let connection = Connection::connect(&uri, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let (name, options) = (config.exchange.as_str(), ExchangeDeclareOptions::default());
    channel
        .exchange_declare(name.into(), ExchangeKind::Fanout, options, FieldTable::default())
        .await
        .unwrap();
    let publisher = publisher(&config).await;
    let _queue = Queue::bind(&uri, &config.exchange).await;
    assert_eq!(publisher.publish(message(b"{}")).await.unwrap(), Published::Routed);
}

#[tokio::test]
async fn an_exchange_that_somebody_removed_is_made_again() {
    let uri = shared_rabbitmq().await;
    let config = config(&uri);
    let publisher = publisher(&config).await;
    let connection = Connection::connect(&uri, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let name = config.exchange.as_str();
    channel.exchange_delete(name.into(), ExchangeDeleteOptions::default()).await.unwrap();
    assert!(is_unavailable(&publisher.publish(message(b"{}")).await));
    assert_eq!(publisher.publish(message(b"{}")).await.unwrap(), Published::Unroutable);
    assert_eq!(publisher.stats().reconnections, 0);
}
