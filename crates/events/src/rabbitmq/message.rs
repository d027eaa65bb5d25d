//! What is published.

use domain::Timestamp;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use uuid::Uuid;

use super::fault::Fault;
use super::uri::LONGEST_NAME;

/// Kept on disk by durable queues.
const PERSISTENT: u8 = 2;

/// One message. The rest of its properties is the same for all: it is JSON, and persistent.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// `{environment}.{type}`, such as `production.tenant.suspended`: what queues are bound by.
    pub routing_key: &'a str,
    /// The same for repeats of one message.
    pub message_id: Uuid,
    /// The property `type`.
    pub event_type: &'a str,
    /// The property `timestamp`; the protocol has whole seconds.
    pub timestamp: Timestamp,
    /// The header `sequence`.
    pub sequence: u64,
    /// The JSON.
    pub body: &'a [u8],
}

/// What became of a message that the broker has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// At least one queue has it; a durable one has it on disk.
    Routed,
    /// No queue is bound to its routing key: nobody will receive it.
    Unroutable,
}

/// A message as the driver takes it.
pub(super) struct Encoded {
    pub(super) routing_key: ShortString,
    pub(super) properties: BasicProperties,
}

impl Outgoing<'_> {
    /// Whether the protocol can carry it.
    pub(super) fn fits(&self) -> bool {
        self.routing_key.len().max(self.event_type.len()) <= LONGEST_NAME
    }

    pub(super) fn encode(&self) -> Result<Encoded, Fault> {
        let short = |text: &str| ShortString::try_new(text).map_err(|_too_long| Fault::TooLong);
        let mut headers = FieldTable::default();
        // The protocol has no unsigned numbers of this size that every client reads.
        let sequence = i64::try_from(self.sequence).unwrap_or(i64::MAX);
        headers.insert("sequence".into(), AMQPValue::LongLongInt(sequence));
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(self.message_id.to_string().into())
            .with_timestamp(u64::try_from(self.timestamp.millis() / 1_000).unwrap_or_default())
            .with_type(short(self.event_type)?)
            .with_headers(headers);
        Ok(Encoded { routing_key: short(self.routing_key)?, properties })
    }
}
