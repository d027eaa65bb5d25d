//! Counts who was not let in, for the audit log.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{AuditAction, AuditEntry, CallerId, RefusalWatch, Timestamp, network};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::notes::AuditNotes;
use crate::parts::Parts;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// Rows of one minute. What is beyond that is summed up under no address.
const OF_A_MINUTE: usize = 1_000;
/// Rows with an address that this process writes in a day: strangers must not fill the log by patience either.
const OF_A_DAY: usize = 10_000;
const LOOK_EVERY: Duration = Duration::from_secs(5);
const FORBIDDEN: &str = "forbidden";

/// Sums up refused attempts by address, reason and minute; each sum becomes one row of the audit log, however many attempts there
/// were. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct RefusedAttempts(Arc<Shared>);

struct Shared {
    parts: Parts,
    notes: AuditNotes,
    sums: Mutex<Sums>,
}

#[derive(Default)]
struct Sums {
    /// Of which minute since 1970.
    minute: i64,
    counts: HashMap<Attempt, u64>,
    /// Rows of known callers among them.
    of_known: usize,
    /// Of which day since 1970.
    day: i64,
    /// Rows with an address that were begun in it.
    of_day: usize,
}

/// What was counted in a minute.
struct Counted {
    minute: i64,
    counts: HashMap<Attempt, u64>,
}

/// What is summed up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Attempt {
    /// An address, or the first one of a network.
    address: Option<IpAddr>,
    caller: Option<CallerId>,
    reason: &'static str,
}

impl RefusedAttempts {
    pub(crate) fn new(parts: Parts, notes: AuditNotes) -> Self {
        Self(Arc::new(Shared { parts, notes, sums: Mutex::default() }))
    }

    /// Writes each minute when it is over, for ever.
    pub(crate) async fn keep_writing(&self) {
        loop {
            sleep(LOOK_EVERY).await;
            let minute = self.0.parts.now().millis() / MINUTE;
            let over = { self.lock().over(minute) };
            self.leave(over);
        }
    }

    /// Leaves what was counted so far to be written.
    pub(crate) fn flush(&self) {
        let all = self.lock().take();
        self.leave(all);
    }

    fn count(&self, attempt: Attempt) {
        let now = self.0.parts.now().millis();
        let over = {
            let mut sums = self.lock();
            let over = sums.over(now / MINUTE);
            sums.minute = now / MINUTE;
            if sums.day != now / DAY {
                (sums.day, sums.of_day) = (now / DAY, 0);
            }
            *sums.of(attempt) += 1;
            over
        };
        self.leave(over);
    }

    /// Makes rows of them, while others may count.
    fn leave(&self, Counted { minute, counts }: Counted) {
        let at = Timestamp::from_millis(minute.saturating_mul(MINUTE));
        for (attempt, count) in counts {
            self.0.notes.leave(self.entry(attempt, count, at));
        }
    }

    fn entry(&self, attempt: Attempt, count: u64, at: Timestamp) -> AuditEntry {
        let Attempt { address, caller, reason } = attempt;
        let network = match address {
            Some(IpAddr::V6(first)) => Some(Value::from(format!("{first}/64"))),
            _ => None,
        };
        let mut after = json!({ "reason": reason, "count": count });
        if let Some(network) = network {
            after["network"] = network;
        }
        AuditEntry {
            id: self.0.parts.uuid(),
            at,
            actor: caller.map_or_else(|| CallerId::ANONYMOUS.to_owned(), |caller| caller.to_string()),
            address,
            request_id: None,
            action: AuditAction::Refuse,
            target: format!("refusals/{reason}"),
            environment: None,
            before: None,
            after: Some(after),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sums> {
        // Nothing panics between two changes that belong together.
        self.0.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sums {
    /// What was counted, unless it was in this minute.
    fn over(&mut self, minute: i64) -> Counted {
        if self.minute == minute { Counted { minute, counts: HashMap::new() } } else { self.take() }
    }

    fn take(&mut self) -> Counted {
        self.of_known = 0;
        Counted { minute: self.minute, counts: std::mem::take(&mut self.counts) }
    }

    /// Where this one is counted: under itself, or with all others where there is no room.
    fn of(&mut self, attempt: Attempt) -> &mut u64 {
        if self.counts.contains_key(&attempt) {
            return self.counts.entry(attempt).or_default();
        }
        // Known callers are few, and what they try is not drowned by strangers.
        if attempt.caller.is_some() && self.of_known < OF_A_MINUTE {
            self.of_known += 1;
            return self.counts.entry(attempt).or_default();
        }
        if self.counts.len() - self.of_known < OF_A_MINUTE && self.of_day < OF_A_DAY {
            self.of_day += 1;
            return self.counts.entry(attempt).or_default();
        }
        // Of reasons there are a few.
        let all = Attempt { address: None, caller: None, reason: attempt.reason };
        self.counts.entry(all).or_default()
    }
}

impl RefusalWatch for RefusedAttempts {
    fn refused(&self, address: Option<IpAddr>, reason: &'static str) {
        self.count(Attempt { address: address.map(network), caller: None, reason });
    }

    fn forbidden(&self, address: Option<IpAddr>, caller: &CallerId) {
        let (address, caller) = (address.map(network), Some(caller.clone()));
        self.count(Attempt { address, caller, reason: FORBIDDEN });
    }
}

impl fmt::Debug for RefusedAttempts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RefusedAttempts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: u32) -> Attempt {
        Attempt { address: Some(IpAddr::from(number.to_be_bytes())), caller: None, reason: "unknown" }
    }

    #[test]
    fn a_minute_has_a_thousand_rows_and_the_rest_is_summed_up() {
        let mut sums = Sums::default();
        for number in 0..5_000 {
            *sums.of(attempt(number)) += 1;
            *sums.of(attempt(0)) += 1;
        }
        assert_eq!(sums.counts.len(), OF_A_MINUTE + 1);
        assert_eq!(sums.counts[&attempt(0)], 5_001);
        let all = Attempt { address: None, caller: None, reason: "unknown" };
        assert_eq!(sums.counts[&all], 4_000);
    }

    #[test]
    fn strangers_make_no_known_caller_anonymous() {
        let mut sums = Sums::default();
        for number in 0..5_000 {
            *sums.of(attempt(number)) += 1;
        }
        let known = Attempt { address: None, caller: Some("key".into()), reason: FORBIDDEN };
        *sums.of(known.clone()) += 5;
        assert_eq!(sums.counts[&known], 5);
        assert_eq!(sums.take().counts.len(), OF_A_MINUTE + 2);
        assert_eq!(sums.of_known, 0);
    }

    #[test]
    fn a_day_has_ten_thousand_rows_with_an_address() {
        let mut sums = Sums::default();
        let mut rows = 0;
        for minute in 0..60 {
            for number in 0..500 {
                *sums.of(attempt(minute * 1_000 + number)) += 1;
            }
            rows += std::mem::take(&mut sums.counts).len();
        }
        assert_eq!(rows, OF_A_DAY + 40, "and one row for each minute after that");
    }
}
