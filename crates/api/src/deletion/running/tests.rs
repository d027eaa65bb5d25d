use std::sync::Arc;

use cache::{NodeDeletion, Unreachable};
use domain::{Actor, KeyBinding};
use tokio::sync::Semaphore;

use super::*;
use crate::deletion::{DeletionAudit, DeletionPlan, DeletionWish};

fn node(deleted: u64) -> DeleteReport {
    let node = NodeDeletion { node: "h:2".to_owned(), deleted, ..NodeDeletion::default() };
    DeleteReport { nodes: vec![node], ..DeleteReport::default() }
}

/// Deletes one key at once and another one when it is told to stop.
async fn until_cancelled(
    progress: watch::Sender<DeleteReport>,
    cancel: CancellationToken,
) -> Result<DeleteReport, CacheError> {
    progress.send_replace(node(1));
    cancel.cancelled().await;
    Ok(DeleteReport { cancelled: true, ..node(2) })
}

async fn started<Work>(
    work: impl FnOnce(watch::Sender<DeleteReport>, CancellationToken) -> Work,
) -> (Running, Arc<Semaphore>)
where
    Work: Future<Output = Result<DeleteReport, CacheError>> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(1));
    let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
    let wish = DeletionWish {
        pattern: "a*".parse().unwrap(),
        tenant: None,
        confirm: false,
        foreign: false,
        dry_run: false,
    };
    let actor =
        Actor { caller: "test".into(), binding: KeyBinding::default(), address: None, request_id: None };
    let audit = DeletionAudit::of(actor, None).begin_pattern(&DeletionPlan::of(wish).unwrap()).await;
    (Running::start(audit, permit, work), permits)
}

#[tokio::test]
async fn it_stops_when_nobody_waits_for_it() {
    let (running, permits) = started(until_cancelled).await;
    assert_eq!(permits.available_permits(), 0);
    drop(running);
    // The permit comes back only when the task ended.
    drop(permits.acquire().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn out_of_time_it_ends_the_batch_in_hand() {
    let (running, _permits) = started(until_cancelled).await;
    let report = running.finish(Duration::from_secs(25)).await.unwrap();
    assert_eq!((report.deleted(), report.cancelled, report.is_complete()), (2, true, false));
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_stop_is_not_waited_for() {
    let (running, _permits) = started(|progress, _cancel| async move {
        progress.send_replace(node(7));
        std::future::pending().await
    })
    .await;
    let report = running.finish(Duration::from_secs(25)).await.unwrap();
    assert_eq!((report.deleted(), report.cancelled), (7, true));
}

#[tokio::test]
async fn news_come_once_each() {
    let (mut running, _permits) = started(until_cancelled).await;
    assert_eq!(running.news(), Some(DeleteReport::default()), "it began");
    assert_eq!(running.news(), None);
    running.progress.clone().changed().await.unwrap();
    assert_eq!(running.news(), Some(node(1)));
    assert_eq!(running.news(), None);
}

#[test]
fn reaching_nothing_is_an_error_and_reaching_a_part_is_not() {
    let away = Unreachable { node: "h:1".to_owned(), reason: "words of a driver".to_owned() };
    let nothing = DeleteReport { unreachable: vec![away.clone()], ..DeleteReport::default() };
    let error = settle(Ok(Ok(nothing))).unwrap_err();
    assert_eq!(error.status(), http::StatusCode::SERVICE_UNAVAILABLE);
    assert!(error.to_string().contains("h:1: words of a driver"), "the log has the reason");
    assert!(error.public_message().contains("h:1") && !error.public_message().contains("driver"));
    let part = DeleteReport { unreachable: vec![away], ..node(1) };
    assert!(!settle(Ok(Ok(part))).unwrap().is_complete());
}
