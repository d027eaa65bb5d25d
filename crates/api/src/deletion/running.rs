//! A deletion at work, in a task of its own: it is logged when it ends, also when nobody waits for it any more.

use std::time::Duration;

use cache::{CacheError, DeleteReport};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Instrument as _;

use crate::deletion::audit::PatternAudit;
use crate::error::ApiError;

/// How long a cancelled deletion may take to end the batch in hand.
const LAST_BATCH: Duration = Duration::from_secs(1);

/// Dropping it stops the deletion after the batch in hand.
pub(super) struct Running {
    task: JoinHandle<Result<DeleteReport, CacheError>>,
    progress: watch::Receiver<DeleteReport>,
    cancel: CancellationToken,
    _stop_when_dropped: DropGuard,
}

impl Running {
    /// Starts it. The permit is given back when the task ends, not when the request does.
    pub(super) fn start<Work>(
        audit: PatternAudit,
        permit: OwnedSemaphorePermit,
        work: impl FnOnce(watch::Sender<DeleteReport>, CancellationToken) -> Work,
    ) -> Self
    where
        Work: Future<Output = Result<DeleteReport, CacheError>> + Send + 'static,
    {
        let cancel = CancellationToken::new();
        let (sender, mut progress) = watch::channel(DeleteReport::default());
        // The first look at the progress shows that it began.
        progress.mark_changed();
        let seen = progress.clone();
        let work = work(sender, cancel.clone());
        let task = async move {
            let outcome = work.await;
            let seen = seen.borrow().clone();
            audit.record(&outcome, seen).await;
            drop(permit);
            outcome
        };
        let task = tokio::spawn(task.in_current_span());
        Self { task, progress, _stop_when_dropped: cancel.clone().drop_guard(), cancel }
    }

    /// Waits for the end, at most `limit`; then stops it and tells what was done until then.
    pub(super) async fn finish(mut self, limit: Duration) -> Result<DeleteReport, ApiError> {
        if let Ok(ended) = tokio::time::timeout(limit, &mut self.task).await {
            return settle(ended);
        }
        self.cancel.cancel();
        if let Ok(ended) = tokio::time::timeout(LAST_BATCH, &mut self.task).await {
            return settle(ended);
        }
        Ok(DeleteReport { cancelled: true, ..self.progress.borrow().clone() })
    }

    /// Waits for the end. May be dropped and called again.
    pub(super) async fn ended(&mut self) -> Result<DeleteReport, ApiError> {
        settle((&mut self.task).await)
    }

    /// What was done so far, if that changed since the last call.
    pub(super) fn news(&mut self) -> Option<DeleteReport> {
        // An error means that the task ended: its result is the news then.
        self.progress.has_changed().ok()?.then(|| self.progress.borrow_and_update().clone())
    }
}

/// A deletion that reached no node at all did not happen; one that reached some says which it did not.
fn settle(ended: Result<Result<DeleteReport, CacheError>, JoinError>) -> Result<DeleteReport, ApiError> {
    let report = ended.map_err(ApiError::TaskFailed)??;
    if report.nodes.is_empty() && !report.unreachable.is_empty() {
        return Err(ApiError::Unreachable(report.unreachable));
    }
    Ok(report)
}

#[cfg(test)]
mod tests;
