//! A publisher to RabbitMQ that knows of every message whether the broker has it.
//!
//! The driver's own recovery is not used: it cannot tell a message that the broker may have from one that it has not. One
//! task (`keeper`) holds one connection (`link`) and makes a new one when that is lost; a message is published on the
//! connection that is there, or not at all, and is never repeated by itself. So a repeat is always the caller's decision.
//!
//! A broker that hangs is noticed by the first message that it does not confirm, or by its heartbeat. Its connection is then
//! cut at the socket: the driver reads each connection in a thread, which would wait for as long as the broker hangs.

mod back_off;
mod batch;
mod config;
mod confirm_error;
mod connect_error;
mod counting;
mod dial;
mod driver_settings;
mod exchange;
mod fault;
mod keeper;
mod lane;
mod link;
mod message;
mod publisher;
mod socket;
mod tls;
mod uri;

use std::error::Error;
use std::sync::Arc;

pub use config::{RabbitConfig, RabbitConfigError};
pub use confirm_error::ConfirmError;
pub use connect_error::ConnectError;
pub use counting::RabbitStats;
pub use message::{Outgoing, Published};
pub use publisher::RabbitPublisher;
pub use uri::{RabbitUri, RabbitUriError};

/// What is behind an error; shared, because it may be the answer for many messages.
pub type Cause = Arc<dyn Error + Send + Sync>;
