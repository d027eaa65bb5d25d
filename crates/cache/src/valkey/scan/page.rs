//! One page of keys.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::SlotRange;
use super::pace::Pace;
use crate::error::CacheError;
use crate::keyspace::ScanMethod;
use crate::keyspace::{Cursor, MAX_PAGE, Page, PageRequest, State};
use crate::valkey::ValkeyCache;

/// How long a page waits for a node that does not answer.
const PATIENCE: Duration = Duration::from_millis(1_200);
/// When a page with few keys ends all the same.
const LONG_ENOUGH: Duration = Duration::from_millis(250);
/// The most buckets that one step asks for, while nothing matches.
const WIDEST: usize = 2_000;

impl ValkeyCache {
    pub(crate) async fn page(&self, request: &PageRequest) -> Result<Page, CacheError> {
        let limit = request.limit.clamp(1, MAX_PAGE);
        let range = SlotRange::of(&request.pattern);
        let scan = self.scan(&request.pattern);
        let began = Instant::now();
        let (mut at, mut restarted) = self.entry(request.cursor.0, range);
        let mut keys = HashSet::new();
        let mut pace = Pace::up_to(limit);
        let mut count = pace.count();
        let mut bytes = 0;
        let cursor = loop {
            let patience = PATIENCE.saturating_sub(began.elapsed());
            let step = match scan.patient_step(at, range.end, count, patience).await {
                Ok(step) => step,
                // What was found stands, and the next page begins at what could not be read.
                Err(_) if !keys.is_empty() => break Cursor(at),
                Err(error) => return Err(error),
            };
            let room = limit - keys.len();
            if step.keys.len() > room && count > room && !step.restarted {
                // A wide step met many matches: read the same place again, narrowly.
                count = room;
                continue;
            }
            if step.restarted {
                restarted = true;
                keys.clear();
                bytes = 0;
            }
            pace.note(&step.keys);
            bytes += step.keys.iter().map(Bytes::len).sum::<usize>();
            let is_empty = step.keys.is_empty();
            keys.extend(step.keys);
            count = if is_empty {
                (count * 4).min(WIDEST)
            } else {
                pace.count().min(limit.saturating_sub(keys.len()).max(1))
            };
            let Some(next) = step.next else { break Cursor::START };
            at = next;
            if keys.len() >= limit || Pace::is_heavy(bytes) || began.elapsed() >= LONG_ENOUGH {
                break Cursor(at);
            }
        };
        Ok(Page { keys: keys.into_iter().collect(), cursor, restarted })
    }

    /// Where a page begins, and whether its cursor had to be set aside for that.
    fn entry(&self, cursor: State, range: SlotRange) -> (State, bool) {
        let is_usable = match (self.method, cursor) {
            (_, State::Edge) => return (range.start(self.method), false),
            (ScanMethod::WholeNode, State::Single { .. }) => true,
            (ScanMethod::SlotCursor, State::Slot { slot, .. })
            | (ScanMethod::SlotKeys, State::SlotKeys { slot, .. }) => (range.from..range.end).contains(&slot),
            // Another way of reading slots took over: the slot begins again.
            (ScanMethod::SlotCursor, State::SlotKeys { slot, .. })
            | (ScanMethod::SlotKeys, State::Slot { slot, .. }) => {
                return (SlotRange { from: slot, ..range }.start(self.method), false);
            }
            _ => false,
        };
        if is_usable { (cursor, false) } else { (range.start(self.method), true) }
    }
}
