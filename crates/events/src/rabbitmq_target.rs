//! RabbitMQ as a target of the relay.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Timestamp;

use crate::rabbitmq::{self, Outgoing, RabbitPublisher};
use crate::target::{Message, PublishError, Target};

/// Publishes to the exchange under `{environment}.{event type}`. What no queue takes is published all the same.
pub struct RabbitTarget {
    publisher: Arc<RabbitPublisher>,
}

impl RabbitTarget {
    /// Through this publisher.
    pub fn new(publisher: Arc<RabbitPublisher>) -> Self {
        Self { publisher }
    }
}

#[async_trait]
impl Target for RabbitTarget {
    fn name(&self) -> &str {
        "rabbitmq"
    }

    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let keys: Vec<String> = messages
            .iter()
            .map(|message| format!("{}.{}", message.environment, message.event_type))
            .collect();
        let outgoing: Vec<Outgoing<'_>> = messages
            .iter()
            .zip(&keys)
            .map(|(message, routing_key)| Outgoing {
                routing_key,
                message_id: message.event_id,
                event_type: &message.event_type,
                timestamp: Timestamp::from_millis(message.at_millis),
                sequence: message.sequence,
                body: &message.body,
            })
            .collect();
        let answers = self.publisher.publish_batch(&outgoing).await;
        answers.into_iter().map(|answer| answer.map(drop).map_err(of_target)).collect()
    }
}

fn of_target(error: rabbitmq::ConfirmError) -> PublishError {
    if error.is_of_the_message() {
        PublishError::Refused(error.into())
    } else {
        PublishError::Unavailable(error.into())
    }
}
