//! The events that were released, for whoever missed some of them.

use std::sync::Arc;
use std::time::Duration;

use domain::{Environment, EventLog, ReleasedEvent, ServiceName, StoreUnavailable};
use tokio::sync::watch;
use tokio::time::sleep;

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Replays the log of events. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct EventReplay {
    log: Arc<dyn EventLog>,
    /// The last numbers, in the order of [`Environment::ALL`].
    last: Arc<watch::Sender<LastNumbers>>,
}

type LastNumbers = [u64; Environment::ALL.len()];

/// Some events, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<ReleasedEvent>,
    /// The number to go on behind: the last that was looked at.
    pub next: u64,
    /// Whether there are more behind it already.
    pub has_more: bool,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// What follows that number is not kept any more, or the number was never given.
    #[error("the events behind {after} are not kept: the log has {first} to {last}")]
    Gone {
        /// The number that was asked for.
        after: u64,
        /// The lowest number that is kept.
        first: u64,
        /// The highest.
        last: u64,
    },
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] StoreUnavailable),
}

impl EventReplay {
    pub(crate) fn new(log: Arc<dyn EventLog>) -> Self {
        Self { log, last: Arc::new(watch::Sender::new(LastNumbers::default())) }
    }

    /// The events behind `after`, at most `limit` of them looked at; with a service, those that are about it or about a tenant
    /// as a whole.
    pub async fn after(
        &self,
        environment: Environment,
        after: u64,
        service: Option<&ServiceName>,
        limit: usize,
    ) -> Result<EventPage, ReplayError> {
        let range = self.log.released(environment).await?;
        if after > range.last || after.saturating_add(1) < range.first {
            return Err(ReplayError::Gone { after, first: range.first, last: range.last });
        }
        let mut events = self.log.released_after(environment, after, limit).await?;
        let next = events.last().map_or(after, |event| event.sequence);
        if let Some(service) = service {
            events.retain(|released| released.event.kind.service().is_none_or(|about| about == service));
        }
        Ok(EventPage { events, next, has_more: next < range.last })
    }

    /// The last number of an environment.
    pub async fn last(&self, environment: Environment) -> Result<u64, StoreUnavailable> {
        self.log.last_released(environment).await
    }

    /// Changes whenever something was released, within a second.
    pub fn news(&self) -> watch::Receiver<[u64; 2]> {
        self.last.subscribe()
    }

    /// Looks for what was released, while somebody waits for it; for ever.
    pub(crate) async fn follow(&self) {
        loop {
            if self.last.receiver_count() > 0
                && let Ok(last) = self.last_numbers().await
            {
                self.last.send_if_modified(|known| std::mem::replace(known, last) != last);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn last_numbers(&self) -> Result<LastNumbers, StoreUnavailable> {
        let mut last = LastNumbers::default();
        for (environment, last) in Environment::ALL.into_iter().zip(&mut last) {
            *last = self.last(environment).await?;
        }
        Ok(last)
    }
}
