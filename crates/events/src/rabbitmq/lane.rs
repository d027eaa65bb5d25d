//! A channel and the messages on it that wait for their confirms.

use std::collections::{HashSet, VecDeque};

use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{Channel, Confirmation, Connection, PublisherConfirm};

use super::connect_error::ConnectError;
use super::exchange::open_channel;
use super::fault::Fault;
use super::message::Outgoing;

/// The broker's answer to one message.
pub(super) type Answer = Result<(), Fault>;

pub(super) struct Lane {
    channel: Channel,
    /// Those of an earlier call that was given up are the first.
    in_flight: VecDeque<PublisherConfirm>,
}

/// What is known so far of messages that were sent together.
#[derive(Default)]
pub(super) struct Outcome {
    /// In the order of the messages; shorter than they are for as long as some have no answer.
    pub(super) answers: Vec<Answer>,
    /// The message ids of those that no queue took.
    pub(super) returned: HashSet<String>,
}

impl Lane {
    pub(super) async fn open(connection: &Connection, exchange: &ShortString) -> Result<Self, ConnectError> {
        Ok(Self { channel: open_channel(connection, exchange).await?, in_flight: VecDeque::new() })
    }

    /// Whether the broker has not closed it.
    pub(super) fn is_open(&self) -> bool {
        self.channel.status().connected()
    }

    /// Sends messages, one after the other, and then waits for their confirms. When it is dropped before its end, `outcome`
    /// holds what was known then.
    pub(super) async fn send(
        &mut self,
        exchange: &ShortString,
        messages: &[Outgoing<'_>],
        outcome: &mut Outcome,
    ) {
        let earlier = self.in_flight.len();
        let failed = self.publish(exchange, messages).await.err();
        let mut position = 0;
        while let Some(confirm) = self.in_flight.front_mut() {
            let confirmation = confirm.await;
            self.in_flight.pop_front();
            let answer = answer(confirmation, &mut outcome.returned);
            if position >= earlier {
                outcome.answers.push(answer);
            }
            position += 1;
        }
        if let Some(fault) = failed {
            outcome.answers.resize(messages.len(), Err(fault));
        }
    }

    /// Ends at the first message that cannot be sent.
    async fn publish(&mut self, exchange: &ShortString, messages: &[Outgoing<'_>]) -> Result<(), Fault> {
        for message in messages {
            let encoded = message.encode()?;
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let sent = self.channel.basic_publish(
                exchange.clone(),
                encoded.routing_key,
                options,
                message.body,
                encoded.properties,
            );
            self.in_flight.push_back(sent.await?);
        }
        Ok(())
    }
}

/// The driver hands a returned message out with the confirm that comes next, which may be another message's. So whose it is
/// is told by its id.
fn answer(confirmation: lapin::Result<Confirmation>, returned: &mut HashSet<String>) -> Answer {
    let confirmation = confirmation?;
    let is_nack = confirmation.is_nack();
    if let Some(message) = confirmation.take_message() {
        let message_id = message.delivery.properties.message_id().as_ref();
        returned.extend(message_id.map(|id| id.as_str().to_owned()));
    }
    if is_nack { Err(Fault::Nacked) } else { Ok(()) }
}
