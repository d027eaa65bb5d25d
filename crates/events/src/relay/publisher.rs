//! Takes released events to one target.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{Environment, ReleasedEvent, StoreUnavailable};
use tokio::time::timeout;

use super::stats::Stats;
use super::term::Term;
use super::{Outlet, Parts};
use crate::target::{Message, PublishError};

const PAGE: usize = 256;
/// For one group of messages.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often a message is tried that the target refuses.
const TRIES: u32 = 5;

#[derive(Debug, thiserror::Error)]
#[error("no answer came in time")]
struct TookTooLong;

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// There was nothing to publish.
    Idle,
    /// Something was published; there may be more.
    Published,
    /// The target, or the store, has to be left alone for a while.
    Failed,
}

/// Publishes to one target what it has not got, in the order of the numbers.
pub(super) struct Publisher<'a> {
    parts: &'a Parts,
    term: &'a Term,
    outlet: &'a Outlet,
    /// The message that was refused last, and how often.
    refused: Option<(Environment, u64, u32)>,
}

impl<'a> Publisher<'a> {
    pub(super) fn new(parts: &'a Parts, term: &'a Term, outlet: &'a Outlet) -> Self {
        Self { parts, term, outlet, refused: None }
    }

    fn name(&self) -> &'a str {
        self.outlet.target.name()
    }

    /// One page of each environment.
    pub(super) async fn look(&mut self) -> Result<Look, StoreUnavailable> {
        let (mut look, mut behind) = (Look::Idle, 0);
        for environment in Environment::ALL {
            let mark = self.parts.log.mark(self.name(), environment).await?.unwrap_or_default();
            let last = self.parts.log.last_released(environment).await?;
            behind += last.saturating_sub(mark);
            if last <= mark {
                continue;
            }
            let events = self.parts.log.released_after(environment, mark, PAGE).await?;
            if events.is_empty() {
                // None of them can be read, which the store told.
                let passed = last.min(mark.saturating_add(u64::try_from(PAGE).unwrap_or(u64::MAX)));
                self.parts.log.set_mark(self.name(), environment, passed).await?;
            }
            for group in of_different_tenants(&events) {
                if !self.term.is_held() {
                    return Ok(look);
                }
                let published = self.group(group).await?;
                behind = behind.saturating_sub(published);
                look = Look::Published;
                if published < u64::try_from(group.len()).unwrap_or(u64::MAX) {
                    self.outlet.stats.behind.store(behind, Ordering::Relaxed);
                    return Ok(Look::Failed);
                }
            }
        }
        self.outlet.stats.behind.store(behind, Ordering::Relaxed);
        Ok(look)
    }

    /// How many of the group, counted from its first, need no more tries. The mark is behind them.
    async fn group(&mut self, events: &[ReleasedEvent]) -> Result<u64, StoreUnavailable> {
        let mut messages = Vec::with_capacity(events.len());
        for event in events {
            // Nothing in an event is without a JSON form.
            messages.push(Message::of(event).map_err(StoreUnavailable::new)?);
        }
        let answers = timeout(PATIENCE, self.outlet.target.publish(&messages)).await.unwrap_or_default();
        let mut done = 0_usize;
        let mut answers = answers.into_iter();
        for message in &messages {
            let is_done = match answers.next() {
                Some(Ok(())) => {
                    Stats::one_more(&self.outlet.stats.published);
                    true
                }
                Some(Err(PublishError::Refused(reason))) => self.is_given_up(message, reason.as_ref()),
                Some(Err(PublishError::Unavailable(reason))) => {
                    self.outlet.failed(reason.as_ref());
                    false
                }
                None => {
                    self.outlet.failed(&TookTooLong);
                    false
                }
            };
            if !is_done {
                break;
            }
            done += 1;
        }
        if let Some(last) = done.checked_sub(1).and_then(|last| messages.get(last)) {
            self.outlet.answered();
            self.parts.log.set_mark(self.name(), last.environment, last.sequence).await?;
        }
        Ok(u64::try_from(done).unwrap_or(u64::MAX))
    }

    /// Whether the message was tried often enough.
    fn is_given_up(&mut self, message: &Message, reason: &(dyn std::error::Error + 'static)) -> bool {
        let place = (message.environment, message.sequence);
        let before = self.refused.filter(|(environment, sequence, _)| (*environment, *sequence) == place);
        let tries = before.map_or(0, |(_, _, tries)| tries) + 1;
        self.refused = Some((place.0, place.1, tries));
        Stats::one_more(&self.outlet.stats.failed);
        if tries < TRIES {
            return false;
        }
        Stats::one_more(&self.outlet.stats.parked);
        tracing::error!(
            target_name = self.name(),
            environment = %message.environment,
            sequence = message.sequence,
            event_id = %message.event_id,
            error = reason,
            "an event is not published: the target refused it {TRIES} times"
        );
        true
    }
}

/// Cut so that no tenant is twice in a group: should one message fail, no later one of its tenant is published before it.
fn of_different_tenants(events: &[ReleasedEvent]) -> Vec<&[ReleasedEvent]> {
    let (mut groups, mut rest) = (Vec::new(), events);
    while !rest.is_empty() {
        let mut tenants = HashSet::new();
        let end = rest.iter().position(|released| !tenants.insert(&released.event.tenant_id));
        let (group, remaining) = rest.split_at(end.unwrap_or(rest.len()));
        groups.push(group);
        rest = remaining;
    }
    groups
}

#[cfg(test)]
mod tests {
    use domain::EventKind;

    use super::*;
    use crate::testing::{event_of, released};

    #[test]
    fn no_tenant_is_twice_in_a_group() {
        let tenants = ["a", "b", "a", "c", "c", "d"];
        let events: Vec<ReleasedEvent> = (1..)
            .zip(tenants)
            .map(|(sequence, tenant)| released(sequence, event_of(tenant, EventKind::Updated)))
            .collect();
        let groups = of_different_tenants(&events);
        let sizes: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        assert_eq!(sizes, [2, 2, 2]);
        assert_eq!(groups.concat(), events);
    }
}
