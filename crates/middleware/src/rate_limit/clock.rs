//! The clock of the layer: it only measures how long something is ago.

use std::time::{Duration, Instant};

/// Time since the layer was made. Never goes back.
#[derive(Debug, Clone)]
pub(super) enum SteadyClock {
    Machine(Instant),
    /// Stands until a test moves it; microseconds.
    #[cfg(test)]
    Manual(std::sync::Arc<std::sync::atomic::AtomicU64>),
}

impl SteadyClock {
    pub(super) fn of_machine() -> Self {
        Self::Machine(Instant::now())
    }

    pub(super) fn now(&self) -> Duration {
        match self {
            Self::Machine(started) => started.elapsed(),
            #[cfg(test)]
            Self::Manual(micros) => Duration::from_micros(micros.load(std::sync::atomic::Ordering::SeqCst)),
        }
    }
}
