//! How others are told of what happened to tenants.
//!
//! [`RabbitPublisher`] gives messages to a RabbitMQ broker and says of each whether the broker has it. The driver, `lapin`,
//! shows in no public signature: a swap costs this crate only.

mod rabbitmq;

pub use rabbitmq::{
    Cause, ConnectError, Outgoing, PublishError, Published, RabbitConfig, RabbitConfigError, RabbitPublisher,
    RabbitStats, RabbitUri, RabbitUriError,
};
