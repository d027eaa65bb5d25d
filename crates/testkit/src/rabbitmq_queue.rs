//! A subscriber's queue.

use std::time::Duration;

use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};

use crate::wait::wait_for;

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
    /// Makes the queue for an exchange, as soon as that is there.
    ///
    /// # Panics
    /// When it is not there within 30 seconds.
    pub async fn bind(uri: &str, exchange: &str) -> Self {
        let name = format!("{exchange}-subscriber");
        let limit = Duration::from_secs(30);
        wait_for("the exchange", limit, async || {
            try_bind(uri, exchange, &name).await.map_err(|error| error.to_string())
        })
        .await;
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

async fn try_bind(uri: &str, exchange: &str, name: &str) -> Result<(), lapin::Error> {
    let connection = connect(uri).await;
    let channel = connection.create_channel().await?;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(name.into(), durable, FieldTable::default()).await?;
    let (options, none) = (QueueBindOptions::default(), FieldTable::default());
    channel.queue_bind(name.into(), exchange.into(), "#".into(), options, none).await?;
    connection.close(200, "done".into()).await
}

async fn connect(uri: &str) -> Connection {
    Connection::connect(uri, ConnectionProperties::default()).await.expect("the broker takes connections")
}
