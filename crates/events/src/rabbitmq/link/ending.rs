//! How a connection ends.

use std::pin::pin;

use futures::StreamExt;
use lapin::Event;

use super::Link;
use crate::rabbitmq::fault::Fault;

/// Why another connection is needed.
pub(in crate::rabbitmq) enum End {
    Lost(Fault),
    /// The broker closed the channel while messages were on their way. What the driver had still to write of them, it writes
    /// after the close was agreed on, and the broker then takes the whole connection for broken.
    Spoiled,
}

impl Link {
    /// Waits for the end of the connection, and meanwhile notes whether the broker takes messages.
    pub(in crate::rabbitmq) async fn end(&self) -> End {
        let mut events = pin!(self.connection.events_listener());
        let mut last = Fault::Lost;
        if self.connection.status().blocked() {
            self.blocked.send_replace(Some(String::from("it does not say why")));
        }
        // A channel that ends is told as an error too.
        while self.connection.status().connected() {
            let event = tokio::select! {
                () = self.hangs.cancelled() => return End::Lost(Fault::Hangs),
                () = self.spoiled.cancelled() => return End::Spoiled,
                event = events.next() => event,
            };
            match event {
                Some(Event::ConnectionBlocked(reason)) => {
                    tracing::warn!(reason, "the broker takes no messages");
                    self.blocked.send_replace(Some(reason));
                }
                Some(Event::ConnectionUnblocked) => {
                    tracing::info!("the broker takes messages again");
                    self.blocked.send_replace(None);
                }
                Some(Event::Error(error)) => last = error.into(),
                Some(_) => {}
                None => break,
            }
        }
        End::Lost(last)
    }
}
