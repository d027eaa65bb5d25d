//! A subscriber's queue.

use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};

/// A durable queue that takes every message of a topic exchange. It is on the broker, and stays there when this value goes.
pub struct RabbitQueue {
    uri: String,
    name: String,
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The key that it was published with.
    pub routing_key: String,
    /// The message.
    pub body: Vec<u8>,
}

impl RabbitQueue {
    /// Makes the queue for an exchange that is there.
    ///
    /// # Panics
    /// When the broker refuses.
    pub async fn bind(uri: &str, exchange: &str) -> Self {
        let name = format!("{exchange}-subscriber");
        let connection = connect(uri).await;
        let channel = connection.create_channel().await.expect("a channel");
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let declared = channel.queue_declare(name.as_str().into(), durable, FieldTable::default()).await;
        declared.expect("a queue");
        let (options, none) = (QueueBindOptions::default(), FieldTable::default());
        let bound =
            channel.queue_bind(name.as_str().into(), exchange.into(), "#".into(), options, none).await;
        bound.expect("the exchange is there");
        drop(connection.close(200, "done".into()).await);
        Self { uri: uri.to_owned(), name }
    }

    /// Takes out what is there.
    ///
    /// # Panics
    /// When the broker gives no answer.
    pub async fn take(&self) -> Vec<Delivered> {
        let connection = connect(&self.uri).await;
        let channel = connection.create_channel().await.expect("a channel");
        let mut taken = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(message) =
            channel.basic_get(self.name.as_str().into(), options).await.expect("an answer")
        {
            let routing_key = message.delivery.routing_key.to_string();
            taken.push(Delivered { routing_key, body: message.delivery.data });
        }
        drop(connection.close(200, "done".into()).await);
        taken
    }
}

async fn connect(uri: &str) -> Connection {
    Connection::connect(uri, ConnectionProperties::default()).await.expect("the broker takes connections")
}
