//! What services are told of tenants: the relay that takes events from the record store to Valkey's channels and to RabbitMQ.
//!
//! Events are written with the changes that they tell of; nothing here makes one. The driver of RabbitMQ, `lapin`, shows in no
//! public signature: a swap costs this crate only.

pub mod rabbitmq;
mod rabbitmq_target;
mod relay;
mod target;
#[cfg(test)]
mod testing;
mod valkey;

pub use rabbitmq_target::RabbitTarget;
pub use relay::{Relay, RelayCounters, RelayPorts, TargetCounters};
pub use target::{Message, PublishError, Target};
pub use valkey::{ValkeyTarget, channel};
