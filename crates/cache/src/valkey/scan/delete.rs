//! Deleting by pattern, on every master at once.
//!
//! Each master has a worker of its own that reads the next batch while the last one is being removed. A batch comes
//! slot by slot, so it is removed by one multi-key UNLINK for each slot, all in one pipeline.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{OptionFuture, join, join_all};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::pace::Pace;
use super::{Scan, SlotRange, Step, can_wait_for};
use crate::error::CacheError;
use crate::glob::Glob;
use crate::keyspace::{DeleteReport, DeleteRequest, NodeDeletion, Unreachable};
use crate::valkey::ValkeyCache;
use crate::valkey::many::{SlotKeys, Tally, runs_of_slot};
use crate::valkey::router::Budget;

/// Keys of one batch, about: few enough that one SCAN holds the server for a few milliseconds only, enough that most of
/// the time goes into removing (a batch of 1,000 took a sixth longer).
const BATCH: usize = 4_000;

/// What all workers of one deletion share.
struct Job<'a> {
    request: &'a DeleteRequest,
    progress: &'a watch::Sender<DeleteReport>,
    cancel: &'a CancellationToken,
    began: Instant,
}

impl ValkeyCache {
    pub(crate) async fn delete_matching(
        &self,
        request: &DeleteRequest,
        progress: &watch::Sender<DeleteReport>,
        cancel: &CancellationToken,
    ) -> Result<DeleteReport, CacheError> {
        if self.topology.surroundings.closed.is_cancelled() {
            return Err(CacheError::Closed);
        }
        progress.send_replace(DeleteReport::default());
        let job = Job { request, progress, cancel, began: Instant::now() };
        for (pass, pattern) in request.patterns.iter().enumerate() {
            let parts = self.parts(pattern).into_iter();
            join_all(parts.map(|ranges| self.delete_part(&job, pass, pattern, ranges))).await;
        }
        progress.send_modify(|report| report.took = job.began.elapsed());
        let report = progress.borrow().clone();
        Ok(report)
    }

    async fn delete_part(&self, job: &Job<'_>, pass: usize, pattern: &Glob, ranges: Vec<SlotRange>) {
        let scan = self.scan(pattern);
        let mut books: HashMap<String, Book> = HashMap::new();
        for range in ranges {
            if job.stopped() {
                return;
            }
            if let Err(error) = self.delete_range(job, pass, &scan, range, &mut books).await {
                job.unreachable(&error);
                return;
            }
        }
    }

    async fn delete_range(
        &self,
        job: &Job<'_>,
        pass: usize,
        scan: &Scan<'_>,
        range: SlotRange,
        books: &mut HashMap<String, Book>,
    ) -> Result<(), CacheError> {
        let patience = job.request.patience;
        let mut pace = Pace::up_to(BATCH);
        let read =
            |at, count| job.cancel.run_until_cancelled(scan.patient_step(at, range.end, count, patience));
        let Some(first) = read(range.start(self.method), pace.count()).await else {
            return job.interrupted();
        };
        let mut step = first?;
        while !job.stopped() {
            pace.note(&step.keys);
            let mut keys = std::mem::take(&mut step.keys);
            keys.retain(|key| job.accepts(pass, key));
            let (matched, samples) = (keys.len(), job.samples(&keys));
            let next = step.next.filter(|_| !job.stopped());
            let tally = Tally::default();
            let removal = self.remove(job, &step, runs_of_slot(keys), &tally);
            let (removed, following) =
                join(removal, OptionFuture::from(next.map(|at| read(at, pace.count())))).await;
            job.record(books, &step, matched, samples, tally.sum());
            removed?;
            match following {
                Some(Some(following)) => step = following?,
                Some(None) => return job.interrupted(),
                None => break,
            }
        }
        Ok(())
    }

    /// Removes a batch, waiting for a node that does not answer as patiently as a read. What was removed stands in
    /// `tally`, also when the rest could not be.
    async fn remove(
        &self,
        job: &Job<'_>,
        step: &Step,
        groups: Vec<SlotKeys>,
        tally: &Tally,
    ) -> Result<(), CacheError> {
        if job.request.dry_run || groups.is_empty() {
            return Ok(());
        }
        let until = Instant::now() + job.request.patience;
        let budget = || Budget::of(self.read_timeout.min(until.saturating_duration_since(Instant::now())));
        let mut removed = self.topology.count_on(&step.node, "UNLINK", &groups, budget(), tally).await;
        let mut pause = Duration::from_millis(25);
        loop {
            match removed {
                Err(error) if can_wait_for(&error) && Instant::now() + pause < until && !job.stopped() => {}
                settled => return settled,
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(250));
            removed = self.topology.count_at_owners("UNLINK", groups.clone(), budget(), tally).await;
        }
    }
}

/// What a worker knows of one node.
#[derive(Default)]
struct Book {
    finished: f64,
    most_keys: u64,
    scanned: u64,
}

impl Job<'_> {
    /// Whether a key that matches the pattern of this pass is meant, and was not counted by an earlier pass.
    fn accepts(&self, pass: usize, key: &[u8]) -> bool {
        let earlier = &self.request.patterns[..pass];
        self.request.filter.as_ref().is_none_or(|filter| filter.accepts(key))
            && !earlier.iter().any(|pattern| pattern.matches(key))
    }

    /// Whether it was cancelled before its end, which the report then says.
    fn stopped(&self) -> bool {
        let is_cancelled = self.cancel.is_cancelled();
        if is_cancelled {
            self.progress.send_modify(|report| report.cancelled = true);
        }
        is_cancelled
    }

    /// Cancelled in the middle of a range.
    fn interrupted(&self) -> Result<(), CacheError> {
        self.stopped();
        Ok(())
    }

    /// As many of the keys as the report still has room for.
    fn samples(&self, keys: &[Bytes]) -> Vec<Bytes> {
        let room = self.request.samples.saturating_sub(self.progress.borrow().samples.len());
        keys.iter().take(room).cloned().collect()
    }

    fn record(
        &self,
        books: &mut HashMap<String, Book>,
        step: &Step,
        matched: usize,
        samples: Vec<Bytes>,
        removed: u64,
    ) {
        let name = step.node.address.to_string();
        let book = books.entry(name.clone()).or_default();
        book.finished += step.finished;
        book.most_keys = book.most_keys.max(step.node_keys);
        // Key counts stay far below 2^53, where an f64 stops being exact.
        let scanned = (book.most_keys as f64 * book.finished.min(1.0)).round() as u64;
        let newly_scanned = scanned.saturating_sub(book.scanned);
        book.scanned += newly_scanned;
        let took = self.began.elapsed();
        self.progress.send_modify(|report| {
            let index = match report.nodes.iter().position(|node| node.node == name) {
                Some(index) => index,
                None => {
                    report.nodes.push(NodeDeletion { node: name, ..NodeDeletion::default() });
                    report.nodes.len() - 1
                }
            };
            let node = &mut report.nodes[index];
            node.scanned += newly_scanned;
            node.matched += matched as u64;
            node.deleted += removed;
            node.took = took;
            let room = self.request.samples.saturating_sub(report.samples.len());
            // Several workers sampled at the same time.
            report.samples.extend(samples.into_iter().take(room));
            report.took = took;
        });
    }

    fn unreachable(&self, error: &CacheError) {
        let node = error.node().unwrap_or("cache").to_owned();
        let reason = error.reason();
        self.progress.send_modify(|report| {
            if !report.unreachable.iter().any(|known| known.node == node) {
                report.unreachable.push(Unreachable { node, reason });
            }
        });
    }
}
