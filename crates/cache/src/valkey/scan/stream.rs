//! All keys, from every master at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, select_all};

use super::pace::Pace;
use super::{Scan, SlotRange};
use crate::glob::Glob;
use crate::keyspace::{KeyStream, State};
use crate::valkey::ValkeyCache;

/// Keys of one batch, about.
const BATCH: usize = 1_000;
/// How long a stream waits for a node that does not answer: longer than a fail-over takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// One reader over the slots that one master had when the stream began.
struct Reader {
    cache: Arc<ValkeyCache>,
    pattern: Glob,
    ranges: VecDeque<SlotRange>,
    at: Option<State>,
    pace: Pace,
}

impl ValkeyCache {
    pub(crate) fn stream(self: &Arc<Self>, pattern: &Glob) -> KeyStream {
        let readers = self.parts(pattern).into_iter().map(|ranges| {
            let reader = Reader {
                cache: Arc::clone(self),
                pattern: pattern.clone(),
                ranges: ranges.into(),
                at: None,
                pace: Pace::up_to(BATCH),
            };
            stream::unfold(reader, Reader::next).boxed()
        });
        select_all(readers).boxed()
    }
}

impl Reader {
    async fn next(mut self) -> Option<(Result<Vec<bytes::Bytes>, crate::error::CacheError>, Self)> {
        loop {
            let range = *self.ranges.front()?;
            let at = self.at.take().unwrap_or_else(|| range.start(self.cache.method));
            let scan: Scan<'_> = self.cache.scan(&self.pattern);
            let step = match scan.patient_step(at, range.end, self.pace.count(), PATIENCE).await {
                Ok(step) => step,
                Err(error) => {
                    self.ranges.clear();
                    return Some((Err(error), self));
                }
            };
            self.pace.note(&step.keys);
            self.at = step.next;
            if self.at.is_none() {
                self.ranges.pop_front();
            }
            if !step.keys.is_empty() {
                return Some((Ok(step.keys), self));
            }
        }
    }
}
