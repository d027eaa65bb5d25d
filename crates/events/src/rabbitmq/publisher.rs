//! The publisher.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::config::{RabbitConfig, RabbitConfigError};
use super::confirm_error::ConfirmError;
use super::connect_error::ConnectError;
use super::counting::RabbitStats;
use super::driver_settings::DriverSettings;
use super::fault::Fault;
use super::keeper::{Shared, State, keep};
use super::message::{Outgoing, Published};

/// Publishes to a topic exchange of a RabbitMQ broker. Once used, it keeps one connection and mends it by itself, in a task that
/// ends with it.
pub struct RabbitPublisher {
    shared: Arc<Shared>,
    started: AtomicBool,
}

impl RabbitPublisher {
    /// A publisher that has not connected: the first use does.
    pub fn new(config: &RabbitConfig) -> Result<Self, RabbitConfigError> {
        let shared = Arc::new(Shared::new(DriverSettings::new(config)?));
        Ok(Self { shared, started: AtomicBool::new(false) })
    }

    /// Whether there is a connection, when the first attempt has ended; else why the last attempt failed. Goes on trying
    /// whatever the answer.
    pub async fn connect(&self) -> Result<(), ConnectError> {
        self.start();
        self.shared.link().await.map(drop)
    }

    /// Waits until there is a connection. Forever, when the publisher is closed before.
    pub async fn connected(&self) {
        self.start();
        let mut states = self.shared.state.subscribe();
        // The sender is ours.
        let _ours = states.wait_for(|state| matches!(state, State::Up(_))).await;
    }

    /// Publishes one message and waits for the broker's confirm.
    pub async fn publish(&self, message: Outgoing<'_>) -> Result<Published, ConfirmError> {
        let results = self.publish_batch(&[message]).await;
        results.into_iter().next().unwrap_or_else(|| Err(Fault::Lost.into()))
    }

    /// Publishes messages in their order, many of them before the first is confirmed. There is one result for each, at its
    /// place.
    ///
    /// The first that is not taken for want of a broker ends the batch: those after it were not sent, unless they were in
    /// flight with it. After a refused one the others are taken. So where two messages must not change places, the second
    /// belongs into a later batch than the first.
    pub async fn publish_batch(&self, messages: &[Outgoing<'_>]) -> Vec<Result<Published, ConfirmError>> {
        self.start();
        self.shared.publish_batch(messages).await
    }

    /// What it has done so far.
    pub fn stats(&self) -> RabbitStats {
        let (connected, blocked) = match &*self.shared.state.borrow() {
            State::Up(link) => (true, link.is_blocked()),
            State::Starting | State::Down(_) | State::Closed => (false, false),
        };
        self.shared.counting.snapshot(connected, blocked)
    }

    /// Takes leave of the broker. Nothing can be published afterwards.
    pub async fn close(&self) {
        self.shared.closed.cancel();
        if let State::Up(link) = self.shared.state.send_replace(State::Closed) {
            link.close().await;
        }
    }

    fn start(&self) {
        if !self.started.swap(true, Ordering::SeqCst) {
            tokio::spawn(keep(Arc::clone(&self.shared)));
        }
    }
}

impl Drop for RabbitPublisher {
    fn drop(&mut self) {
        self.shared.closed.cancel();
    }
}

impl fmt::Debug for RabbitPublisher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RabbitPublisher").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
