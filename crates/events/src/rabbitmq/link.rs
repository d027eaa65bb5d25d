//! One connection to the broker.

mod ending;
#[cfg(test)]
mod tests;

use std::time::Duration;

use lapin::Connection;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::confirm_error::ConfirmError;
use super::connect_error::ConnectError;
use super::dial::dial;
use super::driver_settings::DriverSettings;
use super::fault::Fault;
use super::lane::{Lane, Outcome};
use super::message::Outgoing;
use super::socket::SocketOwner;
pub(super) use ending::End;

/// Limit on a farewell that the broker answers.
const FAREWELL: Duration = Duration::from_secs(2);

pub(super) struct Link {
    connection: Connection,
    _socket: SocketOwner,
    lane: Mutex<Lane>,
    /// Why the broker takes nothing, while that is so.
    blocked: watch::Sender<Option<String>>,
    /// Cancelled when the broker is found to hang.
    hangs: CancellationToken,
    /// Cancelled when another connection should be made at once.
    spoiled: CancellationToken,
}

impl Link {
    pub(super) async fn open(target: &DriverSettings) -> Result<Self, ConnectError> {
        // Also when this is given up, the driver's thread ends.
        let socket = SocketOwner::default();
        let opening = async {
            let connection = dial(target, &socket.0).await.map_err(Fault::from)?;
            let lane = Lane::open(&connection, &target.exchange).await?;
            Ok::<_, ConnectError>((connection, lane))
        };
        let opened = timeout(target.patience, opening).await;
        let (connection, lane) = opened.map_err(|_elapsed| Fault::Silent(target.patience))??;
        Ok(Self {
            connection,
            _socket: socket,
            lane: Mutex::new(lane),
            blocked: watch::Sender::new(None),
            hangs: CancellationToken::new(),
            spoiled: CancellationToken::new(),
        })
    }

    /// Sends messages together and waits for their confirms. The error is that of all that have no answer then.
    pub(super) async fn send(
        &self,
        target: &DriverSettings,
        messages: &[Outgoing<'_>],
        deadline: Instant,
        outcome: &mut Outcome,
    ) -> Result<(), ConfirmError> {
        self.not_blocked()?;
        let mut lane = timeout_at(deadline, self.lane.lock()).await.map_err(|_elapsed| Fault::Busy)?;
        let sending = async {
            if !lane.is_open() {
                *lane = Lane::open(&self.connection, &target.exchange).await?;
            }
            lane.send(&target.exchange, messages, outcome).await;
            if !lane.is_open() && messages.len() > 1 {
                self.spoiled.cancel();
            }
            Ok::<(), ConnectError>(())
        };
        let mut blocked = self.blocked.subscribe();
        tokio::select! {
            biased;
            sent = timeout_at(deadline, sending) => match sent {
                Ok(result) => result.map_err(ConfirmError::from),
                Err(_elapsed) => {
                    self.hangs.cancel();
                    Err(Fault::Silent(target.patience).into())
                }
            },
            _ = blocked.wait_for(Option::is_some) => Ok(self.not_blocked()?),
        }
    }

    /// Whether the broker takes no messages for now.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.borrow().is_some()
    }

    /// Whether another one is about to take its place.
    pub(super) fn is_spoiled(&self) -> bool {
        self.spoiled.is_cancelled()
    }

    fn not_blocked(&self) -> Result<(), Fault> {
        self.blocked.borrow().clone().map_or(Ok(()), |reason| Err(Fault::Blocked(reason)))
    }

    /// Takes leave of the broker.
    pub(super) async fn close(&self) {
        // One that does not answer is left.
        let _left = timeout(FAREWELL, self.connection.close(200, "closed".into())).await;
    }
}
