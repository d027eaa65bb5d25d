//! The task that keeps a connection.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::back_off::BackOff;
use super::connect_error::ConnectError;
use super::counting::Counting;
use super::driver_settings::DriverSettings;
use super::fault::Fault;
use super::link::{End, Link};

/// What the task and the publisher share.
pub(super) struct Shared {
    pub(super) target: DriverSettings,
    pub(super) counting: Counting,
    pub(super) state: watch::Sender<State>,
    /// Cancelled when the publisher is closed.
    pub(super) closed: CancellationToken,
}

#[derive(Clone)]
pub(super) enum State {
    /// The first attempt has not ended, or that to replace a connection that was given up.
    Starting,
    Up(Arc<Link>),
    /// Why the last attempt failed, or the last connection ended.
    Down(ConnectError),
    Closed,
}

/// Keeps a connection until the publisher is closed. One attempt at a time.
pub(super) async fn keep(shared: Arc<Shared>) {
    shared.closed.run_until_cancelled(connect_again_and_again(&shared)).await;
    shared.state.send_replace(State::Closed);
}

async fn connect_again_and_again(shared: &Shared) {
    let mut pauses = BackOff::default();
    let mut told = false;
    loop {
        match Link::open(&shared.target).await {
            Ok(link) => {
                let earlier = Counting::add(&shared.counting.connections);
                tracing::info!(
                    exchange = shared.target.exchange.as_str(),
                    earlier,
                    "connected to the broker"
                );
                let link = Arc::new(link);
                shared.state.send_replace(State::Up(Arc::clone(&link)));
                (pauses, told) = (BackOff::default(), false);
                match link.end().await {
                    End::Lost(fault) => {
                        tracing::warn!(reason = %fault, "the connection to the broker is lost");
                        shared.state.send_replace(State::Down(ConnectError::Unavailable(Arc::new(fault))));
                    }
                    End::Spoiled => {
                        shared.state.send_replace(State::Starting);
                        continue;
                    }
                }
            }
            Err(error) => {
                tell(&error, told);
                told = true;
                shared.state.send_replace(State::Down(error));
            }
        }
        pauses.pause().await;
    }
}

/// Once an outage as a warning: the rest is more of the same.
fn tell(error: &ConnectError, told: bool) {
    let reason = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    if told {
        tracing::debug!(%error, reason, "no connection to the broker");
    } else {
        tracing::warn!(%error, reason, "no connection to the broker");
    }
}

impl Shared {
    pub(super) fn new(target: DriverSettings) -> Self {
        Self {
            target,
            counting: Counting::default(),
            state: watch::Sender::new(State::Starting),
            closed: CancellationToken::new(),
        }
    }

    /// The connection, once the first attempt has ended.
    pub(super) async fn link(&self) -> Result<Arc<Link>, ConnectError> {
        let mut states = self.state.subscribe();
        let is_settled = |state: &State| match state {
            State::Starting => false,
            State::Up(link) => !link.is_spoiled(),
            State::Down(_) | State::Closed => true,
        };
        let state = states.wait_for(is_settled).await;
        // The sender is ours.
        match state.map_or(State::Closed, |state| state.clone()) {
            State::Up(link) => Ok(link),
            State::Down(error) => Err(error),
            State::Starting | State::Closed => Err(Fault::Closed.into()),
        }
    }
}
