//! Where events are published.

use async_trait::async_trait;
use domain::{BoxError, Environment, ReleasedEvent};
use uuid::Uuid;

/// A broker, or a channel of one. The relay keeps a mark for each by its name.
#[async_trait]
pub trait Target: Send + Sync + 'static {
    /// Under which its marks are kept: it must stay the same for ever, and be no other target's.
    fn name(&self) -> &str;

    /// Publishes messages of different tenants, at best in this order. One answer for each, in their order; an answer that is
    /// missing counts as [`PublishError::Unavailable`].
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>>;
}

/// Why a message was not published, or nobody knows whether it was.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The target gives no answer: the message is tried until it does.
    #[error("the target gives no answer")]
    Unavailable(#[source] BoxError),
    /// The target refuses this very message: after some tries the relay goes on without it.
    #[error("the target refuses the message")]
    Refused(#[source] BoxError),
}

/// What is published of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number in its environment.
    pub sequence: u64,
    /// Whose channel it goes to.
    pub environment: Environment,
    /// Such as `tenant.created`.
    pub event_type: String,
    /// Tells repeats of one message from two messages.
    pub event_id: Uuid,
    /// When it happened, in milliseconds since 1970.
    pub at_millis: i64,
    /// The envelope as JSON.
    pub body: Vec<u8>,
}

impl Message {
    pub(crate) fn of(released: &ReleasedEvent) -> Result<Self, serde_json::Error> {
        let event = &released.event;
        Ok(Self {
            sequence: released.sequence,
            environment: event.environment,
            event_type: event.kind.name().to_owned(),
            event_id: event.event_id,
            at_millis: event.at.millis(),
            body: serde_json::to_vec(&released.envelope())?,
        })
    }
}
