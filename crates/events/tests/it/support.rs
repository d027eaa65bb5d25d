//! What the tests share: messages, queues, brokers.

use std::error::Error;

use domain::Timestamp;
use events::rabbitmq::{ConfirmError, Outgoing, RabbitConfig, RabbitPublisher};
use lapin::message::BasicGetMessage;
use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties};
use testkit::{CertificateAuthority, RabbitMq, RabbitMqOptions, unique_prefix};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// The largest message that [`controlled`] takes.
pub(crate) const LARGEST: usize = 100_000;
pub(crate) const KEY: &str = "staging.tenant.suspended";

/// A configuration with an exchange of its own.
pub(crate) fn config(uri: &str) -> RabbitConfig {
    RabbitConfig { exchange: format!("{}events", unique_prefix()), ..RabbitConfig::new(uri.parse().unwrap()) }
}

/// A publisher with an exchange of its own, which is there.
pub(crate) async fn publisher(config: &RabbitConfig) -> RabbitPublisher {
    let publisher = RabbitPublisher::new(config).unwrap();
    publisher.connect().await.unwrap();
    publisher
}

pub(crate) fn message(body: &[u8]) -> Outgoing<'_> {
    Outgoing {
        routing_key: KEY,
        message_id: Uuid::new_v4(),
        event_type: "tenant.suspended",
        timestamp: Timestamp::from_millis(1_700_000_000_500),
        sequence: 7,
        body,
    }
}

pub(crate) fn is_unavailable<T>(result: &Result<T, ConfirmError>) -> bool {
    matches!(result, Err(ConfirmError::Unavailable(_)))
}

/// The error and all that is behind it.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error} {error:?}"));
        source = error.source();
    }
    text
}

/// A broker of this binary that may be given users and hosts. It speaks TLS too, with a certificate of the authority beside it.
pub(crate) async fn controlled() -> &'static (RabbitMq, String) {
    static BROKER: OnceCell<(RabbitMq, String)> = OnceCell::const_new();
    let start = async || {
        let authority = CertificateAuthority::generate();
        let line = format!("max_message_size = {LARGEST}");
        let options = RabbitMqOptions { authority: Some(&authority), lines: &[&line] };
        (RabbitMq::start_with(options).await, authority.pem().to_owned())
    };
    BROKER.get_or_init(start).await
}

/// A durable queue that is bound to an exchange.
pub(crate) struct Queue {
    _connection: Connection,
    channel: Channel,
    name: String,
}

impl Queue {
    /// Makes one for all messages.
    pub(crate) async fn bind(uri: &str, exchange: &str) -> Self {
        Self::bind_with(uri, exchange, "#", FieldTable::default()).await
    }

    /// Makes one that refuses what is more than `length` messages.
    pub(crate) async fn bind_short(uri: &str, exchange: &str, length: i32) -> Self {
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(length));
        arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
        Self::bind_with(uri, exchange, "#", arguments).await
    }

    pub(crate) async fn bind_with(uri: &str, exchange: &str, key: &str, arguments: FieldTable) -> Self {
        let name = format!("{exchange}-queue");
        let queue = Self::find(uri, &name).await;
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        queue.channel.queue_declare(name.as_str().into(), durable, arguments).await.unwrap();
        let bind = queue.channel.queue_bind(
            name.as_str().into(),
            exchange.into(),
            key.into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        bind.await.unwrap();
        queue
    }

    /// One that is there.
    pub(crate) async fn find(uri: &str, name: &str) -> Self {
        let connection = Connection::connect(uri, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        Self { _connection: connection, channel, name: name.to_owned() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Takes the next message out.
    pub(crate) async fn next(&self) -> Option<BasicGetMessage> {
        let options = BasicGetOptions { no_ack: true };
        self.channel.basic_get(self.name.as_str().into(), options).await.unwrap()
    }

    /// Takes all messages out and reads the number in each.
    pub(crate) async fn numbers(&self) -> Vec<u64> {
        let mut numbers = Vec::new();
        while let Some(message) = self.next().await {
            numbers.push(String::from_utf8_lossy(&message.data).parse().unwrap());
        }
        numbers
    }
}
