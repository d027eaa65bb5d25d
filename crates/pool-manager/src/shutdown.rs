//! The two ways to stop: soft lets open requests finish, hard does not.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Handed to whatever must stop. Clones are one.
#[derive(Clone, Default)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Shutdown {
    /// One that nobody triggers but its holders.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that SIGTERM and SIGINT trigger: the first softly, the second hard. Needs a tokio runtime.
    pub fn on_signals() -> std::io::Result<Self> {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let shutdown = Self::new();
        let triggered = shutdown.clone();
        tokio::spawn(async move {
            loop {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                if triggered.soft.is_cancelled() {
                    tracing::warn!(signal = name, "stopping at once");
                    triggered.hard.cancel();
                    return;
                }
                tracing::info!(signal = name, "stopping; a second signal stops at once");
                triggered.soft.cancel();
            }
        });
        Ok(shutdown)
    }

    /// Stops softly.
    pub fn begin(&self) {
        self.soft.cancel();
    }

    /// Stops at once.
    pub fn at_once(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Returns when the stop began.
    pub(crate) async fn begun(&self) {
        self.soft.cancelled().await;
    }

    /// The token of the hard stop.
    pub(crate) fn hard(&self) -> &CancellationToken {
        &self.hard
    }
}
