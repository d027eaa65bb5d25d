//! Deleting by pattern.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use cache::{CacheClient, DeleteReport, DeleteRequest, KeyFilter};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::on_every_backend;
use crate::backend::Backend;

async fn delete(backend: &Backend, request: &DeleteRequest) -> DeleteReport {
    let progress = watch::Sender::new(DeleteReport::default());
    let report = backend.keyspace().delete(request, &progress, &CancellationToken::new()).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    let last = progress.borrow().clone();
    assert_eq!(
        (last.matched(), last.deleted()),
        (report.matched(), report.deleted()),
        "the last progress is the end"
    );
    report
}

async fn present(backend: &Backend, keys: &[Bytes]) -> u64 {
    backend.cache.exists(keys).await.unwrap()
}

async fn what_matches_is_deleted(backend: &Backend) {
    let (keys, others) = (backend.keys("delete", 3_000), backend.keys("keep", 500));
    backend.fill(&keys, "v").await;
    backend.fill(&others, "v").await;
    let report = delete(backend, &DeleteRequest::matching(backend.pattern("delete:"))).await;
    assert_eq!(report.deleted(), 3_000);
    assert!(report.matched() >= 3_000 && report.scanned() >= 3_000, "{report:?}");
    assert_eq!(report.samples, Vec::<Bytes>::new());
    assert_eq!((present(backend, &keys).await, present(backend, &others).await), (0, 500));
    if backend.is_embedded() {
        assert_eq!((report.nodes.len(), report.matched(), report.scanned()), (1, 3_000, 3_500));
    }

    let again = delete(backend, &DeleteRequest::matching(backend.pattern("delete:"))).await;
    assert_eq!((again.matched(), again.deleted()), (0, 0));
}
on_every_backend!(what_matches_is_deleted: embedded_delete, single_delete, cluster_delete);

async fn a_dry_run_deletes_nothing(backend: &Backend) {
    let keys = backend.keys("dry", 700);
    backend.fill(&keys, "v").await;
    let matching = DeleteRequest::matching(backend.pattern("dry:"));
    let report = delete(backend, &DeleteRequest { dry_run: true, samples: 20, ..matching }).await;
    assert!(report.matched() >= 700, "{report:?}");
    assert_eq!(report.deleted(), 0);
    let samples: HashSet<_> = report.samples.iter().collect();
    assert_eq!((report.samples.len(), samples.len()), (20, 20));
    assert!(samples.iter().all(|sample| keys.contains(sample)));
    assert_eq!(present(backend, &keys).await, 700);
}
on_every_backend!(a_dry_run_deletes_nothing: embedded_dry_run, single_dry_run, cluster_dry_run);

async fn a_filter_confines_what_patterns_match(backend: &Backend) {
    let (first, second) = (backend.keys("first", 200), backend.keys("second", 200));
    backend.fill(&first, "v").await;
    backend.fill(&second, "v").await;
    let request = DeleteRequest {
        patterns: vec![backend.pattern("first:"), backend.pattern("second:")],
        filter: Some(KeyFilter::new(|key| key.ends_with(b"0"))),
        samples: 1_000,
        ..DeleteRequest::matching(backend.pattern("none"))
    };
    let report = delete(backend, &request).await;
    // Names that end in 0: 0, 10, 20 ... 190 of each.
    assert_eq!(report.deleted(), 40);
    assert!(report.samples.iter().all(|sample| sample.ends_with(b"0")));
    assert_eq!((present(backend, &first).await, present(backend, &second).await), (180, 180));
    assert_eq!(present(backend, &[backend.key("first:10"), backend.key("first:11")]).await, 1);
}
on_every_backend!(a_filter_confines_what_patterns_match: embedded_filter, single_filter, cluster_filter);

async fn claims_and_limits_are_deleted_too(backend: &Backend) {
    let keys = backend.keys("{claims}", 50);
    for key in &keys {
        backend.cache.set_if_absent(key, "token".into(), cache::Expiry::Never).await.unwrap();
    }
    let report = delete(backend, &DeleteRequest::matching(backend.pattern("{claims}"))).await;
    assert_eq!(report.deleted(), 50);
    assert_eq!(present(backend, &keys).await, 0);
}
on_every_backend!(claims_and_limits_are_deleted_too: embedded_delete_claims, single_delete_claims, cluster_delete_claims);

async fn a_cancelled_deletion_stops(backend: &Backend) {
    let keys = backend.keys("cancel", 500);
    backend.fill(&keys, "v").await;
    let request = DeleteRequest::matching(backend.pattern("cancel:"));
    let progress = watch::Sender::new(DeleteReport::default());
    let cancel = CancellationToken::new();
    cancel.cancel();
    let report = backend.keyspace().delete(&request, &progress, &cancel).await.unwrap();
    assert!(report.cancelled && !report.is_complete());
    assert_eq!(report.deleted(), 0);
    assert_eq!(present(backend, &keys).await, 500);
}
on_every_backend!(a_cancelled_deletion_stops: embedded_cancel, single_cancel, cluster_cancel);

async fn a_deletion_is_cancelled_in_its_middle(backend: &Backend) {
    let keys = backend.keys("middle", 30_000);
    backend.fill(&keys, "v").await;
    let cancel = CancellationToken::new();
    let saw_a_key = Arc::new(AtomicBool::new(false));
    let filter = {
        let (cancel, saw_a_key) = (cancel.clone(), Arc::clone(&saw_a_key));
        KeyFilter::new(move |_| {
            saw_a_key.store(true, Ordering::SeqCst);
            cancel.cancel();
            true
        })
    };
    let matching = DeleteRequest::matching(backend.pattern("middle:"));
    let request = DeleteRequest { filter: Some(filter), ..matching };
    let progress = watch::Sender::new(DeleteReport::default());
    let report = backend.keyspace().delete(&request, &progress, &cancel).await.unwrap();
    assert!(saw_a_key.load(Ordering::SeqCst) && report.cancelled, "{report:?}");
    assert!(report.deleted() < 30_000, "the batch in hand was everything");
    assert_eq!(present(backend, &keys).await, 30_000 - report.deleted());
    backend.cache.del(&keys).await.unwrap();
}
on_every_backend!(a_deletion_is_cancelled_in_its_middle: embedded_cancel_late, single_cancel_late, cluster_cancel_late);
