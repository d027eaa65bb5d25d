//! The events that were released, for whoever missed some of them.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Environment, EventLog, ReleasedEvent, ReleasedRange, ServiceName, StoreUnavailable, TenantEvent, TenantId,
};
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
    /// The last number of the environment.
    pub last: u64,
}

/// Which events are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventsAbout {
    /// Those of one service, and of tenants as a whole.
    pub service: Option<ServiceName>,
    /// Those of one tenant.
    pub tenant: Option<TenantId>,
}

impl EventsAbout {
    fn takes(&self, event: &TenantEvent) -> bool {
        let of_service = self
            .service
            .as_ref()
            .is_none_or(|service| event.kind.service().is_none_or(|about| about == service));
        of_service && self.tenant.as_ref().is_none_or(|tenant| *tenant == event.tenant_id)
    }
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

    /// The events behind `after`, or from the first that is kept on, at most `limit` of them looked at: those that are `about`
    /// what is asked for.
    pub async fn after(
        &self,
        environment: Environment,
        after: Option<u64>,
        about: &EventsAbout,
        limit: usize,
    ) -> Result<EventPage, ReplayError> {
        let ReleasedRange { first, last } = self.log.released(environment).await?;
        let gone = |after| ReplayError::Gone { after, first, last };
        if let Some(after) = after.filter(|after| *after > last || after.saturating_add(1) < first) {
            return Err(gone(after));
        }
        let from = after.unwrap_or(first.saturating_sub(1));
        let mut events = self.log.released_after(environment, from, limit).await?;
        if let Some(after) = after.filter(|after| *after < last)
            && events.first().is_none_or(|event| event.sequence > after + 1)
            && after + 1 < self.log.released(environment).await?.first
        {
            // Removed since the range was read.
            return Err(gone(after));
        }
        // There is no hole in the numbers: what is not among the events cannot be read.
        let looked_at = from.saturating_add(u64::try_from(limit).unwrap_or(u64::MAX)).min(last);
        let next = events.last().map_or(looked_at, |event| event.sequence.max(looked_at));
        events.retain(|released| about.takes(&released.event));
        Ok(EventPage { events, next, has_more: next < last, last })
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
