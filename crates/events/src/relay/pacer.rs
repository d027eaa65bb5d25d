//! Keeps bursts of what makes services reload apart.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use domain::{Environment, EventKind, ServiceName, TenantEvent, Timestamp};

/// What a service reloads for in a window.
const MOST: usize = 20;
const WINDOW: Duration = Duration::from_secs(60);

/// A subscriber handles events one by one and waits up to 5 s before it reloads: so of the kinds that make it reload it gets
/// at most 20 in 60 s, for each service of an environment.
#[derive(Default)]
pub(super) struct Pacer {
    released: HashMap<(Environment, ServiceName), VecDeque<Timestamp>>,
}

impl Pacer {
    /// Whether the event may be released now.
    pub(super) fn allows(&mut self, event: &TenantEvent, now: Timestamp) -> bool {
        let Some(service) = reloading(&event.kind) else { return true };
        let Some(times) = self.released.get_mut(&(event.environment, service.clone())) else { return true };
        let begin = now.before(WINDOW);
        while times.front().is_some_and(|first| *first <= begin) {
            times.pop_front();
        }
        times.len() < MOST
    }

    /// The event was released then.
    pub(super) fn note(&mut self, event: &TenantEvent, at: Timestamp) {
        if let Some(service) = reloading(&event.kind) {
            self.released.entry((event.environment, service.clone())).or_default().push_back(at);
        }
    }

    /// Forgets services that nothing was released for of late.
    pub(super) fn tidy(&mut self, now: Timestamp) {
        let begin = now.before(WINDOW);
        self.released.retain(|_, times| times.back().is_some_and(|last| *last > begin));
    }

    /// How long what was released has to be remembered.
    pub(super) fn window() -> Duration {
        WINDOW
    }
}

/// The service that an event makes reload.
fn reloading(kind: &EventKind) -> Option<&ServiceName> {
    match kind {
        EventKind::ServiceReactivated { service_name, .. }
        | EventKind::CredentialsRotated { service_name, .. }
        | EventKind::CacheInvalidate { service_name, .. } => Some(service_name),
        EventKind::Created
        | EventKind::Activated
        | EventKind::Suspended
        | EventKind::Deleted
        | EventKind::Updated
        | EventKind::ServiceAssociated { .. }
        | EventKind::ServiceDisassociated { .. }
        | EventKind::ServiceSuspended { .. }
        | EventKind::ServicePurged { .. }
        | EventKind::ConnectionsUpdated { .. }
        | EventKind::Newer(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, invalidate};

    #[test]
    fn reloads_of_one_service_are_kept_apart_and_nothing_else_is() {
        let mut pacer = Pacer::default();
        let (mut now, reload) = (Timestamp::from_millis(1_000_000), event(invalidate("ledger")));
        for _ in 0..20 {
            assert!(pacer.allows(&reload, now));
            pacer.note(&reload, now);
        }
        assert!(!pacer.allows(&reload, now), "the 21st");
        assert!(pacer.allows(&event(invalidate("tracer")), now), "another service");
        assert!(pacer.allows(&event(EventKind::Suspended), now), "another kind");
        let elsewhere = TenantEvent { environment: Environment::Production, ..reload.clone() };
        assert!(pacer.allows(&elsewhere, now), "another environment");
        now = now.after(WINDOW);
        assert!(pacer.allows(&reload, now), "a minute later");
        pacer.tidy(now);
        assert!(pacer.released.is_empty());
    }
}
